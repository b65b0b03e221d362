import { rm } from "node:fs/promises";
import {
  type ControlRow,
  type ControlStatus,
  type ControlsReport,
  controlsReport,
  mutationRecord,
} from "../../policies/controls/report.ts";
import { type AnyResource, asResource, unknownsThrow } from "../../policies/judging/resource.ts";
import { type CostEstimate, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";
import { type EngineResult, nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { lineProgress } from "../../tools/progress.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { Ports } from "../command.ts";
import { openSession, resolveRehearsalTools } from "../rehearse/rehearsal-session.ts";
import { inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";

/** What a preview of a whole stack, from nothing and with the policies, told. */
export interface StackPreview {
  readonly config: StackConfig;
  readonly resources: readonly PreviewedResource[];
  readonly violations: EngineResult["policy"]["violations"];
}

/** A resource as the preview planned it; what only the update knows is the engine's sign for unknown. */
export interface PreviewedResource extends Priced {
  readonly urn: string;
  readonly protect: boolean;
}

/** Previews the stack's own config against a simulated cloud of its own; throws when anything but a policy stops it. */
export async function previewStack(stack: string, screen: Screen, ports: Ports): Promise<StackPreview> {
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const directory = temporaryFolder("controls");
  // A run of its own: neither a rehearsal that runs nor the state one left can be in the way.
  const apart = { ...ports, env: { ...ports.env, SPARKI_REHEARSAL_DIRECTORY: directory } };
  try {
    return await showPhase(screen, ports.clock, `preview ${stack} with its policies`, async () => {
      const session = await openSession({ stack, seed: 1, timeScale: 0.01 }, tools, apart);
      try {
        const resources: PreviewedResource[] = [];
        const result = await session.engine.preview((_record, event) => resources.push(...plannedBy(event)));
        assertJudged(result);
        const config = parseConfig(session.project.config(), stack);
        return { config, resources, violations: result.policy.violations };
      } finally {
        await session.close();
      }
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function plannedBy({ resourcePreEvent }: RecordedEvent): PreviewedResource[] {
  const planned = resourcePreEvent?.metadata.new;
  if (planned === undefined) return [];
  const { type, urn, inputs, protect = false } = planned;
  return [{ type, urn, name: nameOf(urn), inputs: inputs ?? {}, protect }];
}

/** Whatever else stops a preview hides what the policies would have said after it. */
function assertJudged({ outcome, failure, diagnostics }: EngineResult): void {
  const errors = diagnostics.filter(
    ({ severity, message }) => severity === "error" && !/^\w+ failed$/.test(message.trim()),
  );
  if (outcome === "interrupted" || errors.length > 0) {
    throw new DeployError("SPARKI_OUTSIDE", `the preview ${outcome}: ${failure ?? "no reason given"}`);
  }
}

/** The resource as policies see it. */
function asPolicySees({ type, name, urn, inputs, protect }: PreviewedResource): AnyResource {
  const props = unknownsThrow(inputs);
  return asResource({ type, name, urn, props, protect, provider: undefined, sourcesOf: () => [] });
}

/** What `sparki controls --json` writes. */
export interface ControlsDocument extends ControlsReport {
  /** What the preview's policies refused; empty when the stack may be deployed. */
  readonly violations: readonly string[];
  readonly cost: CostEstimate;
}

/** The audit's table of a previewed stack on that day. */
export function controlsDocument(stack: string, preview: StackPreview, now: Date): ControlsDocument {
  // Each message starts with the policy's title; the control's id stands before its other names.
  const violations = preview.violations.map(({ message }) => message.trim().split("\n").slice(1).join(" "));
  const report = controlsReport({
    situation: { stack, config: preview.config, today: now.toISOString().slice(0, 10) },
    resources: preview.resources.map(asPolicySees),
    violated: new Set(violations.flatMap((violation) => /^([SD]\d\d) \[/.exec(violation)?.[1] ?? [])),
    mutations: mutationRecord(),
  });
  return { ...report, violations, cost: estimateCost(preview.resources) };
}

/** The report for people: a line a control, then the coverage, the price and whatever is wrong. */
export function controlsText(document: ControlsDocument, paint: Paint): string {
  const { controls, own, violations, cost } = document;
  const lines = [
    "",
    ...controls.flatMap((row) => rowLines(row, paint)),
    "",
    paint.strong("This deployment's own"),
    ...own.flatMap((row) => rowLines(row, paint)),
    "",
    coverageLine(document, paint),
    ...violations.map((violation) => paint.bad(violation)),
    "",
    ...costLines(cost, paint),
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}

const MARKS: Readonly<Record<ControlStatus, string>> = {
  met: "met   ",
  exempt: "exempt",
  "not applicable": "n/a   ",
  unmet: "UNMET ",
};

function rowLines({ id, title, status, reason, metBy, enforcedBy }: ControlRow, paint: Paint): string[] {
  const colour = status === "met" ? paint.good : status === "unmet" ? paint.bad : paint.dim;
  const toothless = enforcedBy.filter(({ testBites }) => !testBites).map(({ policy }) => policy);
  return [
    `${id} ${colour(MARKS[status])} ${title}`,
    ...(status === "met"
      ? [paint.dim(`           ${metBy}; ${enforcedBy.map(({ policy }) => policy).join(", ")}`)]
      : []),
    ...(reason === undefined ? [] : [paint.dim(`           ${reason}`)]),
    ...(toothless.length === 0 ? [] : [paint.bad(`           not shown to bite: ${toothless.join(", ")}`)]),
  ];
}

function coverageLine({ stack, coverage }: ControlsDocument, paint: Paint): string {
  const { controls, enforced, met, exempt, notApplicable, unmet, ratio } = coverage;
  const counts = `${met} met, ${exempt} exempt, ${notApplicable} not applicable, ${unmet} unmet`;
  const text = `${stack}: ${controls} controls, ${enforced} enforced: ${counts}; coverage ${(ratio * 100).toFixed(1)} %`;
  return unmet === 0 ? paint.good(text) : paint.bad(text);
}

function costLines({ monthly, lines, region, asOf, notCounted }: CostEstimate, paint: Paint): string[] {
  const money = (amount: number) => amount.toFixed(2).padStart(10);
  return [
    paint.strong(`About ${monthly.toFixed(2)} USD a month, list prices of ${region} as of ${asOf}`),
    ...lines.map(({ item, quantity, each, monthly: sum }) => `${money(sum)}  ${quantity} x ${item} at ${each}`),
    "Not counted:",
    ...notCounted.map((what) => `  ${what}`),
  ];
}

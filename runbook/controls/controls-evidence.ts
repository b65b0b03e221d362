import { rm } from "node:fs/promises";
import { type AnyResource, asResource } from "../../policies/judging/resource.ts";
import { unknownsThrow } from "../../policies/judging/unknowns.ts";
import type { Priced } from "../../policies/pricing/estimate.ts";
import { type EngineResult, nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { lineProgress } from "../../tools/progress.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { Ports } from "../command.ts";
import { openSession, resolveRehearsalTools } from "../rehearse/rehearsal-session.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";

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
export function asPolicySees({ type, name, urn, inputs, protect }: PreviewedResource): AnyResource {
  const props = unknownsThrow(inputs);
  return asResource({ type, name, urn, props, protect, provider: undefined, sourcesOf: () => [] });
}

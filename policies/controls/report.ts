import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { policies, subjectOf } from "../all.ts";
import { type AnyResource, StackView } from "../judging/resource.ts";
import { judgeEach, judgeWhole } from "../judging/session.ts";
import type { Policy, Situation } from "../policy.ts";
import { auditControls, type Control, type ControlId, ownControls } from "./table.ts";

export type ControlStatus = "met" | "exempt" | "not applicable" | "unmet";

/** How one control stands on one stack. */
export interface ControlRow {
  readonly id: ControlId;
  readonly title: string;
  readonly ids: readonly string[];
  readonly status: ControlStatus;
  /** Why, unless it is met. */
  readonly reason: string | undefined;
  readonly metBy: string;
  readonly enforcedBy: readonly { readonly policy: string; readonly testBites: boolean }[];
  readonly alsoCheckedBy: string | undefined;
  /** How many resources of the stack its policies judged. */
  readonly judged: number;
}

export interface Coverage {
  readonly controls: number;
  readonly enforced: number;
  readonly met: number;
  readonly exempt: number;
  readonly notApplicable: number;
  readonly unmet: number;
  /** Met controls out of those that apply. */
  readonly ratio: number;
}

export interface ControlsReport {
  readonly stack: string;
  readonly coverage: Coverage;
  readonly controls: readonly ControlRow[];
  /** This deployment's own demands, which the coverage does not count. */
  readonly own: readonly ControlRow[];
}

/** What a preview of the stack showed. */
export interface Evidence {
  readonly situation: Situation;
  readonly resources: readonly AnyResource[];
  /** The controls that the preview's violations name. */
  readonly violated: ReadonlySet<string>;
  readonly mutations: MutationRecord;
}

/** Every control with how it stands; one that nothing of the stack was judged by is not met, but not applicable or unmet. */
export function controlsReport(evidence: Evidence): ControlsReport {
  const stack = new StackView(evidence.resources);
  const rowsOf = (controls: readonly Control[]) => controls.map((control) => rowOf(control, evidence, stack));
  const controls = rowsOf(auditControls);
  return { stack: evidence.situation.stack, coverage: coverageOf(controls), controls, own: rowsOf(ownControls) };
}

function rowOf(control: Control, evidence: Evidence, stack: StackView): ControlRow {
  const { id, title, ids, metBy } = control;
  const enforcing = policies.filter((policy) => policy.control === id);
  const judged = new Set(enforcing.flatMap((policy) => judgedBy(policy, stack, evidence.situation))).size;
  const enforcedBy = enforcing.map(({ name }) => ({ policy: name, testBites: testBites(name, evidence.mutations) }));
  const standing = standingOf(control, judged, evidence);
  return { id, title, ids, ...standing, metBy, enforcedBy, alsoCheckedBy: control.alsoCheckedBy, judged };
}

/** The URNs of the resources that a policy has anything to say of. */
function judgedBy(policy: Policy, stack: StackView, situation: Situation): string[] {
  const each = stack.resources.flatMap((resource) => judgeEach(policy, resource, situation));
  return [...each, ...judgeWhole(policy, stack, situation)].map(({ resource }) => resource.urn);
}

function standingOf(
  control: Control,
  judged: number,
  { situation, violated }: Evidence,
): Pick<ControlRow, "status" | "reason"> {
  const { exemptions, relaxations } = situation.config;
  const exemption = exemptions.find((one) => one.control === control.id);
  const relaxation = relaxations.find((one) => one.control === control.id);
  if (violated.has(control.id)) return { status: "unmet", reason: "the stack's preview breaks it" };
  if (exemption !== undefined) return { status: "exempt", reason: `${exemption.reason} (until ${exemption.until})` };
  if (relaxation !== undefined) return { status: "exempt", reason: `relaxed: ${relaxation.reason}` };
  if (judged > 0) return { status: "met", reason: undefined };
  if (control.notApplicable !== undefined) return { status: "not applicable", reason: control.notApplicable };
  return { status: "unmet", reason: "nothing in the stack shows it" };
}

function coverageOf(controls: readonly ControlRow[]): Coverage {
  const count = (status: ControlStatus) => controls.filter((row) => row.status === status).length;
  const [met, notApplicable] = [count("met"), count("not applicable")];
  return {
    controls: controls.length,
    enforced: controls.filter(({ enforcedBy }) => enforcedBy.length > 0).length,
    met,
    exempt: count("exempt"),
    notApplicable,
    unmet: count("unmet"),
    ratio: Math.round((met / (controls.length - notApplicable)) * 1000) / 1000,
  };
}

const ROOT = join(import.meta.dirname, "..", "..");

/** What became of the mutants of each file of policies, by its name without the ending; made by tools/mutate-policies.ts. */
export type MutationRecord = Readonly<
  Record<string, { readonly mutants: number; readonly killed: number; readonly sources: string }>
>;

/** SHA-256 over a file of policies and its test: a record of other sources says nothing of these. */
export function fingerprint(subject: string): string {
  const hash = createHash("sha256");
  for (const path of [`policies/${subject}.ts`, `test/policies/${subject}.test.ts`])
    hash.update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

/** Whether negating any condition in the policy's file makes its test fail, as last shown for the sources as they are now. */
export function testBites(policy: string, record: MutationRecord): boolean {
  const subject = subjectOf(policy);
  const entry = record[subject];
  const isWhole = entry !== undefined && entry.mutants > 0 && entry.killed === entry.mutants;
  return isWhole && entry.sources === fingerprint(subject);
}

/** The record in the repository. */
export function mutationRecord(): MutationRecord {
  return JSON.parse(readFileSync(join(ROOT, "policies", "mutation.json"), "utf8"));
}

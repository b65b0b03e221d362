import { z } from "zod";
import { isInput } from "../../delivery/affected-stacks.ts";
import { hashOf, SECRET, UNKNOWN } from "../../records/canonical.ts";
import { EXIT, type ExitCodeOf, errorCodeIn } from "../../shared/deploy-error.ts";
import { planExitCode } from "./plan.ts";
import { isDefaultsList, NOT_SHOWN } from "./planned.ts";
import { hasEffect, isOf, type VersionChange, type Versions, versionChanges } from "./versions.ts";

const inputChange = z.object({ path: z.string(), from: z.string().optional(), to: z.string().optional() });
const part = z.object({ entries: z.record(z.string(), z.string()) });

/** What is compared of the document that `sparki plan --json` writes, of this commit or of an earlier one. */
const planSchema = z.object({
  outcome: z.enum(["succeeded", "failed", "interrupted"]),
  failure: z.string().optional(),
  code: z.string().optional(),
  seal: z.object({ commit: z.string().nullable(), gaps: z.array(z.string()), tools: z.record(z.string(), z.string()) }),
  fingerprint: z.object({
    parts: z.object({ config: part, charts: part, digests: part, program: part, state: part, drift: part, plan: part }),
  }),
  changes: z.array(
    z.object({
      action: z.enum(["create", "update", "replace", "delete"]),
      name: z.string(),
      type: z.string(),
      replacedFor: z.array(z.string()),
      changes: z.array(inputChange),
      inputs: z.record(z.string(), z.string()).optional(),
      defaults: z.array(z.string()).optional(),
    }),
  ),
  unchanged: z.number(),
  policy: z.object({
    checked: z.number(),
    verdicts: z.record(z.string(), z.string()).default({}),
    violations: z.array(
      z.object({ policy: z.string(), level: z.string(), resource: z.string().optional(), message: z.string() }),
    ),
  }),
});

export type ComparedPlan = z.infer<typeof planSchema>;

/** A plan's document, or the first thing in it that is not as expected. */
export function comparedPlanIn(document: unknown): ComparedPlan | { readonly problem: string } {
  const found = planSchema.safeParse(document);
  if (found.success) return found.data;
  const [{ path, message } = { path: [], message: "it is no plan" }] = found.error.issues;
  return { problem: path.length === 0 ? message : `${path.join(".")}: ${message}` };
}

/** One side of a comparison: what was previewed, and with what. */
export interface ComparedSide {
  readonly plan: ComparedPlan;
  readonly versions: Versions;
  /** The policy pack's own version; undefined where it names none. */
  readonly packVersion: string | undefined;
}

/**
 * Why something differs, as far as it is certain: the versions, the program's files, the config or sparki's own code, where
 * nothing else differs; a default that the provider of another version fills in; what the provider of another version does
 * with the same inputs.
 */
export interface Reason {
  readonly cause: "versions" | "program" | "config" | "command" | "default" | "provider" | "unexplained";
  readonly text: string;
}

/** An input that a step sets to another value on the two sides; undefined where it is not set. */
export interface PropertyDifference {
  readonly path: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
  readonly because: Reason;
}

/** What a side does with a resource; undefined where it leaves it as it is, or does not have it. */
interface StepSide {
  readonly action: "create" | "update" | "replace" | "delete";
  readonly replacedFor: readonly string[];
}

export interface StepDifference {
  readonly name: string;
  readonly type: string;
  readonly before: StepSide | undefined;
  readonly now: StepSide | undefined;
  readonly properties: readonly PropertyDifference[];
  readonly because: Reason;
}

interface FromTo<T> {
  readonly from: T;
  readonly to: T;
}

type Violation = ComparedPlan["policy"]["violations"][number];

/** What differs between two previews of one stack from one state. */
export interface Comparison {
  readonly verdict: "same" | "different" | "not-compared";
  readonly versions: readonly VersionChange[];
  /** What else differs of what the previews were made from, by path or key. */
  readonly files: {
    readonly program: readonly string[];
    readonly command: readonly string[];
    readonly config: readonly string[];
  };
  /** How many steps are the same on both sides, and those that are not; none where a preview did not succeed. */
  readonly steps: { readonly same: number; readonly different: readonly StepDifference[] };
  /** Helm releases whose charts come to other objects although the step's inputs are the same. */
  readonly rendered: readonly { readonly release: string; readonly because: Reason }[];
  readonly policies: {
    readonly pack: FromTo<{ readonly version: string | undefined; readonly hash: string }>;
    readonly policies: FromTo<number>;
    readonly checks: FromTo<number>;
    /** How often a policy passed and did not, `passed/failed`; undefined where the pack does not have it. */
    readonly verdicts: readonly {
      readonly policy: string;
      readonly from: string | undefined;
      readonly to: string | undefined;
    }[];
    readonly violations: { readonly onlyBefore: readonly Violation[]; readonly onlyNow: readonly Violation[] };
    readonly because: Reason | undefined;
  };
  readonly exitCode: ExitCodeOf<"done" | "refused" | "usage" | "outside">;
}

/** Compares two plans of one stack, made from the same state; what cannot be explained for certain is said to be so. */
export function compared(before: ComparedSide, now: ComparedSide): Comparison {
  const evidence = evidenceOf(before, now);
  const isWhole = [before, now].every(({ plan }) => plan.outcome === "succeeded");
  const steps = isWhole ? compareSteps(before.plan, now.plan, evidence) : { same: 0, different: [] };
  const rendered = isWhole ? renderedDifferences(before.plan, now.plan, steps.different, evidence) : [];
  const policies = policyDifferences(before, now, evidence);
  const { violations, verdicts } = policies;
  const counted = [steps.different, rendered, verdicts, violations.onlyBefore, violations.onlyNow];
  const isSame = counted.every(({ length }) => length === 0);
  const verdict = !isWhole ? "not-compared" : isSame ? "same" : "different";
  const { versions, program, command, config } = evidence;
  return {
    verdict,
    versions,
    files: { program, command, config },
    steps,
    rendered,
    policies,
    exitCode: exitCodeOf(verdict, [now.plan, before.plan]),
  };
}

function exitCodeOf(verdict: Comparison["verdict"], plans: readonly ComparedPlan[]): Comparison["exitCode"] {
  if (verdict === "same") return EXIT.done.code;
  if (verdict === "different") return EXIT.refused.code;
  const [failed] = plans.filter(({ outcome }) => outcome !== "succeeded");
  if (failed === undefined) return EXIT.outside.code;
  const { outcome, code = "", policy } = failed;
  const violations = policy.violations.map((each) => ({ ...each, resource: each.resource }));
  return planExitCode({ outcome, code: errorCodeIn(code), policy: { ...policy, violations } });
}

/** What differs of all that two previews are made from. */
interface Evidence {
  readonly versions: readonly VersionChange[];
  readonly program: readonly string[];
  readonly command: readonly string[];
  readonly config: readonly string[];
  /** What was found changed by hand is not the same: the cloud moved between the previews. */
  readonly hasMoved: boolean;
}

/** These name versions, which are compared themselves. */
const NAMING_VERSIONS = /^package(?:-lock)?\.json$|^tools\/catalog\.ts$|^tools\/[^/]+\/go\.(?:mod|sum)$/;
/** These are of sparki, which makes plans of previews, and of nothing that the engine runs. */
const COMMAND = /^(?:runbook|delivery)\//;
/** These are of nothing that runs. */
const SETTINGS = /^\.[^/]+$|^tsconfig\.json$|^drill\.yaml$/;
/** What a chart was rendered to, among the charts' entries. */
const RENDERED = "rendered ";

function evidenceOf(before: ComparedSide, now: ComparedSide): Evidence {
  const [one, other] = [before.plan.fingerprint.parts, now.plan.fingerprint.parts];
  const { commit: _, ...oneProgram } = one.program.entries;
  const { commit: __, ...otherProgram } = other.program.entries;
  const versions = versionChanges(before.versions, now.versions);
  const charts = namesThatDiffer(one.charts.entries, other.charts.entries).filter((name) => !name.startsWith(RENDERED));
  const changed = namesThatDiffer(oneProgram, otherProgram).filter((file) => isInput(file) && !SETTINGS.test(file));
  // A file that names versions and changes none of them has changed something else.
  const files = versions.length > 0 ? changed.filter((file) => !NAMING_VERSIONS.test(file)) : changed;
  const images = namesThatDiffer(one.digests.entries, other.digests.entries);
  return {
    versions,
    program: [...files.filter((file) => !COMMAND.test(file)), ...charts.map((name) => `apps/charts/${name}`)],
    command: files.filter((file) => COMMAND.test(file)),
    config: [
      ...namesThatDiffer(one.config.entries, other.config.entries),
      ...images.map((name) => `sparki:release.images.${name}`),
    ],
    hasMoved: hashOf(one.drift.entries) !== hashOf(other.drift.entries),
  };
}

type Entries = Readonly<Record<string, string>>;

function namesThatDiffer(before: Entries, now: Entries): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.filter((name) => before[name] !== now[name]);
}

/** A step with what the plan's fingerprint holds of it. */
type Step = ComparedPlan["changes"][number] & {
  readonly urn: string | undefined;
  readonly hash: string | undefined;
};

function compareSteps(before: ComparedPlan, now: ComparedPlan, evidence: Evidence): Comparison["steps"] {
  const [one, other] = [stepsOf(before), stepsOf(now)];
  const keys = [...new Set([...one.keys(), ...other.keys()])].sort();
  const different = keys.flatMap((key) => stepDifference(one.get(key), other.get(key), evidence) ?? []);
  return { same: keys.length - different.length, different };
}

/** By resource; where something is deleted and made again, each of the two by itself. */
function stepsOf({ changes, fingerprint }: ComparedPlan): ReadonlyMap<string, Step> {
  const held = new Map(
    Object.entries(fingerprint.parts.plan.entries).map(([entry, hash]) => {
      const [action = "", urn = ""] = entry.split(/ ([\s\S]*)/);
      return [`${action} ${typeIn(urn)}::${urn.split("::").at(-1)}`, { urn, hash: HASH.test(hash) ? hash : undefined }];
    }),
  );
  const groups = Map.groupBy(changes, ({ type, name }) => `${type}::${name}`);
  return new Map(
    [...groups].flatMap(([key, steps]) =>
      steps.map((step): [string, Step] => {
        const { urn, hash } = held.get(`${step.action} ${key}`) ?? { urn: undefined, hash: undefined };
        return [steps.length === 1 ? key : `${key} ${step.action}`, { ...step, urn, hash }];
      }),
    ),
  );
}

/** Where a document was made safe, what stands under a name that sounds like a secret's is none. */
const HASH = /^[0-9a-f]{64}$/;

/** The types of a resource and of what it is a part of, the outermost first. */
function typesIn(urn: string): readonly string[] {
  return urn.split("::")[2]?.split("$") ?? [];
}

function typeIn(urn: string): string | undefined {
  return typesIn(urn).at(-1);
}

/** Undefined where both sides do the same. */
function stepDifference(
  before: Step | undefined,
  now: Step | undefined,
  evidence: Evidence,
): StepDifference | undefined {
  const known = now ?? before;
  if (known === undefined) return undefined;
  const values = valuesThatDiffer(before, now);
  const isSameAction = before?.action === now?.action && `${before?.replacedFor}` === `${now?.replacedFor}`;
  const isBoth = before !== undefined && now !== undefined;
  const isHashed = before?.hash !== undefined && now?.hash !== undefined;
  const isSame = isHashed ? before.hash === now.hash : values.length === 0 && !isUntold(before) && !isUntold(now);
  if (isBoth && isSameAction && isSame) return undefined;
  const packages = packagesOf(known);
  const properties = values.map((value) => {
    return { ...value, because: reasonOf(evidence, packages, isDefault(value, before, now) ? "default" : "input") };
  });
  const isSameInputs = isBoth && values.length === 0;
  const isCertain = isSameInputs && !isSameAction && [before, now].every(isWhollyShown);
  const about = isCertain ? "same-inputs" : "input";
  return {
    name: known.name,
    type: known.type,
    before: sideOf(before),
    now: sideOf(now),
    properties,
    because: commonReason(properties) ?? withNote(reasonOf(evidence, packages, about), isSameInputs && isSameAction),
  };
}

/** Whether the provider itself names the input as filled in by it, on each side that sets it. */
function isDefault({ path, ...values }: Values, before: Step | undefined, now: Step | undefined): boolean {
  const isNamed = (step: Step | undefined) => step?.defaults?.includes(path) === true;
  const isSetByIt = (step: Step | undefined, value: string | undefined) => value === undefined || isNamed(step);
  return isSetByIt(before, values.before) && isSetByIt(now, values.now);
}

/** Whether two steps that look the same set the same inputs: no value is cut, secret or unknown. */
function isWhollyShown({ action, changes }: Step): boolean {
  const isShown = ({ to = "" }: Step["changes"][number]) => !HIDDEN.some((mark) => to.includes(mark));
  return action !== "create" && changes.length > 0 && changes.every(isShown);
}

/** In a value that a plan does not show, or not whole. */
const HIDDEN = ["…", SECRET, UNKNOWN, NOT_SHOWN];

function sideOf(step: Step | undefined): StepSide | undefined {
  return step && { action: step.action, replacedFor: step.replacedFor };
}

/** That of all properties, where it is one. */
function commonReason(properties: readonly PropertyDifference[]): Reason | undefined {
  const [first] = properties;
  return properties.every(({ because }) => because.text === first?.because.text) ? first?.because : undefined;
}

function withNote(reason: Reason, isHidden: boolean): Reason {
  const note = "it differs in what a plan does not show, such as a long value or one that may be secret";
  return isHidden ? { ...reason, text: `${note}; ${reason.text}` } : reason;
}

type Values = Pick<PropertyDifference, "path" | "before" | "now">;

/** The inputs that the sides set to other values; what only one of them changes has on the other the value that is live. */
function valuesThatDiffer(before: Step | undefined, now: Step | undefined): Values[] {
  if (before !== undefined && now !== undefined && [before, now].some(isUntold)) return [];
  const [one, other] = [valuesOf(before), valuesOf(now)];
  const paths = [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((path) => !isDefaultsList(path))
    .sort();
  return paths.flatMap((path) => {
    const values = { before: (one[path] ?? liveOf(other[path])).to, now: (other[path] ?? liveOf(one[path])).to };
    const isShown = one[path]?.isShown !== false && other[path]?.isShown !== false;
    const isOnlyHere = one[path] === undefined || other[path] === undefined;
    return values.before === values.now && (isShown || !isOnlyHere) ? [] : [{ path, ...values }];
  });
}

/** An earlier sparki's plan does not tell what a creation sets. */
function isUntold(step: Step | undefined): boolean {
  return step?.action === "create" && step.inputs === undefined;
}

interface Value {
  readonly live: string | undefined;
  readonly to: string | undefined;
  /** Not where the values are hidden, and look alike. */
  readonly isShown: boolean;
}

function valuesOf(step: Step | undefined): Readonly<Record<string, Value>> {
  const created = Object.entries(step?.inputs ?? {}).map(([path, to]) => [
    path,
    { live: undefined, to, isShown: true },
  ]);
  const changed = (step?.changes ?? []).map(({ path, from, to }) => [path, { live: from, to, isShown: from !== to }]);
  return Object.fromEntries([...created, ...changed]);
}

function liveOf(value: Value | undefined): Value {
  return { live: value?.live, to: value?.live, isShown: true };
}

/** The providers' packages that have a say in a resource: its own, and those of the components that it is a part of. */
function packagesOf({ type, urn }: Step): readonly string[] {
  const types = urn === undefined ? [type] : typesIn(urn);
  const names = types.map((each) => each.split(":")[0] ?? "");
  return [...new Set(names)].filter((name) => name !== "" && name !== "pulumi" && name !== "sparki");
}

/** What a reason is asked of: an input, one that the provider filled in, or what is done with the same inputs. */
type About = "input" | "default" | "same-inputs";

function reasonOf(evidence: Evidence, packages: readonly string[], about: About): Reason {
  const { program, config, command, hasMoved } = evidence;
  const versions = evidence.versions.filter(hasEffect);
  const own = versions.filter((each) => isOf(packages, each));
  const parts: { readonly cause: Reason["cause"]; readonly text: string }[] = [
    ...(versions.length > 0
      ? [{ cause: "versions" as const, text: `the versions (${versionList(own, versions)})` }]
      : []),
    ...(program.length > 0 ? [{ cause: "program" as const, text: `the program's files (${list(program)})` }] : []),
    ...(config.length > 0 ? [{ cause: "config" as const, text: `the config (${list(config)})` }] : []),
    ...(command.length > 0 ? [{ cause: "command" as const, text: `sparki's own code (${list(command)})` }] : []),
  ];
  const said = parts.map(({ text }) => text).join(" and ");
  if (about === "default" && own.length > 0)
    return {
      cause: "default",
      text: `a default that the provider fills in, not the program: ${versionList(own, own)}`,
    };
  if (about === "same-inputs" && own.length > 0)
    return {
      cause: "provider",
      text: `the provider does something else with the same inputs: ${versionList(own, own)}`,
    };
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && !hasMoved)
    return { cause: only.cause, text: `from ${only.text}: nothing else differs` };
  if (parts.length === 0) return { cause: "unexplained", text: unexplainedText(hasMoved) };
  const isOwnSame = packages.length > 0 && own.length === 0;
  const excluded =
    isOwnSame && versions.length > 0 ? `; @pulumi/${packages.join(", @pulumi/")} is the same on both sides` : "";
  const moved = hasMoved ? "; and what was changed by hand is not the same in both previews" : "";
  return { cause: "unexplained", text: `not explained: it may be from ${said}${excluded}${moved}` };
}

function unexplainedText(hasMoved: boolean): string {
  const moved = "what was changed by hand is not the same in both previews: the cloud has changed in between";
  const nothing = "nothing that the previews are made from differs; what was looked up at the cloud may have";
  return `not explained: ${hasMoved ? moved : nothing}`;
}

/** The versions that are the resource's own first, and how many others there are. */
function versionList(own: readonly VersionChange[], all: readonly VersionChange[]): string {
  const told = own.length > 0 ? own : all;
  const others = all.filter((each) => !told.includes(each)).length;
  return list([...told.map(versionText), ...(others > 0 ? [`${others} others`] : [])]);
}

const TOOL_TITLES: Readonly<Record<string, string>> = { pulumi: "Pulumi CLI", helm: "Helm", node: "Node" };

export function toolTitle(name: string): string {
  return TOOL_TITLES[name] ?? name;
}

/** A version's change in one line, such as `plugin aws 7.48.0 → 7.49.0`. */
export function versionText({ kind, name, from = "none", to = "none", ranAs }: VersionChange): string {
  const ran = ranAs === undefined ? "" : `, but ${ranAs} ran on both sides`;
  const title = kind === "tool" ? toolTitle(name) : kind === "plugin" ? `plugin ${name}` : name;
  return `${title} ${from} → ${to}${ran}`;
}

const MOST_NAMED = 4;

function list(words: readonly string[]): string {
  const rest = words.length - MOST_NAMED;
  return [...words.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}

/** Of releases that are listed as steps already, their inputs are the reason. */
function renderedDifferences(
  before: ComparedPlan,
  now: ComparedPlan,
  steps: readonly StepDifference[],
  evidence: Evidence,
): Comparison["rendered"] {
  const [one, other] = [before.fingerprint.parts.charts.entries, now.fingerprint.parts.charts.entries];
  const names = Object.keys(one).filter((name) => name.startsWith(RENDERED) && other[name] !== undefined);
  const differing = names.filter((name) => one[name] !== other[name]).map((name) => name.slice(RENDERED.length));
  const listed = new Set(steps.map(({ name }) => name));
  const releases = differing.filter((release) => !listed.has(release));
  return releases.map((release) => ({ release, because: reasonOf(evidence, ["kubernetes"], "input") }));
}

/** The pack's own files, and the rules that it reads. */
const PACK = /^(?:policies|aws)\//;

function policyDifferences(before: ComparedSide, now: ComparedSide, evidence: Evidence): Comparison["policies"] {
  const [one, other] = [before.plan.policy, now.plan.policy];
  const verdicts = namesThatDiffer(one.verdicts, other.verdicts).map((policy) => {
    return { policy, from: one.verdicts[policy], to: other.verdicts[policy] };
  });
  const without = (from: readonly Violation[], others: readonly Violation[]) => {
    const known = new Set(others.map(hashOf));
    return from.filter((each) => !known.has(hashOf(each)));
  };
  const violations = {
    onlyBefore: without(one.violations, other.violations),
    onlyNow: without(other.violations, one.violations),
  };
  const isSame = verdicts.length + violations.onlyBefore.length + violations.onlyNow.length === 0;
  return {
    pack: { from: packOf(before), to: packOf(now) },
    policies: { from: Object.keys(one.verdicts).length, to: Object.keys(other.verdicts).length },
    checks: { from: one.checked, to: other.checked },
    verdicts,
    violations,
    because: isSame ? undefined : policyReason(evidence),
  };
}

function packOf({ plan, packVersion }: ComparedSide): { readonly version: string | undefined; readonly hash: string } {
  const files = Object.entries(plan.fingerprint.parts.program.entries).filter(([path]) => PACK.test(path));
  return { version: packVersion, hash: hashOf(Object.fromEntries(files)) };
}

function policyReason(evidence: Evidence): Reason {
  const pack = evidence.program.filter((file) => PACK.test(file));
  if (pack.length === 0) return reasonOf(evidence, ["policy"], "input");
  const others = evidence.program.length - pack.length + evidence.versions.length + evidence.config.length;
  if (others === 0 && !evidence.hasMoved)
    return { cause: "program", text: `from the policy pack's files (${list(pack)}): nothing else differs` };
  return {
    cause: "unexplained",
    text: `not explained: the policy pack's files differ (${list(pack)}), and so does what it judges`,
  };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type CommitFolder, layOutCommit, pinnedTools, sparkiOf } from "../../io/seal/other-commit.ts";
import { pluginsAskedFor } from "../../io/seal/plugins.ts";
import { programIn, type Seal } from "../../io/seal/seal.ts";
import { type Committed, readCommit } from "../../io/seal/source.ts";
import type { SealStore } from "../../io/seal/store.ts";
import { DeployError, errorCodeIn } from "../../shared/deploy-error.ts";
import { documentText } from "../../shared/text/output.ts";
import { CATALOG } from "../../tools/catalog.ts";
import { output, versionIn } from "../../tools/tool.ts";
import type { Ports } from "../command.ts";
import { holdState, StackMoved } from "../deploy/stack-target.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";
import {
  type ComparedPlan,
  type ComparedSide,
  type Comparison,
  compared,
  comparedPlanIn,
  type PropertyDifference,
  type StepDifference,
  toolTitle,
  versionText,
} from "./comparison.ts";
import { type PlanTarget, planAndPreview } from "./make-plan.ts";
import { type Plan, shortType } from "./plan.ts";
import { lockedNode, lockedPackages, type Versions } from "./versions.ts";

/** A side of a comparison as its document tells it. */
interface ToldSide {
  /** Null where it is no commit's. */
  readonly commit: string | null;
  readonly outcome: ComparedPlan["outcome"];
  /** Why its preview did not succeed. */
  readonly failure?: string | undefined;
  readonly unchanged: number;
  readonly versions: Versions["tools"];
}

/** What `sparki plan --compare REF --json` writes. */
interface ComparisonDocument extends Comparison {
  readonly stack: string;
  readonly before: ToldSide & { readonly name: string };
  /** Of a checkout with uncommitted changes, `gaps` names them. */
  readonly now: ToldSide & { readonly gaps: readonly string[] };
}

/** Where two plans are compared. */
export interface CompareTarget {
  /** What the other side is called: a commit, branch or tag. */
  readonly name: string;
  readonly stack: string;
  readonly fullName: string;
  readonly session: PlanTarget;
  readonly store: SealStore;
  /** The folder that people work in, whose repository has the commit. */
  readonly checkout: string;
  readonly ports: Pick<Ports, "env" | "signal" | "clock">;
  readonly screen: Screen;
}

/**
 * Previews a stack by a commit and by what is here, one after the other and from the same state, and compares the two;
 * changes nothing. Throws SPARKI_USAGE for what is no commit, whatever the commit's own plan refuses with, and
 * SPARKI_OUTSIDE where an update came between the two.
 */
export async function comparePlans(target: CompareTarget): Promise<ComparisonDocument> {
  const { name, session, screen, ports, checkout } = target;
  const committed = readCommit(checkout, name, ports.env);
  const held = await holdState(session.engine);
  const before = await otherSide(target, committed);
  const made = await showPhase(screen, ports.clock, "preview by this checkout", async (phase) => {
    return planAndPreview(session, { isBrief: true, watch: phase.watch({ lines: false }) });
  });
  await held().catch(refuseMoved);
  const plan = ownPlan(made.plan);
  const place = { project: PROJECT_DIRECTORY, packages: PROJECT_DIRECTORY };
  const now = await sideOf(target, place, plan, textHere);
  return {
    stack: target.stack,
    before: { name, ...told(before), commit: committed.commit },
    now: { ...told(now), gaps: plan.seal.gaps },
    ...compared(before, now),
  };
}

function told({ plan, versions }: ComparedSide): ToldSide {
  const { outcome, failure, unchanged, seal } = plan;
  return {
    commit: seal.commit,
    outcome,
    ...(failure !== undefined && { failure }),
    unchanged,
    versions: versions.tools,
  };
}

async function otherSide(target: CompareTarget, committed: Committed): Promise<ComparedSide> {
  const { name, fullName, ports, screen, store } = target;
  const { commit } = committed;
  return showPhase(screen, ports.clock, `preview by ${name}, commit ${commit.slice(0, 12)}`, async (phase) => {
    const say = (line: string) => phase.say(line);
    const files = withOwnConfig(committed, target);
    const folder = await layOutCommit(store, { commit, files }, { env: ports.env, say });
    try {
      const args = ["plan", "--stack", fullName];
      const { code, document } = await sparkiOf(store, folder, args, { ...ports, say });
      const plan = planOrThrow(withOwnFingerprint(document, folder.project), code, target, commit);
      return await sideOf(target, folder, plan, (path) => files.get(path)?.content.toString());
    } finally {
      folder.remove();
    }
  });
}

/** A config file that is not the project's own is that of both sides. */
function withOwnConfig({ files }: Committed, { session, stack }: CompareTarget): Committed["files"] {
  if (session.seal().configFile === null) return files;
  return new Map([
    ...files,
    [`Pulumi.${stack}.yaml`, { content: readFileSync(session.configFile), isExecutable: false }],
  ]);
}

const filesSchema = z.object({ files: z.object({ json: z.string() }) });

/** With the fingerprint of the plan's own file: on the screen, hashes under names that sound like a secret's are hidden. */
function withOwnFingerprint(document: unknown, project: string): unknown {
  const told = filesSchema.safeParse(document);
  if (!told.success) return document;
  const written: unknown = JSON.parse(readFileSync(join(project, told.data.files.json), "utf8"));
  const fingerprint = z.object({ fingerprint: z.unknown() }).safeParse(written).data?.fingerprint;
  return { ...Object(document), fingerprint };
}

const failureSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullish() }),
});

function planOrThrow(
  document: unknown,
  code: number | null,
  { name, stack }: CompareTarget,
  commit: string,
): ComparedPlan {
  const side = `commit ${commit.slice(0, 12)} (${name})`;
  const refused = failureSchema.safeParse(document);
  if (refused.success) {
    const { error } = refused.data;
    throw new DeployError(errorCodeIn(error.code) ?? "SPARKI_OUTSIDE", `${side} cannot be planned: ${error.message}`, {
      hint: `npx sparki plan --stack ${stack}, in a checkout of ${commit.slice(0, 12)}`,
    });
  }
  if (document === undefined)
    throw new DeployError("SPARKI_OUTSIDE", `the plan of ${side} ended with ${code} and wrote no document`, {
      hint: `npx sparki plan --stack ${stack}, in a checkout of ${commit.slice(0, 12)}`,
    });
  const plan = comparedPlanIn(document);
  if (!("problem" in plan)) return plan;
  throw new DeployError("SPARKI_USAGE", `the plan of ${side} is of a form that is not known here: ${plan.problem}`, {
    hint: "compare with a later commit",
  });
}

/** Our own plan in the form in which the other side's comes, its texts made safe. */
function ownPlan(plan: Plan): ComparedPlan {
  const own = comparedPlanIn({ ...JSON.parse(documentText(plan)), fingerprint: plan.fingerprint });
  if (!("problem" in own)) return own;
  throw new Error(`the plan of this checkout is not as expected: ${own.problem}`);
}

function refuseMoved(error: unknown): never {
  if (!(error instanceof StackMoved)) throw error;
  throw new DeployError("SPARKI_OUTSIDE", "the stack was updated between the two previews: they are of two states", {
    hint: "run the same command again",
    cause: error,
  });
}

async function sideOf(
  { store, ports }: CompareTarget,
  { project, packages }: Pick<CommitFolder, "project" | "packages">,
  plan: ComparedPlan,
  textOf: (path: string) => string | undefined,
): Promise<ComparedSide> {
  const lock = textOf("package-lock.json") ?? "";
  const catalog = await pinnedTools(store, project, ports.env);
  const pinned: Readonly<Record<string, string | undefined>> = { ...catalog, node: lockedNode(lock) };
  const used = await versionsOf(store, plan.seal.tools, ports.env);
  const tools = (["pulumi", "helm", "node"] as const).map((name) => [name, { pinned: pinned[name], used: used[name] }]);
  const plugins = pluginsAskedFor(packages).map(({ name, version }) => [name, version]);
  const versions = {
    tools: Object.fromEntries(tools),
    packages: lockedPackages(lock) ?? {},
    plugins: Object.fromEntries(plugins),
  };
  return { plan, versions, packVersion: packVersionIn(textOf("policies/package.json") ?? "null") };
}

function packVersionIn(text: string): string | undefined {
  return z.object({ version: z.string() }).safeParse(JSON.parse(text)).data?.version;
}

/** What the programs of a seal say of themselves. */
async function versionsOf(
  store: SealStore,
  tools: Seal["tools"],
  env: Ports["env"],
): Promise<Readonly<Record<string, string | undefined>>> {
  const asked = Object.entries(tools).map(async ([name, hash]) => {
    const ask = CATALOG.find((tool) => tool.name === name)?.ask ?? (name === "node" ? ["--version"] : undefined);
    return [name, ask && versionIn(await output(programIn(store, hash, name), ask, env))] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}

function textHere(path: string): string {
  return readFileSync(join(PROJECT_DIRECTORY, path), "utf8");
}

/** Of a step's inputs, and of the packages that are no SDK; the document has all. */
const MOST_SHOWN = 10;

/** A comparison for a terminal: the versions, what differs and why, and the verdict. */
export function comparisonText(document: ComparisonDocument, paint: Paint): string {
  const lines = [
    "",
    paint.strong(`Two plans for ${document.stack}, from one state`),
    ...factLines(document),
    ...section(paint, "Versions that differ", versionLines(document)),
    ...stepLines(document, paint),
    ...section(paint, "Charts that come to other objects", renderedLines(document)),
    ...section(paint, "Policies", policyLines(document)),
    "",
    verdictLine(document, paint),
    `Next:    ${nextCommand(document)}`,
  ];
  return `${lines.map(inColumns).join("\n")}\n`;
}

function section(paint: Paint, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", paint.strong(title), ...lines];
}

function factLines({ before, now, files, policies, versions, steps, verdict }: ComparisonDocument): string[] {
  const here = now.commit === null ? "this checkout as it is" : `commit ${short(now.commit)}`;
  const { pack, checks } = policies;
  const isSamePack = pack.from.hash === pack.to.hash;
  const [packBefore = "none", packNow = "none"] = [pack.from.version, pack.to.version];
  const version = packBefore === packNow ? packNow : `${packBefore} → ${packNow}`;
  const known = [
    ["Before", `${before.name}, commit ${short(`${before.commit}`)}`],
    ["Now", [here, ...now.gaps].join("; ")],
    ...(versions.length === 0 ? [["Versions", `the same: ${toolsText(now.versions)}`]] : []),
    ["Program", filesText([...files.program, ...files.command])],
    ["Config", filesText(files.config)],
    [
      "Policy pack",
      `${version}, ${isSamePack ? "the same files" : "other files"}; ${counted(policies.policies)} policies, ${counted(checks)} checks`,
    ],
  ];
  const different = steps.different.length;
  const counts = verdict === "not-compared" ? [] : [["Steps", `${steps.same} the same in both, ${different} not`]];
  const rows = [...known, ...counts];
  const width = Math.max(...rows.map(([what = ""]) => what.length));
  return rows.map(([what = "", value]) => `  ${what.padEnd(width)}  ${value}`);
}

function toolsText(tools: ComparisonDocument["now"]["versions"]): string {
  const told = Object.entries(tools).map(
    ([name, { used, pinned }]) => `${toolTitle(name)} ${used ?? pinned ?? "unknown"}`,
  );
  return [...told, "and all packages"].join(", ");
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function counted({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `${to}` : `${from} → ${to}`;
}

function filesText(names: readonly string[]): string {
  return names.length === 0 ? "the same" : shownOf(names).join(", ");
}

function shownOf(lines: readonly string[]): string[] {
  const rest = lines.length - MOST_SHOWN;
  return [...lines.slice(0, MOST_SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])];
}

function versionLines({ versions }: ComparisonDocument): string[] {
  const packages = versions.filter(({ kind }) => kind === "package");
  const others = versions.filter(({ kind }) => kind !== "package");
  return [...others.map(versionText), ...shownOf(packages.map(versionText))].map((line) => `  ${line}`);
}

/** The steps that differ, those with the same reason together. */
function stepLines({ steps }: ComparisonDocument, paint: Paint): string[] {
  const groups = [...Map.groupBy(steps.different, ({ because }) => because.text)];
  return groups.flatMap(([why, group]) =>
    section(
      paint,
      sentence(why),
      group.flatMap((step) => linesOf(step)),
    ),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function linesOf(step: StepDifference): string[] {
  const { name, type, properties, because } = step;
  const shown = shownOf(properties.map((each) => propertyText(each, because.text)));
  return [`  ${name} (${shortType(type)}): ${actionText(step)}`, ...shown.map((line) => `    ${line}`)];
}

/** What the two sides do with a resource, such as `update before, replace now because of engine`. */
export function actionText({ before, now }: Pick<StepDifference, "before" | "now">): string {
  const did = (side: StepDifference["now"]) => {
    if (side === undefined) return "nothing";
    return `${side.action}${side.replacedFor.length > 0 ? ` because of ${side.replacedFor.join(", ")}` : ""}`;
  };
  return did(before) === did(now) ? `${did(now)} on both sides` : `${did(before)} before, ${did(now)} now`;
}

function propertyText(
  { path, before = "not set", now = "not set", because }: PropertyDifference,
  common: string,
): string {
  return `${path}: ${before} → ${now}${because.text === common ? "" : `; ${because.text}`}`;
}

function renderedLines({ rendered }: ComparisonDocument): string[] {
  return rendered.map(({ release, because }) => `  ${release}; ${because.text}`);
}

function policyLines({ policies }: ComparisonDocument): string[] {
  const { verdicts, violations, because } = policies;
  if (because === undefined) return [];
  const violated = ([which, found]: readonly [string, typeof violations.onlyNow]) =>
    found.map(({ policy, level, message }) => `  only ${which}: ${policy} (${level}): ${message}`);
  const told = (
    [
      ["before", violations.onlyBefore],
      ["now", violations.onlyNow],
    ] as const
  ).flatMap(violated);
  const counts = verdicts.map(({ policy, from = "none", to = "none" }) => `  ${policy}: passed/failed ${from} → ${to}`);
  return [...told, ...shownOf(counts), `  ${because.text}`];
}

function verdictLine({ verdict, steps, before, now, policies, rendered }: ComparisonDocument, paint: Paint): string {
  if (verdict === "same") return `Verdict: ${paint.good("no differences: both would do the same")}`;
  if (verdict === "not-compared") {
    const failed = [[before.name, before] as const, ["this checkout", now] as const].filter(([, side]) => side.failure);
    const told = failed.map(([name, { outcome, failure }]) => `the preview by ${name} ${outcome}: ${failure}`);
    return `Verdict: ${paint.bad(`the steps were not compared: ${told.join("; ")}`)}`;
  }
  const all = [...steps.different, ...rendered].map(({ because }) => because);
  const reasons = [...all, ...(policies.because === undefined ? [] : [policies.because])];
  const unexplained = reasons.filter(({ cause }) => cause === "unexplained").length;
  const rest = unexplained === 0 ? "all are explained" : `${unexplained} not explained`;
  return `Verdict: ${paint.bad(`they differ, so a person decides; ${rest}`)}`;
}

function nextCommand({ stack, before, verdict }: ComparisonDocument): string {
  if (verdict === "not-compared") return `fix that, then npx sparki plan --compare ${before.name} --stack ${stack}`;
  return `npx sparki plan --stack ${stack}`;
}

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
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { type ComparedPlan, type ComparedSide, type Comparison, compared, comparedPlanIn } from "./comparison.ts";
import { type PlanTarget, planAndPreview } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
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
export interface ComparisonDocument extends Comparison {
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

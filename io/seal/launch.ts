import { join, resolve } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { stackNameIn } from "../../stacks/stack-name.ts";
import type { Screen } from "../../tools/progress.ts";
import { installedDependencies } from "./dependencies.ts";
import { codeLoaders, droppedNames, type Environment, pathOutside } from "./environment.ts";
import { findSeal, keepSeal, layOutRun, type Sealed, type SealOptions, sealCheckout } from "./seal.ts";
import { filesOf, isSealedRun } from "./sealed-run.ts";
import { readCommit } from "./source.ts";
import { SealStore } from "./store.ts";

/** The commands that run from a sealed copy: all that run the program. Those of the first kind keep their seal. */
const KEPT = ["plan", "deploy"];
const SEALED = [...KEPT, "rollback", "watch", "rehearse"];

/** What a plan reads is young, and lives long enough: a small nursery would be cleared over and over. What runs for hours keeps it small. */
const FEWER_PAUSES = "--max-semi-space-size=64";

export interface LaunchPorts {
  readonly env: Environment;
  readonly cwd: string;
  readonly stderr: Screen;
  readonly signal: AbortSignal;
}

/** The sealed command: another program in the place of this process. */
export interface Launch {
  readonly program: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Seals the checkout and prepares the same command from the sealed copy; undefined where the command needs none, or is
 * sealed already. With --approved, the copy is the one that was approved, and anything else is refused with SPARKI_GATE.
 * Runs no code but its own, Node's and git's: no package of the checkout.
 */
export async function prepareLaunch(
  checkout: string,
  argv: readonly string[],
  { env, cwd, stderr, signal }: LaunchPorts,
): Promise<Launch | undefined> {
  const { command, stack, approved, compared } = parsed(argv);
  if (command === undefined || stack === undefined || isSealedRun(checkout, env)) return undefined;
  const own = env.PULUMI_OPTION_CONFIG_FILE;
  const configFile = own === undefined || command === "rehearse" ? undefined : resolve(cwd, own);
  const isThorough = approved !== undefined;
  if (isThorough) assertOwnCode(env);
  const dropped = droppedNames(env);
  if (dropped.length > 0) stderr.write(`not passed on: ${dropped.join(", ")}\n`);
  const store = SealStore.open(env);
  store.prune();
  if (compared !== undefined) await installFor(store, compared, { checkout, env, stderr });
  const options: SealOptions = { checkout, stack, configFile, env, isThorough, stderr, signal };
  const now = await sealCheckout(store, options);
  const sealed = approved === undefined ? now : approvedSeal(store, approved, now);
  const id = KEPT.includes(command) ? await keepSeal(store, sealed) : undefined;
  const mayLoadOthers = command === "rehearse";
  const run = layOutRun(store, { sealed, id, checkout, env, isThorough, mayLoadOthers });
  const { project, node, environment } = run;
  const flags = command === "plan" ? [FEWER_PAUSES] : [];
  return { program: node, argv: [node, ...flags, join(project, "runbook", "sparki.ts"), ...argv], environment };
}

/**
 * Installs the packages of the commit that a plan is compared with, while npm's own settings are still there: the sealed
 * command finds them. Throws SPARKI_USAGE for what is no commit.
 */
async function installFor(
  store: SealStore,
  name: string,
  { checkout, env, stderr }: Pick<LaunchPorts, "env" | "stderr"> & { readonly checkout: string },
): Promise<void> {
  const { files } = readCommit(checkout, name, env);
  const say = (line: string) => stderr.write(`${name}: ${line}\n`);
  const outside = { ...env, PATH: pathOutside(env.PATH, checkout) };
  await installedDependencies(store, files, { env: outside, isThorough: false, say });
}

/** The seal that was approved, if it is what the checkout is; the checkout's own where this machine has no other. */
function approvedSeal(store: SealStore, hash: string, now: Sealed): Sealed {
  const { stack } = now.seal;
  const approved = findSeal(store, hash);
  const lines = [...now.seal.gaps, ...(approved === undefined ? [] : differences(approved, now))];
  if (lines.length === 0) return approved ?? now;
  const reasons = lines.map((line) => `  ${line}`).join("\n");
  throw new DeployError("SPARKI_GATE", `not what was approved for ${stack}; nothing was changed\n${reasons}`, {
    hint: `commit the intended changes, then npx sparki plan --stack ${stack}, and have that approved`,
  });
}

const MAX_NAMED = 5;

function differences({ seal: approved }: Sealed, { seal: now }: Sealed): string[] {
  const parts = [
    ["config", filesOf(approved, "config"), filesOf(now, "config")],
    ["charts", filesOf(approved, "charts"), filesOf(now, "charts")],
    ["program", filesOf(approved, "program"), filesOf(now, "program")],
    ["dependencies", { ...approved.dependencies }, { ...now.dependencies }],
    ["tools", approved.tools, now.tools],
    ["environment", approved.environment, now.environment],
  ] as const;
  const [was, is] = [approved.commit ?? "none", now.commit ?? "none"];
  const commit = was === is ? [] : [`commit: was ${was}, is ${is}`];
  const others = parts.flatMap(([part, before, after]) => {
    const names = namesThatDiffer(before, after);
    const rest = names.length - MAX_NAMED;
    const shown = [...names.slice(0, MAX_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])];
    return names.length === 0 ? [] : [`${part}: ${shown.join(", ")} ${names.length === 1 ? "differs" : "differ"}`];
  });
  return [...commit, ...others];
}

type Named = Readonly<Record<string, string | null>>;

function namesThatDiffer(before: Named, after: Named): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .sort();
}

function assertOwnCode(env: Environment): void {
  const names = codeLoaders(env);
  if (names.length === 0) return;
  throw new DeployError(
    "SPARKI_GATE",
    `${names.join(" and ")} may have loaded code into sparki that is not part of the plan; nothing was changed`,
    { hint: `unset ${names.join(" ")}, and run the same command again` },
  );
}

interface Parsed {
  readonly command: string | undefined;
  /** Undefined where it is no stack's name, which the command itself refuses. */
  readonly stack: string | undefined;
  readonly approved: string | undefined;
  /** The commit that a plan is compared with. */
  readonly compared: string | undefined;
}

/** As much of an argument list as sealing needs to know; what is wrong with it, the command says. */
function parsed(argv: readonly string[]): Parsed {
  const given = (flag: string): string | undefined => {
    const index = argv.findLastIndex((each) => each === flag || each.startsWith(`${flag}=`));
    if (index < 0) return undefined;
    const word = argv[index] ?? "";
    return word === flag ? argv[index + 1] : word.slice(flag.length + 1);
  };
  const operands = argv.filter((each, index) => !each.startsWith("-") && argv[index - 1] !== "--stack");
  const isAnswered = argv.some((each) => ["-h", "--help", "--version", "--list"].includes(each));
  const approved = given("--approved");
  const command = isAnswered ? undefined : SEALED.find((each) => each === operands[0]);
  return {
    command,
    stack: stackNameIn(given("--stack") ?? "prod")?.stack,
    approved: approved !== undefined && /^[0-9a-f]{64}$/.test(approved) ? approved : undefined,
    compared: command === "plan" ? given("--compare") : undefined,
  };
}

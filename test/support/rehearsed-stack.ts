import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import type { LiveRelease } from "../../io/live-release.ts";
import { resourcesIn } from "../../records/state.ts";
import type { Faults, HeldCalls } from "../../rehearsal/control.ts";
import type { Behaviours } from "../../rehearsal/scenario.ts";
import { imagesOf } from "../../rehearsal/scenarios.ts";
import {
  compareWorld,
  type WorldReport,
  type WorldResources,
  worldSchema,
} from "../../runbook/rehearse/rehearsal-report.ts";
import type { Release } from "../../stacks/schema.ts";
import { headersOf } from "./asking.ts";
import { isRunningJob, isUpgrading, killDeployment, makeRuns, sparki, updatesIn } from "./sparki.ts";
import { Terminal } from "./terminal.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const RUNBOOK = join(ROOT, "runbook");

/** In a process of its own: the Kubernetes client is a module that jest does not load. */
const LIVE = `import { readFileSync } from "node:fs";
import { readLiveRelease } from "${ROOT}/io/live-release.ts";
console.log(JSON.stringify(await readLiveRelease(readFileSync(process.env.KUBECONFIG, "utf8"))));`;

/** What only people know before a deployment. */
const CONFIRMED = "--on-call-confirmed --window-announced";

/** Where a deployment is killed that waits for a job of the database. */
export const JOB = Symbol("job");

/** A stack on a cloud that `sparki cloud` serves, used by `sparki` commands from another terminal. */
export interface RehearsedStack {
  /** Pushes a release's images, and makes it the one that the stack's config names. */
  configure(release: Release, behaviours?: Behaviours): Promise<void>;
  push(release: Release, behaviours?: Behaviours): Promise<void>;
  /** Deletes a release's images from the registry. */
  unpush(release: Release): Promise<void>;
  /** What a command line says that must succeed there; it is not among what was written. */
  ask(command: string): Promise<string>;
  /** Deploys what the config names by plain `pulumi up`, through its gates alone. */
  up(): Promise<void>;
  /** Runs `sparki <command> --stack <stack> --json`, with Slack at `slack`; the document is what it wrote to stdout. */
  run(command: string, slack?: string): Promise<Ran>;
  /** Runs it by the sparki of another checkout of this project; interrupted, as by Ctrl-C, once it said a text. */
  runFrom(checkout: string, command: string, interruptAt?: string): Promise<Ran>;
  /**
   * Runs it with another pace of modelled time than the cloud's own; interrupted, as by Ctrl-C, once it said a text, or once
   * a command of the shell succeeds.
   */
  runPaced(timeScale: number, command: string, interruptAt?: string | { readonly once: string }): Promise<Ran>;
  /**
   * Does something while the engine of the update that runs is stopped (SIGSTOP): it keeps the state's lock, however long
   * that takes. It continues afterwards, whatever came of it. Throws where no update runs.
   */
  whileStopped<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * Deploys, and kills command, engine and Helm together once Helm changes this release, or once a job of the database runs;
   * the state's lock stays.
   */
  deployKilledAt(release: string | typeof JOB, flags?: string): Promise<void>;
  /** Makes exactly these faults hold in the cloud; none of them ends them all. */
  breakCloud(faults: Faults): Promise<void>;
  /** Has the cloud hold exactly these calls when they come; what it holds now continues. */
  hold(calls: HeldCalls): Promise<void>;
  /** What is in the account. */
  world(): Promise<WorldResources>;
  /** The account beside the state. */
  compared(): Promise<WorldReport>;
  /** The digests that run, by the Kubernetes API. */
  live(): Promise<LiveRelease>;
  /** What Slack was told so far. */
  told(): Promise<readonly string[]>;
  /** The silences that Alertmanager keeps, those that are over too. */
  silences(): Promise<readonly unknown[]>;
  /** Everything that the commands wrote. */
  readonly written: readonly string[];
  /** Where the rehearsal keeps its files. */
  readonly runDirectory: string;
  /** A variable of the environment that `sparki cloud` printed; empty where it printed none of that name. */
  variable(name: string): string;
  close(): Promise<void>;
}

export interface Ran {
  readonly exitCode: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: each command has a document of its own, and tests look at what they need.
  readonly document: any;
  readonly stderr: string;
}

/** Serves a cloud for a stack: on which nothing is deployed yet, or its own release is promoted already. */
export async function serveStack(
  stack: string,
  timeScale: number,
  begin: "empty" | "promoted" = "empty",
): Promise<RehearsedStack> {
  const runs = makeRuns();
  let serving = Promise.resolve<unknown>(undefined);
  const { pasted, end } = await new Promise<{ pasted: string; end: () => void }>((resolve, reject) => {
    const args = ["cloud", "--stack", stack, "--time-scale", `${timeScale}`];
    if (begin === "promoted") args.push("--on-promoted");
    const cloud = sparki(args, runs, ({ stdout }, child) => {
      if (stdout.includes("is ready")) resolve({ pasted: stdout, end: () => child.kill("SIGINT") });
    });
    serving = cloud;
    cloud.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  const terminal = new Terminal(pasted, {});
  const variable = (name: string) => new RegExp(`^export ${name}=(.*)$`, "m").exec(pasted)?.[1] ?? "";
  const control = variable("SPARKI_REGISTRY");
  const headers = headersOf(variable("SPARKI_REHEARSAL_ACCESS"));
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${control}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  };
  const push = async (release: Release, behaviours: Behaviours = {}) => {
    for (const { ref, behaviour } of imagesOf(release, behaviours))
      await (behaviour === "absent" ? post("/images/remove", { ref }) : post("/images", { ref, behaviour }));
  };
  const run = async (
    command: string,
    variables: string,
    around = (line: string) => line,
    runbook = RUNBOOK,
  ): Promise<Ran> => {
    const confirmed = command.startsWith("deploy") ? CONFIRMED : "";
    // By which code could come into sparki itself: what is approved is not deployed beside it.
    const compiled = command.includes("--approved") ? "NODE_COMPILE_CACHE=" : "";
    const line = `${variables} ${compiled} node ${runbook}/sparki.ts ${command} ${confirmed} --stack ${stack} --json`;
    const { exitCode, stdout, stderr } = await terminal.run(around(line));
    return { exitCode, stderr, document: parsed(stdout, stderr) };
  };
  const world = async () => worldSchema.parse(await (await fetch(`${control}/world`, { headers })).json()).resources;
  // In a terminal of its own: what a test looks up itself may be secret.
  const asked = new Terminal(pasted, {});
  return {
    push,
    ask: (command) => asked.ask(command),
    world,
    compared: async () => {
      const state: unknown = JSON.parse(await terminal.ask("pulumi stack export"));
      return compareWorld(await world(), resourcesIn(state));
    },
    configure: async (release, behaviours) => {
      await push(release, behaviours);
      const file = variable("PULUMI_OPTION_CONFIG_FILE");
      const document = parseDocument(readFileSync(file, "utf8"));
      document.setIn(["config", "sparki:release"], document.createNode(release));
      const migrations = migrationsTo(release.schema.level, runs.directory);
      document.setIn(["config", "sparki:preflight", "migrations"], relative(ROOT, migrations));
      writeFileSync(file, document.toString());
    },
    unpush: async ({ images }) => {
      for (const ref of Object.values(images)) await post("/images/remove", { ref });
    },
    up: async () => {
      await terminal.ask("pulumi up --yes --skip-preview --non-interactive");
    },
    run: (command, slack = `${control}/slack`) => run(command, `SPARKI_SLACK_WEBHOOK=${slack}`),
    runFrom: (checkout, command, interruptAt) => {
      const around = interruptAt === undefined ? undefined : (line: string) => interruptedAt(interruptAt, line);
      return run(command, "", around, join(checkout, "runbook"));
    },
    runPaced: (scale, command, interruptAt) => {
      const around = interruptAt === undefined ? undefined : (line: string) => interruptedAt(interruptAt, line);
      return run(command, `SPARKI_SLACK_WEBHOOK=${control}/slack SPARKI_TIME_SCALE=${scale}`, around);
    },
    whileStopped: async (work) => {
      const engines = updatesIn(runs.directory);
      if (engines.length === 0) throw new Error("no update runs that could be stopped");
      try {
        for (const pid of engines) process.kill(pid, "SIGSTOP");
        return await work();
      } finally {
        for (const pid of engines) process.kill(pid, "SIGCONT");
      }
    },
    deployKilledAt: async (release, flags = "") => {
      const line = `node ${RUNBOOK}/sparki.ts deploy --yes ${flags} ${CONFIRMED} --stack ${stack} --json`;
      let isOver = false;
      const ended = terminal.run(line).finally(() => {
        isOver = true;
      });
      const isThere = () => (release === JOB ? isRunningJob(runs.directory) : isUpgrading(runs.directory, release));
      while (!isOver && !isThere()) await sleep(50);
      if (!isOver) killDeployment(runs.directory, "deploy");
      const { exitCode, stdout, stderr } = await ended;
      if (stdout !== "") throw new Error(`it was not killed, but ended with ${exitCode}: ${stderr.slice(-2000)}`);
    },
    breakCloud: (faults) => post("/faults", faults),
    hold: (calls) => post("/held", { calls }),
    live: async () => JSON.parse(await terminal.ask(`node --input-type=module -e '${LIVE}'`)),
    told: async () => {
      const answer = await (await fetch(`${control}/slack`, { headers })).text();
      const { messages }: { messages: { text: string }[] } = JSON.parse(answer);
      return messages.map(({ text }) => text);
    },
    silences: async () => {
      const answer = await (await fetch(`${control}/storm/alertmanager/api/v2/silences`, { headers })).text();
      return JSON.parse(answer);
    },
    written: terminal.written,
    runDirectory: join(runs.directory, stack),
    variable,
    close: async () => {
      end();
      await serving;
      runs.remove();
    },
  };
}

/** A shell's command that is interrupted once its stderr has a text, or another succeeds; it ends as the command does. */
function interruptedAt(at: string | { readonly once: string }, line: string): string {
  const condition = typeof at === "string" ? `grep -q '${at}' "$said"` : at.once;
  return [
    `said=$(mktemp); ${line} 2>"$said" & pid=$!`,
    `until ${condition} || ! kill -0 $pid; do sleep 0.3; done`,
    `kill -INT $pid; wait $pid; code=$?`,
    `cat "$said" >&2; rm "$said"; exit $code`,
  ].join("\n");
}

/** A folder with as many migrations as a release's level: the stand-in's own, and made-up ones after them. */
function migrationsTo(level: number, directory: string): string {
  const own = join(ROOT, "rehearsal", "app", "migrations");
  const folder = join(directory, `migrations-${level}`);
  const names = readdirSync(own).sort();
  mkdirSync(folder, { recursive: true });
  for (let next = 1; next <= level; next++) {
    const name = names[next - 1];
    if (name !== undefined) copyFileSync(join(own, name), join(folder, name));
    else writeFileSync(join(folder, `000${next}_more.sql`), `CREATE TABLE more_${next} (id integer);\n`);
  }
  return folder;
}

function parsed(stdout: string, stderr: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`no JSON document on stdout: ${stdout.slice(-500)}\n${stderr.slice(-3000)}`);
  }
}

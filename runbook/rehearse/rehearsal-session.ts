import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { documentsOf } from "../../delivery/documents.ts";
import { assertRoom } from "../../io/disk.ts";
import { Engine } from "../../io/engine.ts";
import { goesOnBy, onSecondSignal } from "../../io/signals.ts";
import { type CloudProcess, startCloudProcess } from "../../rehearsal/cloud-process.ts";
import { endLeftovers, MARK_VARIABLE } from "../../rehearsal/processes.ts";
import { CurrentCheckout, copyProject, type RehearsedProject } from "../../rehearsal/project.ts";
import {
  type KeptRehearsal,
  type KeptWorld,
  keepRehearsal,
  keptRehearsal,
  LostWorld,
  openRunDirectory,
  type RunDirectory,
} from "../../rehearsal/run-directories.ts";
import type { Behaviours, ReleaseDescriptor } from "../../rehearsal/scenario.ts";
import { imagesOf } from "../../rehearsal/scenarios.ts";
import { STORM_SERVICES } from "../../rehearsal/storm.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { type Output, writeOwn } from "../../shared/text/output.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { lineProgress } from "../../tools/progress.ts";
import { resolveTools } from "../../tools/resolve.ts";
import type { Progress } from "../../tools/tool.ts";
import type { Ports } from "../command.ts";
import { PROJECT_DIRECTORY, runsDirectory, sealedEnvironment } from "../project.ts";
import {
  languageHostFor,
  type ProviderChoice,
  type Providers,
  providersFor,
  type RehearsedHost,
  type RehearsedProvider,
} from "./providers.ts";

const TOOLS = [
  "pulumi",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "helm",
  "prometheus",
  "alertmanager",
  "redis-server",
];

/** AWS calls only wait, so many run side by side; the engine's own default counts cores. */
export const PARALLEL = 64;

export const POLICY_PACK = join(PROJECT_DIRECTORY, "policies", "pack");

export interface SessionOptions {
  readonly stack: string;
  readonly seed: number;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
  /** @default simulated */
  readonly providers?: ProviderChoice | undefined;
  /** The role whose policies the simulated AWS enforces. @default whoever calls may do everything */
  readonly deploysAs?: DeploysAs | undefined;
  /** The rehearsal that is continued, in the place where it was left. @default a new one */
  readonly kept?: KeptRehearsal | undefined;
  /** @default the deployment in index.ts */
  readonly program?: PulumiFn;
  /** The world that the session continues from, which it releases at its end. @default nothing is there */
  readonly world?: KeptWorld | undefined;
}

/** A simulated cloud with one stack's engine on it; nothing of it outlives `close`. */
export interface RehearsalSession {
  readonly stack: string;
  readonly cloud: CloudProcess;
  readonly engine: Engine;
  readonly project: RehearsedProject;
  readonly runDirectory: string;
  /** What a command needs in its environment to reach the cloud, PATH included. */
  readonly environment: Readonly<Record<string, string>>;
  readonly gateLogFile: string;
  readonly providers: readonly RehearsedProvider[];
  readonly languageHost: RehearsedHost;
  /** Resolves once what was there before serves again, or has not within two minutes. */
  settled(): Promise<void>;
  /** Makes a release the one to deploy next: in the config, and its images in the registry. */
  prepareRelease(release: ReleaseDescriptor, behaviours: Behaviours): Promise<void>;
  /** The folder that is deployed from now. */
  checkout(): string;
  /** Deploys from another folder from now on: its program, its jobs and its charts. */
  useCheckout(directory: string): Promise<void>;
  close(): Promise<void>;
}

/** The tools of a rehearsal by name, with others of the catalog, resolved with progress; throws when one cannot be had. */
export function resolveRehearsalTools(
  ports: Ports,
  progress: Progress,
  others: readonly string[] = [],
): Promise<Readonly<Record<string, string>>> {
  const names = [...new Set([...TOOLS, ...others])];
  return resolveTools(names, { env: ports.env, progress, signal: ports.signal });
}

/** Starts the cloud for a stack and opens the engine on it; when it cannot, nothing is left running. */
export async function openSession(
  options: SessionOptions,
  tools: Readonly<Record<string, string>>,
  ports: Ports,
): Promise<RehearsalSession> {
  const { kept, world } = options;
  const choice = options.providers ?? "simulated";
  const providers = await providersFor(choice, {
    project: PROJECT_DIRECTORY,
    env: ports.env,
    progress: lineProgress(ports.stderr),
    signal: ports.signal,
  });
  const run = await heldRun(options, ports);
  if (run.replaced !== undefined)
    ports.stderr.write(`  the simulated account of ${run.replaced.toISOString()} is removed; its reports are kept\n`);
  let cloud: CloudProcess | undefined;
  try {
    const project = copyProject(PROJECT_DIRECTORY, options.stack, join(run.path, "work"));
    const config = parseConfig(project.config(), options.stack);
    const languageHost = await languageHostFor(tools.pulumi, ports.env);
    const path = searchPath(run, { tools, env: ports.env, languageHost, providers: providers.all });
    const { stack, seed, timeScale } = options;
    const checkout = new CurrentCheckout(run.path, PROJECT_DIRECTORY);
    checkout.linkCharts(project.directory);
    const places = { runDirectory: run.path, projectDirectory: checkout.path, path };
    const slot = kept?.slot ?? world?.slot;
    const isPromoted = world !== undefined;
    const real = providers.all.filter(({ is }) => is !== "simulated").map(({ name }) => name);
    const starting = { stack, seed, timeScale, slot, isPromoted, tools, real, ...places };
    cloud = await startCloudProcess(starting, ports.signal).catch((error: unknown) => {
      if (world === undefined || ports.signal.aborted) throw error;
      // What it is kept for is that it serves: whatever it lacks, it is better made again.
      world.discard();
      throw new LostWorld(error);
    });
    if (options.deploysAs !== undefined) await cloud.ask("POST", "/asker", deployingRole(config, stack));
    providers.install(homeIn(run));
    const since = kept?.since ?? today();
    keepRehearsal(run.path, { seed, timeScale, slot: cloud.slot, since, providers: choice });
    replaceCloud(project, cloud, since);
    const pieces = { run, project, checkout, cloud, tools, ports, path, providers, languageHost };
    const session = await connect(options, pieces);
    // Nobody else uses this run: whoever held its state was killed.
    if (kept !== undefined) await session.engine.breakLock();
    return session;
  } catch (error) {
    await cloud?.stop();
    run.release();
    throw error;
  }
}

/** Makes the registry have the images of a release, each with what it does, or not have them. */
export async function putImages(
  cloud: Pick<CloudProcess, "ask">,
  release: Parameters<typeof imagesOf>[0],
  behaviours: Behaviours,
): Promise<void> {
  for (const { ref, behaviour } of imagesOf(release, behaviours)) {
    if (behaviour === "absent") await cloud.ask("POST", "/images/remove", { ref });
    else await cloud.ask("POST", "/images", { ref, behaviour });
  }
}

/** The run's directory, with a copy of the world in it; who releases it releases the world too. */
async function heldRun({ stack, kept, world }: SessionOptions, ports: Ports): Promise<RunDirectory> {
  try {
    const path = join(runsDirectory(ports), stack);
    assertRoom(path);
    const run = await openRunDirectory(path, { goesOn: kept !== undefined, fill: world?.copyTo });
    const release = () => {
      run.release();
      world?.release();
    };
    return { ...run, release };
  } catch (error) {
    world?.release();
    throw error;
  }
}

/** What of the config cannot exist off the cloud. */
function replaceCloud(project: RehearsedProject, cloud: CloudProcess, since: string): void {
  project.replace(["sparki:storm", "prometheusUrl"], cloud.prometheusUrl, "the rehearsal's Prometheus");
  for (const [key, name] of Object.entries(STORM_SERVICES))
    project.replace(["sparki:storm", key], `${cloud.url}/storm/${name}`, "a stand-in");
  project.replace(["sparki:slackWebhook"], `${cloud.url}/slack`, "the rehearsal's own Slack");
  project.replace(["sparki:database", "passwordsSince"], since, "today: every rehearsal creates its own passwords");
  const dayBefore = new Date(Date.parse(since) - 86_400_000).toISOString().slice(0, 10);
  project.replace(["sparki:cache", "authTokenSince"], dayBefore, "the day before: its rotation can be rehearsed");
  const own = (key: string, value: unknown, by: string) => project.replace(["sparki:preflight", key], value, by);
  own("migrations", "rehearsal/app/migrations", "the stand-in application's own");
  const restored = { on: today(), by: "rehearsal", snapshot: "none" };
  own("restoreTest", restored, "a record of today: a new database has had no restore drill yet");
  own("cacheRestoreTest", restored, "a record of today: nor has a new cache");
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

interface Pieces {
  readonly run: RunDirectory;
  readonly project: RehearsedProject;
  readonly checkout: CurrentCheckout;
  readonly cloud: CloudProcess;
  readonly tools: Readonly<Record<string, string>>;
  readonly ports: Ports;
  readonly path: string;
  readonly providers: Providers;
  readonly languageHost: RehearsedHost;
}

async function connect(options: SessionOptions, pieces: Pieces): Promise<RehearsalSession> {
  const { run, project, checkout, cloud, ports, path } = pieces;
  const taken = [onSecondSignal(() => cloud.kill()), goesOnBy("run the same command again with --resume")];
  const environment = { ...cloud.environment, ...pulumiEnvironment(run), PATH: path };
  const gateLogFile = join(run.path, "gates.jsonl");
  let program: PulumiFn = options.program ?? (await import("../../index.ts")).default;
  const engine = await Engine.open({
    stack: options.stack,
    projectDirectory: project.directory,
    cli: { path: pieces.tools.pulumi ?? "pulumi", version: sdkVersion() },
    // With the run's mark: what the engine starts is ended with the run, even after a crash.
    environment: {
      ...inherited(ports.env),
      ...sealedEnvironment(ports.env),
      ...environment,
      [MARK_VARIABLE]: run.path,
    },
    program: () => program(),
    programEnvironment: { ...cloud.environment, SPARKI_GATE_LOG: gateLogFile },
    // Each program is judged by the policies beside it: those of an earlier one knew what it was made of.
    policyPacks: [join(checkout.path, "policies", "pack")],
    parallel: PARALLEL,
    clock: ports.clock,
    signal: ports.signal,
  });
  return {
    stack: options.stack,
    cloud,
    engine,
    project,
    runDirectory: run.path,
    environment,
    gateLogFile,
    providers: pieces.providers.all,
    languageHost: pieces.languageHost,
    settled: async () => void (await cloud.ask("GET", "/settled")),
    prepareRelease: async (release, behaviours) => {
      await putImages(cloud, release, behaviours);
      const client = { ref: project.clientImage, behaviour: { kind: "postgres-client" } };
      if (client.ref !== undefined) await cloud.ask("POST", "/images", client);
      project.setRelease(release);
    },
    checkout: () => checkout.directory,
    useCheckout: async (directory) => {
      if (directory === checkout.directory) return;
      program = (await import(pathToFileURL(join(directory, "index.ts")).href)).default;
      checkout.use(directory);
    },
    close: async () => {
      await cloud.stop();
      // An engine that was killed cannot end its plugins.
      await endLeftovers(run.path);
      for (const takeBack of taken) takeBack();
      run.release();
    },
  };
}

/** Pulumi's own settings: a backend and a home of this run, and never a look at the network. */
function pulumiEnvironment(run: RunDirectory): Record<string, string> {
  return {
    PULUMI_HOME: homeIn(run),
    // The files beside the state that hold its metadata are written in place; the program reads its own earlier outputs
    // while the engine saves, and would now and then find one empty.
    PULUMI_BACKEND_URL: `${pathToFileURL(run.backendDirectory).href}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE_FILE: run.passphraseFile,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Of its own encrypted logs Pulumi would keep 500 MB.
    PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "16",
  };
}

function homeIn(run: RunDirectory): string {
  return join(run.path, "pulumi-home");
}

interface Programs {
  readonly tools: Readonly<Record<string, string>>;
  readonly env: Ports["env"];
  readonly languageHost: RehearsedHost;
  readonly providers: readonly RehearsedProvider[];
}

/**
 * PATH with this run's pulumi, helm and node first, a language host where `pulumi` finds no official one by itself, and an
 * AWS command line for the real pulumi-eks.
 */
function searchPath(run: RunDirectory, { tools, env, languageHost, providers }: Programs): string {
  const folder = join(run.path, "bin");
  mkdirSync(folder, { recursive: true });
  const isEksReal = providers.some(({ name, is }) => name === "eks" && is !== "simulated");
  const aws = isEksReal ? join(PROJECT_DIRECTORY, "rehearsal", "eks", "aws") : undefined;
  const programs = { node: process.execPath, pulumi: tools.pulumi, helm: tools.helm, aws };
  for (const [name, path] of Object.entries(programs)) {
    rmSync(join(folder, name), { force: true });
    if (path) symlinkSync(path, join(folder, name));
  }
  const standIn = join(PROJECT_DIRECTORY, "rehearsal", "language-host");
  const host = languageHost.is === "simulated" ? standIn : languageHost.folder;
  return [folder, ...(host === undefined ? [] : [host]), env.PATH ?? ""].join(":");
}

function inherited(env: Ports["env"]): Record<string, string> {
  return Object.fromEntries(["HOME", "TMPDIR", "LANG"].flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** The CLI that belongs to the SDK: the resolver accepts no older one. */
function sdkVersion(): string {
  const file = join(PROJECT_DIRECTORY, "node_modules", "@pulumi", "pulumi", "package.json");
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

/** What is said of the rehearsal on the command line; undefined where nothing is. */
interface Wanted {
  readonly seed: number | undefined;
  readonly timeScale: number | undefined;
  readonly providers: SessionOptions["providers"];
}

/**
 * How the stack's last rehearsal is continued: with what it was started with. Throws SPARKI_USAGE where there is none,
 * and where something else is wanted than it had.
 */
export function resumable(stack: string, wanted: Wanted, ports: Pick<Ports, "env" | "cwd">): SessionOptions {
  const folder = join(runsDirectory(ports), stack);
  const kept = keptRehearsal(folder);
  if (kept === undefined || !existsSync(join(folder, "world.json"))) {
    const found = kept === undefined ? "no rehearsal" : "a rehearsal that has created nothing yet";
    throw new DeployError(
      "SPARKI_USAGE",
      `--resume finds ${found} in ${folder}; expected what an earlier rehearsal left`,
      {
        hint: `npx sparki rehearse --stack ${stack}, which starts a new one`,
      },
    );
  }
  for (const [flag, is, had] of [
    ["--seed", wanted.seed, kept.seed],
    ["--time-scale", wanted.timeScale, kept.timeScale],
    ["--providers", wanted.providers, kept.providers],
  ] as const)
    if (is !== undefined && is !== had)
      throw new DeployError(
        "SPARKI_USAGE",
        `${flag} is ${is}; the rehearsal in ${folder} continues with its own, ${had}`,
        {
          hint: `leave ${flag} out, or begin again without --resume`,
        },
      );
  return { stack, seed: kept.seed, timeScale: kept.timeScale, providers: kept.providers, kept };
}

/** What plain `pulumi` needs in its environment; the rehearsal's own engine is given the last four as arguments. */
export function plainEnvironment(session: RehearsalSession): Readonly<Record<string, string>> {
  return {
    ...session.environment,
    PULUMI_STACK: session.stack,
    PULUMI_OPTION_CONFIG_FILE: session.project.configFile,
    PULUMI_OPTION_POLICY_PACK: POLICY_PACK,
    // PULUMI_OPTION_PARALLEL makes the CLI panic (3.255: "unexpected CLI type: int32").
    PULUMI_PARALLEL: `${PARALLEL}`,
  };
}

/** Prints what to paste into a shell so that plain pulumi reaches the cloud, then resolves at the first interruption. */
export async function serveUntilAborted(
  session: RehearsalSession,
  output: Output,
  { signal, env }: Pick<Ports, "signal" | "env">,
): Promise<void> {
  writeOwn(output, shellLines(plainEnvironment(session), { directory: PROJECT_DIRECTORY, path: env.PATH }));
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

const NEXT = `# The simulated AWS is ready. Paste the lines above into another terminal; then there, for example:
#   pulumi preview
#   pulumi up
#   pulumi destroy        is refused while protection is on; README.md says how to turn it off
# They read a copy of the stack's config, PULUMI_OPTION_CONFIG_FILE above. To continue with your own config, charts and
# images: press Ctrl-C here, edit Pulumi.<stack>.yaml and other files, then run: npx sparki rehearse --resume
# Ctrl-C here stops the simulated AWS and everything it runs; its state is kept until the next rehearsal without --resume.
`;

interface Place {
  readonly directory: string;
  /** The search path that the environment's own begins with other folders before; the shell's own takes its place. */
  readonly path: string | undefined;
}

/** Lines of a POSIX shell that go to the directory and set the environment; what follows is a comment. */
export function shellLines(environment: Readonly<Record<string, string>>, { directory, path }: Place): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    const ending = `:${path}`;
    const own = name === "PATH" && value.endsWith(ending);
    return `export ${name}=${own ? `${quoted(value.slice(0, -ending.length))}:"$PATH"` : quoted(value)}\n`;
  });
  return `cd ${quoted(directory)}\n${lines.join("")}${NEXT}`;
}

/** A value as one word of a POSIX shell. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** Whom a rehearsal can deploy as. */
export const DEPLOYS_AS = ["deploying-role"] as const;
type DeploysAs = (typeof DEPLOYS_AS)[number];

/** The role that `sparki-delivery` makes for a stack, with all that its documents say: the body of `POST /asker`. */
function deployingRole(config: Pick<StackConfig, "accountId" | "region" | "domain">, stack: string) {
  const { accountId, region, domain } = config;
  const documents = Object.entries(documentsOf({ stack, accountId, region, domain }));
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/deploys-sparki-${stack}/rehearsal`,
    statements: documents.flatMap(([file, { Statement }]) => (file.startsWith("deploying-role.") ? Statement : [])),
  };
}

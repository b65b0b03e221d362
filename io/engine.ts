import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename, join } from "node:path";
import {
  type Deployment,
  type EngineEvent,
  LocalWorkspace,
  type OutputMap,
  type PulumiFn,
  type Stack,
  type WhoAmIResult,
} from "@pulumi/pulumi/automation/index.js";
import { parseDocument } from "yaml";
import { EngineRecord, type EngineResult, type RecordedEvent } from "../records/engine-record.ts";
import { FORWARD_ENVIRONMENT } from "../records/helm-release.ts";
import type { Identity, RunRecord, Update } from "../records/update.ts";
import type { Clock } from "../shared/clock.ts";
import { DeployError, type ErrorCode } from "../shared/deploy-error.ts";
import { yamlText } from "../shared/yaml-text.ts";
import { RUN_RECORD_KEY, RUN_RECORD_VARIABLE, SPARKI_VARIABLE } from "../stacks/run-record.ts";
import { absentIn, type Release } from "../stacks/schema.ts";
import type { ServiceName } from "../stacks/services.ts";
import { temporaryFolder } from "../tools/temporary-folders.ts";
import {
  documentIn,
  hostProgram,
  PulumiExit,
  type PulumiProcess,
  pulumiProcess,
  STACK_NOT_FOUND,
} from "./pulumi-process.ts";
import { lockFailure, readHistory } from "./stack-state.ts";

const PROJECT = "sparki";

export interface EngineOptions {
  readonly stack: string;
  /** As the backend knows it. @default stack */
  readonly fullName?: string;
  /** Holds Pulumi.yaml and the stack's config file. */
  readonly projectDirectory: string;
  /** The Pulumi CLI's path and version. */
  readonly cli: { readonly path: string; readonly version: string };
  /** The whole environment of the CLI: backend, passphrase, providers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly program: PulumiFn;
  /** Set in our own process while the program runs in it, as `pulumi up` would pass its environment on. */
  readonly programEnvironment: Readonly<Record<string, string>>;
  readonly policyPacks: readonly string[];
  /** How many operations the engine runs side by side. */
  readonly parallel: number;
  readonly clock: Clock;
  /** Whether a stack that the backend does not have is made. @default true */
  readonly mayCreate?: boolean;
  /** Its abort interrupts the engine: what is in flight finishes and is saved. */
  readonly signal: AbortSignal;
}

type Diagnostic = NonNullable<EngineEvent["diagnosticEvent"]>;

/** Sees the record after each event, and the event itself. */
export type Watcher = (record: EngineRecord, event: RecordedEvent) => void;

/** What one operation does differently from the stack's other ones. */
export interface RunSettings {
  /** What the history calls it. @default the CLI's own, which is the last commit's title */
  readonly message?: string;
  /** In place of the stack's own config file; absolute. */
  readonly configFile?: string;
  /** Who runs an update, kept with it in the history; needs a config file, which is copied. */
  readonly record?: RunRecord;
  /** Beside `programEnvironment`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of an update: asked once the engine holds the stack's lock, before anything changes; what it throws ends it there. */
  readonly check?: () => Promise<void>;
}

interface RunOptions {
  readonly message?: string;
  readonly configFile?: string;
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
  readonly parallel: number;
  readonly policyPacks: string[];
  readonly color: "never";
  readonly suppressOutputs: boolean;
  readonly showSecrets: false;
}

/** One stack on the Pulumi engine. What an operation came to is told by the engine's events, never by its exit alone. */
export class Engine {
  #loggedIn: Promise<WhoAmIResult> | undefined;
  readonly #stack: Stack;
  readonly #process: PulumiProcess;
  readonly #options: EngineOptions;

  readonly #door: Door;

  private constructor(stack: Stack, process: PulumiProcess, options: EngineOptions, door: Door) {
    this.#door = door;
    this.#stack = stack;
    this.#process = process;
    this.#options = options;
  }

  /** Selects the stack, or makes it when the backend has none; throws SPARKI_USAGE where it may not. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { cli, environment, program, projectDirectory: workDir } = options;
    const stackName = fullNameOf(options);
    const door = new Door();
    const args = { stackName, projectName: PROJECT, program: () => door.pass(program) };
    const pulumiCommand = pulumiProcess(cli.path, cli.version);
    const workspace = { workDir, envVars: { ...environment }, pulumiCommand };
    const stack = await LocalWorkspace.selectStack(args, workspace).catch((error: unknown) => {
      if (!(error instanceof PulumiExit) || error.exitCode !== STACK_NOT_FOUND) throw error;
      if (options.mayCreate === false) throw neverDeployed(stackName);
      return LocalWorkspace.createStack(args, workspace);
    });
    return new Engine(stack, pulumiCommand, options, door);
  }

  preview(watch?: Watcher, settings?: RunSettings): Promise<EngineResult> {
    return this.#run((options) => this.#stack.preview(options), watch, settings);
  }

  /** A preview that writes the engine's own record of what it would do to `planFile`; secrets in it are encrypted. */
  plan(planFile: string, watch?: Watcher): Promise<EngineResult> {
    return this.#run((options) => this.#stack.preview({ ...options, plan: planFile }), watch);
  }

  /** The same for what only has to be known, whatever the policies say of it: nothing is deployed by it. */
  draft(planFile: string, watch?: Watcher): Promise<EngineResult> {
    const preview = ({ policyPacks: _, ...options }: RunOptions) => this.#stack.preview({ ...options, plan: planFile });
    return this.#run(preview, watch);
  }

  /** Compares the state with the cloud and changes neither. */
  previewRefresh(watch?: Watcher): Promise<EngineResult> {
    return this.#run(({ policyPacks: _, ...options }) => this.#stack.previewRefresh(options), watch);
  }

  async up(watch?: Watcher, { record, ...settings }: RunSettings = {}): Promise<EngineResult> {
    const { configFile, environment } = settings;
    if (record === undefined || configFile === undefined)
      return this.#run((options) => this.#stack.up(options), watch, settings);
    const text = JSON.stringify(record);
    const copy = copyWithRecord(configFile, text);
    const own = { configFile: copy.file, environment: { ...environment, [RUN_RECORD_VARIABLE]: text } };
    try {
      return await this.#run((options) => this.#stack.up(options), watch, { ...settings, ...own });
    } finally {
      copy.remove();
    }
  }

  /** Who runs this command, by the CI, the backend or the machine. */
  async identity(): Promise<Identity> {
    const { environment } = this.#options;
    const { url, user } = await this.#login();
    return identityIn(environment, url.startsWith("http") ? user : undefined);
  }

  /** Where the stack's state is: a service's origin, or a bucket's or folder's address, without who asks for it. */
  async backend(): Promise<string> {
    return backendIn((await this.#login()).url);
  }

  /** Who is logged in, and where: asked once for a command, which has one login. */
  async #login(): Promise<{ readonly url: string; readonly user: string }> {
    this.#loggedIn ??= this.#stack.workspace.whoAmI();
    try {
      const { url = "", user } = await this.#loggedIn;
      return { url, user };
    } catch (error) {
      this.#loggedIn = undefined;
      throw error;
    }
  }

  /** Takes Pulumi's own protection off every resource in the state. */
  async unprotectAll(): Promise<void> {
    await this.#cli(["state", "unprotect", "--all", "--yes"]);
  }

  /** Compares the state with the cloud and takes over what the cloud says, of the named resources or of all. */
  refresh(watch?: Watcher, urns?: readonly string[]): Promise<EngineResult> {
    const target = urns === undefined ? {} : { target: [...urns] };
    return this.#run(({ policyPacks: _, ...options }) => this.#stack.refresh({ ...options, ...target }), watch);
  }

  /** Refused by the engine while a resource is protected. */
  destroy(watch?: Watcher): Promise<EngineResult> {
    return this.#run(({ policyPacks: _, ...options }) => this.#stack.destroy(options), watch);
  }

  /** Deletes these alone, protected or not: for what AWS could not make, and nothing rests on. */
  async discard(urns: readonly string[], watch?: Watcher): Promise<EngineResult> {
    for (const urn of urns) await this.#cli(["state", "unprotect", urn, "--yes"]);
    return this.#run(({ policyPacks: _, ...options }) => this.#stack.destroy({ ...options, target: [...urns] }), watch);
  }

  outputs(): Promise<OutputMap> {
    return this.#stack.outputs();
  }

  /** The state as saved, with secrets in plain text: never to be written or shown. */
  exportState(): Promise<Deployment> {
    return this.#stack.exportStack();
  }

  /** The state as saved, with its secrets encrypted as they are there. */
  async exportEncrypted(): Promise<unknown> {
    return documentIn(await this.#cli(["stack", "export"]), "stack export");
  }

  /**
   * Replaces the state by one that was exported and changed; the engine refuses one that is not whole. A secret in it may be
   * in plain text: it reaches the CLI by a pipe, and the engine encrypts it.
   */
  async importState(state: unknown): Promise<void> {
    await this.#cli(["stack", "import"], JSON.stringify(state));
  }

  /** Values of the stack's config, decrypted where they are secrets: never to be written or shown. */
  async configValues(keys: readonly string[]): Promise<(string | undefined)[]> {
    const config = await this.#stack.getAllConfig();
    return keys.map((key) => config[key]?.value);
  }

  /** The stack's updates, newest first. */
  async history(): Promise<readonly Update[]> {
    const { projectDirectory, stack } = this.#options;
    const { url } = await this.#login();
    return readHistory({
      backendUrl: url,
      projectDirectory,
      project: PROJECT,
      stack,
      pulumi: (args) => this.#cli(args),
    });
  }

  /** What is kept with the stack in its backend beside the state, by name. */
  tags(): Promise<Readonly<Record<string, string>>> {
    return this.#stack.listTags();
  }

  /** Keeps a value under a name, or with undefined keeps it no longer. */
  setTag(name: string, value: string | undefined): Promise<void> {
    return value === undefined ? this.#stack.removeTag(name) : this.#stack.setTag(name, value);
  }

  /** Ends the running operation as a crash would: nothing more is saved, and the stack stays locked. */
  crash(): void {
    this.#process.kill();
  }

  /** Takes away the lock that a crash left; only for who knows that nothing runs on the stack any more. */
  breakLock(): Promise<void> {
    return this.#stack.cancel();
  }

  async #cli(args: readonly string[], input?: string): Promise<string> {
    const { environment, projectDirectory } = this.#options;
    const whole = [...args, "--stack", fullNameOf(this.#options)];
    const { stdout } = await this.#process.runWith(input, whole, projectDirectory, { ...environment });
    return stdout;
  }

  async #run(
    operate: (options: RunOptions) => Promise<unknown>,
    watch?: Watcher,
    { environment = {}, check, ...settings }: RunSettings = {},
  ): Promise<EngineResult> {
    const { clock, parallel, policyPacks, signal } = this.#options;
    signal.throwIfAborted();
    const record = new EngineRecord();
    const start = clock.now();
    const onEvent = (event: RecordedEvent) => {
      record.add(event, clock.now() - start);
      watch?.(record, event);
    };
    const options: RunOptions = {
      ...settings,
      onEvent,
      parallel,
      policyPacks: [...policyPacks],
      signal,
      color: "never",
      suppressOutputs: true,
      // Else the SDK asks the CLI for the update with its secrets, which writes a key into the project's own config file.
      showSecrets: false,
    };
    const said = (severity: Diagnostic["severity"], message: string) =>
      onEvent({ sequence: 0, timestamp: 0, diagnosticEvent: { severity, message, color: "never", ephemeral: true } });
    const variables = {
      [SPARKI_VARIABLE]: "true",
      ...FORWARD_ENVIRONMENT,
      ...this.#options.programEnvironment,
      ...environment,
    };
    const exit = await withEnvironment(variables, () =>
      this.#door.guardedBy(check, () => hostProgram(said, () => operate(options).then(() => undefined, exitOf))),
    );
    const locked = exit && lockFailure(exit.message, fullNameOf(this.#options));
    if (locked !== undefined) throw locked;
    return record.result({
      seconds: clock.now() - start,
      exitCode: exit?.exitCode ?? 0,
      interrupted: signal.aborted,
      message: exit?.message,
      code: this.#door.code,
    });
  }
}

/**
 * What the program passes before it runs. The engine runs it once it holds the stack's lock, so what is asked here holds
 * for all that the update does; what refuses there is thrown to who began the operation.
 */
class Door {
  #check: (() => Promise<void>) | undefined;
  #refusal: unknown;
  #thrown: unknown;

  async pass(program: PulumiFn): ReturnType<PulumiFn> {
    try {
      await this.#check?.();
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
    try {
      return await program();
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  /** The code of what the program of the last operation threw; undefined where it threw nothing of ours. */
  get code(): ErrorCode | undefined {
    return this.#thrown instanceof DeployError ? this.#thrown.code : undefined;
  }

  async guardedBy<T>(check: (() => Promise<void>) | undefined, work: () => Promise<T>): Promise<T> {
    this.#check = check;
    this.#refusal = undefined;
    this.#thrown = undefined;
    try {
      const result = await work();
      if (this.#refusal !== undefined) throw this.#refusal;
      return result;
    } finally {
      this.#check = undefined;
    }
  }
}

function fullNameOf({ stack, fullName = stack }: EngineOptions): string {
  return fullName;
}

function neverDeployed(stack: string): DeployError {
  return new DeployError("SPARKI_USAGE", `stack ${stack} was never deployed: the backend does not have it`, {
    hint: "pulumi whoami --verbose, which names the backend that was used",
  });
}

async function withEnvironment<T>(values: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function exitOf(error: unknown): PulumiExit {
  if (error instanceof PulumiExit) return error;
  if (error instanceof DeployError) throw error;
  throw new DeployError("SPARKI_OUTSIDE", "the Pulumi engine could not be run", { cause: error });
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A backend's address as the CLI tells it, without the user, the query and what a service's page adds of the account. */
export function backendIn(url: string): string {
  const [, scheme = "", rest = ""] = /^([a-z0-9+.-]+:\/\/)([^?#]*)/i.exec(url) ?? [];
  const place = rest.replace(/^[^/@]*@/, "");
  return /^https?:/i.test(scheme) ? `${scheme}${place.split("/")[0]}` : `${scheme}${place.replace(/\/+$/, "")}`;
}

/** Who runs this command: in CI whom the CI names, else whom the backend or the machine knows. */
export function identityIn(env: Environment, account: string | undefined): Identity {
  if (env.GITHUB_ACTIONS === "true") {
    const name = env.GITHUB_TRIGGERING_ACTOR ?? env.GITHUB_ACTOR ?? "unknown";
    const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = env;
    const run = server && repository && id ? `${server}/${repository}/actions/runs/${id}` : null;
    return { name, through: "GitHub Actions", run, knownBy: "environment" };
  }
  if (env.PULUMI_CI_SYSTEM)
    return {
      name: account ?? "unknown",
      through: env.PULUMI_CI_SYSTEM,
      run: env.PULUMI_CI_BUILD_URL ?? null,
      knownBy: account === undefined ? "environment" : "backend",
    };
  if (account !== undefined) return { name: account, through: "Pulumi Cloud", run: null, knownBy: "backend" };
  return { name: userName(), through: hostname(), run: null, knownBy: "machine" };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/** A stack's config in a file of its own, of the same name, that only its owner can read. */
interface ConfigCopy {
  readonly file: string;
  remove(): void;
}

/** What a promotion decided of a stack's config. */
interface PinnedConfig {
  readonly release: Release;
  /** The sizes of the workloads. @default as the file has them */
  readonly workloads?: Readonly<Partial<Record<ServiceName, unknown>>>;
}

/** Copies the config file and puts what was promoted into the copy; the stack's own file is only read. */
export function pinConfig(configFile: string, { release, workloads = {} }: PinnedConfig): ConfigCopy {
  const document = parseDocument(readFileSync(configFile, "utf8"));
  const absent = absentIn(release);
  // The config names an image of every service, of those too that the release did not have yet.
  const images = absent.map((name) => [name, document.getIn(["config", "sparki:release", "images", name])]);
  const own = images.filter(([, image]) => image !== undefined);
  const whole = { ...release, images: { ...release.images, ...Object.fromEntries(own) } };
  const settings = {
    release: whole,
    ...workloads,
    ...((absent.length > 0 || document.hasIn(["config", "sparki:absent"])) && { absent }),
  };
  for (const [key, value] of Object.entries(settings))
    document.setIn(["config", `sparki:${key}`], document.createNode(value));
  return copyConfig(configFile, yamlText(document));
}

/** Copies the config file and puts into the copy who runs the update. */
function copyWithRecord(configFile: string, record: string): ConfigCopy {
  const document = parseDocument(readFileSync(configFile, "utf8"));
  document.setIn(["config", RUN_RECORD_KEY], record);
  return copyConfig(configFile, document.toString());
}

/** Writes the text where the stack's own file is out of the way. */
export function copyConfig(configFile: string, text: string): ConfigCopy {
  const folder = temporaryFolder("config");
  const file = join(folder, basename(configFile));
  writeFileSync(file, text, { mode: 0o600 });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

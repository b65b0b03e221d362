import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { gatesIn, promotionIn } from "../records/promotion.ts";
import { resourcesIn, type StateResource } from "../records/state.ts";
import { releaseIn, runRecordIn, settingsIn, type Update, type UpdateOutcome } from "../records/update.ts";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { type StackName, stackNameIn } from "../stacks/stack-name.ts";
import { isAlive } from "../tools/lock.ts";
import type { AwsLookups } from "./aws-lookups.ts";
import type { CommandRunner } from "./child-command.ts";
import { backendHint, documentIn, reasonIn, STACK_NOT_FOUND } from "./pulumi-process.ts";

const PROJECT = "sparki";

export interface StackState {
  /** Empty before the first deployment. */
  readonly resources: readonly StateResource[];
  /** What an interrupted update had begun and nobody knows the end of. */
  readonly pending: readonly PendingOperation[];
}

export interface PendingOperation {
  readonly operation: string;
  readonly urn: string;
}

/** Who holds the stack, as far as the backend tells. */
export interface StateLock {
  readonly holder: string;
  /** ISO 8601; undefined where the backend does not say. */
  readonly since: string | undefined;
}

/** The stack's saved state, read without taking its lock. */
export interface StackStateReader {
  /** Read once; the same answer afterwards. */
  read(): Promise<StackState>;
  /** Undefined when nobody holds the stack. */
  lock(): Promise<StateLock | undefined>;
}

const pendingSchema = z.object({
  deployment: z
    .object({
      pending_operations: z.array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) })).nullish(),
    })
    .nullish(),
});
const lockSchema = z.object({ pid: z.number(), username: z.string(), hostname: z.string(), timestamp: z.string() });
const stacksSchema = z.array(z.object({ name: z.string(), updateInProgress: z.boolean().optional() }));
const keysSchema = z.object({ keys: z.array(z.string()) });

/** Reads through the Pulumi CLI, in the project's folder and with its backend, whichever that is. */
export function openStackState(
  pulumi: CommandRunner,
  cwd: string,
  fullName: string,
  aws: AwsLookups,
): StackStateReader {
  const { stack, organization } = stackNameIn(fullName) ?? { stack: fullName, organization: undefined };
  let state: Promise<StackState> | undefined;
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await pulumi([...args, "--non-interactive"], { cwd });
    if (code === STACK_NOT_FOUND) return undefined;
    if (code === 0) return stdout;
    const reason = reasonIn(stderr);
    throw new DeployError("SPARKI_OUTSIDE", `pulumi ${args[0]}: ${reason}`, { hint: backendHint(reason) });
  };
  const export_ = async (): Promise<StackState> => {
    const text = await run(["stack", "export", "--stack", fullName]);
    if (text === undefined) return { resources: [], pending: [] };
    try {
      const exported = documentIn(text, "stack export");
      const pending = pendingSchema.parse(exported).deployment?.pending_operations ?? [];
      return {
        resources: resourcesIn(exported),
        pending: pending.map(({ type, resource }) => ({ operation: type, urn: resource.urn })),
      };
    } catch (cause) {
      throw new DeployError("SPARKI_OUTSIDE", `pulumi stack export printed no state of ${fullName}`, {
        hint: `pulumi stack export --stack ${fullName}, and see docs/recovery.md for a state that is damaged or lost`,
        cause,
      });
    }
  };
  return {
    read: () => {
      state ??= export_();
      return state;
    },
    lock: async () => {
      const { url } = z
        .object({ url: z.string() })
        .parse(documentIn((await run(["whoami", "--json"])) ?? "{}", "whoami --json"));
      if (url.startsWith("file:")) return lockInFolder(url, cwd, stack);
      if (url.startsWith("s3:")) return lockInBucket(url, stack, aws);
      const of = organization === undefined ? [] : ["--organization", organization];
      return lockInCloud((await run(["stack", "ls", "--json", "--project", PROJECT, ...of])) ?? "[]", {
        stack,
        organization,
      });
    },
  };
}

/** Where the DIY backends keep a stack's locks, a JSON file for each holder. */
function lockPath(stack: string): string {
  return `.pulumi/locks/organization/${PROJECT}/${stack}`;
}

function lockInFolder(url: string, cwd: string, stack: string): StateLock | undefined {
  const folder = join(backendFolder(url, cwd), lockPath(stack));
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".json")) : undefined;
  if (file === undefined) return undefined;
  const path = join(folder, file);
  try {
    const { pid, username, hostname, timestamp } = lockSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    return { holder: `${username}@${hostname} (process ${pid})`, since: timestamp };
  } catch {
    // Its holder may have ended meanwhile; one that a full disk left without its text locks all the same.
    return existsSync(path) ? { holder: `somebody whom its file does not name, ${path}`, since: undefined } : undefined;
  }
}

/** A bucket tells that there is a lock; whose it is stays in the object, which only `pulumi` itself reads. */
async function lockInBucket(url: string, stack: string, aws: AwsLookups): Promise<StateLock | undefined> {
  const { hostname: bucket, pathname } = new URL(url);
  const prefix = [...pathname.split("/").filter(Boolean), lockPath(stack)].join("/");
  const found = await aws.find("s3/getObjects", { bucket, prefix: `${prefix}/` }, keysSchema);
  const key = found?.keys.find((each) => each.endsWith(".json"));
  return key === undefined ? undefined : { holder: `s3://${bucket}/${key}`, since: undefined };
}

/** In the project's folder only the stacks of the own organization have a bare name; other organizations' have a prefix. */
function lockInCloud(
  listed: string,
  { stack, organization }: Pick<StackName, "stack" | "organization">,
): StateLock | undefined {
  const own = stacksSchema.parse(documentIn(listed, "stack ls --json")).find(({ name }) => {
    const listedAs = stackNameIn(name);
    const isOwn = listedAs?.organization === undefined || listedAs.organization === organization;
    return listedAs?.stack === stack && isOwn;
  });
  return own?.updateInProgress ? { holder: "an update on Pulumi Cloud", since: undefined } : undefined;
}

/** The stack whose config is read, by the Pulumi CLI in the project's folder. */
interface ConfiguredStack {
  readonly pulumi: CommandRunner;
  readonly projectDirectory: string;
  /** As the backend knows it. */
  readonly fullName: string;
}

const ABSENT = /configuration key .* not found/i;

/**
 * A value of a stack's config, in plain text if it is a secret; undefined where the config has none. Throws SPARKI_OUTSIDE
 * for one that cannot be read, a secret without its passphrase for one: that is no config without it.
 */
export async function configValue(
  { fullName, projectDirectory, pulumi }: ConfiguredStack,
  key: string,
): Promise<string | undefined> {
  const asked = ["config", "get", key, "--stack", fullName, "--non-interactive"];
  const { code, stderr, stdout } = await pulumi(asked, { cwd: projectDirectory });
  if (code === 0) return stdout.trim() || undefined;
  if (code === STACK_NOT_FOUND || ABSENT.test(stderr)) return undefined;
  const reason = reasonIn(stderr).split("\n")[0] ?? "";
  throw new DeployError("SPARKI_OUTSIDE", `${key} of stack ${fullName} cannot be read: ${reason}`, {
    hint: /passphrase|decrypt/i.test(reason)
      ? "export PULUMI_CONFIG_PASSPHRASE_FILE=<file>, then run the same command again"
      : backendHint(reason),
  });
}

/** Of a backend without a service; Pulumi Cloud does not say who. */
const HOLDER = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/;

const LOCKED = /the stack is currently locked by|another update is currently in progress/i;

/** Somebody else's update holds the stack: nothing was changed. */
export class StackLocked extends DeployError {
  /** Whether its holder was a process of this machine that has ended: nobody works on the stack. */
  readonly isAbandoned: boolean;

  constructor(message: string, { hint, isAbandoned }: { readonly hint: string; readonly isAbandoned: boolean }) {
    super("SPARKI_OUTSIDE", message, { hint });
    this.isAbandoned = isAbandoned;
  }
}

/** The failure that the CLI's words for a locked stack stand for; undefined for everything else that it says. */
export function lockFailure(
  message: string,
  stack: string,
  isGone: (pid: number, host: string) => boolean = isGoneHere,
): StackLocked | undefined {
  if (!LOCKED.test(message)) return undefined;
  const [, user, host = "", pid, since] = HOLDER.exec(message) ?? [];
  const who = user === undefined ? "another update" : `${user}@${host} (process ${pid}) since ${since}`;
  const gone = pid !== undefined && isGone(Number(pid), host);
  return new StackLocked(
    `stack ${stack} is locked by ${who}${gone ? ", which is no longer running on this machine" : ""}; expected no other deployment to it`,
    {
      isAbandoned: gone,
      hint: gone
        ? `pulumi cancel --stack ${stack}, then run the same command again`
        : `wait until it ends; only if it is no longer running: pulumi cancel --stack ${stack}`,
    },
  );
}

/** True for a process of this machine that has ended; nothing is known of other machines'. */
function isGoneHere(pid: number, host: string): boolean {
  return host === hostname() && !isAlive(pid);
}

interface HistoryOptions {
  /** As `pulumi whoami` tells it, such as https://api.pulumi.com, file:///srv/state or s3://bucket. */
  readonly backendUrl: string;
  /** Where a relative `file://` begins. */
  readonly projectDirectory: string;
  readonly project: string;
  readonly stack: string;
  readonly pulumi: PulumiCommand;
}

/** A stack's updates, newest first, from whatever backend keeps them. */
export async function readHistory(options: HistoryOptions): Promise<readonly Update[]> {
  const { backendUrl, projectDirectory, project, stack, pulumi } = options;
  if (!backendUrl.startsWith("file://")) return readCliHistory(pulumi);
  return readFileHistory(backendFolder(backendUrl, projectDirectory), project, stack);
}

/** Runs the Pulumi CLI on the stack and resolves with what it wrote to stdout. */
export type PulumiCommand = (args: readonly string[]) => Promise<string>;

const configValueSchema = z.object({ value: z.string().optional(), objectValue: z.unknown().optional() });

const updateSchema = z.object({
  /** Counts up from 1 on Pulumi Cloud; 0 for every update of a backend that keeps its state in a bucket. */
  version: z.int().default(0),
  kind: z.string(),
  startTime: z.string(),
  endTime: z.string().optional(),
  result: z.string(),
  message: z.string().default(""),
  config: z.record(z.string(), configValueSchema).nullish(),
});

/**
 * The updates as `pulumi stack history` tells them, newest first. What was live after one is read from its state on
 * Pulumi Cloud; a bucket gives the CLI no old state, so there it is what the update was asked for, if it succeeded and was
 * sparki's own: anyone else's may have been of a part of the stack, and have promoted nothing.
 */
export async function readCliHistory(pulumi: PulumiCommand): Promise<readonly Update[]> {
  const updates = parsed(await pulumi(["stack", "history", "--json", "--page-size", "0"]));
  return updates
    .filter(({ kind }) => kind === "update")
    .map(({ version, startTime, endTime, result, message, config }) => {
      const asked = config?.["sparki:release"];
      const release = releaseIn(asked?.objectValue ?? asked?.value);
      const ended = result === "succeeded" || result === "failed" ? result : "unknown";
      const ranBy = runRecordIn(config, release?.id);
      const live = ended === "succeeded" && release && ranBy ? { release } : undefined;
      const settings = settingsIn(config, "told");
      const outcome = async () => (version > 0 ? outcomeOf(version, pulumi) : undefined);
      return {
        id: version > 0 ? `${version}` : startTime,
        startedAt: secondsOf(startTime),
        endedAt: secondsOf(endTime ?? startTime),
        result: ended,
        message,
        release,
        ranBy,
        ...(settings && { settings }),
        outcome,
        promotion: async () => (version > 0 ? (await outcome())?.promotion : live),
      } satisfies Update;
    });
}

async function outcomeOf(version: number, pulumi: PulumiCommand): Promise<UpdateOutcome> {
  const state = documentIn(await pulumi(["stack", "export", "--version", `${version}`]), "stack export");
  return outcomeIn(resourcesIn(state));
}

function outcomeIn(resources: readonly StateResource[]): UpdateOutcome {
  return { promotion: promotionIn(resources), gates: gatesIn(resources) };
}

function parsed(text: string): readonly z.infer<typeof updateSchema>[] {
  try {
    return z.array(updateSchema).parse(documentIn(text, "stack history --json"));
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", "pulumi stack history returned something other than a history", {
      cause,
    });
  }
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}

/**
 * The folder of a `file:` backend. `file://~` is the home folder, and `file://./state` one beside the project: neither is
 * a path as URLs know it. Options behind a question mark are not of the path.
 */
export function backendFolder(url: string, projectDirectory: string): string {
  const [path = ""] = url.slice("file://".length).split("?");
  if (path.startsWith("~")) return path.replace("~", homedir());
  return path.startsWith("/") ? fileURLToPath(url) : resolve(projectDirectory, path);
}

const RELEASE_KEY = "sparki:release";

const fileUpdateSchema = z.object({
  kind: z.string(),
  startTime: z.number(),
  endTime: z.number(),
  result: z.string(),
  message: z.string().default(""),
  config: z.record(z.string(), z.unknown()).nullish(),
});

const checkpointSchema = z.object({ checkpoint: z.object({ latest: z.unknown() }) });

/**
 * The updates in the folder of a file backend, or in a copy of a bucket backend's, newest first by file name: such
 * backends number no update. No files is no update; a file that cannot be read is an update of unknown result.
 */
export function readFileHistory(backend: string, project: string, stack: string): readonly Update[] {
  const folder = join(backend, ".pulumi", "history", project, stack);
  return namesIn(folder)
    .flatMap((name) => {
      const stem = stemOf(name, stack);
      return stem === undefined ? [] : [{ stem, file: join(folder, name) }];
    })
    .sort((one, other) => (one.stem.nanoseconds < other.stem.nanoseconds ? 1 : -1))
    .flatMap(({ stem, file }) => updateIn(file, stem.id, stem.nanoseconds));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    // The backend makes the folder with the first update. One that cannot be read is not one without updates.
    if (typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ENOENT") return [];
    throw new DeployError("SPARKI_OUTSIDE", `the stack's history cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function stemOf(name: string, stack: string): { id: string; nanoseconds: bigint } | undefined {
  const found = /^(.+)-(\d+)\.history\.json(\.gz|\.zst)?$/.exec(name);
  const [, of, digits] = found ?? [];
  return of === stack && digits !== undefined ? { id: `${of}-${digits}`, nanoseconds: BigInt(digits) } : undefined;
}

function updateIn(file: string, id: string, nanoseconds: bigint): Update[] {
  const at = Number(nanoseconds / 1_000_000_000n);
  const outcome = async () => outcomeOfFile(file.replace(/\.history\.json/, ".checkpoint.json"));
  const promotion = async () => (await outcome())?.promotion;
  try {
    const { kind, startTime, endTime, result, message, config } = fileUpdateSchema.parse(read(file));
    if (kind !== "update") return [];
    const ended = result === "succeeded" || result === "failed" ? result : "unknown";
    const release = releaseIn(config?.[RELEASE_KEY]);
    const ranBy = runRecordIn(config, release?.id);
    const settings = settingsIn(config, "kept");
    const known = { id, startedAt: startTime, endedAt: endTime, result: ended, message, release, ranBy } as const;
    return [{ ...known, ...(settings && { settings }), promotion, outcome }];
  } catch {
    const message = "its history file cannot be read";
    return [{ id, startedAt: at, endedAt: at, result: "unknown", message, release: undefined, promotion }];
  }
}

/** Secrets in the checkpoint stay encrypted: neither a promotion record nor gates' evidence has any. */
async function outcomeOfFile(file: string): Promise<UpdateOutcome | undefined> {
  try {
    const { checkpoint } = checkpointSchema.parse(read(file));
    return outcomeIn(resourcesIn({ deployment: checkpoint.latest ?? {} }));
  } catch {
    // Without its checkpoint an update proves nothing.
    return undefined;
  }
}

function read(file: string): unknown {
  const content = readFileSync(file);
  if (file.endsWith(".gz")) return JSON.parse(gunzipSync(content).toString());
  return JSON.parse((file.endsWith(".zst") ? zstdDecompressSync(content) : content).toString());
}

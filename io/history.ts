import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { gatesIn, promotionIn } from "../records/promotion.ts";
import { resourcesIn, type StateResource } from "../records/state.ts";
import { releaseIn, runRecordIn, settingsIn, type Update, type UpdateOutcome } from "../records/update.ts";
import { DeployError, messageOf } from "../shared/deploy-error.ts";

export interface HistoryOptions {
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
  const state: unknown = JSON.parse(await pulumi(["stack", "export", "--version", `${version}`]));
  return outcomeIn(resourcesIn(state));
}

function outcomeIn(resources: readonly StateResource[]): UpdateOutcome {
  return { promotion: promotionIn(resources), gates: gatesIn(resources) };
}

function parsed(text: string): readonly z.infer<typeof updateSchema>[] {
  try {
    return z.array(updateSchema).parse(JSON.parse(text));
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

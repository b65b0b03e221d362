import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { type PromotionRecord, promotionIn } from "../records/promotion.ts";
import { runRecordIn } from "../records/run-record.ts";
import { resourcesIn } from "../records/state.ts";
import { releaseIn, type Update } from "../records/update.ts";
import { DeployError } from "../shared/deploy-error.ts";
import { messageOf } from "../shared/message-of.ts";

const RELEASE_KEY = "sparki:release";

const updateSchema = z.object({
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
  const promotion = async () => promotionOf(file.replace(/\.history\.json/, ".checkpoint.json"));
  try {
    const { kind, startTime, endTime, result, message, config } = updateSchema.parse(read(file));
    if (kind !== "update") return [];
    const ended = result === "succeeded" || result === "failed" ? result : "unknown";
    const release = releaseIn(config?.[RELEASE_KEY]);
    const ranBy = runRecordIn(config, release?.id);
    return [{ id, startedAt: startTime, endedAt: endTime, result: ended, message, release, ranBy, promotion }];
  } catch {
    const message = "its history file cannot be read";
    return [{ id, startedAt: at, endedAt: at, result: "unknown", message, release: undefined, promotion }];
  }
}

/** Secrets in the checkpoint stay encrypted: a promotion record has none. */
async function promotionOf(file: string): Promise<PromotionRecord | undefined> {
  try {
    const { checkpoint } = checkpointSchema.parse(read(file));
    return promotionIn(resourcesIn({ deployment: checkpoint.latest ?? {} }));
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

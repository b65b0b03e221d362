import { z } from "zod";
import type { StackOutputs } from "../stacks/outputs.ts";
import { RUN_RECORD_KEY } from "../stacks/run-record.ts";
import { knownReleaseSchema, type Release } from "../stacks/schema.ts";
import { isRecord } from "./canonical.ts";
import type { PromotionRecord } from "./promotion.ts";

/** What was live after an update; a backend that keeps no old states knows only the release. */
export type Promoted = Pick<PromotionRecord, "release"> & Partial<PromotionRecord>;

/** One update of a stack as its backend's history keeps it. */
export interface Update {
  /** The backend's own name of it. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: "succeeded" | "failed" | "unknown";
  readonly message: string;
  /** The release that its config asked for; undefined when the config names none that can be read. */
  readonly release: Release | undefined;
  /** Who ran it, as sparki kept it with the update; undefined where someone else did. */
  readonly ranBy?: RunRecord | undefined;
  /** The program's own settings that it ran with, by name without `sparki:`, no secret among them; absent where they cannot be read. */
  readonly settings?: Settings;
  /** What the state named live when the update had ended; read only when asked for. */
  promotion(): Promise<Promoted | undefined>;
  /** The same with what it rests on; read only when asked for. Undefined where the backend keeps no old state. */
  outcome?(): Promise<UpdateOutcome | undefined>;
}

/** A stack's settings as its backend keeps them: values of whatever form they once had. */
export type Settings = Readonly<Record<string, unknown>>;

/** What the state said when an update had ended. */
export interface UpdateOutcome {
  readonly promotion: PromotionRecord | undefined;
  /** The evidence of every gate behind that promotion; undefined where the state has none that can be read. */
  readonly gates: StackOutputs["gates"] | undefined;
}

const ROLLBACK = "sparki rollback to ";

/** What a deploy's update is called in the history. */
export function deployMessage(release: Release): string {
  return `sparki deploy of ${release.id}`;
}

/** What a rollback's update is called in the history, and why it was. */
export function rollbackMessage(release: Release, reason: string): string {
  return `${ROLLBACK}${release.id}: ${reason}`;
}

/** Whether sparki ran the update to roll back; what a message says counts for nothing. */
export function isRollback({ ranBy }: Update): boolean {
  return ranBy?.by === "sparki rollback";
}

/** Why an update that was a rollback was made; undefined for any other. */
export function rollbackReason(update: Update): string | undefined {
  if (!isRollback(update)) return undefined;
  if (update.ranBy?.why !== undefined) return update.ranBy.why;
  const end = update.message.indexOf(": ");
  return end < 0 ? "" : update.message.slice(end + 2);
}

/** The release in a config value as a backend keeps it: an object, or the same as JSON text. */
export function releaseIn(value: unknown): Release | undefined {
  const parsed = z.union([knownReleaseSchema, z.string().transform(asJson).pipe(knownReleaseSchema)]).safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const OWN = "sparki:";

/**
 * The program's own settings among the config of an update, as a bucket keeps it (`key: value`, objects nested or as JSON
 * text) or as the CLI tells it (`{ value, objectValue, secret }`). What is secret is left out, as is every other namespace.
 */
export function settingsIn(config: unknown, form: "kept" | "told"): Settings | undefined {
  if (!isRecord(config)) return undefined;
  const own = Object.entries(config).filter(([key]) => key.startsWith(OWN));
  const entries = own.flatMap(([key, kept]): [string, unknown][] => {
    const isTold = form === "told" && isRecord(kept);
    const isSecret = isTold ? kept.secret === true : isRecord(kept) && "secure" in kept;
    const value = isTold ? (kept.objectValue ?? kept.value) : kept;
    return isSecret || value === undefined ? [] : [[key.slice(OWN.length), unfolded(value)]];
  });
  return Object.fromEntries(entries);
}

/** An object or a list that is kept as its JSON text; any other value stays. */
function unfolded(value: unknown): unknown {
  const isFolded = typeof value === "string" && /^\s*[[{]/.test(value);
  return isFolded ? (asJson(value) ?? value) : value;
}

const identitySchema = z.object({
  /** Whom the place knows: an account of Pulumi Cloud or GitHub, else the machine's user. */
  name: z.string(),
  /** Where the name is from, such as `GitHub Actions`. */
  through: z.string(),
  /** The run's page, where there is one. */
  run: z.string().nullable(),
  /**
   * Who says so: the backend, by the token that it was asked with; the environment of a run in CI, which whoever starts the
   * command can set; or the machine, of its own user. Absent in records of earlier versions.
   */
  knownBy: z.enum(["backend", "environment", "machine"]).exactOptional(),
});

const approvalSchema = z.object({
  /** The hash of the plan. */
  hash: z.string(),
  /** ISO 8601. */
  at: z.string(),
  by: identitySchema,
  /** Who made the plan; null where that is not known. */
  plannedBy: identitySchema.nullable(),
});

const recordSchema = z.object({
  by: z.enum(["sparki deploy", "sparki rollback"]),
  release: z.string(),
  /** ISO 8601. */
  at: z.string(),
  who: identitySchema,
  approval: approvalSchema.nullable(),
  /** Why it was a rollback; absent in records of earlier versions, whose update's message says it. */
  why: z.string().exactOptional(),
});

/** A person or an automaton, by the name that a place knows it by. */
export type Identity = z.infer<typeof identitySchema>;

export type Approval = z.infer<typeof approvalSchema>;

/** Who ran an update: kept with it in the stack's history, by whatever backend. */
export type RunRecord = z.infer<typeof recordSchema>;

/** The record among the config that an update ran with; undefined where sparki did not run it, whatever its message says. */
export function runRecordIn(config: unknown, release: string | undefined): RunRecord | undefined {
  const kept = typeof config === "object" && config !== null ? Reflect.get(config, RUN_RECORD_KEY) : undefined;
  const text: unknown = typeof kept === "object" && kept !== null ? Reflect.get(kept, "value") : kept;
  try {
    const record = recordSchema.parse(JSON.parse(String(text)));
    return record.release === release ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether who approved a plan is who made it. That they are two is only known where the backend says who both are: other
 * names may be one person's. Undefined where it is not known.
 */
export function isOwnPlan({ by, plannedBy }: Approval): boolean | undefined {
  if (plannedBy === null) return undefined;
  if (by.name.toLowerCase() === plannedBy.name.toLowerCase()) return true;
  return by.knownBy === "backend" && plannedBy.knownBy === "backend" ? false : undefined;
}

/** What is known of a plan: with its seal, which only its own user can write, and in its JSON document among others' files. */
interface PlanSources {
  readonly kept: unknown;
  readonly document: unknown;
}

/** Who made the plan of a hash, by its seal or else by the document, if that is of this hash; null where neither says. */
export function plannerOf(hash: string, { kept, document }: PlanSources): Identity | null {
  const planned = z.object({ plannedBy: identitySchema });
  const own = planned.safeParse(kept);
  if (own.success) return own.data.plannedBy;
  const other = planned.extend({ fingerprint: z.object({ hash: z.literal(hash) }) }).safeParse(document);
  return other.success ? other.data.plannedBy : null;
}

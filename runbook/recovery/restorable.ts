import type { DatabaseReplacement } from "../../io/database-replacement.ts";
import type { StackStateReader } from "../../io/stack-state.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { timeOf } from "./restore-database.ts";

interface Wanted {
  readonly stack: string;
  /** In seconds since 1970. */
  readonly at: number;
  readonly now: number;
  readonly config: Pick<StackConfig, "database">;
}

/**
 * Throws SPARKI_USAGE for a moment that the live database cannot be restored to, and for one before its present users
 * were made: no pod could log in to what is restored. Throws SPARKI_GATE while there is no such moment at all.
 */
export async function assertRestorable(
  database: Pick<DatabaseReplacement, "restorable">,
  { stack, at, now, config }: Wanted,
): Promise<void> {
  const live = `sparki-${stack}-database`;
  const range = await database.restorable();
  if (range === undefined)
    throw new DeployError("SPARKI_USAGE", `${live} cannot be restored to a point in time: it has no backups`, {
      hint: "docs/recovery.md: restore its newest snapshot",
    });
  const latest = Math.min(range.latest, now);
  if (latest < range.earliest) {
    const { message, next } = noMomentYet(live, { ...range, latest });
    throw new DeployError("SPARKI_GATE", message, { hint: next });
  }
  if (at < range.earliest || at > latest)
    throw new DeployError(
      "SPARKI_USAGE",
      `--point-in-time is ${timeOf(at)}; expected a moment from ${timeOf(range.earliest)} to ${timeOf(latest)}`,
      { hint: "AWS keeps the log about five minutes late: for a moment after the last one, wait that long" },
    );
  const { passwordsSince } = config.database;
  if (timeOf(at).slice(0, 10) >= passwordsSince) return;
  throw new DeployError(
    "SPARKI_USAGE",
    `--point-in-time is ${timeOf(at)}, and the database's present users are of ${passwordsSince}: no pod could log in`,
    { hint: "docs/recovery.md: rotate the users after such a restore" },
  );
}

/**
 * That there is nothing to restore to between a first backup and the log's reaching it, and from when on there is; of a
 * range whose latest moment is before its earliest.
 */
export function noMomentYet(
  live: string,
  { earliest, latest }: { readonly earliest: number; readonly latest: number },
): { readonly message: string; readonly next: string } {
  const first = timeOf(earliest);
  return {
    message: `${live} cannot be restored to any moment yet: its first backup is of ${first}, and its log is kept until ${timeOf(latest)}`,
    next: `run the same command again about five minutes after ${first}, with that moment or a later one`,
  };
}

/** Throws SPARKI_OUTSIDE while an update holds the stack: it would write over what a recovery writes into the state. */
export async function assertUnlocked(state: Pick<StackStateReader, "lock">, stack: string): Promise<void> {
  const lock = await state.lock();
  if (lock === undefined) return;
  throw new DeployError("SPARKI_OUTSIDE", `${stack} is locked by ${lock.holder}: an update may be running`, {
    hint: `npx sparki status --stack ${stack}; if nothing runs: pulumi cancel --stack ${stack}`,
  });
}

import { DeployError } from "../../shared/deploy-error.ts";
import type { Wanted } from "./restore-drill.ts";

export interface DrillOptions {
  readonly wanted: Wanted;
  readonly limitMinutes: number;
  readonly isAbandoned: boolean;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

const SNAPSHOT = /^(?:rds:)?[a-z](?:-?[a-z0-9])*$/i;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const MOST_MINUTES = 1_440;

/** What the command line asks for; throws SPARKI_USAGE for anything else than it may. */
export function drillOptions(what: string | undefined, options: Given): DrillOptions {
  if (what !== "restore") throw refused(`the drill's name is ${JSON.stringify(what ?? "")}; expected restore`);
  const { snapshot, pointInTime, limit, abandoned } = options;
  if (snapshot !== undefined && pointInTime !== undefined)
    throw refused("--snapshot and --point-in-time cannot be used together; expected one of them");
  return { wanted: wantedIn(snapshot, pointInTime), limitMinutes: minutesIn(limit), isAbandoned: abandoned === true };
}

function wantedIn(snapshot: Given[string], moment: Given[string]): Wanted {
  if (typeof snapshot === "string") {
    if (SNAPSHOT.test(snapshot) && snapshot.length <= 255) return { snapshot };
    throw refused(`--snapshot is ${JSON.stringify(snapshot)}; expected a snapshot's id, as AWS names it`);
  }
  if (typeof moment !== "string") return { newest: true };
  if (moment === "latest") return { pointInTime: "latest" };
  const seconds = MOMENT.test(moment) ? Date.parse(moment) / 1000 : Number.NaN;
  // 30 February is read as 2 March.
  const [, , day] = /^(\d{4}-\d{2})-(\d{2})/.exec(moment) ?? [];
  const written = new Date(Date.parse(`${moment.slice(0, 10)}T00:00:00Z`));
  if (!Number.isNaN(seconds) && written.getUTCDate() === Number(day)) return { pointInTime: seconds };
  throw refused(
    `--point-in-time is ${JSON.stringify(moment)}; expected a moment such as 2026-11-28T10:30:00Z, or latest`,
  );
}

function minutesIn(limit: Given[string]): number {
  const minutes = typeof limit === "string" && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (minutes >= 1 && minutes <= MOST_MINUTES) return minutes;
  throw refused(`--limit is ${JSON.stringify(limit)}; expected minutes from 1 to ${MOST_MINUTES}`);
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki drill --help" });
}

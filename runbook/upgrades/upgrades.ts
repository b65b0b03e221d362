import { KUBERNETES, POSTGRES_STANDARD, postgresVersions, REDIS_STANDARD } from "../../aws/catalog.ts";
import { facts } from "../../aws/facts.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { KUBERNETES_VERSIONS } from "../../tools/catalog.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Rotatable } from "../rotation/rotation.ts";

/** Something of a stack that ends on a day, or that nobody has said the end of. */
export interface Ending {
  readonly what: string;
  /** The last day, ISO 8601; null where AWS has named none. */
  readonly ends: string | null;
  readonly daysLeft: number | null;
  /** `unknown` is a version of which nothing is known. */
  readonly state: "ended" | "soon" | "later" | "open" | "unknown";
  /** What happens then. */
  readonly consequence: string;
  /** What is to be done before. */
  readonly next: string;
}

/** What of a stack ends when, the soonest first: the document of `sparki upgrades --json`. */
export interface Upgrades {
  readonly stack: string;
  readonly exitCode: number;
  /** ISO 8601 dates: today, and the day that AWS's facts were read. */
  readonly today: string;
  readonly factsOf: string;
  readonly withinDays: number;
  readonly endings: readonly Ending[];
}

/** The policies refuse older ones (S54). */
export const PASSWORD_DAYS = 90;
/** Preflight warns of an older one. */
export const RESTORE_TEST_DAYS = 92;
const DAY = 86_400_000;

type Known = Pick<Ending, "what" | "consequence" | "next"> & {
  /** Undefined is a version that is not in the tables; null one whose end is not named. */
  readonly ends: string | null | undefined;
};

/** What of a stack's config ends when, told on a day (ISO 8601); what ends within so many days asks for work now. */
export function upgradesOf(stack: string, config: StackConfig, today: string, withinDays: number): Upgrades {
  const file = `Pulumi.${stack}.yaml`;
  const all = [
    kubernetes(config, file),
    postgres(config, file),
    redis(config, file),
    rotated("the database users' passwords", config.database.passwordsSince, "database-users"),
    rotated("the AUTH token of Redis", config.cache.authTokenSince, "redis-auth"),
    ...restoreTests(config, file),
    ...exemptions(config, file),
  ];
  const endings = all.map((known) => endingOf(known, today, withinDays)).sort(bySoonest);
  const isDue = endings.some(({ state }) => state === "ended" || state === "soon" || state === "unknown");
  const { code } = isDue ? EXIT.refused : EXIT.done;
  return { stack, exitCode: code, today, factsOf: facts().dated, withinDays, endings };
}

function kubernetes({ cluster: { version } }: StackConfig, file: string): Known {
  const known = KUBERNETES[version];
  const next = nextIn(Object.keys(KUBERNETES), version);
  return {
    what: `Kubernetes ${version} on EKS`,
    ends: known?.standard,
    consequence: `EKS charges for extended support until ${known?.extended ?? "an unknown day"}, and then upgrades the cluster itself`,
    next:
      next === undefined
        ? "no later version is known: npm run aws-facts, then run it again"
        : `${asking(next)}set sparki:cluster.version to ${next} in ${file}, one minor version at a time; npx sparki plan`,
  };
}

/** Where its API server is pinned here. */
function asking(version: string): string {
  return KUBERNETES_VERSIONS.includes(version) ? `npx sparki upgrades --kubernetes ${version}; then ` : "";
}

function postgres({ database: { engineVersion } }: StackConfig, file: string): Known {
  const [major = ""] = engineVersion.split(".");
  const next = nextIn(postgresMajors(), major);
  return {
    what: `PostgreSQL ${major} on RDS`,
    ends: POSTGRES_STANDARD[major],
    consequence: "RDS charges for extended support",
    next:
      next === undefined
        ? "no later major version is known"
        : `plan the upgrade to ${next} by sparki:database.majorUpgrade in ${file}: docs/upgrades.md`,
  };
}

/** Those that RDS makes, in order; of the newest ones it may have named no end yet. */
function postgresMajors(): string[] {
  const majors = postgresVersions().flatMap((version) => version.match(/^\d{2}(?=\.|$)/)?.[0] ?? []);
  return [...new Set(majors)].sort((one, other) => Number(one) - Number(other));
}

function redis({ cache: { engineVersion } }: StackConfig, file: string): Known {
  const [major = ""] = engineVersion.split(".");
  const isOpen = Number(major) >= 7;
  return {
    what: `Redis ${engineVersion} on ElastiCache`,
    ends: isOpen ? null : REDIS_STANDARD[major],
    consequence: isOpen ? "AWS has announced no end" : "ElastiCache charges for extended support",
    next: isOpen ? "nothing" : `set sparki:cache.engineVersion to 7.1 in ${file}; npx sparki plan`,
  };
}

function rotated(what: string, since: string, name: Rotatable): Known {
  return {
    what,
    ends: daysAfter(since, PASSWORD_DAYS),
    consequence: "the policies refuse every deployment (S54)",
    next: `npx sparki rotate ${name} (docs/rotation.md)`,
  };
}

function restoreTests({ preflight: { restoreTest, cacheRestoreTest } }: StackConfig, file: string): Known[] {
  const known = (test: typeof restoreTest, what: string, next: string): Known[] =>
    test === undefined
      ? []
      : [
          {
            what,
            ends: daysAfter(test.on, RESTORE_TEST_DAYS),
            consequence: "preflight warns before every deployment",
            next: `${next} in ${file}`,
          },
        ];
  return [
    ...known(
      restoreTest,
      "the recorded restore test",
      "npx sparki drill restore, which sets sparki:preflight.restoreTest",
    ),
    ...known(
      cacheRestoreTest,
      "the recorded restore test of the cache",
      "npx sparki drill restore cache, which sets sparki:preflight.cacheRestoreTest",
    ),
  ];
}

function exemptions({ exemptions: exempt, approvals }: StackConfig, file: string): Known[] {
  return [
    ...exempt.map(({ control, resource, until, by }) => ({
      what: `the exemption of ${resource} from ${control}`,
      ends: until,
      consequence: "the policies refuse every deployment",
      next: `meet ${control}, or have it reviewed again: ${by} asked for it in sparki:exemptions of ${file}`,
    })),
    ...approvals.map(({ resource, action, until, by }) => ({
      what: `the approval to ${action} ${resource}`,
      ends: until,
      consequence: `the policies refuse to ${action} it`,
      next: `nothing, once it is done: ${by} gave it in sparki:approvals of ${file}`,
    })),
  ];
}

/** The version after this one, among those in order. */
function nextIn(versions: readonly string[], version: string): string | undefined {
  const at = versions.indexOf(version);
  return at < 0 ? versions.at(-1) : versions[at + 1];
}

function endingOf({ ends, ...known }: Known, today: string, withinDays: number): Ending {
  if (ends === null) return { ...known, ends, daysLeft: null, state: "open" };
  if (ends === undefined) return { ...known, ends: null, daysLeft: null, state: "unknown" };
  const daysLeft = Math.round((Date.parse(ends) - Date.parse(today)) / DAY);
  return { ...known, ends, daysLeft, state: daysLeft < 0 ? "ended" : daysLeft <= withinDays ? "soon" : "later" };
}

/** What nothing is known of comes first, what has no end last. */
function bySoonest(one: Ending, other: Ending): number {
  const order = ({ state, daysLeft }: Ending) =>
    state === "unknown" ? Number.NEGATIVE_INFINITY : (daysLeft ?? Number.MAX_SAFE_INTEGER);
  return order(one) < order(other) ? -1 : 1;
}

/** So many days after an ISO 8601 date. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
}

/** The endings as people read them, the soonest first. */
export function upgradesText({ stack, today, factsOf, endings }: Upgrades, paint: Paint): string {
  const lines = endings.flatMap((ending) => {
    const isDue = ending.state === "ended" || ending.state === "soon" || ending.state === "unknown";
    const head = `  ${whenOf(ending).padEnd(WIDTH)}${ending.what}: ${ending.consequence}`;
    return [isDue ? paint.bad(head) : head, ...(isDue ? [`${" ".repeat(WIDTH + 2)}→ ${ending.next}`] : [])];
  });
  const note = `AWS's dates as of ${factsOf}; npm run aws-facts renews what it publishes.`;
  return `${inColumns([`${paint.strong(stack)} on ${today}: end dates`, ...lines, note].join("\n"))}\n`;
}

const WIDTH = "2027-03-27, in 1000 days  ".length;

function whenOf({ ends, daysLeft, state }: Ending): string {
  if (state === "unknown") return "! not known";
  if (ends === null || daysLeft === null) return "no end announced";
  return daysLeft < 0 ? `${ends}, ENDED` : `${ends}, in ${daysLeft === 1 ? "1 day" : `${daysLeft} days`}`;
}

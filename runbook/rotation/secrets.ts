import { EXIT } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { daysAfter, PASSWORD_DAYS } from "../upgrades/upgrades.ts";
import { hasTwoTokens, type Rotatable } from "./rotation.ts";

/** One secret of a stack: how old it is, how long it may live, and by what it is rotated. */
export interface SecretAge {
  readonly name: string;
  readonly what: string;
  readonly livesIn: string;
  /** ISO 8601 date; null where the stack's config does not say. */
  readonly since: string | null;
  /** The last day on which it may be deployed with; null where no day is set here. */
  readonly lastDay: string | null;
  readonly daysLeft: number | null;
  readonly state: "good" | "due" | "ended" | "unfinished" | "elsewhere";
  readonly rotatedBy: string;
}

/** The document of `sparki rotate --list --json`. */
export interface SecretAges {
  readonly stack: string;
  readonly exitCode: number;
  readonly today: string;
  readonly secrets: readonly SecretAge[];
}

/** The alert comes as early. */
const DUE_DAYS = 14;
const DAY_MILLISECONDS = 86_400_000;

/** Every secret of a stack on a day (ISO 8601), those that code rotates first; they are refused once they have ended (S54). */
export function secretAges(stack: string, config: StackConfig, today: string): SecretAges {
  const ages = [...rotatable(config, today), ...elsewhere(stack)];
  const isBad = ages.some(({ state }) => state === "ended" || state === "unfinished");
  return { stack, exitCode: (isBad ? EXIT.refused : EXIT.done).code, today, secrets: ages };
}

function rotatable({ database, cache }: StackConfig, today: string): SecretAge[] {
  const aged = (name: Rotatable, since: string, isUnfinished: boolean) => {
    const lastDay = daysAfter(since, PASSWORD_DAYS);
    const daysLeft = Math.round((Date.parse(lastDay) - Date.parse(today)) / DAY_MILLISECONDS);
    const state = isUnfinished ? "unfinished" : daysLeft < 0 ? "ended" : daysLeft <= DUE_DAYS ? "due" : "good";
    return { name, since, lastDay, daysLeft, state, rotatedBy: `npx sparki rotate ${name}` } as const;
  };
  return [
    {
      ...aged("database-users", database.passwordsSince, false),
      what: "the database users' passwords",
      livesIn: "Secrets Manager, files in pods",
    },
    {
      ...aged("redis-auth", cache.authTokenSince, hasTwoTokens(cache)),
      what: "Redis's AUTH token",
      livesIn: "Secrets Manager, a file in pods",
    },
  ];
}

const SET_SECRET = "pulumi config set --secret KEY, then a deployment";

function elsewhere(stack: string): SecretAge[] {
  const secrets = [
    ["database-master", "the database's master password", "Secrets Manager", "RDS itself"],
    [
      "messages",
      "Slack's token or webhook, PagerDuty's and Opsgenie's keys, the heartbeat's address",
      "the stack's config, encrypted; a Secret for Alertmanager",
      `whoever gave it out, then ${SET_SECRET}`,
    ],
    [
      "registry",
      "the registry's pull secret",
      "the stack's config, encrypted; a Secret in each namespace that pulls",
      "the registry, then pulumi config set --secret sparki:imagePullSecret and a deployment",
    ],
    [
      "state-key",
      "what encrypts the config and the state",
      "KMS, or a passphrase",
      `KMS each year; pulumi stack change-secrets-provider --stack ${stack}`,
    ],
    [
      "image-signature",
      "the key that images are signed by",
      "with whoever signs",
      "a new key pair, sparki:preflight.imageSignatureKey, and new signatures of the images that are live",
    ],
  ] as const;
  return secrets.map(([name, what, livesIn, rotatedBy]) => {
    return { name, what, livesIn, since: null, lastDay: null, daysLeft: null, state: "elsewhere", rotatedBy };
  });
}

/** The table as people read it. */
export function secretAgesText({ stack, today, secrets }: SecretAges, paint: Paint): string {
  const lines = secrets.flatMap((secret) => {
    const head = `  ${secret.name.padEnd(WIDTH)}${secret.what} (${ageOf(secret)})`;
    const isBad = ["due", "ended", "unfinished"].includes(secret.state);
    return [isBad ? paint.bad(head) : head, `  ${"".padEnd(WIDTH)}${secret.livesIn}; rotated by ${secret.rotatedBy}`];
  });
  return `${inColumns([`${paint.strong(stack)} on ${today}: secrets`, ...lines].join("\n"))}\n`;
}

const WIDTH = "image-signature  ".length;

function ageOf({ since, lastDay, daysLeft, state }: SecretAge): string {
  if (since === null || lastDay === null || daysLeft === null) return "no day is set here";
  if (state === "unfinished") return `since ${since}, and the one before still works: its rotation is not finished`;
  const left = daysLeft < 0 ? "ENDED" : `in ${daysLeft === 1 ? "1 day" : `${daysLeft} days`}`;
  return `since ${since}, last day ${lastDay}, ${left}`;
}

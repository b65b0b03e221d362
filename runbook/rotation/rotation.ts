import type { TokenAnswers } from "../../io/cache-tokens.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { Setting } from "../preflight/stack-file.ts";

/** What `sparki rotate` rotates. */
export const ROTATABLE = ["database-users", "redis-auth"] as const;
export type Rotatable = (typeof ROTATABLE)[number];

/** One deployment of a rotation: what the config then says, and what is proven after it. */
export interface RotationStep {
  readonly title: string;
  /** What of the config it changes; nothing where an earlier command has changed it already. */
  readonly settings: readonly Setting[];
  /** How Redis must answer the secret's present token and the one before. @default it is not asked */
  readonly answers?: { readonly [Token in keyof TokenAnswers]: "taken" | "refused" };
}

/** A rotation as the stack's config lets it begin, or go on. */
export interface Rotation {
  readonly what: Rotatable;
  /** The day of the new secret, and of the one that it replaces, where the config still says; ISO 8601. */
  readonly since: string;
  readonly before: string | null;
  /** Whether an earlier command began it. */
  readonly isResumed: boolean;
  readonly steps: readonly RotationStep[];
  /** What becomes of the secret before. */
  readonly afterwards: string;
}

/** Whether Redis takes two tokens by the config: between the two deployments of a rotation. */
export function hasTwoTokens({ authTokenSince, onlyAuthTokenSince: only }: StackConfig["cache"]): boolean {
  return only !== undefined && only !== authTokenSince;
}

/** The rotation that is begun on a day (ISO 8601), or finished; throws SPARKI_USAGE where the secret is of that day. */
export function rotationOf(what: Rotatable, config: StackConfig, today: string): Rotation {
  return what === "database-users" ? usersRotation(config.database, today) : tokenRotation(config.cache, today);
}

function usersRotation({ passwordsSince: before }: StackConfig["database"], today: string): Rotation {
  // One that was cut off is finished by a deployment: the day names the users, who are made once.
  const isResumed = before >= today;
  const section = "sparki:database";
  return {
    what: "database-users",
    since: isResumed ? before : today,
    before: isResumed ? null : before,
    isResumed,
    steps: [
      {
        title: "new users with new passwords; pods start with them, behind the gates",
        settings: isResumed ? [] : [{ section, key: "passwordsSince", value: today }],
      },
    ],
    afterwards: "the users before stay until the next rotation: pods of a rollback log in as them",
  };
}

/**
 * ElastiCache takes two tokens between ROTATE and SET. Each is a deployment of its own: the second may begin only when
 * every pod has started with the new token.
 */
function tokenRotation(cache: StackConfig["cache"], today: string): Rotation {
  const { authTokenSince: present, onlyAuthTokenSince: only } = cache;
  const isBetween = hasTwoTokens(cache);
  if (!isBetween && only === undefined && present >= today) throw madeToday(present);
  const isLast = !isBetween && present >= today;
  const isResumed = isBetween || isLast;
  const since = isResumed ? present : today;
  const section = "sparki:cache";
  const day = (key: string, value: string): Setting => ({ section, key, value });
  const both: RotationStep = {
    title: "a new token beside the one before; pods start with it, behind the gates",
    // Until the second deployment, the config names the token before: so the first one can never end it.
    settings: isResumed ? [] : [day("onlyAuthTokenSince", only ?? present), day("authTokenSince", today)],
    answers: { present: "taken", before: "taken" },
  };
  const alone: RotationStep = {
    title: "the new token alone: Redis refuses the one before",
    settings: isLast ? [] : [day("onlyAuthTokenSince", since)],
    answers: { present: "taken", before: "refused" },
  };
  return {
    what: "redis-auth",
    since,
    before: isLast ? null : isBetween ? (only ?? null) : present,
    isResumed,
    steps: isLast ? [alone] : [both, alone],
    afterwards: "the token before is refused",
  };
}

function madeToday(day: string): DeployError {
  return new DeployError("SPARKI_USAGE", `Redis's AUTH token is of ${day} already; expected an earlier day`, {
    hint: "npx sparki rotate --list; a token that leaked is rotated again on the next day",
  });
}

import { readFileSync } from "node:fs";
import { z } from "zod";

/** Names the file that tells an update which rolls back what each Helm release was when it was promoted. */
export const KEPT_VARIABLE = "SPARKI_KEPT_RELEASE";

const keptInputsSchema = z.object({
  /** Where the kept chart is: below the project as `./apps/charts/NAME`, or restored, and absolute then. */
  chart: z.string(),
  /** SHA-256 over the chart's files, as promoted. */
  hash: z.string(),
  /** SHA-256 over what Helm keeps of it. */
  content: z.string(),
  values: z.record(z.string(), z.unknown()),
  /** What the state has already: with these values nothing has to change, if its path stays as it is. */
  state: z.object({ chart: z.string(), values: z.string() }).exactOptional(),
});

/** A Helm release's inputs as they were promoted. */
export type KeptInputs = z.infer<typeof keptInputsSchema>;

const keptFileSchema = z.record(z.string(), keptInputsSchema);

/** The inputs that a Helm release rolls back to; undefined in any other update, and where none are kept. */
export function keptInputs(release: string, env: Environment): KeptInputs | undefined {
  const file = env[KEPT_VARIABLE];
  if (file === undefined || file === "" || !isRollbackUpdate(env)) return undefined;
  return keptFileSchema.parse(JSON.parse(readFileSync(file, "utf8")))[release];
}

/**
 * Values as they were promoted, but for what is the platform's: where those had an address or a network, they get today's.
 * A key that they did not have stays away, because their chart may not know it.
 */
export function restoredValues(
  kept: Readonly<Record<string, unknown>>,
  platform: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries(kept).flatMap(([key, value]): [string, unknown][] => {
    if (!(key in platform)) return [[key, value]];
    const now = platform[key];
    if (now === undefined) return [];
    return [[key, isPlain(value) && isPlain(now) ? { ...value, ...restoredValues(value, now) } : now]];
  });
  return Object.fromEntries(entries);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes an update one that rolls back to a release that was proven before. Its gates look at health alone, no error
 * budget can forbid it, and migrations and seed are left as they are: a database never rolls back.
 */
export const ROLLBACK_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "true" };

/** Makes an update any other one, whatever the environment that it is run from says. */
export const FORWARD_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "false" };

/** Whether the environment is that of an update that rolls back. */
export function isRollbackUpdate(env: Environment): boolean {
  return Object.entries(ROLLBACK_ENVIRONMENT).every(([name, value]) => env[name] === value);
}

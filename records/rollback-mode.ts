type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes an update one that goes back to a release that was proven before. Its gates look at health alone, no error
 * budget can forbid it, and migrations and seed are left as they are: a database never goes back.
 */
export const ROLLBACK_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "true" };

/** Makes an update any other one, whatever the environment that it is run from says. */
export const FORWARD_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "false" };

/** Whether the environment is that of an update that goes back. */
export function isRollbackUpdate(env: Environment): boolean {
  return Object.entries(ROLLBACK_ENVIRONMENT).every(([name, value]) => env[name] === value);
}

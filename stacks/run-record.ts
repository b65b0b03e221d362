import { DeployError } from "../shared/deploy-error.ts";

/** Where sparki keeps, in the config that an update runs with and in no file of the project, who runs it and why. */
export const RUN_RECORD_KEY = "sparki-run:record";
/** Holds the same text while sparki itself runs the program. */
export const RUN_RECORD_VARIABLE = "SPARKI_RUN_RECORD";
/** Set while sparki runs the program, for whatever operation. */
export const SPARKI_VARIABLE = "SPARKI_RUNS";

/** Set to `network` where the program is to end with its network (`sparki bootstrap`, step 10). */
export const LAST_PART_VARIABLE = "SPARKI_LAST_PART";
export const NETWORK_ONLY = "network";

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws SPARKI_CONFIG for a record that sparki did not write for this very run. */
export function assertOwnRecord(config: Readonly<Record<string, string>>, env: Environment): void {
  const record = config[RUN_RECORD_KEY];
  if (record === undefined || record === env[RUN_RECORD_VARIABLE]) return;
  throw new DeployError("SPARKI_CONFIG", `${RUN_RECORD_KEY} records who runs an update, and only sparki sets it`, {
    hint: `pulumi config rm ${RUN_RECORD_KEY}`,
  });
}

/** What plain Pulumi does not guarantee, in one line; undefined where sparki runs the program. */
export function plainRunNotice(env: Environment): string | undefined {
  if (env[SPARKI_VARIABLE] !== undefined) return undefined;
  return "plain pulumi: nothing is sealed or approved, and the policies are enforced only with --policy-pack policies";
}

import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import { parseConfig } from "../stacks/config.ts";
import { assertOwnRecord, LAST_PART_VARIABLE, NETWORK_ONLY, plainRunNotice } from "../stacks/run-record.ts";
import type { StackConfig } from "../stacks/schema.ts";

/** Tells in one line what an update by plain `pulumi` does not guarantee; says nothing where sparki runs the program. */
export function tellOfPlainRun(): void {
  const notice = plainRunNotice(process.env);
  if (notice !== undefined) void pulumi.log.warn(notice);
}

/**
 * Keeps the SDK's debug messages from the engine. They hold the answer to every registration, secrets in plain text
 * too, and `pulumi up --json`, `--debug` and event logs write them down (sdk/nodejs/runtime/resource.ts).
 */
export function withholdDebugLog(): void {
  Object.assign(pulumi.log, { debug: async () => undefined });
}

/**
 * Whether this run is to create the keys and the network alone, and leave the rest to a deployment from inside that
 * network: `sparki bootstrap` asks for it. Throws SPARKI_CONFIG for anything else than the one word that it sets.
 */
export function endsWithNetwork(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const last = env[LAST_PART_VARIABLE];
  if (last === undefined || last === NETWORK_ONLY) return last !== undefined;
  throw new DeployError("SPARKI_CONFIG", `${LAST_PART_VARIABLE} is ${JSON.stringify(last)}; expected ${NETWORK_ONLY}`, {
    hint: `unset ${LAST_PART_VARIABLE}`,
  });
}

/** Parses the stack's config once; throws SPARKI_CONFIG naming every problem at once, or returns it typed and complete. */
export function loadConfig(): StackConfig {
  const raw = pulumi.runtime.allConfig();
  assertOwnRecord(raw, process.env);
  return parseConfig(raw, pulumi.getStack(), plainKeys(raw, process.env.PULUMI_CONFIG_SECRET_KEYS));
}

/** The keys that the engine did not have to decrypt; its language hosts always say which it had to. */
export function plainKeys(raw: Readonly<Record<string, string>>, secretKeys: string | undefined): string[] {
  if (secretKeys === undefined) return [];
  const secret: unknown = JSON.parse(secretKeys);
  return Object.keys(raw).filter((key) => !(Array.isArray(secret) && secret.includes(key)));
}

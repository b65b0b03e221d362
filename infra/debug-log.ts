import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps the SDK's debug messages from the engine. They hold the answer to every registration, secrets in plain text
 * too, and `pulumi up --json`, `--debug` and event logs write them down (sdk/nodejs/runtime/resource.ts).
 */
export function withholdDebugLog(): void {
  Object.assign(pulumi.log, { debug: async () => undefined });
}

import { flushCompileCache } from "node:module";
import { parseConfig } from "../stacks/config.ts";
import { LAST_PART_VARIABLE } from "../stacks/run-record.ts";
import { findHelm } from "../tools/rendered-chart.ts";
import { policies } from "./all.ts";
import { endWithEngine, servePolicies } from "./judging/pulumi-policies.ts";
import { Session } from "./judging/session.ts";
import { ALERT_SECRETS } from "./policy.ts";

await findHelm();

// The SDK throws to say that a policy is not about a type, and to say that a value is unknown: thousands of times.
Error.stackTraceLimit = 1;

servePolicies({ name: "sparki", policies }, ({ stack, organization, preview, raw }) => {
  const today = new Date().toISOString().slice(0, 10);
  const alertSecrets = ALERT_SECRETS.filter((name) => raw[`sparki:${name}`] !== undefined);
  const isPartial = process.env[LAST_PART_VARIABLE] !== undefined;
  return new Session(
    policies,
    { stack, organization, config: parseConfig(raw, stack), today, isPartial, alertSecrets },
    { preview },
  );
});

// Node.js keeps compiled code only when it ends by itself; the engine kills the pack.
flushCompileCache();

endWithEngine();

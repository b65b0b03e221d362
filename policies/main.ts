import { flushCompileCache } from "node:module";
import { findHelm } from "../tools/rendered-chart.ts";
import { policies } from "./all.ts";
import { servePolicies } from "./judging/pulumi-policies.ts";
import { Session } from "./judging/session.ts";

const LOOK_MILLISECONDS = 1000;

await findHelm();

// The SDK throws to say that a policy is not about a type, and to say that a value is unknown: thousands of times.
Error.stackTraceLimit = 1;

servePolicies(policies, ({ stack, preview, config }) => {
  const today = new Date().toISOString().slice(0, 10);
  return new Session(policies, { stack, config, today }, { preview });
});

// Node.js keeps compiled code only when it ends by itself; the engine kills the pack.
flushCompileCache();

// An engine that was killed itself ends nobody: the pack would serve for ever.
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(), LOOK_MILLISECONDS).unref();

import { flushCompileCache } from "node:module";
import { PolicyPack } from "@pulumi/policy";
import { findHelm } from "../tools/rendered-chart.ts";
import { policies } from "./all.ts";
import { pulumiPolicies } from "./judging/pulumi-policies.ts";
import { Session } from "./judging/session.ts";
import { openForStack } from "./judging/stack-settings.ts";

const LOOK_MILLISECONDS = 1000;

await findHelm();

const session = openForStack(({ stack, preview, config }) => {
  const today = new Date().toISOString().slice(0, 10);
  return new Session(policies, { stack, config, today }, { preview });
});

new PolicyPack("sparki", { policies: pulumiPolicies(policies, session), enforcementLevel: "mandatory" });

// Node.js keeps compiled code only when it ends by itself; the engine kills the pack.
flushCompileCache();

// An engine that was killed itself ends nobody: the pack would serve for ever.
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(), LOOK_MILLISECONDS).unref();

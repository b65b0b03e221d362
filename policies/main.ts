import { flushCompileCache } from "node:module";
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./all.ts";
import { pulumiPolicies } from "./judging/pulumi-policies.ts";
import { Session } from "./judging/session.ts";
import { openForStack } from "./judging/stack-settings.ts";

const session = openForStack(({ stack, preview, config }) => {
  const today = new Date().toISOString().slice(0, 10);
  return new Session(policies, { stack, config, today }, { preview });
});

new PolicyPack("sparki", { policies: pulumiPolicies(policies, session), enforcementLevel: "mandatory" });

// Node.js keeps compiled code only when it ends by itself; the engine kills the pack.
flushCompileCache();

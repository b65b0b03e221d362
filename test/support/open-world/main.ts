/**
 * The pack without the policy that knows the names of this deployment's resources, for what tries the other policies on
 * resources of other names.
 */
import { PolicyPack } from "@pulumi/policy";
import { policies } from "../../../policies/all.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import { pulumiPolicies } from "../../../policies/judging/pulumi-policies.ts";
import { Session } from "../../../policies/judging/session.ts";
import { openForStack } from "../../../policies/judging/stack-settings.ts";

const open = policies.filter((policy) => policy !== declaredOnly);
const session = openForStack(({ stack, preview, config }) => {
  return new Session(open, { stack, config, today: new Date().toISOString().slice(0, 10) }, { preview });
});

new PolicyPack("sparki", { policies: pulumiPolicies(open, session), enforcementLevel: "mandatory" });

const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(), 1000).unref();

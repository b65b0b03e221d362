/**
 * The pack without the policy that knows the names of this deployment's resources, for what tries the other policies on
 * resources of other names.
 */
import { policies } from "../../../policies/all.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import { servePolicies } from "../../../policies/judging/pulumi-policies.ts";
import { Session } from "../../../policies/judging/session.ts";

const open = policies.filter((policy) => policy !== declaredOnly);
servePolicies(open, ({ stack, preview, config }) => {
  return new Session(open, { stack, config, today: new Date().toISOString().slice(0, 10) }, { preview });
});

const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(), 1000).unref();

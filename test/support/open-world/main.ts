/**
 * The pack without the policy that knows the names of this deployment's resources, for what tries the other policies on
 * resources of other names.
 */
import { policies } from "../../../policies/all.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import { endWithEngine, servePolicies } from "../../../policies/judging/pulumi-policies.ts";
import { Session } from "../../../policies/judging/session.ts";
import { parseConfig } from "../../../stacks/config.ts";

const open = policies.filter((policy) => policy !== declaredOnly);
servePolicies({ name: "sparki", policies: open }, ({ stack, preview, raw }) => {
  return new Session(
    open,
    { stack, config: parseConfig(raw, stack), today: new Date().toISOString().slice(0, 10) },
    { preview },
  );
});

endWithEngine();

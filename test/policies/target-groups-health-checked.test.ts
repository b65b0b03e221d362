import { targetGroupsHealthChecked } from "../../policies/target-groups-health-checked.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const group = example("aws:lb/targetGroup:TargetGroup", { healthCheck: { path: "/ready" } });

proves(targetGroupsHealthChecked, {
  passes: { "a check of the application's path": group },
  stops: {
    "a check switched off": ["healthCheck.enabled", group.with({ healthCheck: { path: "/ready", enabled: false } })],
    "a check of nothing": ["healthCheck.path", group.without("healthCheck")],
    "a check of an empty path": ["healthCheck.path", group.with({ healthCheck: { path: "" } })],
  },
});

import { clusterLogsComplete } from "../../policies/cluster-logs-complete.ts";
import { cluster } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const property = "enabledClusterLogTypes";
const withoutOne = kinds.map((missing) => {
  const rest = kinds.filter((kind) => kind !== missing);
  return [`a cluster without its ${missing} log`, [property, cluster.with({ enabledClusterLogTypes: rest })]] as const;
});

proves(clusterLogsComplete, {
  passes: { "all five logs": cluster },
  stops: {
    "a cluster that writes none": [property, cluster.without("enabledClusterLogTypes")],
    ...Object.fromEntries(withoutOne),
  },
});

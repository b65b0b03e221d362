import { clusterEndpointPrivate } from "../../policies/cluster-endpoint-private.ts";
import { cluster } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const subnetIds: string[] = [];
const open = { subnetIds, endpointPrivateAccess: true, endpointPublicAccess: true };

proves(clusterEndpointPrivate, {
  passes: {
    "a private endpoint": cluster,
    "a public endpoint for named networks": cluster.with({
      vpcConfig: { ...open, publicAccessCidrs: ["203.0.113.0/24"] },
    }),
  },
  stops: {
    "a cluster without a private endpoint": [
      "vpcConfig.endpointPrivateAccess",
      cluster.with({ vpcConfig: { ...open, endpointPrivateAccess: false, endpointPublicAccess: false } }),
    ],
    "a public endpoint for everybody": ["vpcConfig.publicAccessCidrs", cluster.with({ vpcConfig: open })],
    "a public endpoint that names everybody": [
      "vpcConfig.publicAccessCidrs",
      cluster.with({ vpcConfig: { ...open, publicAccessCidrs: ["203.0.113.0/24", "0.0.0.0/0"] } }),
    ],
    "a public endpoint that nobody switched off": [
      "vpcConfig.publicAccessCidrs",
      cluster.with({ vpcConfig: { subnetIds, endpointPrivateAccess: true } }),
    ],
  },
});

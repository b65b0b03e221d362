import { someWorld } from "./judging/addresses.ts";
import { each, type Policy } from "./policy.ts";

export const clusterEndpointPrivate: Policy = {
  name: "cluster-endpoint-private",
  control: "S09",
  reason: "An API endpoint that the world reaches is as strong as the weakest credential of any administrator.",
  fix: "Set endpointPrivateAccess: true, and endpointPublicAccess: false or publicAccessCidrs to named networks.",
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("vpcConfig.endpointPrivateAccess", () => props.vpcConfig?.endpointPrivateAccess === true);
      demand("vpcConfig.publicAccessCidrs", () => {
        if (props.vpcConfig?.endpointPublicAccess === false) return true;
        const cidrs = props.vpcConfig?.publicAccessCidrs ?? [];
        return cidrs.length > 0 && !someWorld(cidrs);
      });
    }),
  ],
};

import { checkArguments } from "../../../rehearsal/eks/provider.ts";

const GOOD = { autoMode: { enabled: true }, skipDefaultNodeGroup: true, authenticationMode: "API", vpcId: "vpc-1" };

describe("checkArguments", () => {
  it("accepts Auto Mode with access entries", () => {
    expect(() => checkArguments(GOOD)).not.toThrow();
  });

  it.each([
    ["an argument that is not simulated", { nodeAmiId: "ami-1" }, "argument nodeAmiId of eks.Cluster is not simulated"],
    ["nodes of its own", { autoMode: { enabled: false } }, "only in Auto Mode"],
    ["a default node group", { skipDefaultNodeGroup: false }, "with skipDefaultNodeGroup"],
    ["a config map", { authenticationMode: "CONFIG_MAP" }, "Access entries are required when using EKS Auto Mode."],
    ["two ways to name subnets", { subnetIds: ["a"], privateSubnetIds: ["b"] }, "mutually exclusive"],
    [
      "CIDRs of a public endpoint that is off",
      { endpointPublicAccess: false, publicAccessCidrs: [] },
      "`publicAccessCidrs` can only be set when `endpointPublicAccess` is true",
    ],
  ])("refuses %s, as the real component does or by name", (_what, args, words) => {
    expect(() => checkArguments({ ...GOOD, ...args })).toThrow(words);
  });
});

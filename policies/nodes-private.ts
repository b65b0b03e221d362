import { each, type Policy } from "./policy.ts";

const OFF: unknown[] = [undefined, false, "false"];

export const nodesPrivate: Policy = {
  name: "nodes-private",
  control: "S13",
  reason: "A node with a public address puts every pod's mistakes on the internet.",
  fix: "Give the cluster subnets that assign no public address, and leave associatePublicIpAddress off.",
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      const interfaces = () => props.networkInterfaces ?? [];
      demand("networkInterfaces", () =>
        interfaces().every(({ associatePublicIpAddress }) => OFF.includes(associatePublicIpAddress)),
      );
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("associatePublicIpAddress", () => OFF.includes(props.associatePublicIpAddress));
    }),
  ],
  whole: (stack, demand) => {
    for (const cluster of stack.all("aws:eks/cluster:Cluster")) {
      const subnets = () => stack.referred(cluster, "vpcConfig", "aws:ec2/subnet:Subnet");
      demand(cluster, "vpcConfig.subnetIds", () =>
        subnets().every((subnet) => subnet.props.mapPublicIpOnLaunch !== true),
      );
    }
  },
};

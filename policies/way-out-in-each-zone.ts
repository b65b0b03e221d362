import type { Policy } from "./policy.ts";

export const wayOutInEachZone: Policy = {
  name: "way-out-in-each-zone",
  control: "D07",
  reason: "With one NAT gateway for all zones, its zone's failure cuts every pod off from everything outside.",
  fix: 'Set sparki:network.natGateways to "per-zone".',
  relaxable: true,
  whole: (stack, demand, { config }) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const subnets = () => stack.all("aws:ec2/subnet:Subnet").filter((subnet) => stack.refers(subnet, "vpcId", vpc));
      const gateways = stack.all("aws:ec2/natGateway:NatGateway");
      const withGateway = () =>
        subnets().filter((subnet) => gateways.some((gateway) => stack.refers(gateway, "subnetId", subnet)));
      demand(vpc, "NAT gateways", () => {
        return new Set(withGateway().map(({ props }) => props.availabilityZone)).size >= config.floor.zones;
      });
    }
  },
};

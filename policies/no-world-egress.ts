import { isWorld, someWorld } from "./judging/addresses.ts";
import { each, type Policy } from "./policy.ts";

interface Flow {
  readonly protocol?: string | undefined;
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
}

/** One port to everywhere is a service's need; all of them are an exit for whatever breaks in. */
function isAllPorts({ protocol, fromPort, toPort }: Flow): boolean {
  const everyProtocol = protocol === undefined || protocol === "-1" || protocol === "all";
  return everyProtocol || fromPort === undefined || toPort === undefined || (fromPort <= 1 && toPort >= 65_535);
}

export const noWorldEgress: Policy = {
  name: "no-world-egress",
  control: "S05",
  reason: "Whatever breaks in finds its way out with the data over any port that is open.",
  fix: "Name the port and the protocol, and the security group or network that is talked to.",
  each: [
    each("aws:ec2/securityGroup:SecurityGroup", ({ props }, demand) => {
      demand("egress", () =>
        (props.egress ?? []).every(
          (rule) => !isAllPorts(rule) || !someWorld(rule.cidrBlocks ?? [], rule.ipv6CidrBlocks ?? []),
        ),
      );
    }),
    each("aws:ec2/securityGroupRule:SecurityGroupRule", ({ props }, demand) => {
      const open = () => props.type === "egress" && someWorld(props.cidrBlocks ?? [], props.ipv6CidrBlocks ?? []);
      demand("cidrBlocks", () => !isAllPorts(props) || !open());
    }),
    each("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", ({ props }, demand) => {
      const everyPort = () =>
        isAllPorts({ protocol: props.ipProtocol, fromPort: props.fromPort, toPort: props.toPort });
      demand("cidrIpv4", () => !everyPort() || !isWorld(props.cidrIpv4));
      demand("cidrIpv6", () => !everyPort() || !isWorld(props.cidrIpv6));
    }),
  ],
};

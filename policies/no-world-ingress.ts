import { isWorld, someWorld } from "./judging/addresses.ts";
import { each, type Policy } from "./policy.ts";

interface Flow {
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
}

/** Only HTTPS, and HTTP to be redirected, may come from everywhere. */
const isWeb = ({ fromPort, toPort }: Flow) => fromPort === toPort && (toPort === 443 || toPort === 80);

export const noWorldIngress: Policy = {
  name: "no-world-ingress",
  control: "S04",
  reason: "Whatever the whole internet reaches is probed within minutes.",
  fix: "Allow ports 443 and 80 of the load balancer only; name the security group or network that needs any other port.",
  each: [
    each("aws:ec2/securityGroup:SecurityGroup", ({ props }, demand) => {
      demand("ingress", () =>
        (props.ingress ?? []).every(
          (rule) => isWeb(rule) || !someWorld(rule.cidrBlocks ?? [], rule.ipv6CidrBlocks ?? []),
        ),
      );
    }),
    each("aws:ec2/securityGroupRule:SecurityGroupRule", ({ props }, demand) => {
      const open = () => props.type === "ingress" && someWorld(props.cidrBlocks ?? [], props.ipv6CidrBlocks ?? []);
      demand("cidrBlocks", () => isWeb(props) || !open());
    }),
    each("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", ({ props }, demand) => {
      demand("cidrIpv4", () => isWeb(props) || !isWorld(props.cidrIpv4));
      demand("cidrIpv6", () => isWeb(props) || !isWorld(props.cidrIpv6));
    }),
  ],
};

import { isWorld, letsWorldLogIn, someWorld } from "./judging/internet.ts";
import { isGiven } from "./judging/resource.ts";
import { each, type Policy } from "./policy.ts";

export const defaultSecurityGroupEmpty: Policy = {
  name: "default-security-group-empty",
  control: "S02",
  reason: "A resource without a security group gets the default one, which allows all traffic between its members.",
  fix: "Add an aws.ec2.DefaultSecurityGroup with the VPC's vpcId and no ingress or egress.",
  each: [
    each("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", ({ props }, demand) => {
      demand("ingress", () => (props.ingress ?? []).length === 0);
      demand("egress", () => (props.egress ?? []).length === 0);
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const groups = stack.all("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
      demand(vpc, "default security group", () => groups.some((group) => stack.refers(group, "vpcId", vpc)));
    }
  },
};

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
  reason: "An attacker can send data out through any open port.",
  fix: "Name the port, the protocol, and the destination's security group or network.",
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

interface Ports {
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
}

/** Only HTTPS, and HTTP to be redirected, may come from everywhere. */
const isWeb = ({ fromPort, toPort }: Ports) => fromPort === toPort && (toPort === 443 || toPort === 80);

export const noWorldIngress: Policy = {
  name: "no-world-ingress",
  control: "S04",
  reason: "Anything that is open to the internet is scanned within minutes.",
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

/** Pulumi and Terraform fill in "Managed by ..." where nobody wrote anything. */
const isDescription = (text = "") => text !== "" && !text.startsWith("Managed by");

export const securityGroupsDescribed: Policy = {
  name: "security-groups-described",
  control: "S06",
  reason: "A rule without a known purpose is never removed.",
  fix: "Set description to who needs it, and for what.",
  each: [
    each("aws:ec2/securityGroup:SecurityGroup", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
      demand("ingress", () => (props.ingress ?? []).every((rule) => isDescription(rule.description)));
      demand("egress", () => (props.egress ?? []).every((rule) => isDescription(rule.description)));
    }),
    each("aws:ec2/securityGroupRule:SecurityGroupRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
    each("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
    each("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
  ],
};

export const subnetNoPublicAddress: Policy = {
  name: "subnet-no-public-address",
  control: "S03",
  reason: "Instances in such a subnet are reachable from the internet without anyone having decided so.",
  fix: "Set mapPublicIpOnLaunch: false.",
  each: [
    each("aws:ec2/subnet:Subnet", ({ props }, demand) => {
      demand("mapPublicIpOnLaunch", () => props.mapPublicIpOnLaunch !== true);
    }),
  ],
};

const INTERFACES = ["ec2", "ecr.api", "ecr.dkr"];

export const vpcEndpoints: Policy = {
  name: "vpc-endpoints",
  control: "S08",
  reason: "Calls to AWS that leave the VPC need a route to the internet, which other traffic can use too.",
  fix: "Add aws.ec2.VpcEndpoint interfaces with private DNS for ec2, ecr.api and ecr.dkr, and the free gateway for s3.",
  each: [
    each("aws:ec2/vpcEndpoint:VpcEndpoint", ({ props }, demand) => {
      demand("privateDnsEnabled", () => props.vpcEndpointType !== "Interface" || props.privateDnsEnabled === true);
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const endpoints = () =>
        stack.all("aws:ec2/vpcEndpoint:VpcEndpoint").filter((endpoint) => stack.refers(endpoint, "vpcId", vpc));
      for (const service of INTERFACES) {
        demand(vpc, `${service} endpoint`, () =>
          endpoints().some(
            ({ props }) => props.vpcEndpointType === "Interface" && props.serviceName?.endsWith(`.${service}`),
          ),
        );
      }
      demand(vpc, "s3 endpoint", () =>
        endpoints().some(
          ({ props }) => (props.vpcEndpointType ?? "Gateway") === "Gateway" && props.serviceName?.endsWith(".s3"),
        ),
      );
    }
  },
};

export const vpcFlowLogs: Policy = {
  name: "vpc-flow-logs",
  control: "S01",
  reason: "Without a record of connections, an intrusion cannot be traced.",
  fix: 'Add an aws.ec2.FlowLog with the VPC\'s vpcId, trafficType: "ALL" and a logDestination.',
  each: [
    each("aws:ec2/flowLog:FlowLog", ({ props }, demand) => {
      demand("trafficType", () => props.trafficType === "ALL");
      demand("logDestination", () => isGiven(() => props.logDestination));
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      demand(vpc, "flow log", () =>
        stack.all("aws:ec2/flowLog:FlowLog").some((log) => stack.refers(log, "vpcId", vpc)),
      );
    }
  },
};

export const wayOutInEachZone: Policy = {
  name: "way-out-in-each-zone",
  control: "D07",
  reason: "With one NAT gateway for all zones, the failure of its zone cuts off every pod from the internet.",
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

export const noWorldLogin: Policy = {
  name: "no-world-login",
  control: "S07",
  reason: "A network ACL still protects when a security group is opened by mistake.",
  fix: "Give the VPC a network ACL that denies port 22 from 0.0.0.0/0 and ::/0, and opens 3389 only within 1024-65535, for answers.",
  each: [
    each("aws:ec2/networkAcl:NetworkAcl", ({ props }, demand) => {
      demand("ingress", () => !letsWorldLogIn(props.ingress ?? []));
    }),
    each("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", ({ props }, demand) => {
      demand("ingress", () => !letsWorldLogIn(props.ingress ?? []));
    }),
    each("aws:ec2/networkAclRule:NetworkAclRule", ({ props }, demand) => {
      demand("cidrBlock", () => {
        const { ruleNumber = 0, ruleAction = "allow", protocol = "-1" } = props;
        const entry = { ...props, ruleNo: ruleNumber, action: ruleAction, protocol };
        return props.egress === true || !letsWorldLogIn([entry]);
      });
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      demand(
        vpc,
        "network ACL",
        () =>
          stack.all("aws:ec2/networkAcl:NetworkAcl").some((acl) => stack.refers(acl, "vpcId", vpc)) ||
          stack
            .all("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
            .some((acl) => stack.refers(acl, "defaultNetworkAclId", vpc)),
      );
    }
  },
};

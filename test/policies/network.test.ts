import {
  defaultSecurityGroupEmpty,
  noWorldEgress,
  noWorldIngress,
  noWorldLogin,
  securityGroupsDescribed,
  subnetNoPublicAddress,
  vpcEndpoints,
  vpcFlowLogs,
  wayOutInEachZone,
} from "../../policies/network.ts";
import { subnets, vpc, zones } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const group = example("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [], egress: [] });
  const everything = { protocol: "-1", fromPort: 0, toPort: 0, self: true };

  proves(defaultSecurityGroupEmpty, {
    passes: {
      "a VPC whose default group is emptied": [vpc, group.from("vpcId", vpc)],
      "a default group that names no rules": group.without("ingress", "egress"),
    },
    stops: {
      "a VPC whose default group is left as it is": ["default security group", vpc],
      "a default group that lets something in": ["ingress", group.with({ ingress: [everything] })],
      "a default group that lets something out": ["egress", group.with({ egress: [everything] })],
    },
  });
}

{
  const world = "0.0.0.0/0";
  const https = { fromPort: 443, toPort: 443 };
  const all = { fromPort: 0, toPort: 65_535 };
  const group = example("aws:ec2/securityGroup:SecurityGroup", {
    egress: [{ ...https, protocol: "tcp", cidrBlocks: [world] }],
  });
  const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", {
    ...https,
    type: "egress",
    protocol: "tcp",
    cidrBlocks: [world],
  });
  const egress = example("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", {
    ...https,
    ipProtocol: "tcp",
    cidrIpv4: world,
  });

  proves(noWorldEgress, {
    passes: {
      "one port to the world": [group, rule, egress],
      "everything to a network": [
        group.with({ egress: [{ ...all, protocol: "-1", cidrBlocks: ["10.40.0.0/16"] }] }),
        egress.with({ ...all, ipProtocol: "-1", cidrIpv4: "10.40.0.0/16" }),
      ],
      "everything in, which is another control's": rule.with({ type: "ingress", protocol: "-1" }),
      "everything to a network, by a rule": rule.with({ ...all, protocol: "-1", cidrBlocks: ["10.40.0.0/16"] }),
      "one port to the world by IPv6": egress.with({ cidrIpv6: "::/0" }).without("cidrIpv4"),
      "some ports to the world": [rule.with({ toPort: 1024 }), rule.named("high").with({ toPort: 65_535 })],
      "the low ports to the world": rule.with({ fromPort: 0, toPort: 1024 }),
      "a group without rules": group.without("egress"),
    },
    stops: {
      "a group that lets everything out": [
        "egress",
        group.with({ egress: [{ ...all, protocol: "-1", cidrBlocks: [world] }] }),
      ],
      "a group that lets everything out by IPv6": [
        "egress",
        group.with({ egress: [{ ...all, protocol: "tcp", ipv6CidrBlocks: ["::/0"] }] }),
      ],
      "a rule that lets every protocol out": ["cidrBlocks", rule.with({ protocol: "-1" })],
      "a rule that lets every protocol out by name": ["cidrBlocks", rule.with({ protocol: "all" })],
      "a rule of no protocol": ["cidrBlocks", rule.without("protocol")],
      "a rule without its first port": ["cidrBlocks", rule.without("fromPort")],
      "a rule without its last port": ["cidrBlocks", rule.without("toPort")],
      "a rule that lets every port out": ["cidrBlocks", rule.with(all)],
      "a rule that lets every protocol out alone": ["cidrIpv4", egress.with({ ipProtocol: "-1" })],
      "a rule without ports": ["cidrIpv4", egress.without("fromPort", "toPort")],
      "a rule that lets every port out by IPv6": [
        "cidrIpv6",
        egress.with({ ...all, cidrIpv6: "::/0" }).without("cidrIpv4"),
      ],
      "addresses that preview cannot know": ["cidrIpv4", egress.with(all).from("cidrIpv4")],
    },
  });
}

{
  const world = "0.0.0.0/0";
  const redis = { protocol: "tcp", fromPort: 6379, toPort: 6379 };
  const group = example("aws:ec2/securityGroup:SecurityGroup", {
    ingress: [{ ...redis, cidrBlocks: ["10.40.0.0/16"] }],
  });
  const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", {
    ...redis,
    type: "ingress",
    cidrBlocks: ["10.40.0.0/16"],
  });
  const ingress = example("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrIpv4: world,
    cidrIpv6: "::/0",
  });
  const ssh = { fromPort: 22, toPort: 22 };

  proves(noWorldIngress, {
    passes: {
      "a group for a network": group,
      "a group without rules": group.without("ingress"),
      "a group that serves the web": group.with({
        ingress: [{ protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks: [world] }],
      }),
      "a rule for a network": rule,
      "a rule for the web": rule.with({ fromPort: 443, toPort: 443, cidrBlocks: [world] }),
      "a rule to the world, outwards": rule.with({ type: "egress", cidrBlocks: [world] }),
      "a rule from another group": rule.without("cidrBlocks"),
      "the load balancer's HTTPS": ingress,
      "a rule from a network": ingress.with({ ...ssh, cidrIpv4: "10.40.0.0/16" }).without("cidrIpv6"),
    },
    stops: {
      "a group open to the world": ["ingress", group.with({ ingress: [{ ...redis, cidrBlocks: [world] }] })],
      "a group open to the world by IPv6": [
        "ingress",
        group.with({ ingress: [{ ...redis, ipv6CidrBlocks: ["::/0"] }] }),
      ],
      "rules that preview cannot know": ["ingress", group.from("ingress")],
      "a rule open to the world": ["cidrBlocks", rule.with({ cidrBlocks: [world] })],
      "a rule open to the world by IPv6": ["cidrBlocks", rule.without("cidrBlocks").with({ ipv6CidrBlocks: ["::/0"] })],
      "SSH from the world": ["cidrIpv4", ingress.with(ssh).without("cidrIpv6")],
      "SSH from the world by IPv6": ["cidrIpv6", ingress.with(ssh).without("cidrIpv4")],
      "a range that holds the web's port": ["cidrIpv4", ingress.with({ fromPort: 0 }).without("cidrIpv6")],
    },
  });
}

{
  const flow = { protocol: "tcp", fromPort: 443, toPort: 443, description: "HTTPS of the load balancer" };
  const silent = { protocol: "tcp", fromPort: 443, toPort: 443 };
  const description = "Pods of the cluster";
  const group = example("aws:ec2/securityGroup:SecurityGroup", { description, ingress: [flow], egress: [flow] });
  const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", { description });
  const ingress = example("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", { description });
  const egress = example("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", { description });

  proves(securityGroupsDescribed, {
    passes: {
      "what says what it is for": [group, rule, ingress, egress],
      "a group without rules": group.without("ingress", "egress"),
    },
    stops: {
      "a group without a description": ["description", group.without("description")],
      "a group with an empty one": ["description", group.with({ description: "" })],
      "a group with the tool's own": ["description", group.with({ description: "Managed by Pulumi" })],
      "an inline rule without one, inwards": ["ingress", group.with({ ingress: [silent] })],
      "an inline rule without one, outwards": ["egress", group.with({ egress: [silent] })],
      "a rule without one": ["description", rule.without("description")],
      "an ingress rule without one": ["description", ingress.without("description")],
      "an egress rule without one": ["description", egress.without("description")],
    },
  });
}

{
  const subnet = example("aws:ec2/subnet:Subnet", { mapPublicIpOnLaunch: false });

  proves(subnetNoPublicAddress, {
    passes: {
      "a subnet that gives none": subnet,
      "a subnet that leaves it at AWS's default": subnet.without("mapPublicIpOnLaunch"),
    },
    stops: {
      "a subnet that gives one": ["mapPublicIpOnLaunch", subnet.with({ mapPublicIpOnLaunch: true })],
      "a subnet of which preview cannot know": ["mapPublicIpOnLaunch", subnet.from("mapPublicIpOnLaunch")],
    },
  });
}

{
  const endpoint = (service: string, vpcEndpointType = "Interface") =>
    example("aws:ec2/vpcEndpoint:VpcEndpoint", {
      serviceName: `com.amazonaws.us-east-1.${service}`,
      vpcEndpointType,
      privateDnsEnabled: true,
    })
      .named(`endpoint-${service}`)
      .from("vpcId", vpc);
  const [ec2, api, dkr] = [endpoint("ec2"), endpoint("ecr.api"), endpoint("ecr.dkr")];
  const s3 = endpoint("s3", "Gateway").without("privateDnsEnabled");

  proves(vpcEndpoints, {
    passes: {
      "a VPC with all four": [vpc, ec2, api, dkr, s3],
      "a gateway that does not name its type": [vpc, ec2, api, dkr, s3.without("vpcEndpointType")],
    },
    stops: {
      "a VPC without EC2's": ["ec2 endpoint", [vpc, api, dkr, s3]],
      "a VPC without ECR's API": ["ecr.api endpoint", [vpc, ec2, dkr, s3]],
      "a VPC without ECR's registry": ["ecr.dkr endpoint", [vpc, ec2, api, s3]],
      "a VPC without S3's": ["s3 endpoint", [vpc, ec2, api, dkr]],
      "another gateway": ["s3 endpoint", [vpc, ec2, api, dkr, endpoint("dynamodb", "Gateway")]],
      "a paid endpoint for S3": ["s3 endpoint", [vpc, ec2, api, dkr, endpoint("s3")]],
      "a gateway where an interface is needed": [
        "ec2 endpoint",
        [vpc, ec2.with({ vpcEndpointType: "Gateway" }), api, dkr, s3],
      ],
      "an interface that names do not lead to": [
        "privateDnsEnabled",
        [vpc, ec2.without("privateDnsEnabled"), api, dkr, s3],
      ],
    },
  });
}

{
  const flowLog = example("aws:ec2/flowLog:FlowLog", { trafficType: "ALL", logDestination: "arn:aws:logs:x" });
  const other = vpc.named("other");

  proves(vpcFlowLogs, {
    passes: {
      "a VPC with a flow log": [vpc, flowLog.from("vpcId", vpc)],
      "a destination that only the update knows": [vpc, flowLog.from("vpcId", vpc).from("logDestination")],
    },
    stops: {
      "a VPC without a flow log": ["flow log", vpc],
      "a flow log of another VPC": ["flow log", [vpc, other, flowLog.from("vpcId", other)]],
      "a flow log of refused traffic only": ["trafficType", flowLog.with({ trafficType: "REJECT" })],
      "a flow log that goes nowhere": ["logDestination", flowLog.without("logDestination")],
    },
  });
}

{
  const gateways = subnets.map((subnet, index) =>
    example("aws:ec2/natGateway:NatGateway", {}).named(`nat-${zones[index]}`).from("subnetId", subnet),
  );
  const [first] = subnets;
  const together = first === undefined ? [] : gateways.map((gateway) => gateway.from("subnetId", first));

  proves(wayOutInEachZone, {
    passes: {
      "a gateway in each zone": [vpc, ...subnets, ...gateways],
      "one gateway for one zone": {
        stack: [vpc, ...subnets, ...gateways.slice(2)],
        config: { floor: { zones: 1, replicas: 1, backupDays: 1 } },
      },
    },
    stops: {
      "no gateway": ["NAT gateways", [vpc, ...subnets]],
      "one gateway for all": ["NAT gateways", [vpc, ...subnets, ...gateways.slice(2)]],
      "all gateways in one zone": ["NAT gateways", [vpc, ...subnets, ...together]],
    },
  });
}

{
  const world = "0.0.0.0/0";
  const line = (ruleNo: number, action: "allow" | "deny", port: number | undefined, cidrBlock = world) => ({
    ruleNo,
    action,
    protocol: port === undefined ? "-1" : "tcp",
    fromPort: port ?? 0,
    toPort: port ?? 0,
    cidrBlock,
  });
  const guarded = [line(100, "allow", undefined), line(10, "deny", 22), line(20, "deny", 3389)];
  const acl = example("aws:ec2/networkAcl:NetworkAcl", { ingress: guarded }).from("vpcId", vpc);
  const defaultAcl = example("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", { ingress: guarded });
  const rule = example("aws:ec2/networkAclRule:NetworkAclRule", {
    ruleNumber: 100,
    ruleAction: "allow",
    protocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrBlock: world,
  });
  const { cidrBlock: _, ...anywhere } = line(100, "allow", 22);

  proves(noWorldLogin, {
    passes: {
      "a VPC with a guarded ACL": [vpc, acl],
      "a VPC whose default ACL is guarded": [vpc, defaultAcl.from("defaultNetworkAclId", vpc)],
      "an ACL without inline rules": [vpc, acl.without("ingress")],
      "an ACL that lets answers in, to RDP's port too": [
        vpc,
        acl.with({ ingress: [line(10, "deny", 22), { ...line(20, "allow", 1024), toPort: 65_535 }] }),
      ],
      "SSH from a network": [vpc, acl.with({ ingress: [line(10, "allow", 22, "10.0.0.0/8")] })],
      "another port": rule,
      "SSH to the world, outwards": rule.with({ fromPort: 22, toPort: 22, egress: true }),
      "UDP on the same port": rule.with({ protocol: "udp", fromPort: 22, toPort: 22 }),
    },
    stops: {
      "a VPC without an ACL of ours": ["network ACL", vpc],
      "an ACL that lets SSH in": ["ingress", acl.with({ ingress: [line(10, "allow", 22)] })],
      "an ACL that lets RDP in": ["ingress", acl.with({ ingress: [line(10, "allow", 3389)] })],
      "an ACL that lets SSH in by IPv6": ["ingress", acl.with({ ingress: [{ ...anywhere, ipv6CidrBlock: "::/0" }] })],
      "an ACL that denies too late": [
        "ingress",
        acl.with({ ingress: [line(200, "deny", 22), line(100, "allow", undefined)] }),
      ],
      "a default ACL that lets SSH in": ["ingress", defaultAcl.with({ ingress: [line(10, "allow", 22)] })],
      "a rule that lets SSH in": ["cidrBlock", rule.with({ fromPort: 22, toPort: 22 })],
      "a range that holds RDP": ["cidrBlock", rule.with({ fromPort: 1000, toPort: 4000 })],
      "every protocol": ["cidrBlock", rule.with({ protocol: "-1" })],
    },
  });
}

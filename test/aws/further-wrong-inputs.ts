import type { InputRecord } from "../../aws/inputs.ts";
import {
  ACL,
  CACHE,
  CLUSTER,
  check,
  DATABASE,
  entry,
  inner,
  LISTENER,
  LOGIN,
  life,
  long,
  of,
  RULE,
  rule,
  TARGET,
  trust,
  type Wrong,
} from "./input-changes.ts";
import { policy, RIGHT, VISIBLE } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const KEY_ELSEWHERE = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`;
const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(8, "0")}`);

const RECORD = "aws:route53/record:Record";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const FLOW = "aws:ec2/flowLog:FlowLog";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

const statement = (inside: InputRecord): InputRecord => rule({ statement: inside });
const records = (type: string, ...values: string[]): InputRecord => ({
  type,
  aliases: undefined,
  ttl: 300,
  records: values,
});
const grant = (rest: object): InputRecord => ({ policy: policy(rest) });
const parameter = (name: string, value: string, applyMethod?: string): InputRecord => ({
  parameters: [{ name, value, ...(applyMethod === undefined ? {} : { applyMethod }) }],
});
const redirect = (rest: InputRecord): InputRecord => ({
  defaultActions: [{ type: "redirect", redirect: { statusCode: "HTTP_301", ...rest } }],
});
const condition = (rest: InputRecord): InputRecord => ({ conditions: [rest] });

/** A second list, written after the rules: what passed at first was refused by a rule of its kind, not by its row. */
export const FURTHER_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a block of loopback", { cidrBlock: "127.0.0.0/16" }, "cidrBlock"],
    ["an IPv6 block as IPv4", { cidrBlock: "2001:db8::/56" }, "cidrBlock"],
    ["a netmask without a pool", { ipv4NetmaskLength: 20 }, "ipv4NetmaskLength"],
    [
      "an IPv6 netmask of /52 and a half",
      { ipv6IpamPoolId: "ipam-pool-0a1b2c3d", ipv6NetmaskLength: 54 },
      "ipv6NetmaskLength",
    ],
    [
      "an IPv6 block of AWS's and a pool's",
      { assignGeneratedIpv6CidrBlock: true, ipv6IpamPoolId: "ipam-pool-0a1b2c3d" },
      "ipv6IpamPoolId",
    ],
    ["a pool that is none", { cidrBlock: undefined, ipv4IpamPoolId: "pool-1" }, "ipv4IpamPoolId"],
    ["a tag's key of 129 characters", { tags: { [long(129)]: "a" } }, `tags.${long(40)}`],
    ["an address without a prefix", { cidrBlock: "10.0.0.0" }, "cidrBlock"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a block of /15", { cidrBlock: "10.40.0.0/15" }, "cidrBlock"],
    ["host bits", { cidrBlock: "10.40.0.1/24" }, "cidrBlock"],
    ["no block", { cidrBlock: undefined }, "cidrBlock"],
    ["an IPv6 block of /63", { ipv6CidrBlock: "2001:db8::/63" }, "ipv6CidrBlock"],
    ["a zone's name in capitals", { availabilityZone: "US-EAST-1A" }, "availabilityZone"],
    ["a zone's id in place of its name", { availabilityZone: "use1-az1" }, "availabilityZone"],
    ["a region that there is not", { availabilityZone: "us-middle-1a", region: "us-middle-1" }, "region"],
    ["DNS64 without IPv6", { enableDns64: true }, "enableDns64"],
    ["an outpost that is no ARN", { outpostArn: "op-1" }, "outpostArn"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a description of 256 characters", { description: long(256) }, "description"],
    ["a name with an umlaut", { name: "datenbänke" }, "name"],
    ["a line break in its description", { description: "one\ntwo" }, "description"],
    [
      "an inline rule without a source",
      { ingress: [{ protocol: "tcp", fromPort: 1, toPort: 2 }] },
      "ingress[0].cidrBlocks",
    ],
    [
      "an inline rule of all protocols with ports",
      { egress: [{ protocol: "-1", fromPort: 80, toPort: 80, cidrBlocks: ["0.0.0.0/0"] }] },
      "egress[0].fromPort",
    ],
    ["a VPC that is a subnet", { vpcId: "subnet-0a1b2c3d" }, "vpcId"],
  ]),
  ...of(INGRESS, [
    [
      "a group that is none",
      { cidrIpv4: undefined, referencedSecurityGroupId: "default" },
      "referencedSecurityGroupId",
    ],
    ["a port below zero", { fromPort: -2 }, "fromPort"],
    ["all protocols with a port", { ipProtocol: "-1", fromPort: 443, toPort: 443 }, "fromPort"],
    ["an ICMP type of 256", { ipProtocol: "icmp", fromPort: 256, toPort: 0 }, "fromPort"],
    ["IPv6 with host bits", { cidrIpv4: undefined, cidrIpv6: "2001:db8::1/64" }, "cidrIpv6"],
    ["a range of three parts", { cidrIpv4: "10.0.0/8" }, "cidrIpv4"],
    ["a tag with AWS's prefix", { tags: { "AWS:name": "x" } }, "tags.AWS:name"],
    ["only one port", { toPort: undefined }, "toPort"],
  ]),
  ...of("aws:ec2/securityGroupRule:SecurityGroupRule", [
    ["a group beside blocks", { sourceSecurityGroupId: "sg-1a1b2c3d" }, "sourceSecurityGroupId"],
    ["a block without a prefix", { cidrBlocks: ["10.0.0.1"] }, "cidrBlocks"],
    ["a port of 65536", { toPort: 65_536 }, "toPort"],
  ]),
  ...of("aws:ec2/networkAcl:NetworkAcl", [
    [
      "a number of 0",
      { ingress: [{ ruleNo: 0, action: "allow", protocol: "-1", cidrBlock: "0.0.0.0/0", fromPort: 0, toPort: 0 }] },
      "ingress[0].ruleNo",
    ],
    ["two blocks", entry({ ipv6CidrBlock: "::/0" }), "ingress[0].ipv6CidrBlock"],
    ["a protocol that there is not", entry({ protocol: "https" }), "ingress[0].protocol"],
    ["ports in the wrong order", entry({ fromPort: 500, toPort: 400 }), "ingress[0].toPort"],
    [
      "41 entries",
      {
        egress: Array.from({ length: 41 }, (_, index) => ({
          ruleNo: index + 1,
          action: "allow",
          protocol: "-1",
          cidrBlock: "0.0.0.0/0",
          fromPort: 0,
          toPort: 0,
        })),
      },
      "egress",
    ],
    ["all protocols with ports", entry({ protocol: "-1", fromPort: 443, toPort: 443 }), "ingress[0].fromPort"],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["an instance that is none", { instance: "web" }, "instance"],
    ["a private address without an interface", { associateWithPrivateIp: "10.0.0.4" }, "associateWithPrivateIp"],
    ["an address of a name", { address: "one.two.three.four" }, "address"],
    ["a pool that is none", { publicIpv4Pool: "pool" }, "publicIpv4Pool"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["an address by its IP", { allocationId: "203.0.113.4" }, "allocationId"],
    ["no subnet", { subnetId: undefined }, "subnetId"],
    ["a private address that is none", { privateIp: "10.0.0" }, "privateIp"],
    [
      "a private one with second addresses",
      { connectivityType: "private", allocationId: undefined, secondaryAllocationIds: ["eipalloc-1a1b2c3d"] },
      "secondaryAllocationIds",
    ],
  ]),
  ...of("aws:ec2/internetGateway:InternetGateway", [["a VPC that is none", { vpcId: "main" }, "vpcId"]]),
  ...of("aws:ec2/routeTable:RouteTable", [
    ["a route without a target", { routes: [{ cidrBlock: "0.0.0.0/0" }] }, "routes[0].carrierGatewayId"],
    [
      "a route to host bits",
      { routes: [{ cidrBlock: "10.0.0.1/8", gatewayId: "igw-0a1b2c3d" }] },
      "routes[0].cidrBlock",
    ],
    [
      "two routes to one block",
      {
        routes: [
          { cidrBlock: "0.0.0.0/0", gatewayId: "igw-0a1b2c3d" },
          { cidrBlock: "0.0.0.0/0", natGatewayId: "nat-0a1b2c3d" },
        ],
      },
      "routes",
    ],
  ]),
  ...of("aws:ec2/route:Route", [
    ["a NAT gateway as a gateway", { gatewayId: "nat-0a1b2c3d" }, "gatewayId"],
    [
      "an egress-only gateway for IPv4",
      { gatewayId: undefined, egressOnlyGatewayId: "eigw-0a1b2c3d" },
      "egressOnlyGatewayId",
    ],
    ["an IPv6 destination as IPv4", { destinationCidrBlock: "::/0" }, "destinationCidrBlock"],
    ["a table that is none", { routeTableId: "main" }, "routeTableId"],
    ["a peering that is none", { gatewayId: undefined, vpcPeeringConnectionId: "peer" }, "vpcPeeringConnectionId"],
    ["a VPC's endpoint by its service", { gatewayId: undefined, vpcEndpointId: "com.amazonaws.s3" }, "vpcEndpointId"],
  ]),
  ...of(ENDPOINT, [
    [
      "a gateway for ECR",
      { vpcEndpointType: "Gateway", subnetIds: undefined, securityGroupIds: undefined, privateDnsEnabled: undefined },
      "serviceName",
    ],
    [
      "a gateway with private DNS",
      {
        vpcEndpointType: "Gateway",
        serviceName: "com.amazonaws.us-east-1.s3",
        subnetIds: undefined,
        securityGroupIds: undefined,
      },
      "privateDnsEnabled",
    ],
    [
      "a service of another region",
      { serviceName: "com.amazonaws.eu-west-1.ecr.api", region: "us-east-1" },
      "serviceName",
    ],
    [
      "a service that there is not",
      { serviceName: "com.amazonaws.us-east-1.nosuchservice", region: "us-east-1" },
      "serviceName",
    ],
    ["a group that is none", { securityGroupIds: ["default"] }, "securityGroupIds[0]"],
    [
      "a policy with an effect that there is not",
      grant({ Effect: "Permit", Principal: "*", Action: "*", Resource: "*" }),
      "policy",
    ],
    ["a policy without Principal", grant({ Action: "*", Resource: "*" }), "policy"],
    [
      "private DNS only for inbound queries of another service",
      { dnsOptions: { privateDnsOnlyForInboundResolverEndpoint: true } },
      "dnsOptions.privateDnsOnlyForInboundResolverEndpoint",
    ],
    [
      "DNS records of an address family that there is not",
      { dnsOptions: { dnsRecordIpType: "both" } },
      "dnsOptions.dnsRecordIpType",
    ],
    [
      "a table twice",
      {
        vpcEndpointType: "Gateway",
        serviceName: "com.amazonaws.us-east-1.s3",
        subnetIds: undefined,
        securityGroupIds: undefined,
        privateDnsEnabled: undefined,
        routeTableIds: ["rtb-1", "rtb-1"],
      },
      "routeTableIds",
    ],
  ]),
  ...of(FLOW, [
    ["a VPC and a subnet", { subnetId: "subnet-0a1b2c3d" }, "subnetId"],
    ["no kind of traffic", { trafficType: undefined }, "trafficType"],
    ["no destination", { logDestination: undefined }, "logDestination"],
    ["a format without braces", { logFormat: "version account-id" }, "logFormat"],
    [
      "a format with a field that there is not",
      { logFormat: ["version", "nosuchfield"].map((field) => `\${${field}}`).join(" ") },
      "logFormat",
    ],
    ["a group's name in place of its ARN", { logDestination: "/sparki/flow" }, "logDestination"],
    ["file options of logs to CloudWatch", { destinationOptions: { fileFormat: "parquet" } }, "destinationOptions"],
    [
      "a bucket that is none",
      { logDestinationType: "s3", iamRoleArn: undefined, logDestination: "arn:aws:s3:::UPPER" },
      "logDestination",
    ],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    [
      "a hop limit of 65",
      { metadataOptions: { httpPutResponseHopLimit: 65 } },
      "metadataOptions.httpPutResponseHopLimit",
    ],
    ["an instance type that there is not", { instanceType: "m99.large" }, "instanceType"],
    [
      "a volume kind that there is not",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "gp9" } }] },
      "blockDeviceMappings[0].ebs.volumeType",
    ],
    [
      "IOPS of 100 on io2 without a number",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "io2" } }] },
      "blockDeviceMappings[0].ebs.iops",
    ],
    [
      "groups beside interfaces",
      { vpcSecurityGroupIds: ["sg-0a1b2c3d"], networkInterfaces: [{ deviceIndex: 0 }] },
      "vpcSecurityGroupIds",
    ],
    [
      "a key without encryption",
      {
        blockDeviceMappings: [
          { deviceName: "/dev/xvda", ebs: { kmsKeyId: RIGHT["aws:kms/alias:Alias"]?.targetKeyId, encrypted: "false" } },
        ],
      },
      "blockDeviceMappings[0].ebs.kmsKeyId",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    ["signing by a symmetric key", { keyUsage: "SIGN_VERIFY" }, "keyUsage"],
    [
      "encryption by an elliptic curve",
      { customerMasterKeySpec: "ECC_NIST_P256", enableKeyRotation: false },
      "keyUsage",
    ],
    ["a rotation of 3000 days", { rotationPeriodInDays: 3000 }, "rotationPeriodInDays"],
    [
      "a policy without the right to change it",
      grant({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/reader` }, Action: "kms:Decrypt", Resource: "*" }),
      "policy",
    ],
    [
      "an action of another service",
      grant({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: ["kms:*", "kmss:Decrypt"], Resource: "*" }),
      "policy",
    ],
    [
      "a principal that is no ARN",
      grant({ Principal: { AWS: "role/engine" }, Action: "kms:*", Resource: "*" }),
      "policy",
    ],
    [
      "a rotation period without rotation",
      { enableKeyRotation: false, rotationPeriodInDays: 180 },
      "rotationPeriodInDays",
    ],
    ["a use that there is not", { keyUsage: "ENCRYPT" }, "keyUsage"],
    [
      "a condition's operator that there is not",
      grant({
        Principal: "*",
        Action: "kms:*",
        Resource: "*",
        Condition: { StringMatches: { "kms:ViaService": "rds" } },
      }),
      "policy",
    ],
    ["a tag's key with a star", { tags: { "a*": "b" } }, "tags.a*"],
  ]),
  ...of("aws:kms/alias:Alias", [
    ["nothing behind the prefix", { name: "alias/" }, "name"],
    ["an alias of an alias", { targetKeyId: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/other` }, "targetKeyId"],
    ["a colon", { name: "alias/sparki:data" }, "name"],
    ["a name of 257 characters", { name: `alias/${long(251)}` }, "name"],
  ]),
  ...of("aws:iam/role:Role", [
    ["a policy of identities as trust", trust({ Action: "sts:AssumeRole", Resource: "*" }), "assumeRolePolicy"],
    [
      "trust with a Resource",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", Resource: "*" }),
      "assumeRolePolicy",
    ],
    [
      "trust in an action that assumes nothing",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "s3:GetObject" }),
      "assumeRolePolicy",
    ],
    [
      "trust in a service without its domain",
      trust({ Principal: { Service: "ec2" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "trust in a kind of principal that there is not",
      trust({ Principal: { User: "*" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a document longer than 4096 characters",
      trust({
        Principal: {
          AWS: Array.from({ length: 120 }, (_, index) => `arn:aws:iam::${ACCOUNT}:role/some-longer-name-${index}`),
        },
        Action: "sts:AssumeRole",
      }),
      "assumeRolePolicy",
    ],
    ["a session of half an hour", { maxSessionDuration: 1800 }, "maxSessionDuration"],
    ["a path of 513 characters", { path: `/${long(512)}/` }, "path"],
    [
      "a boundary that is a role",
      { permissionsBoundary: `arn:aws:iam::${ACCOUNT}:role/boundary` },
      "permissionsBoundary",
    ],
    ["a description of 1001 characters", { description: long(1001) }, "description"],
    ["a name and a prefix", { namePrefix: "sparki-" }, "namePrefix"],
    [
      "21 managed policies",
      { managedPolicyArns: Array.from({ length: 26 }, (_, index) => `arn:aws:iam::${ACCOUNT}:policy/p${index}`) },
      "managedPolicyArns",
    ],
    [
      "a condition without an operator",
      trust({
        Principal: { Service: "ec2.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { "aws:SourceAccount": ACCOUNT },
      }),
      "assumeRolePolicy",
    ],
    [
      "a version that there is not",
      {
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-18",
          Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
      },
      "assumeRolePolicy",
    ],
    ["a tag with a bar", { tags: { a: "b|c" } }, "tags.a"],
    ["two tags that differ in case", { tags: { Team: "a", team: "b" } }, "tags.team"],
  ]),
  ...of("aws:iam/rolePolicy:RolePolicy", [
    ["a NotPrincipal", grant({ NotPrincipal: "*", Action: "*", Resource: "*" }), "policy"],
    [
      "a statement without an effect",
      { policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Action: "s3:*", Resource: "*" }] }) },
      "policy",
    ],
    [
      "a Sid twice",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: ["a", "a"].map((Sid) => ({ Sid, Effect: "Allow", Action: "s3:*", Resource: "*" })),
        }),
      },
      "policy",
    ],
    ["an element that there is not", grant({ Action: "s3:*", Resource: "*", Conditions: {} }), "policy"],
    ["an action with a blank", grant({ Action: "s3: GetObject", Resource: "*" }), "policy"],
    [
      "a document of 10241 characters",
      grant({
        Action: "s3:GetObject",
        Resource: Array.from({ length: 400 }, (_, index) => `arn:aws:s3:::some-bucket-of-ours-${index}/*`),
      }),
      "policy",
    ],
    ["a bucket's name as a resource", grant({ Action: "s3:GetObject", Resource: "sparki/*" }), "policy"],
    ["a list as a document", { policy: "[]" }, "policy"],
    [
      "a trailing comma",
      { policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",}]}' },
      "policy",
    ],
    ["a role's ARN", { role: `arn:aws:iam::${ACCOUNT}:role/engine` }, "role"],
    ["a name of 129 characters", { name: long(129) }, "name"],
  ]),
  ...of("aws:iam/policy:Policy", [
    [
      "a document of 6145 characters",
      grant({
        Action: "s3:GetObject",
        Resource: Array.from({ length: 200 }, (_, index) => `arn:aws:s3:::some-bucket-of-ours-${index}/*`),
      }),
      "policy",
    ],
    ["a description of 1001 characters", { description: long(1001) }, "description"],
    ["a path that begins without a slash", { path: "sparki/" }, "path"],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    [
      "a managed policy that there is not",
      { policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolice" },
      "policyArn",
    ],
    ["no role", { role: undefined }, "role"],
  ]),
  ...of("aws:iam/instanceProfile:InstanceProfile", [
    ["a name with a slash", { name: "nodes/one" }, "name"],
    ["a role's ARN", { role: `arn:aws:iam::${ACCOUNT}:role/nodes` }, "role"],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    ["a URL with a query", { url: "https://issuer.test/?a=b" }, "url"],
    ["an audience twice", { clientIdLists: ["a", "a"] }, "clientIdLists"],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["a retention below 0", { retentionInDays: -1 }, "retentionInDays"],
    ["a colon", { name: "/sparki:prod" }, "name"],
    ["a star", { name: "/sparki/*" }, "name"],
    ["a key of another region", { kmsKeyId: KEY_ELSEWHERE, region: "us-east-1" }, "kmsKeyId"],
    ["a name and a prefix", { namePrefix: "/sparki" }, "namePrefix"],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    [
      "a document of 5121 characters",
      {
        policyDocument: policy({
          Principal: { Service: "route53.amazonaws.com" },
          Action: "logs:PutLogEvents",
          Resource: Array.from(
            { length: 90 },
            (_, index) => `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/some/longer/name/${index}:*`,
          ),
        }),
      },
      "policyDocument",
    ],
    ["a document that is none", { policyDocument: "allow" }, "policyDocument"],
  ]),
  ...of(CLUSTER, [
    [
      "an IPv6 range for services of IPv4",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "fd00::/108" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "a public range for services",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "8.8.0.0/16" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "a range of /25 for services",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "172.20.0.0/25" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "no way to the API",
      inner(CLUSTER, "vpcConfig", { endpointPrivateAccess: false }),
      "vpcConfig.endpointPrivateAccess",
    ],
    [
      "a private block that may reach the public endpoint",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["10.0.0.0/8"] }),
      "vpcConfig.publicAccessCidrs",
    ],
    [
      "41 blocks that may reach the public endpoint",
      inner(CLUSTER, "vpcConfig", {
        endpointPublicAccess: true,
        publicAccessCidrs: Array.from({ length: 41 }, (_, index) => `203.0.113.${index}/32`),
      }),
      "vpcConfig.publicAccessCidrs",
    ],
    [
      "a group of six security groups",
      inner(CLUSTER, "vpcConfig", { securityGroupIds: ids("sg", 6) }),
      "vpcConfig.securityGroupIds",
    ],
    ["17 subnets", inner(CLUSTER, "vpcConfig", { subnetIds: ids("subnet", 17) }), "vpcConfig.subnetIds"],
    [
      "the config map with Auto Mode",
      { accessConfig: { authenticationMode: "CONFIG_MAP" } },
      "accessConfig.authenticationMode",
    ],
    ["a pool of one's own", inner(CLUSTER, "computeConfig", { nodePools: ["spot"] }), "computeConfig.nodePools"],
    [
      "encryption of other things",
      {
        encryptionConfig: {
          provider: { keyArn: RIGHT["aws:kms/alias:Alias"]?.targetKeyId },
          resources: ["configmaps"],
        },
      },
      "encryptionConfig.resources",
    ],
    [
      "a key of another region",
      { encryptionConfig: { provider: { keyArn: KEY_ELSEWHERE }, resources: ["secrets"] }, region: "us-east-1" },
      "encryptionConfig.provider.keyArn",
    ],
    ["a zonal shift that is no switch", { zonalShiftConfig: { enabled: "perhaps" } }, "zonalShiftConfig.enabled"],
    [
      "a service range of an IPv6 cluster",
      inner(CLUSTER, "kubernetesNetworkConfig", { ipFamily: "ipv6" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    ["a log twice", { enabledClusterLogTypes: ["api", "api"] }, "enabledClusterLogTypes"],
    ["a version that is too old", { version: "1.22" }, "version"],
    ["a version with a letter", { version: "v1.33" }, "version"],
    [
      "remote nodes in public blocks",
      { remoteNetworkConfig: { remoteNodeNetworks: { cidrs: ["203.0.113.0/24"] } } },
      "remoteNetworkConfig.remoteNodeNetworks.cidrs",
    ],
    ["a role of a path that is an ARN of a policy", { roleArn: `arn:aws:iam::${ACCOUNT}:policy/cluster` }, "roleArn"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["the group of EKS itself", { kubernetesGroups: ["eks:admins"] }, "kubernetesGroups"],
    ["the root of the account", { principalArn: `arn:aws:iam::${ACCOUNT}:root` }, "principalArn"],
    ["a group of IAM", { principalArn: `arn:aws:iam::${ACCOUNT}:group/admins` }, "principalArn"],
    ["a session's name without a colon", { userName: "admin{{SessionName}}" }, "userName"],
    ["a cluster's ARN", { clusterName: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/sparki` }, "clusterName"],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    [
      "an access policy that there is not",
      { policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSRootPolicy" },
      "policyArn",
    ],
    [
      "namespaces of a whole cluster",
      { accessScope: { type: "cluster", namespaces: ["default"] } },
      "accessScope.namespaces",
    ],
    ["a namespace with a blank", { accessScope: { type: "namespace", namespaces: ["a b"] } }, "accessScope.namespaces"],
    ["no scope", { accessScope: undefined }, "accessScope"],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["a list as configuration", { configurationValues: "[1]" }, "configurationValues"],
    ["a version of the chart", { addonVersion: "3.12.0" }, "addonVersion"],
    ["an add-on in capitals", { addonName: "CoreDNS" }, "addonName"],
    ["a conflict's resolution that there is not", { resolveConflictsOnUpdate: "MERGE" }, "resolveConflictsOnUpdate"],
    [
      "a pod identity without a role",
      { podIdentityAssociations: [{ serviceAccount: "metrics" }] },
      "podIdentityAssociations[0].roleArn",
    ],
    ["a latest version", { addonVersion: "latest" }, "addonVersion"],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["no namespace", { namespace: undefined }, "namespace"],
    ["a namespace of 64 characters", { namespace: long(64) }, "namespace"],
    ["a user as its role", { roleArn: `arn:aws:iam::${ACCOUNT}:user/engine` }, "roleArn"],
    ["a service account with an underscore", { serviceAccount: "sparki_engine" }, "serviceAccount"],
  ]),
  ...of("aws:rds/subnetGroup:SubnetGroup", [
    ["a subnet twice", { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }, "subnetIds"],
    ["a name of 256 characters", { name: long(256) }, "name"],
    ["a description of another alphabet", { description: "базы данных" }, "description"],
    ["21 subnets", { subnetIds: ids("subnet", 21) }, "subnetIds"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["a parameter that there is not", parameter("max_conections", "100", "pending-reboot"), "parameters[0].name"],
    ["a static parameter at once", parameter("shared_buffers", "1000", "immediate"), "parameters[0].applyMethod"],
    ["too few connections", parameter("max_connections", "2", "pending-reboot"), "parameters[0].value"],
    ["a level that there is not", parameter("log_min_messages", "loud"), "parameters[0].value"],
    ["a number that is none", parameter("work_mem", "64MB"), "parameters[0].value"],
    ["a family of another engine's version", { family: "postgres9" }, "family"],
    ["a name with two hyphens", { name: "sparki--prod" }, "name"],
    ["a name that begins with default", { name: "default.postgres17" }, "name"],
    [
      "a library that there is not",
      parameter("shared_preload_libraries", "nosuchlibrary", "pending-reboot"),
      "parameters[0].value",
    ],
    [
      "a parameter that RDS keeps to itself",
      parameter("data_directory", "/tmp", "pending-reboot"),
      "parameters[0].name",
    ],
  ]),
  ...of(DATABASE, [
    ["a class of ElastiCache", { instanceClass: "cache.r7g.large" }, "instanceClass"],
    ["a class without its prefix", { instanceClass: "r7g.large" }, "instanceClass"],
    ["storage of 70000 GiB", { allocatedStorage: 70_000, maxAllocatedStorage: undefined }, "allocatedStorage"],
    ["io2 with IOPS of 500", { storageType: "io2", iops: 500 }, "iops"],
    ["io1 with more than 50 IOPS a GiB", { storageType: "io1", iops: 20_000 }, "iops"],
    ["gp3 of 500 GiB with IOPS of 3000", { allocatedStorage: 500, iops: 3000 }, "iops"],
    [
      "gp3 of 500 GiB with throughput of 5000",
      { allocatedStorage: 500, storageThroughput: 5000, iops: 12_000 },
      "storageThroughput",
    ],
    [
      "throughput of more than a quarter of the IOPS",
      { allocatedStorage: 500, iops: 12_000, storageThroughput: 4000 },
      "storageThroughput",
    ],
    ["throughput of io2", { storageType: "io2", iops: 3000, storageThroughput: 500 }, "storageThroughput"],
    ["a password of 7 characters", { manageMasterUserPassword: undefined, password: "abcdefg" }, "password"],
    ["a password of 129 characters", { manageMasterUserPassword: undefined, password: long(129) }, "password"],
    ["a password with an at sign", { manageMasterUserPassword: undefined, password: "abcd@efgh" }, "password"],
    ["a user that begins with pg_", { username: "pg_sparki" }, "username"],
    ["a user of 64 characters", { username: long(64) }, "username"],
    ["a database with a hyphen", { dbName: "sparki-prod" }, "dbName"],
    ["a database of 64 characters", { dbName: long(64) }, "dbName"],
    ["backups below 0 days", { backupRetentionPeriod: -1 }, "backupRetentionPeriod"],
    ["a maintenance window of two days", { maintenanceWindow: "sun:05:00-tue:05:00" }, "maintenanceWindow"],
    ["a day that there is not", { maintenanceWindow: "son:05:00-son:06:00" }, "maintenanceWindow"],
    ["an hour that there is not", { backupWindow: "24:00-24:30" }, "backupWindow"],
    ["a monitoring role without an interval", { monitoringInterval: 0 }, "monitoringInterval"],
    [
      "insights kept for 10 days",
      { performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 10 },
      "performanceInsightsRetentionPeriod",
    ],
    [
      "insights' key without insights",
      { performanceInsightsKmsKeyId: RIGHT["aws:kms/alias:Alias"]?.targetKeyId },
      "performanceInsightsEnabled",
    ],
    ["database insights without insights", { databaseInsightsMode: "advanced" }, "performanceInsightsEnabled"],
    [
      "advanced insights kept for a week",
      { databaseInsightsMode: "advanced", performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 7 },
      "performanceInsightsRetentionPeriod",
    ],
    ["a port of 65536", { port: 65_536 }, "port"],
    ["a time zone", { timezone: "UTC" }, "timezone"],
    ["a character set", { characterSetName: "UTF8" }, "characterSetName"],
    ["a domain without its role", { domain: "d-0123456789" }, "domain"],
    ["a replica with a user", { replicateSourceDb: "other" }, "username"],
    ["a final snapshot of 256 characters", { finalSnapshotIdentifier: long(256) }, "finalSnapshotIdentifier"],
    ["a key of another region", { kmsKeyId: KEY_ELSEWHERE }, "kmsKeyId"],
    ["a zone of another region", { multiAz: false, availabilityZone: "eu-west-1a" }, "availabilityZone"],
    ["backups to a place that there is not", { backupTarget: "zone" }, "backupTarget"],
    ["a parameter group of another engine", { parameterGroupName: "default.postgres16" }, "parameterGroupName"],
    ["a storage limit below the storage", { maxAllocatedStorage: 50 }, "maxAllocatedStorage"],
    ["a dedicated log volume of gp3", { dedicatedLogVolume: true }, "dedicatedLogVolume"],
    ["an option group of another engine", { optionGroupName: "default:mysql-8-0" }, "optionGroupName"],
    ["a class too old for the version", { instanceClass: "db.m3.large" }, "instanceClass"],
    ["a security group's name", { vpcSecurityGroupIds: ["database"] }, "vpcSecurityGroupIds[0]"],
    ["Oracle's licence", { licenseModel: "license-included" }, "licenseModel"],
    ["replicas' mode of another engine", { replicaMode: "mounted" }, "replicaMode"],
    [
      "IAM logins of an engine without them",
      {
        engine: "sqlserver-se",
        engineVersion: undefined,
        dbName: undefined,
        licenseModel: "license-included",
        username: "sparki",
        iamDatabaseAuthenticationEnabled: true,
        enabledCloudwatchLogsExports: ["error"],
      },
      "iamDatabaseAuthenticationEnabled",
    ],
    ["a tag with a semicolon", { tags: { owner: "a;b" } }, "tags.owner"],
  ]),
  ...of("aws:elasticache/subnetGroup:SubnetGroup", [
    ["a subnet twice", { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }, "subnetIds"],
    ["a subnet's name", { subnetIds: ["private-a"] }, "subnetIds[0]"],
    ["a name of 256 characters", { name: long(256) }, "name"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["a policy that there is not", parameter("maxmemory-policy", "oldest-first"), "parameters[0].value"],
    ["a parameter that there is not", parameter("max-memory", "1"), "parameters[0].name"],
    [
      "one twice",
      {
        parameters: [
          { name: "timeout", value: "1" },
          { name: "timeout", value: "2" },
        ],
      },
      "parameters",
    ],
    ["a name with a period", { name: "default.redis7" }, "name"],
    ["a time-out below 0", parameter("timeout", "-1"), "parameters[0].value"],
  ]),
  ...of(CACHE, [
    ["an id with two hyphens", { replicationGroupId: "sparki--cache" }, "replicationGroupId"],
    ["an id that ends in a hyphen", { replicationGroupId: "sparki-" }, "replicationGroupId"],
    ["an id that begins with a digit", { replicationGroupId: "1cache" }, "replicationGroupId"],
    ["no description", { description: undefined }, "description"],
    ["Multi-AZ without failover", { automaticFailoverEnabled: false }, "multiAzEnabled"],
    ["a token with a slash", { authToken: "0123456789abcdef/012" }, "authToken"],
    ["a node type of RDS", { nodeType: "db.r7g.large" }, "nodeType"],
    ["zones fewer than nodes", { preferredCacheClusterAzs: ["us-east-1a"] }, "preferredCacheClusterAzs"],
    ["shards of 0", { numCacheClusters: undefined, numNodeGroups: 0, replicasPerNodeGroup: 1 }, "numNodeGroups"],
    ["6 replicas", { numCacheClusters: undefined, numNodeGroups: 1, replicasPerNodeGroup: 6 }, "replicasPerNodeGroup"],
    ["a Valkey version of Redis", { engine: "valkey", engineVersion: "7.1" }, "engineVersion"],
    [
      "parameters of Redis for Valkey",
      { engine: "valkey", engineVersion: "8.0", parameterGroupName: "default.redis7" },
      "parameterGroupName",
    ],
    [
      "a TLS mode without TLS",
      { transitEncryptionEnabled: false, authToken: undefined, transitEncryptionMode: "required" },
      "transitEncryptionMode",
    ],
    ["a snapshot window that meets midnight's maintenance", { snapshotWindow: "04:30-05:30" }, "snapshotWindow"],
    [
      "three logs",
      {
        logDeliveryConfigurations: ["slow-log", "engine-log", "slow-log"].map((logType) => ({
          destination: "logs",
          destinationType: "cloudwatch-logs",
          logFormat: "json",
          logType,
        })),
      },
      "logDeliveryConfigurations",
    ],
    [
      "a log's format that there is not",
      {
        logDeliveryConfigurations: [
          { destination: "logs", destinationType: "cloudwatch-logs", logFormat: "xml", logType: "slow-log" },
        ],
      },
      "logDeliveryConfigurations[0].logFormat",
    ],
    [
      "a log's destination by its ARN",
      {
        logDeliveryConfigurations: [
          {
            destination: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:cache`,
            destinationType: "cloudwatch-logs",
            logFormat: "json",
            logType: "slow-log",
          },
        ],
      },
      "logDeliveryConfigurations[0].destination",
    ],
    ["an address family that there is not", { networkType: "dualstack" }, "networkType"],
    ["a key of another region", { kmsKeyId: KEY_ELSEWHERE }, "kmsKeyId"],
    ["a snapshot's ARN of no bucket", { snapshotArns: ["arn:aws:sns:us-east-1:111122223333:topic"] }, "snapshotArns"],
    ["a topic that is none", { notificationTopicArn: "alerts" }, "notificationTopicArn"],
    ["T2 nodes with failover", { nodeType: "cache.t1.micro", snapshotRetentionLimit: 0 }, "nodeType"],
    ["a port of 0", { port: 0 }, "port"],
    ["an update strategy that there is not", { authTokenUpdateStrategy: "REPLACE" }, "authTokenUpdateStrategy"],
    ["a global group with a node type", { globalReplicationGroupId: "ldgnf-sparki" }, "nodeType"],
    ["Auto minor upgrades that are no switch", { autoMinorVersionUpgrade: "sometimes" }, "autoMinorVersionUpgrade"],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["a name of 513 characters", { name: long(513) }, "name"],
    ["recovery of 31 days", { recoveryWindowInDays: 31 }, "recoveryWindowInDays"],
    ["a policy without Principal", grant({ Action: "secretsmanager:GetSecretValue", Resource: "*" }), "policy"],
    ["a replica in its own region", { region: "us-east-1", replicas: [{ region: "us-east-1" }] }, "replicas"],
    ["a replica in a region that there is not", { replicas: [{ region: "us-east-9" }] }, "replicas[0].region"],
    ["a key of another region", { kmsKeyId: KEY_ELSEWHERE, region: "us-east-1" }, "kmsKeyId"],
    ["a name with a star", { name: "sparki/*" }, "name"],
  ]),
  ...of("aws:secretsmanager/secretVersion:SecretVersion", [
    ["65,537 bytes", { secretString: long(65_537) }, "secretString"],
    ["bytes that are no base64", { secretString: undefined, secretBinary: "not base64!" }, "secretBinary"],
    ["21 stages", { versionStages: Array.from({ length: 21 }, (_, index) => `S${index}`) }, "versionStages"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "a rate of minutes",
      { rotationRules: { scheduleExpression: "rate(10 minutes)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "a rate under 4 hours",
      { rotationRules: { scheduleExpression: "rate(1 hour)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "a duration of minutes",
      { rotationRules: { automaticallyAfterDays: 30, duration: "30m" } },
      "rotationRules.duration",
    ],
    ["a function's name", { rotationLambdaArn: "rotate" }, "rotationLambdaArn"],
    [
      "a schedule both ways",
      { rotationRules: { automaticallyAfterDays: 30, scheduleExpression: "rate(30 days)" } },
      "rotationRules",
    ],
  ]),
  ...of("aws:secretsmanager/secretPolicy:SecretPolicy", [
    [
      "everyone",
      {
        policy: policy({ Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*" }),
        blockPublicPolicy: true,
      },
      "policy",
    ],
    ["a secret's name", { secretArn: "sparki/prod" }, "secretArn"],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    ["subnets and mappings", { subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }] }, "subnetMappings"],
    ["a name with an underscore", { name: "sparki_prod" }, "name"],
    ["a name that begins with a hyphen", { name: "-sparki" }, "name"],
    ["a name and a prefix", { namePrefix: "spa" }, "namePrefix"],
    ["a prefix of 7 characters", { name: undefined, namePrefix: "sparki-" }, "namePrefix"],
    ["a security group's name", { securityGroups: ["entrance"] }, "securityGroups"],
    ["a subnet twice", { subnets: ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }, "subnets"],
    [
      "logs with a prefix of ELB's own",
      { accessLogs: { bucket: "sparki-logs", enabled: true, prefix: "AWSLogs/x" } },
      "accessLogs.prefix",
    ],
    ["a client's keep-alive of 30 seconds", { clientKeepAlive: 30 }, "clientKeepAlive"],
    ["cross-zone switched off", { enableCrossZoneLoadBalancing: false }, "enableCrossZoneLoadBalancing"],
    ["an IPv6-only balancer", { ipAddressType: "ipv6" }, "ipAddressType"],
    [
      "dual-stack without public IPv4 inside",
      { internal: true, ipAddressType: "dualstack-without-public-ipv4" },
      "ipAddressType",
    ],
    ["a customer's pool that is none", { customerOwnedIpv4Pool: "pool" }, "customerOwnedIpv4Pool"],
    [
      "fixed addresses of an application load balancer",
      {
        subnets: undefined,
        subnetMappings: ["0", "1"].map((digit) => ({
          subnetId: `subnet-${digit}a1b2c3d`,
          allocationId: `eipalloc-${digit}a1b2c3d`,
        })),
      },
      "subnetMappings[0].allocationId",
    ],
    ["a tag with a star", { tags: { "a*b": "c" } }, "tags.a*b"],
    ["no security group of an application load balancer by name", { securityGroups: ["sg_1"] }, "securityGroups"],
  ]),
  ...of(TARGET, [
    ["a port of 70000", { port: 70_000 }, "port"],
    ["a check's port of 0", check({ port: "0" }), "healthCheck.port"],
    ["a check's time-out of 1 second", check({ timeout: 1 }), "healthCheck.timeout"],
    ["an interval of 301 seconds", check({ interval: 301 }), "healthCheck.interval"],
    ["an unhealthy threshold of 11", check({ unhealthyThreshold: 11 }), "healthCheck.unhealthyThreshold"],
    ["a matcher of 600", check({ matcher: "600" }), "healthCheck.matcher"],
    [
      "a matcher of HTTP for gRPC",
      { protocolVersion: "GRPC", ...check({ matcher: "200-299" }) },
      "healthCheck.matcher",
    ],
    [
      "a check by TCP of HTTP targets",
      check({ protocol: "TCP", path: undefined, matcher: undefined }),
      "healthCheck.protocol",
    ],
    [
      "stickiness of a day and a week",
      { stickiness: { type: "lb_cookie", cookieDuration: 700_000 } },
      "stickiness.cookieDuration",
    ],
    [
      "stickiness by an application's cookie without its name",
      { stickiness: { type: "app_cookie" } },
      "stickiness.cookieName",
    ],
    [
      "stickiness by ELB's own cookie",
      { stickiness: { type: "app_cookie", cookieName: "AWSALB" } },
      "stickiness.cookieName",
    ],
    ["a slow start of 1000 seconds", { slowStart: 1000 }, "slowStart"],
    [
      "a slow start with another algorithm",
      { slowStart: 60, loadBalancingAlgorithmType: "least_outstanding_requests" },
      "slowStart",
    ],
    ["a name that begins with internal-", { name: "internal-engine" }, "name"],
    ["targets of Lambda with a port", { targetType: "lambda", protocol: undefined, vpcId: undefined }, "port"],
    ["cross-zone that is no switch", { loadBalancingCrossZoneEnabled: "perhaps" }, "loadBalancingCrossZoneEnabled"],
    ["preserved addresses of HTTP", { preserveClientIp: "sometimes" }, "preserveClientIp"],
    ["a version of TCP", { protocol: "TCP", protocolVersion: "HTTP2", healthCheck: undefined }, "protocolVersion"],
    ["no VPC", { vpcId: undefined }, "vpcId"],
    ["a path of 1025 characters", check({ path: `/${long(1024)}` }), "healthCheck.path"],
    ["a name of 33 characters", { name: long(33) }, "name"],
    ["a prefix of 7 characters", { name: undefined, namePrefix: "sparki-" }, "namePrefix"],
    ["a draining time below 0", { deregistrationDelay: -1 }, "deregistrationDelay"],
  ]),
  ...of(LISTENER, [
    ["a port of 65536", { port: 65_536 }, "port"],
    [
      "TCP on an application load balancer",
      { protocol: "TCP", certificateArn: undefined, sslPolicy: undefined },
      "protocol",
    ],
    ["no action", { defaultActions: [] }, "defaultActions"],
    [
      "two last actions",
      {
        defaultActions: [1, 2].map((order) => ({
          order,
          type: "fixed-response",
          fixedResponse: { contentType: "text/plain", statusCode: "404" },
        })),
      },
      "defaultActions",
    ],
    ["a redirect to port 99999", redirect({ port: "99999" }), "defaultActions[0].redirect.port"],
    [
      "a redirect with 307",
      { defaultActions: [{ type: "redirect", redirect: { port: "444", statusCode: "HTTP_307" } }] },
      "defaultActions[0].redirect.statusCode",
    ],
    ["a redirect to ftp", redirect({ protocol: "FTP" }), "defaultActions[0].redirect.protocol"],
    ["a redirect to a path without a slash", redirect({ path: "new" }), "defaultActions[0].redirect.path"],
    [
      "a redirect with the query's question mark",
      redirect({ path: "/a", query: "?a=b" }),
      "defaultActions[0].redirect.query",
    ],
    [
      "an answer of 1025 characters",
      {
        defaultActions: [
          {
            type: "fixed-response",
            fixedResponse: { contentType: "text/plain", statusCode: "404", messageBody: long(1025) },
          },
        ],
      },
      "defaultActions[0].fixedResponse.messageBody",
    ],
    [
      "six target groups",
      {
        defaultActions: [
          {
            type: "forward",
            forward: {
              targetGroups: Array.from({ length: 6 }, (_, index) => ({
                arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/t${index}/0123456789abcdef`,
              })),
            },
          },
        ],
      },
      "defaultActions[0].forward.targetGroups",
    ],
    [
      "a weight of 1000",
      {
        defaultActions: [
          {
            type: "forward",
            forward: {
              targetGroups: [
                {
                  arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/t/0123456789abcdef`,
                  weight: 1000,
                },
              ],
            },
          },
        ],
      },
      "defaultActions[0].forward.targetGroups[0].weight",
    ],
    [
      "a certificate of another region",
      {
        certificateArn: `arn:aws:acm:eu-west-1:${ACCOUNT}:certificate/0a1b2c3d-0000-1111-2222-333344445555`,
        region: "us-east-1",
      },
      "certificateArn",
    ],
    ["a certificate's domain", { certificateArn: "prod.sparki.tools" }, "certificateArn"],
    [
      "OIDC without HTTPS",
      {
        protocol: "HTTP",
        certificateArn: undefined,
        sslPolicy: undefined,
        defaultActions: [
          LOGIN,
          { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
      "defaultActions[0].type",
    ],
    [
      "mutual TLS by a store that is not there",
      { mutualAuthentication: { mode: "verify" } },
      "mutualAuthentication.trustStoreArn",
    ],
    ["a balancer's name", { loadBalancerArn: "sparki" }, "loadBalancerArn"],
    [
      "a forward with both forms that differ",
      {
        defaultActions: [
          {
            type: "forward",
            targetGroupArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/a/0123456789abcdef`,
            forward: {
              targetGroups: [
                { arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/b/0123456789abcdef` },
                { arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/c/0123456789abcdef` },
              ],
            },
          },
        ],
      },
      "defaultActions[0].targetGroupArn",
    ],
    [
      "an HSTS header without a number",
      { routingHttpResponseStrictTransportSecurityHeaderValue: "", routingHttpResponseServerEnabled: "perhaps" },
      "routingHttpResponseServerEnabled",
    ],
  ]),
  ...of(RULE, [
    ["a priority of 0", { priority: 0 }, "priority"],
    [
      "a host with a slash",
      condition({ hostHeader: { values: ["prod.sparki.tools/api"] } }),
      "conditions[0].hostHeader.values",
    ],
    [
      "a path of 129 characters",
      condition({ pathPattern: { values: [`/${long(128)}`] } }),
      "conditions[0].pathPattern.values",
    ],
    [
      "a method in lower case",
      condition({ httpRequestMethod: { values: ["get"] } }),
      "conditions[0].httpRequestMethod.values",
    ],
    ["a source that is no block", condition({ sourceIp: { values: ["10.0.0.1"] } }), "conditions[0].sourceIp.values"],
    [
      "two conditions in one",
      condition({ pathPattern: { values: ["/a"] }, hostHeader: { values: ["a.test"] } }),
      "conditions[0].pathPattern",
    ],
    [
      "two path conditions",
      { conditions: [{ pathPattern: { values: ["/a"] } }, { pathPattern: { values: ["/b"] } }] },
      "conditions",
    ],
    [
      "a header's name of 41 characters",
      condition({ httpHeader: { httpHeaderName: long(41), values: ["a"] } }),
      "conditions[0].httpHeader.httpHeaderName",
    ],
    [
      "a header's value of 129 characters",
      condition({ httpHeader: { httpHeaderName: "x", values: [long(129)] } }),
      "conditions[0].httpHeader.values",
    ],
    ["a query without a value", condition({ queryStrings: [{ key: "a" }] }), "conditions[0].queryStrings[0].value"],
    ["no action", { actions: [] }, "actions"],
    ["six wildcards", condition({ pathPattern: { values: ["/*/*/*", "/*/*/*/*"] } }), "conditions"],
    [
      "a forward to a balancer",
      {
        actions: [
          {
            type: "forward",
            targetGroupArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/a/0123456789abcdef`,
          },
        ],
      },
      "actions[0].targetGroupArn",
    ],
    ["an empty list of values", condition({ pathPattern: { values: [] } }), "conditions[0].pathPattern.values"],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["a name with a blank", { domainName: "prod sparki.tools" }, "domainName"],
    ["a wildcard in the middle", { domainName: "prod.*.tools" }, "domainName"],
    ["a name of one label", { domainName: "localhost" }, "domainName"],
    ["an address", { domainName: "203.0.113.7" }, "domainName"],
    [
      "an alternative name with an underscore",
      { subjectAlternativeNames: ["_a.sparki.tools"] },
      "subjectAlternativeNames",
    ],
    ["no validation", { validationMethod: undefined }, "validationMethod"],
    [
      "a validation's domain that is no parent",
      { validationOptions: [{ domainName: "prod.sparki.tools", validationDomain: "other.test" }] },
      "validationOptions[0].validationDomain",
    ],
    ["a domain beside a body", { certificateBody: "-----BEGIN CERTIFICATE-----" }, "domainName"],
    ["a name of another alphabet", { domainName: "прод.sparki.tools" }, "domainName"],
  ]),
  ...of("aws:acm/certificateValidation:CertificateValidation", [
    [
      "a listener's ARN",
      { certificateArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener/app/a/b/c` },
      "certificateArn",
    ],
    ["a record's name with a blank", { validationRecordFqdns: ["_a prod"] }, "validationRecordFqdns[0]"],
  ]),
  ...of(ACL, [
    ["no default action", { defaultAction: {} }, "defaultAction.allow"],
    [
      "a metric's name with a blank",
      { visibilityConfig: { ...VISIBLE, metricName: "a b" } },
      "visibilityConfig.metricName",
    ],
    [
      "a metric's name of WAF's own",
      { visibilityConfig: { ...VISIBLE, metricName: "Default_Action" } },
      "visibilityConfig.metricName",
    ],
    [
      "a limit above two billion",
      statement({ rateBasedStatement: { limit: 2_000_000_001, aggregateKeyType: "IP" } }),
      "rules[0].statement.rateBasedStatement.limit",
    ],
    [
      "a rate's window of 90 seconds",
      statement({ rateBasedStatement: { limit: 100, aggregateKeyType: "IP", evaluationWindowSec: 90 } }),
      "rules[0].statement.rateBasedStatement.evaluationWindowSec",
    ],
    [
      "a key of a rate that there is not",
      statement({ rateBasedStatement: { limit: 100, aggregateKeyType: "COOKIE" } }),
      "rules[0].statement.rateBasedStatement.aggregateKeyType",
    ],
    [
      "a forwarded address without its header",
      statement({ rateBasedStatement: { limit: 100, aggregateKeyType: "FORWARDED_IP" } }),
      "rules[0].statement.rateBasedStatement.forwardedIpConfig",
    ],
    [
      "a country that there is not",
      statement({ geoMatchStatement: { countryCodes: ["XX"] } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],
    [
      "an action beside a managed group",
      statement({ managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" } }),
      "rules[0].action",
    ],
    [
      "an override beside a rate",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } },
      }),
      "rules[0].overrideAction",
    ],
    [
      "two statements in one",
      statement({
        geoMatchStatement: { countryCodes: ["DE"] },
        rateBasedStatement: { limit: 100, aggregateKeyType: "IP" },
      }),
      "rules[0].statement",
    ],
    [
      "an and of one",
      statement({ andStatement: { statements: [{ geoMatchStatement: { countryCodes: ["DE"] } }] } }),
      "rules[0].statement.andStatement",
    ],
    [
      "a size that is compared by text",
      statement({
        sizeConstraintStatement: {
          comparisonOperator: "MORE",
          size: 1,
          fieldToMatch: { body: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.sizeConstraintStatement.comparisonOperator",
    ],
    [
      "no transformation",
      statement({ sqliMatchStatement: { fieldToMatch: { body: {} }, textTransformations: [] } }),
      "rules[0].statement.sqliMatchStatement.textTransformations",
    ],
    [
      "a transformation that there is not",
      statement({
        sqliMatchStatement: { fieldToMatch: { body: {} }, textTransformations: [{ priority: 0, type: "UPPER" }] },
      }),
      "rules[0].statement.sqliMatchStatement.textTransformations[0].type",
    ],
    [
      "two fields to match",
      statement({
        sqliMatchStatement: {
          fieldToMatch: { body: {}, uriPath: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch.uriPath",
    ],
    [
      "a response's status of 99",
      rule({
        action: { block: { customResponse: { responseCode: 99 } } },
        statement: { geoMatchStatement: { countryCodes: ["DE"] } },
      }),
      "rules[0].action.block.customResponse.responseCode",
    ],
    [
      "a response that is not among the bodies",
      rule({
        action: { block: { customResponse: { responseCode: 403, customResponseBodyKey: "none" } } },
        statement: { geoMatchStatement: { countryCodes: ["DE"] } },
      }),
      "rules[0].action.block.customResponse.customResponseBodyKey",
    ],
    [
      "an address set by its name",
      statement({ ipSetReferenceStatement: { arn: "blocked" } }),
      "rules[0].statement.ipSetReferenceStatement.arn",
    ],
    [
      "two priorities alike",
      {
        rules: ["a", "b"].map((name) => ({
          name,
          priority: 1,
          visibilityConfig: VISIBLE,
          action: { block: {} },
          statement: { geoMatchStatement: { countryCodes: ["DE"] } },
        })),
      },
      "rules",
    ],
    ["a description of 2 characters", { description: "ab" }, "description"],
    [
      "a negative priority",
      rule({ priority: -1, statement: { geoMatchStatement: { countryCodes: ["DE"] } } }),
      "rules[0].priority",
    ],
    [
      "a rule without visibility",
      {
        rules: [
          {
            name: "one",
            priority: 1,
            action: { block: {} },
            statement: { geoMatchStatement: { countryCodes: ["DE"] } },
          },
        ],
      },
      "rules[0].visibilityConfig",
    ],
    [
      "a managed group of another vendor",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "aws", name: "AWSManagedRulesCommonRuleSet" } },
      }),
      "rules[0].statement.managedRuleGroupStatement.vendorName",
    ],
    [
      "a search of 201 bytes",
      statement({
        byteMatchStatement: {
          positionalConstraint: "EXACTLY",
          searchString: long(201),
          fieldToMatch: { uriPath: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.byteMatchStatement.searchString",
    ],
    [
      "a place of a search that there is not",
      statement({
        byteMatchStatement: {
          positionalConstraint: "ANYWHERE",
          searchString: "a",
          fieldToMatch: { uriPath: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.byteMatchStatement.positionalConstraint",
    ],
    [
      "a header in capitals to match",
      statement({
        byteMatchStatement: {
          positionalConstraint: "EXACTLY",
          searchString: "a",
          fieldToMatch: { singleHeader: { name: "User-Agent" } },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.singleHeader.name",
    ],
    [
      "a regular expression of 513 characters",
      statement({
        regexMatchStatement: {
          regexString: long(513),
          fieldToMatch: { uriPath: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.regexMatchStatement.regexString",
    ],
    [
      "a regular expression that is none",
      statement({
        regexMatchStatement: {
          regexString: "(",
          fieldToMatch: { uriPath: {} },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.regexMatchStatement.regexString",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    [
      "a network load balancer",
      { resourceArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/net/sparki/0123456789abcdef` },
      "resourceArn",
    ],
    [
      "a web ACL of CloudFront",
      { webAclArn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/sparki/0a1b2c3d-0000-1111-2222-333344445555` },
      "webAclArn",
    ],
    [
      "a web ACL of another region",
      {
        webAclArn: `arn:aws:wafv2:eu-west-1:${ACCOUNT}:regional/webacl/sparki/0a1b2c3d-0000-1111-2222-333344445555`,
        region: "us-east-1",
      },
      "webAclArn",
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "a group of another beginning",
      { logDestinationConfigs: [`arn:aws:logs:us-east-1:${ACCOUNT}:log-group:sparki-waf`] },
      "logDestinationConfigs",
    ],
    [
      "a redacted header and query in one",
      { redactedFields: [{ queryString: {}, uriPath: {} }] },
      "redactedFields[0].uriPath",
    ],
    ["a redacted body", { redactedFields: [{ body: {} }] }, "redactedFields[0].body"],
    [
      "a filter without conditions",
      {
        loggingFilter: {
          defaultBehavior: "KEEP",
          filters: [{ behavior: "DROP", requirement: "MEETS_ANY", conditions: [] }],
        },
      },
      "loggingFilter.filters[0].conditions",
    ],
    [
      "a group of another region",
      {
        logDestinationConfigs: [`arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:aws-waf-logs-sparki`],
        region: "us-east-1",
      },
      "logDestinationConfigs[0]",
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["a name with an umlaut", { name: "bücher.test" }, "name"],
    ["two dots side by side", { name: "prod..tools" }, "name"],
    ["a label of 64 characters", { name: `${long(64)}.tools` }, "name"],
    [
      "a delegation set of a private zone",
      { delegationSetId: "N1PA6795SAMPLE", vpcs: [{ vpcId: "vpc-0a1b2c3d" }] },
      "delegationSetId",
    ],
    ["a VPC that is none", { vpcs: [{ vpcId: "main" }] }, "vpcs[0].vpcId"],
    ["an empty name", { name: "" }, "name"],
  ]),
  ...of(RECORD, [
    ["an IPv6 address of A", records("A", "2001:db8::1"), "records"],
    ["an IPv4 address of AAAA", records("AAAA", "203.0.113.1"), "records"],
    ["a mail server without its preference", records("MX", "mail.sparki.tools"), "records"],
    ["a service without its weight", records("SRV", "10 443 prod.sparki.tools"), "records"],
    ["a certificate authority without a tag", records("CAA", "amazon.com"), "records"],
    ["a delegation to an address", records("NS", "203.0.113.1"), "records"],
    ["a text without quotes that has one inside", records("TXT", 'one"two'), "records"],
    ["a signer without a digest", records("DS", "12345 13"), "records"],
    ["two values that are alike", records("A", "203.0.113.1", "203.0.113.1"), "records"],
    ["a time to live of an alias", { ttl: 60 }, "ttl"],
    ["a time to live below 0", { ...records("A", "203.0.113.1"), ttl: -1 }, "ttl"],
    ["a name with a blank", { name: "prod sparki.tools" }, "name"],
    ["a name of a label of 64 characters", { name: `${long(64)}.sparki.tools` }, "name"],
    [
      "a weight of 256",
      { setIdentifier: "a", weightedRoutingPolicies: [{ weight: 256 }] },
      "weightedRoutingPolicies[0].weight",
    ],
    [
      "a region that there is not",
      { setIdentifier: "a", latencyRoutingPolicies: [{ region: "us-north-1" }] },
      "latencyRoutingPolicies[0].region",
    ],
    [
      "a country that there is not",
      { setIdentifier: "a", geolocationRoutingPolicies: [{ country: "Germany" }] },
      "geolocationRoutingPolicies[0].country",
    ],
    [
      "a continent that there is not",
      { setIdentifier: "a", geolocationRoutingPolicies: [{ continent: "Europe" }] },
      "geolocationRoutingPolicies[0].continent",
    ],
    [
      "a failover that there is not",
      { setIdentifier: "a", failoverRoutingPolicies: [{ type: "THIRD" }] },
      "failoverRoutingPolicies[0].type",
    ],
    [
      "two routing policies",
      { setIdentifier: "a", failoverRoutingPolicies: [{ type: "PRIMARY" }], weightedRoutingPolicies: [{ weight: 1 }] },
      "weightedRoutingPolicies",
    ],
    [
      "many values behind an alias that is multivalue",
      { setIdentifier: "a", multivalueAnswerRoutingPolicy: true },
      "multivalueAnswerRoutingPolicy",
    ],
    ["a health check that is none", { ...records("A", "203.0.113.1"), healthCheckId: "web" }, "healthCheckId"],
    [
      "an alias to an address",
      { aliases: [{ name: "203.0.113.1", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }] },
      "aliases[0].name",
    ],
    [
      "an identifier of 129 characters",
      { setIdentifier: long(129), weightedRoutingPolicies: [{ weight: 1 }] },
      "setIdentifier",
    ],
    ["values of a CNAME that is an address with a scheme", records("CNAME", "https://prod.sparki.tools"), "records"],
    ["a PTR to nothing", records("PTR", "not a name"), "records"],
  ]),
  ...of("aws:route53/queryLog:QueryLog", [
    [
      "a stream",
      { cloudwatchLogGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/aws/route53/prod:log-stream:a` },
      "cloudwatchLogGroupArn",
    ],
    ["a zone's name", { zoneId: "prod.sparki.tools" }, "zoneId"],
    ["a bucket", { cloudwatchLogGroupArn: "arn:aws:s3:::logs" }, "cloudwatchLogGroupArn"],
  ]),
  ...of("aws:route53/keySigningKey:KeySigningKey", [
    ["a key of another region", { keyManagementServiceArn: KEY_ELSEWHERE }, "keyManagementServiceArn"],
    ["a name of 2 characters", { name: "ab" }, "name"],
    ["a key's id", { keyManagementServiceArn: "0a1b2c3d-0000-1111-2222-333344445555" }, "keyManagementServiceArn"],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a threshold of 11", { failureThreshold: 11 }, "failureThreshold"],
    ["a search without a text", { type: "HTTP_STR_MATCH" }, "searchString"],
    ["a search's text of 256 characters", { type: "HTTP_STR_MATCH", searchString: long(256) }, "searchString"],
    ["an address that is none", { fqdn: undefined, ipAddress: "203.0.113.300" }, "ipAddress"],
    ["a private address", { fqdn: undefined, ipAddress: "10.0.0.1" }, "ipAddress"],
    ["a region that there is not", { regions: ["us-east-1", "us-west-1", "moon-1"] }, "regions[2]"],
    ["a port of 70000", { port: 70_000 }, "port"],
    [
      "a sum without its parts",
      { type: "CALCULATED", fqdn: undefined, port: undefined, resourcePath: undefined, requestInterval: undefined },
      "childHealthchecks",
    ],
    [
      "an alarm without its name",
      {
        type: "CLOUDWATCH_METRIC",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
      },
      "cloudwatchAlarmName",
    ],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["64 characters", { bucket: long(64) }, "bucket"],
    ["a hyphen at its end", { bucket: "sparki-" }, "bucket"],
    ["an end of S3's own", { bucket: "sparki-s3alias" }, "bucket"],
    ["an access list that there is not", { acl: "public" }, "acl"],
    ["a name and a prefix", { bucketPrefix: "sparki" }, "bucketPrefix"],
    ["a prefix of 38 characters", { bucket: undefined, bucketPrefix: long(38) }, "bucketPrefix"],
    ["a region that there is not", { region: "us-east-11" }, "region"],
    ["a payer that there is not", { requestPayer: "Nobody" }, "requestPayer"],
    ["acceleration that there is not", { accelerationStatus: "On" }, "accelerationStatus"],
    ["a beginning of S3's directory buckets' end", { bucket: "sparki--x-s3" }, "bucket"],
    [
      "acceleration of a name with dots",
      { bucket: "logs.sparki", accelerationStatus: "Enabled" },
      "accelerationStatus",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "no principal",
      { policy: policy({ Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
    [
      "an action that there is not",
      { policy: policy({ Principal: "*", Action: "s3:GetObjects", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
    [
      "an action of another service",
      { policy: policy({ Principal: "*", Action: "kms:Decrypt", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
    [
      "an object's action on the bucket alone",
      { policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs" }) },
      "policy",
    ],
    [
      "a bucket's action on objects alone",
      { policy: policy({ Principal: "*", Action: "s3:ListBucket", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
    ["everything of all buckets", { policy: policy({ Principal: "*", Action: "s3:*", Resource: "*" }) }, "policy"],
    [
      "a condition's key that there is not",
      {
        policy: policy({
          Principal: "*",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::sparki-prod-logs/*",
          Condition: { StringEquals: { "s3:nosuchkey": "a" } },
        }),
      },
      "policy",
    ],
    [
      "20 KB and more",
      {
        policy: policy({
          Principal: "*",
          Action: "s3:GetObject",
          Resource: Array.from(
            { length: 500 },
            (_, index) => `arn:aws:s3:::sparki-prod-logs/some/longer/prefix/${index}/*`,
          ),
        }),
      },
      "policy",
    ],
    ["no bucket", { bucket: undefined }, "bucket"],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    [
      "a cipher that there is not",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aes256" } }] },
      "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
    ],
    [
      "a key of another cipher",
      {
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: "AES256",
              kmsMasterKeyId: RIGHT["aws:kms/alias:Alias"]?.targetKeyId,
            },
          },
        ],
      },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
    [
      "two rules",
      {
        rules: ["AES256", "aws:kms"].map((sseAlgorithm) => ({ applyServerSideEncryptionByDefault: { sseAlgorithm } })),
      },
      "rules",
    ],
    ["no rule", { rules: [] }, "rules"],
    [
      "a key of another region",
      {
        region: "us-east-1",
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY_ELSEWHERE } }],
      },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
    [
      "a key that is none",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "my key" } }] },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
  ]),
  ...of("aws:s3/bucketVersioning:BucketVersioning", [
    ["no status", { versioningConfiguration: {} }, "versioningConfiguration.status"],
    [
      "a second factor without a device",
      { versioningConfiguration: { status: "Enabled", mfaDelete: "Enabled" } },
      "mfa",
    ],
    ["an owner of 11 digits", { expectedBucketOwner: "11112222333" }, "expectedBucketOwner"],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "an end before a transition",
      life({ expiration: { days: 30 }, transitions: [{ days: 60, storageClass: "GLACIER" }] }),
      "rules[0].expiration",
    ],
    [
      "infrequent access after 10 days",
      life({ transitions: [{ days: 10, storageClass: "STANDARD_IA" }] }),
      "rules[0].transitions[0].days",
    ],
    [
      "a class that there is not",
      life({ transitions: [{ days: 30, storageClass: "COLD" }] }),
      "rules[0].transitions[0].storageClass",
    ],
    ["a date without midnight", life({ expiration: { date: "2027-01-01T10:00:00Z" } }), "rules[0].expiration.date"],
    [
      "two ids alike",
      {
        rules: ["a", "b"].map((prefix) => ({
          id: "old",
          status: "Enabled",
          filter: { prefix },
          expiration: { days: 1 },
        })),
      },
      "rules",
    ],
    ["an id of 256 characters", life({ id: long(256) }), "rules[0].id"],
    ["days and a date", life({ expiration: { days: 1, date: "2027-01-01T00:00:00Z" } }), "rules[0].expiration.days"],
    ["two filters", life({ filter: { prefix: "a", tag: { key: "a", value: "b" } } }), "rules[0].filter.tag"],
    [
      "101 newer versions",
      life({ noncurrentVersionExpiration: { noncurrentDays: 1, newerNoncurrentVersions: 101 } }),
      "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions",
    ],
    [
      "uploads aborted by a tag",
      life({
        expiration: undefined,
        filter: { tag: { key: "a", value: "b" } },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      }),
      "rules[0].abortIncompleteMultipartUpload",
    ],
    [
      "a class twice",
      life({ transitions: [30, 60].map((days) => ({ days, storageClass: "GLACIER" })) }),
      "rules[0].transitions",
    ],
    [
      "a size above which nothing is",
      life({ filter: { and: { objectSizeGreaterThan: 1000, objectSizeLessThan: 500 } } }),
      "rules[0].filter.and.objectSizeLessThan",
    ],
    ["an and of one", life({ filter: { and: { prefix: "a" } } }), "rules[0].filter.and"],
    ["no id", life({ id: undefined }), "rules[0].id"],
  ]),
  ...of("aws:s3/bucketOwnershipControls:BucketOwnershipControls", [
    ["no rule", { rule: undefined }, "rule"],
    ["a bucket's ARN of another service", { bucket: "Sparki" }, "bucket"],
  ]),
  ...of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", [
    ["a switch that is none", { blockPublicPolicy: "perhaps" }, "blockPublicPolicy"],
    ["a bucket in capitals", { bucket: "Logs" }, "bucket"],
  ]),
  ...of("aws:lambda/function:Function", [
    ["a role of another service's kind", { role: `arn:aws:iam::${ACCOUNT}:user/a` }, "role"],
    ["memory of 10241 MB", { memorySize: 10_241 }, "memorySize"],
    ["an architecture that there is not", { architectures: ["x86"] }, "architectures[0]"],
    ["two architectures", { architectures: ["x86_64", "arm64"] }, "architectures"],
    [
      "a variable that is Lambda's own",
      { environment: { variables: { AWS_REGION: "us-east-1" } } },
      "environment.variables.AWS_REGION",
    ],
    ["a variable's name with a hyphen", { environment: { variables: { "a-b": "c" } } }, "environment.variables.a-b"],
    ["storage of 100 MB", { ephemeralStorage: { size: 100 } }, "ephemeralStorage.size"],
    [
      "an image with a handler",
      { packageType: "Image", imageUri: "111122223333.dkr.ecr.us-east-1.amazonaws.com/a:1" },
      "handler",
    ],
    [
      "six layers",
      { layers: Array.from({ length: 6 }, (_, index) => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:l${index}:1`) },
      "layers",
    ],
    ["tracing that there is not", { tracingConfig: { mode: "On" } }, "tracingConfig.mode"],
    ["4 KB of variables and more", { environment: { variables: { A: long(4097) } } }, "environment.variables"],
    ["a concurrency below -1", { reservedConcurrentExecutions: -2 }, "reservedConcurrentExecutions"],
    [
      "subnets without groups",
      { vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: [] } },
      "vpcConfig.securityGroupIds",
    ],
    [
      "a letter box that is a bucket",
      { deadLetterConfig: { targetArn: "arn:aws:s3:::a" } },
      "deadLetterConfig.targetArn",
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["an action of another service", { action: "s3:GetObject" }, "action"],
    ["a principal that is no service", { principal: "secretsmanager" }, "principal"],
    ["a source that is no ARN", { sourceArn: "secret" }, "sourceArn"],
    ["an account of 13 digits", { sourceAccount: "1111222233334" }, "sourceAccount"],
    ["a statement's id with a blank", { statementId: "a b" }, "statementId"],
    ["an authentication that there is not", { functionUrlAuthType: "JWT" }, "functionUrlAuthType"],
  ]),
  ...of("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", [
    ["a block of /29", { cidrBlock: "100.64.0.0/29" }, "cidrBlock"],
    ["no block", { cidrBlock: undefined }, "cidrBlock"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "a netmask of 30",
      { cidrBlock: undefined, ipv4IpamPoolId: "ipam-pool-0a1b2c3d", ipv4NetmaskLength: 30 },
      "ipv4NetmaskLength",
    ],
  ]),
  ...of("aws:ec2/networkAcl:NetworkAcl", [
    ["an ICMP type of 300", entry({ protocol: "icmp", fromPort: 0, toPort: 0, icmpType: 300 }), "ingress[0].icmpType"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["a second address by its IP", { secondaryAllocationIds: ["203.0.113.4"] }, "secondaryAllocationIds[0]"],
    [
      "a second private address that is none",
      { secondaryPrivateIpAddresses: ["ten"] },
      "secondaryPrivateIpAddresses[0]",
    ],
  ]),
  ...of(FLOW, [
    ["a role of another account that is none", { deliverCrossAccountRole: "x" }, "deliverCrossAccountRole"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    [
      "a volume of 0 GiB",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 0 } }] },
      "blockDeviceMappings[0].ebs.volumeSize",
    ],
    [
      "gp3 with throughput of 3000",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "gp3", throughput: 3000 } }] },
      "blockDeviceMappings[0].ebs.throughput",
    ],
    [
      "gp3 with IOPS of 1000",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "gp3", iops: 1000 } }] },
      "blockDeviceMappings[0].ebs.iops",
    ],
    [
      "a switch that is neither",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "maybe" } }] },
      "blockDeviceMappings[0].ebs.encrypted",
    ],
    ["credits that there are not", { creditSpecification: { cpuCredits: "free" } }, "creditSpecification.cpuCredits"],
    [
      "a profile twice",
      { iamInstanceProfile: { arn: `arn:aws:iam::${ACCOUNT}:instance-profile/x`, name: "x" } },
      "iamInstanceProfile.name",
    ],
    ["a version of 0", { defaultVersion: 0 }, "defaultVersion"],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "trust in roles by a star",
      trust({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/*` }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
  ]),
  ...of(CLUSTER, [
    ["a pool twice", inner(CLUSTER, "computeConfig", { nodePools: ["system", "system"] }), "computeConfig.nodePools"],
  ]),
  ...of(DATABASE, [
    [
      "a restore to two times",
      { restoreToPointInTime: { useLatestRestorableTime: true, restoreTime: "2026-01-01T00:00:00Z" } },
      "restoreToPointInTime.useLatestRestorableTime",
    ],
    [
      "a snapshot and a source",
      { snapshotIdentifier: "a", replicateSourceDb: "b", username: undefined, dbName: undefined },
      "snapshotIdentifier",
    ],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["a prefix with a blank", { name: undefined, namePrefix: "a b" }, "namePrefix"],
  ]),
  ...of(LISTENER, [
    [
      "a frame's option that there is not",
      { routingHttpResponseXFrameOptionsHeaderValue: "maybe" },
      "routingHttpResponseXFrameOptionsHeaderValue",
    ],
  ]),
  ...of(RECORD, [
    ["a mail server of preference 70000", records("MX", "70000 mail.sparki.tools"), "records"],
    ["a service's port of 70000", records("SRV", "1 1 70000 prod.sparki.tools"), "records"],
    ["a certificate authority's flag of 300", records("CAA", '300 issue "x"'), "records"],
    ["an authority without its numbers", records("SOA", "ns.sparki.tools"), "records"],
    [
      "a bias of 100",
      { setIdentifier: "a", geoproximityRoutingPolicy: { awsRegion: "us-east-1", bias: 100 } },
      "geoproximityRoutingPolicy.bias",
    ],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a reference of 28 characters", { referenceName: long(28) }, "referenceName"],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    ["a transition at no time", life({ transitions: [{ storageClass: "GLACIER" }] }), "rules[0].transitions[0].date"],
    [
      "old versions in infrequent access after 10 days",
      life({ noncurrentVersionTransitions: [{ noncurrentDays: 10, storageClass: "STANDARD_IA" }] }),
      "rules[0].noncurrentVersionTransitions[0].noncurrentDays",
    ],
  ]),
  ...of("aws:lambda/function:Function", [
    [
      "an image of another registry",
      { packageType: "Image", imageUri: "nginx", runtime: undefined, handler: undefined },
      "imageUri",
    ],
  ]),
];

import type { InputRecord } from "../../aws/inputs.ts";
import { policy, RIGHT } from "./right-inputs.ts";

/** The type, what is wrong, what is changed in the right inputs, and where the finding lies. */
export type Wrong = readonly [type: string, what: string, change: InputRecord, path: string];

const of = (type: string, cases: readonly (readonly [string, InputRecord, string])[]): Wrong[] =>
  cases.map(([what, change, path]) => [type, what, change, path]);

const inner = (type: string, name: string, change: InputRecord): InputRecord => {
  const value = RIGHT[type]?.[name];
  return { [name]: { ...(typeof value === "object" && value !== null ? value : {}), ...change } };
};

const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const long = (count: number) => "a".repeat(count);

const DATABASE = "aws:rds/instance:Instance";
const CACHE = "aws:elasticache/replicationGroup:ReplicationGroup";
const CLUSTER = "aws:eks/cluster:Cluster";
const TARGET = "aws:lb/targetGroup:TargetGroup";
const LISTENER = "aws:lb/listener:Listener";
const RULE = "aws:lb/listenerRule:ListenerRule";
const ACL = "aws:wafv2/webAcl:WebAcl";
const VISIBLE = { cloudwatchMetricsEnabled: true, metricName: "sparki", sampledRequestsEnabled: true };
const rule = (rest: InputRecord): InputRecord => ({
  rules: [{ name: "one", priority: 1, visibilityConfig: VISIBLE, action: { block: {} }, ...rest }],
});
const rate = (rest: InputRecord): InputRecord =>
  rule({ statement: { rateBasedStatement: { limit: 2000, aggregateKeyType: "IP", ...rest } } });
const check = (rest: InputRecord) => inner(TARGET, "healthCheck", rest);
const answer = (rest: InputRecord): InputRecord => ({
  defaultActions: [
    { type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404", ...rest } },
  ],
});
const redirect = (rest: InputRecord): InputRecord => ({ defaultActions: [{ type: "redirect", redirect: rest }] });
const entry = (rest: InputRecord): InputRecord => ({
  ingress: [
    { ruleNo: 100, action: "allow", protocol: "tcp", cidrBlock: "10.0.0.0/8", fromPort: 443, toPort: 443, ...rest },
  ],
});
const life = (rest: InputRecord): InputRecord => ({
  rules: [{ id: "old", status: "Enabled", filter: {}, expiration: { days: 365 }, ...rest }],
});
const trust = (statement: object): InputRecord => ({ assumeRolePolicy: policy(statement) });

/** What AWS or its provider refuses, by the documents of each service. */
export const WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a block of /8", { cidrBlock: "10.0.0.0/8" }, "cidrBlock"],
    ["a block of /29", { cidrBlock: "10.40.0.0/29" }, "cidrBlock"],
    ["host bits in the block", { cidrBlock: "10.40.0.1/16" }, "cidrBlock"],
    ["no block", { cidrBlock: undefined }, "cidrBlock"],
    ["a tenancy that there is not", { instanceTenancy: "shared" }, "instanceTenancy"],
    ["DNS names without DNS", { enableDnsSupport: false }, "enableDnsHostnames"],
    ["a property that there is not", { cidr: "10.40.0.0/16" }, "cidr"],
    ["a tag of AWS's own", { tags: { "aws:created": "x" } }, "tags.aws:created"],
    ["a tag's value of 257 characters", { tags: { a: long(257) } }, "tags.a"],
    ["51 tags", { tags: Object.fromEntries(many(51, (index) => `k${index}`).map((key) => [key, "v"])) }, "tags"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a block of /29", { cidrBlock: "10.40.0.0/29" }, "cidrBlock"],
    ["a zone of another region", { availabilityZone: "eu-west-1a" }, "availabilityZone"],
    ["a zone that is none", { availabilityZone: "us-east-1" }, "availabilityZone"],
    ["a zone and a zone's id", { availabilityZoneId: "use1-az1" }, "availabilityZoneId"],
    ["an id that is no VPC's", { vpcId: "sg-0a1b2c3d" }, "vpcId"],
    ["a hostname type that there is not", { privateDnsHostnameTypeOnLaunch: "name" }, "privateDnsHostnameTypeOnLaunch"],
    ["IPv6 addresses without a block", { assignIpv6AddressOnCreation: true }, "assignIpv6AddressOnCreation"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a description with a dash of another alphabet", { description: "database – cluster" }, "description"],
    ["a name that begins with sg-", { name: "sg-database" }, "name"],
    ["a name of 256 characters", { name: long(256) }, "name"],
    ["the name default", { name: "default" }, "name"],
    [
      "an inline rule with a port of 70000",
      { ingress: [{ protocol: "tcp", fromPort: 443, toPort: 70_000 }] },
      "ingress[0].toPort",
    ],
    [
      "an inline rule with host bits",
      { ingress: [{ protocol: "tcp", fromPort: 1, toPort: 2, cidrBlocks: ["10.0.0.1/8"] }] },
      "ingress[0].cidrBlocks",
    ],
  ]),
  ...of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", [
    ["a port of 70000", { toPort: 70_000 }, "toPort"],
    ["a block of /33", { cidrIpv4: "10.0.0.0/33" }, "cidrIpv4"],
    ["host bits", { cidrIpv4: "10.0.0.1/8" }, "cidrIpv4"],
    ["a description with a bar", { description: "a | b" }, "description"],
    ["two sources", { referencedSecurityGroupId: "sg-1a1b2c3d" }, "referencedSecurityGroupId"],
    ["no source", { cidrIpv4: undefined }, "cidrIpv4"],
    ["ports in the wrong order", { fromPort: 6000 }, "toPort"],
    ["a protocol that there is not", { ipProtocol: "http" }, "ipProtocol"],
    ["tcp without ports", { fromPort: undefined, toPort: undefined }, "fromPort"],
    ["an IPv6 block as IPv4", { cidrIpv4: "::/0" }, "cidrIpv4"],
  ]),
  ...of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", [
    ["a prefix list that is none", { referencedSecurityGroupId: undefined, prefixListId: "list" }, "prefixListId"],
    ["a protocol of 300", { ipProtocol: "300" }, "ipProtocol"],
  ]),
  ...of("aws:ec2/securityGroupRule:SecurityGroupRule", [
    ["a direction that there is not", { type: "inbound" }, "type"],
    ["no source", { cidrBlocks: [] }, "cidrBlocks"],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    [
      "two rules of one number",
      {
        ingress: [100, 100].map((ruleNo) => ({
          ruleNo,
          action: "allow",
          protocol: "-1",
          cidrBlock: "0.0.0.0/0",
          fromPort: 0,
          toPort: 0,
        })),
      },
      "ingress",
    ],
    ["a block that is none", entry({ cidrBlock: "everywhere" }), "ingress[0].cidrBlock"],
    ["host bits", entry({ cidrBlock: "10.0.0.1/8" }), "ingress[0].cidrBlock"],
    ["an action that there is not", entry({ action: "permit" }), "ingress[0].action"],
    ["a rule number of 32767", entry({ ruleNo: 32_767 }), "ingress[0].ruleNo"],
    ["a port of 65536", entry({ toPort: 65_536 }), "ingress[0].toPort"],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["the domain standard", { domain: "standard" }, "domain"],
    ["an instance and an interface", { instance: "i-0a1b2c3d", networkInterface: "eni-0a1b2c3d" }, "networkInterface"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["a public one without an address", { allocationId: undefined }, "allocationId"],
    ["a private one with an address", { connectivityType: "private" }, "allocationId"],
    ["a kind that there is not", { connectivityType: "internal" }, "connectivityType"],
  ]),
  ...of("aws:ec2/route:Route", [
    ["no target", { gatewayId: undefined }, "carrierGatewayId"],
    ["two targets", { natGatewayId: "nat-0a1b2c3d" }, "natGatewayId"],
    ["a destination that is none", { destinationCidrBlock: "world" }, "destinationCidrBlock"],
    ["two destinations", { destinationIpv6CidrBlock: "::/0" }, "destinationIpv6CidrBlock"],
    ["no destination", { destinationCidrBlock: undefined }, "destinationCidrBlock"],
  ]),
  ...of("aws:ec2/routeTableAssociation:RouteTableAssociation", [
    ["a subnet and a gateway", { gatewayId: "igw-0a1b2c3d" }, "gatewayId"],
    ["neither", { subnetId: undefined }, "subnetId"],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a gateway with subnets",
      {
        vpcEndpointType: "Gateway",
        serviceName: "com.amazonaws.us-east-1.s3",
        securityGroupIds: [],
        privateDnsEnabled: false,
      },
      "subnetIds",
    ],
    [
      "a gateway for a service without one",
      { vpcEndpointType: "Gateway", subnetIds: [], securityGroupIds: [], privateDnsEnabled: false },
      "serviceName",
    ],
    ["a type that there is not", { vpcEndpointType: "gatewayy" }, "vpcEndpointType"],
    ["route tables beside an interface", { routeTableIds: ["rtb-0a1b2c3d"] }, "routeTableIds"],
    ["a subnet twice", { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }, "subnetIds"],
    ["a service's name that is none", { serviceName: "s3" }, "serviceName"],
    ["a policy without Statement", { policy: "{}" }, "policy"],
    ["an address type that there is not", { ipAddressType: "IPv4" }, "ipAddressType"],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    ["logs without a role", { iamRoleArn: undefined }, "iamRoleArn"],
    ["no resource", { vpcId: undefined }, "vpcId"],
    ["two resources", { subnetId: "subnet-0a1b2c3d" }, "subnetId"],
    ["an interval of 300", { maxAggregationInterval: 300 }, "maxAggregationInterval"],
    ["a kind of traffic that there is not", { trafficType: "all" }, "trafficType"],
    ["S3 with a role", { logDestinationType: "s3", logDestination: "arn:aws:s3:::logs" }, "iamRoleArn"],
    ["a destination of another service", { logDestination: "arn:aws:s3:::logs" }, "logDestination"],
    ["a destination type that there is not", { logDestinationType: "cloudwatch" }, "logDestinationType"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    ["tokens that there are not", { metadataOptions: { httpTokens: "yes" } }, "metadataOptions.httpTokens"],
    [
      "a hop limit of 65",
      { metadataOptions: { httpPutResponseHopLimit: 65 } },
      "metadataOptions.httpPutResponseHopLimit",
    ],
    ["a name of 2 characters", { name: "ab" }, "name"],
  ]),
  ...of("aws:kms/key:Key", [
    ["a kind that there is not", { customerMasterKeySpec: "RSA_1024" }, "customerMasterKeySpec"],
    ["a window of 5 days", { deletionWindowInDays: 5 }, "deletionWindowInDays"],
    ["a window of 31 days", { deletionWindowInDays: 31 }, "deletionWindowInDays"],
    ["rotation of an RSA key", { customerMasterKeySpec: "RSA_2048" }, "enableKeyRotation"],
    ["a use that the kind lacks", { keyUsage: "SIGN_VERIFY" }, "keyUsage"],
    ["rotation after 30 days", { rotationPeriodInDays: 30 }, "rotationPeriodInDays"],
    ["a policy without Principal", { policy: policy({ Action: "kms:*", Resource: "*" }) }, "policy"],
  ]),
  ...of("aws:kms/alias:Alias", [
    ["no prefix", { name: "sparki" }, "name"],
    ["AWS's own prefix", { name: "alias/aws/sparki" }, "name"],
    ["a blank", { name: "alias/spar ki" }, "name"],
    ["a target that is no key", { targetKeyId: "data" }, "targetKeyId"],
  ]),
  ...of("aws:iam/role:Role", [
    ["a name of 65 characters", { name: long(65) }, "name"],
    ["a name with a blank", { name: "spar ki" }, "name"],
    ["a path without slashes", { path: "sparki" }, "path"],
    ["a session of 13 hours", { maxSessionDuration: 46_800 }, "maxSessionDuration"],
    ["trust without Principal", trust({ Action: "sts:AssumeRole" }), "assumeRolePolicy"],
    [
      "trust of a principal that is no service",
      trust({ Principal: { Service: "ec2" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "trust with another service's action",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "s3:GetObject" }),
      "assumeRolePolicy",
    ],
    [
      "trust with a Resource",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", Resource: "*" }),
      "assumeRolePolicy",
    ],
    ["trust that is no JSON", { assumeRolePolicy: "{" }, "assumeRolePolicy"],
    ["a managed policy that is no ARN", { managedPolicyArns: ["ReadOnlyAccess"] }, "managedPolicyArns"],
    [
      "a boundary that is no policy",
      { permissionsBoundary: "arn:aws:iam::111122223333:role/x" },
      "permissionsBoundary",
    ],
    ["a description of another alphabet", { description: "роль" }, "description"],
  ]),
  ...of("aws:iam/rolePolicy:RolePolicy", [
    ["an effect that there is not", { policy: policy({ Effect: "Permit", Action: "s3:*", Resource: "*" }) }, "policy"],
    ["a Principal", { policy: policy({ Principal: "*", Action: "s3:*", Resource: "*" }) }, "policy"],
    [
      "a version that there is not",
      {
        policy: JSON.stringify({
          Version: "2020-10-17",
          Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
        }),
      },
      "policy",
    ],
    ["no Resource", { policy: policy({ Action: "s3:*" }) }, "policy"],
    ["an action without a service", { policy: policy({ Action: "GetObject", Resource: "*" }) }, "policy"],
    ["a resource that is no ARN", { policy: policy({ Action: "s3:GetObject", Resource: "sparki" }) }, "policy"],
    ["an element in lower case", { policy: policy({ action: "s3:*", Resource: "*" }) }, "policy"],
    ["both Action and NotAction", { policy: policy({ Action: "s3:*", NotAction: "s3:*", Resource: "*" }) }, "policy"],
    [
      "a key twice",
      {
        policy:
          '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}]}',
      },
      "policy",
    ],
    [
      "an operator that there is not",
      { policy: policy({ Action: "s3:*", Resource: "*", Condition: { StringIs: { "aws:SourceAccount": "1" } } }) },
      "policy",
    ],
    ["no statement", { policy: '{"Version":"2012-10-17","Statement":[]}' }, "policy"],
    ["a Sid with a blank", { policy: policy({ Sid: "a b", Action: "s3:*", Resource: "*" }) }, "policy"],
    [
      "over 10,240 characters",
      { policy: policy({ Action: "s3:*", Resource: many(300, (index) => `arn:aws:s3:::${index}${long(40)}`) }) },
      "policy",
    ],
  ]),
  ...of("aws:iam/policy:Policy", [
    [
      "over 6,144 characters",
      { policy: policy({ Action: "s3:*", Resource: many(200, (index) => `arn:aws:s3:::${index}${long(40)}`) }) },
      "policy",
    ],
    [
      "a Sid twice",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [1, 2].map(() => ({ Sid: "a", Effect: "Allow", Action: "s3:*", Resource: "*" })),
        }),
      },
      "policy",
    ],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    ["a policy's name", { policyArn: "AdministratorAccess" }, "policyArn"],
    ["a role's ARN", { role: "arn:aws:iam::111122223333:role/x" }, "role"],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    ["an http URL", { url: "http://token.test" }, "url"],
    ["a thumbprint of 39 digits", { thumbprintLists: [long(39)] }, "thumbprintLists"],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["a retention of 100 days", { retentionInDays: 100 }, "retentionInDays"],
    ["a name of 513 characters", { name: long(513) }, "name"],
    ["a name with a blank", { name: "a b" }, "name"],
    ["a class that there is not", { logGroupClass: "CHEAP" }, "logGroupClass"],
    ["a key's alias", { kmsKeyId: "alias/sparki" }, "kmsKeyId"],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    ["no Principal", { policyDocument: policy({ Action: "logs:PutLogEvents", Resource: "*" }) }, "policyDocument"],
  ]),
  ...of(CLUSTER, [
    ["a name with a blank", { name: "sparki prod" }, "name"],
    ["a name of 101 characters", { name: long(101) }, "name"],
    ["a version that there is not", { version: "1.39" }, "version"],
    ["a version with its patch", { version: "1.33.1" }, "version"],
    ["Auto Mode without storage", { storageConfig: undefined }, "storageConfig.blockStorage.enabled"],
    [
      "Auto Mode without load balancing",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "172.20.0.0/16" } },
      "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
    ],
    ["Auto Mode with bootstrapped add-ons", { bootstrapSelfManagedAddons: true }, "bootstrapSelfManagedAddons"],
    [
      "Auto Mode with CONFIG_MAP",
      { accessConfig: { authenticationMode: "CONFIG_MAP" } },
      "accessConfig.authenticationMode",
    ],
    [
      "node pools without a role",
      inner(CLUSTER, "computeConfig", { nodeRoleArn: undefined }),
      "computeConfig.nodeRoleArn",
    ],
    ["a node role without pools", inner(CLUSTER, "computeConfig", { nodePools: [] }), "computeConfig.nodePools"],
    [
      "a node pool that there is not",
      inner(CLUSTER, "computeConfig", { nodePools: ["gpu"] }),
      "computeConfig.nodePools",
    ],
    ["a support type in lower case", { upgradePolicy: { supportType: "standard" } }, "upgradePolicy.supportType"],
    ["a log that there is not", { enabledClusterLogTypes: ["kubelet"] }, "enabledClusterLogTypes"],
    [
      "encryption of what is no secret",
      inner(CLUSTER, "encryptionConfig", { resources: ["configmaps"] }),
      "encryptionConfig.resources",
    ],
    [
      "no way to the API",
      inner(CLUSTER, "vpcConfig", { endpointPrivateAccess: false }),
      "vpcConfig.endpointPrivateAccess",
    ],
    ["one subnet", inner(CLUSTER, "vpcConfig", { subnetIds: ["subnet-0a1b2c3d"] }), "vpcConfig.subnetIds"],
    [
      "a private block on the public endpoint",
      inner(CLUSTER, "vpcConfig", { publicAccessCidrs: ["10.0.0.0/8"] }),
      "vpcConfig.publicAccessCidrs",
    ],
    [
      "a public service range",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "8.8.0.0/16" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "a service range of /8",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "10.0.0.0/8" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "an address family that there is not",
      inner(CLUSTER, "kubernetesNetworkConfig", { ipFamily: "ipv5" }),
      "kubernetesNetworkConfig.ipFamily",
    ],
    ["a role that is none", { roleArn: "sparki-cluster" }, "roleArn"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["an assumed role", { principalArn: "arn:aws:sts::111122223333:assumed-role/platform/me" }, "principalArn"],
    ["the group system:masters", { kubernetesGroups: ["system:masters"] }, "kubernetesGroups"],
    ["a type that there is not", { type: "ADMIN" }, "type"],
    ["groups of nodes", { type: "EC2_LINUX", kubernetesGroups: ["a"] }, "kubernetesGroups"],
    ["a user of Kubernetes' own", { userName: "system:admin" }, "userName"],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    ["a namespace's scope without namespaces", { accessScope: { type: "namespace" } }, "accessScope.namespaces"],
    [
      "namespaces for the cluster's scope",
      { accessScope: { type: "cluster", namespaces: ["a"] } },
      "accessScope.namespaces",
    ],
    ["a scope that there is not", { accessScope: { type: "pod" } }, "accessScope.type"],
    [
      "an access policy that there is not",
      { policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSRootPolicy" },
      "policyArn",
    ],
    ["an IAM policy", { policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" }, "policyArn"],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["an add-on that there is not", { addonName: "metric-server" }, "addonName"],
    ["configuration that is no JSON", { configurationValues: "{a" }, "configurationValues"],
    ["PRESERVE on create", { resolveConflictsOnCreate: "PRESERVE" }, "resolveConflictsOnCreate"],
    ["a version that is none", { addonVersion: "0.7.2" }, "addonVersion"],
    ["a role that is none", { serviceAccountRoleArn: "engine" }, "serviceAccountRoleArn"],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a namespace in capitals", { namespace: "Engine" }, "namespace"],
    ["a service account in capitals", { serviceAccount: "Engine" }, "serviceAccount"],
    ["a role that is none", { roleArn: "engine" }, "roleArn"],
  ]),
  ...of("aws:rds/subnetGroup:SubnetGroup", [
    ["one subnet", { subnetIds: ["subnet-0a1b2c3d"] }, "subnetIds"],
    ["the name default", { name: "default" }, "name"],
    ["a tag with a comma", { tags: { a: "b,c" } }, "tags.a"],
    ["capitals", { name: "Sparki" }, "name"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    [
      "a value out of range",
      { parameters: [{ name: "rds.log_retention_period", value: "10" }] },
      "parameters[0].value",
    ],
    ["a switch that is neither", { parameters: [{ name: "rds.force_ssl", value: "yes" }] }, "parameters[0].value"],
    [
      "a way to apply that there is not",
      { parameters: [{ name: "rds.force_ssl", value: "1", applyMethod: "now" }] },
      "parameters[0].applyMethod",
    ],
    [
      "a fixed one at once",
      { parameters: [{ name: "max_connections", value: "200", applyMethod: "immediate" }] },
      "parameters[0].applyMethod",
    ],
    ["a family that there is not", { family: "postgres19" }, "family"],
    ["one twice", { parameters: [1, 1].map(() => ({ name: "rds.force_ssl", value: "1" })) }, "parameters"],
    ["a name that ends in a hyphen", { name: "sparki-" }, "name"],
  ]),
  ...of(DATABASE, [
    ["a class that there is not", { instanceClass: "db.r99g.large" }, "instanceClass"],
    ["a version that has ended", { engineVersion: "12.4" }, "engineVersion"],
    ["a version that there is not", { engineVersion: "17.99" }, "engineVersion"],
    ["IOPS of gp3 under 400 GiB", { iops: 12_000 }, "iops"],
    ["throughput of gp3 under 400 GiB", { storageThroughput: 500 }, "storageThroughput"],
    ["IOPS of gp2", { storageType: "gp2", iops: 1000 }, "iops"],
    ["io1 without IOPS", { storageType: "io1" }, "iops"],
    ["windows that meet", { backupWindow: "05:30-06:30" }, "backupWindow"],
    ["a backup window of 10 minutes", { backupWindow: "03:00-03:10" }, "backupWindow"],
    ["a maintenance window without days", { maintenanceWindow: "05:00-06:00" }, "maintenanceWindow"],
    ["a CA that has ended", { caCertIdentifier: "rds-ca-2019" }, "caCertIdentifier"],
    ["an identifier of 64 characters", { identifier: long(64) }, "identifier"],
    ["an identifier with two hyphens", { identifier: "sparki--prod" }, "identifier"],
    ["an identifier that begins with a digit", { identifier: "1sparki" }, "identifier"],
    ["a log of another engine", { enabledCloudwatchLogsExports: ["audit"] }, "enabledCloudwatchLogsExports"],
    ["no password at all", { manageMasterUserPassword: undefined }, "password"],
    ["a password beside a managed one", { password: "0123456789" }, "manageMasterUserPassword"],
    ["a password with a slash", { manageMasterUserPassword: undefined, password: "01234/6789" }, "password"],
    ["a key without encryption", { storageEncrypted: false }, "kmsKeyId"],
    ["a reserved user", { username: "rdsadmin" }, "username"],
    ["a user with a hyphen", { username: "spar-ki" }, "username"],
    ["a reserved database", { dbName: "template1" }, "dbName"],
    ["a database that begins with a digit", { dbName: "1sparki" }, "dbName"],
    ["Multi-AZ in one zone", { availabilityZone: "us-east-1a" }, "availabilityZone"],
    ["a final snapshot with two hyphens", { finalSnapshotIdentifier: "a--b" }, "finalSnapshotIdentifier"],
    ["no final snapshot", { finalSnapshotIdentifier: undefined }, "finalSnapshotIdentifier"],
    ["storage of 10 GiB", { allocatedStorage: 10 }, "allocatedStorage"],
    ["a storage kind that there is not", { storageType: "gp4" }, "storageType"],
    ["a limit equal to the storage", { maxAllocatedStorage: 100 }, "maxAllocatedStorage"],
    ["backups of 36 days", { backupRetentionPeriod: 36 }, "backupRetentionPeriod"],
    ["a monitoring interval of 20", { monitoringInterval: 20 }, "monitoringInterval"],
    ["monitoring without a role", { monitoringRoleArn: undefined }, "monitoringRoleArn"],
    [
      "insights of 100 days",
      { performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 100 },
      "performanceInsightsRetentionPeriod",
    ],
    ["a port of 80", { port: 80 }, "port"],
    ["an engine that there is not", { engine: "postgresql" }, "engine"],
    ["a licence of another engine", { licenseModel: "license-included" }, "licenseModel"],
    ["a network type in lower case", { networkType: "ipv4" }, "networkType"],
    ["an engine's support that there is not", { engineLifecycleSupport: "open-source" }, "engineLifecycleSupport"],
  ]),
  ...of("aws:elasticache/subnetGroup:SubnetGroup", [
    ["no subnets", { subnetIds: [] }, "subnetIds"],
    ["a name with an underscore", { name: "spar_ki" }, "name"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["a family that there is not", { family: "redis8" }, "family"],
    [
      "an eviction that there is not",
      { parameters: [{ name: "maxmemory-policy", value: "lru" }] },
      "parameters[0].value",
    ],
  ]),
  ...of(CACHE, [
    ["no node type", { nodeType: undefined }, "nodeType"],
    ["a node type that there is not", { nodeType: "cache.r99g.large" }, "nodeType"],
    ["a version with its patch", { engineVersion: "6.2.6" }, "engineVersion"],
    ["a version that there is not", { engineVersion: "7.9" }, "engineVersion"],
    ["snapshots of 36 days", { snapshotRetentionLimit: 36 }, "snapshotRetentionLimit"],
    ["windows that meet", { snapshotWindow: "05:30-06:30" }, "snapshotWindow"],
    ["a snapshot window of 30 minutes", { snapshotWindow: "03:00-03:30" }, "snapshotWindow"],
    ["a key without encryption", { atRestEncryptionEnabled: false }, "kmsKeyId"],
    ["Multi-AZ in one zone", { preferredCacheClusterAzs: many(3, () => "us-east-1a") }, "preferredCacheClusterAzs"],
    ["a token and user groups", { userGroupIds: ["group"] }, "userGroupIds"],
    ["a token of 10 characters", { authToken: "0123456789" }, "authToken"],
    ["a token without TLS", { transitEncryptionEnabled: false }, "transitEncryptionEnabled"],
    ["failover of one node", { numCacheClusters: 1 }, "automaticFailoverEnabled"],
    ["an id of 41 characters", { replicationGroupId: long(41) }, "replicationGroupId"],
    ["an engine that there is not", { engine: "memcached" }, "engine"],
    ["7 nodes", { numCacheClusters: 7 }, "numCacheClusters"],
    ["nodes and shards", { numNodeGroups: 2 }, "numNodeGroups"],
    ["tiering of a type without it", { dataTieringEnabled: true }, "dataTieringEnabled"],
    ["parameters of another family", { parameterGroupName: "default.redis6.x" }, "parameterGroupName"],
    [
      "a log's format that there is not",
      {
        logDeliveryConfigurations: [
          { destination: "a", destinationType: "cloudwatch-logs", logFormat: "xml", logType: "slow-log" },
        ],
      },
      "logDeliveryConfigurations[0].logFormat",
    ],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["recovery of 5 days", { recoveryWindowInDays: 5 }, "recoveryWindowInDays"],
    ["a name with a blank", { name: "spar ki" }, "name"],
  ]),
  ...of("aws:secretsmanager/secretVersion:SecretVersion", [
    ["no value", { secretString: undefined }, "secretString"],
    ["two values", { secretBinary: "YQ==" }, "secretString"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    ["1001 days", { rotationRules: { automaticallyAfterDays: 1001 } }, "rotationRules.automaticallyAfterDays"],
    ["no schedule", { rotationRules: {} }, "rotationRules"],
    ["a schedule that is none", { rotationRules: { scheduleExpression: "daily" } }, "rotationRules.scheduleExpression"],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    ["a mode that there is not", { desyncMitigationMode: "strict" }, "desyncMitigationMode"],
    ["one subnet", { subnets: ["subnet-0a1b2c3d"] }, "subnets"],
    ["a name of 33 characters", { name: long(33) }, "name"],
    ["a name that begins with internal-", { name: "internal-a" }, "name"],
    ["an idle time of 5000 seconds", { idleTimeout: 5000 }, "idleTimeout"],
    ["a type that there is not", { loadBalancerType: "classic" }, "loadBalancerType"],
    ["logs without a bucket", { accessLogs: { enabled: true } }, "accessLogs.bucket"],
    ["an address type that there is not", { ipAddressType: "ipv6" }, "ipAddressType"],
    ["a header's mode that there is not", { xffHeaderProcessingMode: "drop" }, "xffHeaderProcessingMode"],
  ]),
  ...of(TARGET, [
    ["a protocol that there is not", { protocol: "HTPP" }, "protocol"],
    ["no port and no protocol", { port: undefined, protocol: undefined }, "port"],
    ["a healthy threshold of 1", check({ healthyThreshold: 1 }), "healthCheck.healthyThreshold"],
    ["a path without a slash", check({ path: "ready" }), "healthCheck.path"],
    ["an interval of 4 seconds", check({ interval: 4 }), "healthCheck.interval"],
    ["a time-out as long as the interval", check({ timeout: 10 }), "healthCheck.timeout"],
    ["a matcher that is none", check({ matcher: "ok" }), "healthCheck.matcher"],
    [
      "a check by TCP of an HTTP group",
      check({ protocol: "TCP", path: undefined, matcher: undefined }),
      "healthCheck.protocol",
    ],
    ["a slow start of 10 seconds", { slowStart: 10 }, "slowStart"],
    ["a delay of an hour and more", { deregistrationDelay: 3601 }, "deregistrationDelay"],
    ["a target type that there is not", { targetType: "pod" }, "targetType"],
    ["an algorithm that there is not", { loadBalancingAlgorithmType: "random" }, "loadBalancingAlgorithmType"],
    ["stickiness that there is not", { stickiness: { type: "cookie" } }, "stickiness.type"],
    ["a name that ends in a hyphen", { name: "sparki-" }, "name"],
    ["a version that there is not", { protocolVersion: "HTTP3" }, "protocolVersion"],
  ]),
  ...of(LISTENER, [
    ["a TLS policy that there is not", { sslPolicy: "ELBSecurityPolicy-TLS13-1-9-2021-06" }, "sslPolicy"],
    ["HTTP with a certificate", { protocol: "HTTP", port: 80, sslPolicy: undefined }, "certificateArn"],
    ["HTTPS without one", { certificateArn: undefined }, "certificateArn"],
    [
      "a redirect to itself",
      redirect({ protocol: "HTTPS", port: "443", statusCode: "HTTP_301" }),
      "defaultActions[0].redirect.protocol",
    ],
    ["an action that there is not", { defaultActions: [{ type: "forwrad" }] }, "defaultActions[0].type"],
    [
      "a redirect of 307",
      redirect({ protocol: "HTTP", statusCode: "HTTP_307" }),
      "defaultActions[0].redirect.statusCode",
    ],
    ["an answer in XML", answer({ contentType: "text/xml" }), "defaultActions[0].fixedResponse.contentType"],
    ["an answer of 301", answer({ statusCode: "301" }), "defaultActions[0].fixedResponse.statusCode"],
    [
      "an answer of 1025 characters",
      answer({ messageBody: long(1025) }),
      "defaultActions[0].fixedResponse.messageBody",
    ],
    ["a port of 0", { port: 0 }, "port"],
    [
      "a protocol of another load balancer",
      { protocol: "TCP", certificateArn: undefined, sslPolicy: undefined },
      "protocol",
    ],
    ["a forward to nowhere", { defaultActions: [{ type: "forward" }] }, "defaultActions[0].targetGroupArn"],
    ["an ALPN policy", { alpnPolicy: "HTTP2Only" }, "alpnPolicy"],
  ]),
  ...of(RULE, [
    ["a priority of 50001", { priority: 50_001 }, "priority"],
    ["6 values", { conditions: [{ pathPattern: { values: many(6, (index) => `/${index}`) } }] }, "conditions"],
    [
      "the host as a header",
      { conditions: [{ httpHeader: { httpHeaderName: "Host", values: ["a"] } }] },
      "conditions[0].httpHeader.httpHeaderName",
    ],
    [
      "an answer in XML",
      { actions: [{ type: "fixed-response", fixedResponse: { contentType: "text/xml", statusCode: "200" } }] },
      "actions[0].fixedResponse.contentType",
    ],
    [
      "two kinds in one condition",
      { conditions: [{ pathPattern: { values: ["/"] }, hostHeader: { values: ["a"] } }] },
      "conditions[0].pathPattern",
    ],
    [
      "an address that is no block",
      { conditions: [{ sourceIp: { values: ["10.0.0.1"] } }] },
      "conditions[0].sourceIp.values",
    ],
    [
      "a method in small letters",
      { conditions: [{ httpRequestMethod: { values: ["get"] } }] },
      "conditions[0].httpRequestMethod.values",
    ],
    ["no condition", { conditions: [] }, "conditions"],
    [
      "two forwards",
      {
        actions: [1, 2].map(() => ({
          type: "forward",
          targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/a/0",
        })),
      },
      "actions",
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["a name of 300 characters", { domainName: `${many(6, () => long(49)).join(".")}.test` }, "domainName"],
    ["validation by SMS", { validationMethod: "SMS" }, "validationMethod"],
    ["a label of 64 characters", { domainName: `${long(64)}.test` }, "domainName"],
    ["a key that ACM does not make", { keyAlgorithm: "RSA_4096" }, "keyAlgorithm"],
    [
      "101 names",
      { subjectAlternativeNames: many(101, (index) => `a${index}.sparki.tools`) },
      "subjectAlternativeNames",
    ],
  ]),
  ...of("aws:acm/certificateValidation:CertificateValidation", [
    ["an ARN of another service", { certificateArn: "arn:aws:iam::111122223333:role/a" }, "certificateArn"],
  ]),
  ...of(ACL, [
    [
      "a rule without an action",
      rule({ action: undefined, statement: { geoMatchStatement: { countryCodes: ["US"] } } }),
      "rules[0].action",
    ],
    [
      "a managed group that there is not",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesAll" } },
      }),
      "rules[0].statement.managedRuleGroupStatement.name",
    ],
    [
      "a group with an action",
      rule({ statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesSQLiRuleSet" } } }),
      "rules[0].overrideAction",
    ],
    ["a name with a blank", { name: "spar ki" }, "name"],
    [
      "two rules of one name",
      {
        rules: [1, 2].map((priority) => ({
          name: "a",
          priority,
          action: { block: {} },
          visibilityConfig: VISIBLE,
          statement: { geoMatchStatement: { countryCodes: ["US"] } },
        })),
      },
      "rules",
    ],
    [
      "two rules of one priority",
      {
        rules: ["a", "b"].map((name) => ({
          name,
          priority: 1,
          action: { block: {} },
          visibilityConfig: VISIBLE,
          statement: { geoMatchStatement: { countryCodes: ["US"] } },
        })),
      },
      "rules",
    ],
    [
      "over 5,000 units",
      {
        rules: many(8, (index) => `r${index}`).map((name, priority) => ({
          name,
          priority,
          overrideAction: { none: {} },
          visibilityConfig: VISIBLE,
          statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" } },
        })),
      },
      "rules",
    ],
    ["a limit of 9", rate({ limit: 9 }), "rules[0].statement.rateBasedStatement.limit"],
    [
      "a key that there is not",
      rate({ aggregateKeyType: "COOKIE" }),
      "rules[0].statement.rateBasedStatement.aggregateKeyType",
    ],
    [
      "a window of 90 seconds",
      rate({ evaluationWindowSec: 90 }),
      "rules[0].statement.rateBasedStatement.evaluationWindowSec",
    ],
    [
      "a country that is none",
      rule({ statement: { geoMatchStatement: { countryCodes: ["usa"] } } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],
    ["a rule without a statement", rule({ statement: {} }), "rules[0].statement"],
    ["both default actions", { defaultAction: { allow: {}, block: {} } }, "defaultAction.block"],
    ["a scope that there is not", { scope: "GLOBAL" }, "scope"],
    [
      "a metric's name with a blank",
      { visibilityConfig: { ...VISIBLE, metricName: "a b" } },
      "visibilityConfig.metricName",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    [
      "a group of targets",
      { resourceArn: "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/a/0" },
      "resourceArn",
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "two destinations",
      {
        logDestinationConfigs: ["a", "b"].map(
          (each) => `arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-${each}`,
        ),
      },
      "logDestinationConfigs",
    ],
    [
      "a group of another name",
      { logDestinationConfigs: ["arn:aws:logs:us-east-1:111122223333:log-group:firewall"] },
      "logDestinationConfigs",
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["a name with a blank", { name: "spar ki.tools" }, "name"],
    ["a comment of 257 characters", { comment: long(257) }, "comment"],
  ]),
  ...of("aws:route53/record:Record", [
    ["a type that there is not", { type: "FOO" }, "type"],
    ["neither value nor alias", { aliases: [] }, "records"],
    ["both", { records: ["192.0.2.1"], ttl: 60 }, "records"],
    ["no time to live", { aliases: undefined, records: ["192.0.2.1"] }, "ttl"],
    ["an address that is none", { aliases: undefined, ttl: 60, records: ["192.0.2.256"] }, "records"],
    [
      "a weight of 256",
      { setIdentifier: "a", weightedRoutingPolicies: [{ weight: 256 }] },
      "weightedRoutingPolicies[0].weight",
    ],
    ["a weight without an identifier", { weightedRoutingPolicies: [{ weight: 1 }] }, "setIdentifier"],
    ["an identifier without a policy", { setIdentifier: "a" }, "setIdentifier"],
    ["two values of CNAME", { aliases: undefined, type: "CNAME", ttl: 60, records: ["a.test", "b.test"] }, "records"],
    ["a text of 256 characters", { aliases: undefined, type: "TXT", ttl: 60, records: [long(256)] }, "records"],
  ]),
  ...of("aws:route53/queryLog:QueryLog", [
    [
      "a group of another region",
      { cloudwatchLogGroupArn: "arn:aws:logs:eu-west-1:111122223333:log-group:a" },
      "cloudwatchLogGroupArn",
    ],
  ]),
  ...of("aws:route53/keySigningKey:KeySigningKey", [
    [
      "a key of another region",
      { keyManagementServiceArn: "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555" },
      "keyManagementServiceArn",
    ],
    ["a name with a hyphen", { name: "spar-ki" }, "name"],
    ["a status that there is not", { status: "ON" }, "status"],
  ]),
  ...of("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", [
    ["a status that there is not", { signingStatus: "ON" }, "signingStatus"],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["an interval of 20", { requestInterval: 20 }, "requestInterval"],
    ["no host", { fqdn: undefined }, "fqdn"],
    ["a type that there is not", { type: "PING" }, "type"],
    ["two regions", { regions: ["us-east-1", "us-west-1"] }, "regions"],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["an address as its name", { bucket: "192.168.0.1" }, "bucket"],
    ["capitals", { bucket: "Sparki" }, "bucket"],
    ["2 characters", { bucket: "ab" }, "bucket"],
    ["two periods side by side", { bucket: "a..b" }, "bucket"],
    ["a beginning of S3's own", { bucket: "xn--sparki" }, "bucket"],
    ["an underscore", { bucket: "spar_ki" }, "bucket"],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "another bucket",
      { policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*" }) },
      "policy",
    ],
    [
      "no Principal",
      { policy: policy({ Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    [
      "an algorithm that there is not",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "kms" } }] },
      "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
    ],
    [
      "a key for AES256",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256", kmsMasterKeyId: "a" } }] },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
  ]),
  ...of("aws:s3/bucketVersioning:BucketVersioning", [
    ["a status that there is not", { versioningConfiguration: { status: "On" } }, "versioningConfiguration.status"],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    ["a status that there is not", life({ status: "On" }), "rules[0].status"],
    ["no rules", { rules: [] }, "rules"],
    ["a rule without an action", life({ expiration: undefined }), "rules[0].expiration"],
    ["0 days", life({ expiration: { days: 0 } }), "rules[0].expiration.days"],
    [
      "a storage class that there is not",
      life({ transitions: [{ days: 30, storageClass: "COLD" }] }),
      "rules[0].transitions[0].storageClass",
    ],
    [
      "infrequent access after 10 days",
      life({ transitions: [{ days: 10, storageClass: "STANDARD_IA" }] }),
      "rules[0].transitions[0].days",
    ],
  ]),
  ...of("aws:s3/bucketOwnershipControls:BucketOwnershipControls", [
    ["an ownership that there is not", { rule: { objectOwnership: "Owner" } }, "rule.objectOwnership"],
  ]),
  ...of("aws:lambda/function:Function", [
    ["a runtime that there is not", { runtime: "nodejs9.x" }, "runtime"],
    ["a time-out of 901 seconds", { timeout: 901 }, "timeout"],
    ["64 MB", { memorySize: 64 }, "memorySize"],
  ]),
  ...of("aws:lambda/permission:Permission", [["an action of another service", { action: "s3:GetObject" }, "action"]]),
];

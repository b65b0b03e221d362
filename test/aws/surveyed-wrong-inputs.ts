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
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const grant = (rest: object): InputRecord => ({ policy: policy({ Action: "s3:GetObject", Resource: "*", ...rest }) });
const when = (condition: object) => grant({ Condition: condition });
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });
const routed = (rest: InputRecord): InputRecord => ({ ...plain("A", "203.0.113.1"), setIdentifier: "one", ...rest });
const condition = (...conditions: InputRecord[]): InputRecord => ({ conditions });
const answer = (rest: InputRecord): InputRecord => ({ defaultActions: [rest] });
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const params = (...parameters: InputRecord[]): InputRecord => ({ parameters });
const NONE = [{ priority: 0, type: "NONE" }];
const PATH = { fieldToMatch: { uriPath: {} }, textTransformations: NONE };
const bytes = (rest: InputRecord): InputRecord =>
  rule({
    statement: { byteMatchStatement: { positionalConstraint: "CONTAINS", searchString: "a", ...PATH, ...rest } },
  });
const rate = (rest: InputRecord): InputRecord =>
  rule({ statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP", ...rest } } });
const managed = (rest: InputRecord): InputRecord =>
  rule({
    action: undefined,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet", ...rest } },
  });
const bucketPolicy = (rest: object): InputRecord => ({
  policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*", ...rest }),
});
const KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555";

/** Written by going through what AWS's API reference says of each property, before any of it was tried. */
export const SURVEYED_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a block without a prefix", { cidrBlock: "10.40.0.0" }, "cidrBlock"],
    [
      "an IPv6 block of /57",
      { ipv6CidrBlock: "2600:1f18::/57", ipv6IpamPoolId: "ipam-pool-0a1b2c3d4e5f60718" },
      "ipv6CidrBlock",
    ],
    ["51 tags", { tags: Object.fromEntries(many(51, (i) => [`t${i}`, "x"])) }, "tags"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["IPv6 addresses without an IPv6 block", { assignIpv6AddressOnCreation: true }, "assignIpv6AddressOnCreation"],
    ["a customer's addresses without an Outpost", { mapCustomerOwnedIpOnLaunch: true }, "mapCustomerOwnedIpOnLaunch"],
    ["a local interface at index 0", { enableLniAtDeviceIndex: 0 }, "enableLniAtDeviceIndex"],
    [
      "public IPv4 addresses in an IPv6-only subnet",
      {
        cidrBlock: undefined,
        ipv6Native: true,
        ipv6CidrBlock: "2600:1f18:1:1::/64",
        assignIpv6AddressOnCreation: true,
        mapPublicIpOnLaunch: true,
      },
      "mapPublicIpOnLaunch",
    ],
    ["an Outpost's ARN of another service", { outpostArn: "arn:aws:s3:::bucket" }, "outpostArn"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a name that begins with sg-", { name: "sg-database" }, "name"],
    ["a name that every network has already", { name: "default" }, "name"],
    ["a name of 256 characters", { name: long(256) }, "name"],
    [
      "61 rules in one direction",
      {
        ingress: many(61, (i) => ({
          protocol: "tcp",
          fromPort: 443,
          toPort: 443,
          cidrBlocks: [`10.0.${i}.0/24`],
        })),
      },
      "ingress",
    ],
    [
      "an ICMP type of 256",
      { ingress: [{ protocol: "icmp", fromPort: 256, toPort: 0, cidrBlocks: ["10.0.0.0/8"] }] },
      "ingress[0].fromPort",
    ],
  ]),
  ...of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", [
    ["a protocol above TCP", { ipProtocol: "https" }, "ipProtocol"],
    ["an ICMP code of 256", { ipProtocol: "icmp", fromPort: 3, toPort: 256 }, "toPort"],
    ["a group by its name", { cidrIpv4: undefined, referencedSecurityGroupId: "default" }, "referencedSecurityGroupId"],
    ["an IPv6 block as IPv4", { cidrIpv4: "::/0" }, "cidrIpv4"],
    ["a description of two lines", { description: "one\ntwo" }, "description"],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    ["a rule's number of 32767", entry({ ruleNo: 32_767 }), "ingress[0].ruleNo"],

    ["a protocol by a service's name", entry({ protocol: "ssh" }), "ingress[0].protocol"],
    ["a port above 65535", entry({ toPort: 65_536 }), "ingress[0].toPort"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "second private addresses by number on a public one",
      { secondaryPrivateIpAddressCount: 2 },
      "secondaryPrivateIpAddressCount",
    ],
    ["its first address as a second one", { secondaryAllocationIds: ["eipalloc-0a1b2c3d"] }, "secondaryAllocationIds"],
    ["nine addresses", { secondaryAllocationIds: many(8, (i) => `eipalloc-1a1b2c3${i}`) }, "secondaryAllocationIds"],
    [
      "addresses by zone while it is in one zone",
      { availabilityZoneAddresses: [{ availabilityZone: "us-east-1a", allocationIds: ["eipalloc-1a1b2c3d"] }] },
      "availabilityZoneAddresses",
    ],
  ]),
  ...of("aws:ec2/route:Route", [
    ["a destination that is AWS's own", { destinationCidrBlock: "169.254.169.254/32" }, "destinationCidrBlock"],
    ["a destination with a host in it", { destinationCidrBlock: "10.0.0.1/8" }, "destinationCidrBlock"],
    [
      "an interface by the name of an instance",
      { gatewayId: undefined, networkInterfaceId: "i-0a1b2c3d" },
      "networkInterfaceId",
    ],
  ]),
  ...of("aws:ec2/routeTable:RouteTable", [
    ["a route without a target", { routes: [{ cidrBlock: "0.0.0.0/0" }] }, "routes[0].carrierGatewayId"],
    ["a gateway of the internet that spreads routes", { propagatingVgws: ["igw-0a1b2c3d"] }, "propagatingVgws[0]"],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a policy for a gateway load balancer's endpoint",
      {
        vpcEndpointType: "GatewayLoadBalancer",
        serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f60718",
        privateDnsEnabled: undefined,
        securityGroupIds: undefined,
        policy: policy({ Principal: "*", Action: "*", Resource: "*" }),
      },
      "policy",
    ],
    [
      "an address for a subnet that it is not in",
      { subnetConfigurations: [{ subnetId: "subnet-9a9b9c9d", ipv4: "10.40.0.9" }] },
      "subnetConfigurations",
    ],
    [
      "a resource's endpoint of a service",
      { vpcEndpointType: "Resource", privateDnsEnabled: undefined },
      "resourceConfigurationArn",
    ],
    [
      "an address that is none",
      { subnetConfigurations: [{ subnetId: "subnet-0a1b2c3d", ipv4: "10.40.0.900" }] },
      "subnetConfigurations[0].ipv4",
    ],
    [
      "security groups for a gateway load balancer's endpoint",
      {
        vpcEndpointType: "GatewayLoadBalancer",
        serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f60718",
        privateDnsEnabled: undefined,
      },
      "securityGroupIds",
    ],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    ["every five minutes", { maxAggregationInterval: 300 }, "maxAggregationInterval"],
    [
      "a stream of a group",
      { logDestination: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:flow:log-stream:one` },
      "logDestination",
    ],
    ["Parquet to CloudWatch", { destinationOptions: { fileFormat: "parquet" } }, "destinationOptions"],
    ["fields separated by commas", { logFormat: "$" + "{srcaddr},$" + "{dstaddr}" }, "logFormat"],
    ["both a destination and a group's name", { logGroupName: "flow" }, "logGroupName"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    ["a name of two characters", { name: "ab" }, "name"],
    ["65 hops", { metadataOptions: { httpPutResponseHopLimit: 65 } }, "metadataOptions.httpPutResponseHopLimit"],
    ["user data of 17 KB", { userData: "QUFB".repeat(6000) }, "userData"],
    [
      "tags for what has none",
      { tagSpecifications: [{ resourceType: "pod", tags: { a: "b" } }] },
      "tagSpecifications[0].resourceType",
    ],

    [
      "a market that there is not",
      { instanceMarketOptions: { marketType: "reserved" } },
      "instanceMarketOptions.marketType",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    [
      "a key that agrees, of RSA",
      { customerMasterKeySpec: "RSA_2048", keyUsage: "KEY_AGREEMENT", enableKeyRotation: false },
      "keyUsage",
    ],
    ["a rotation once a month", { rotationPeriodInDays: 30 }, "rotationPeriodInDays"],
    ["a policy of two documents", { policy: "{}{}" }, "policy"],
    [
      "a policy for a group of users",
      {
        policy: policy({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:group/admins` }, Action: "kms:*", Resource: "*" }),
      },
      "policy",
    ],
    [
      "a key store of its own for RSA",
      { customKeyStoreId: "cks-0a1b2c3d", customerMasterKeySpec: "RSA_2048", enableKeyRotation: false },
      "customKeyStoreId",
    ],
  ]),
  ...of("aws:kms/alias:Alias", [
    ["another alias as the target", { targetKeyId: "alias/other" }, "targetKeyId"],
    ["a name that ends in a blank", { name: "alias/sparki " }, "name"],
  ]),
  ...of("aws:iam/role:Role", [
    ["a trust that lets everybody pass it on", trust({ Principal: "*", Action: "iam:PassRole" }), "assumeRolePolicy"],
    ["a trust without an action", trust({ Principal: { Service: "ec2.amazonaws.com" } }), "assumeRolePolicy"],
    [
      "a trust of no service in particular",
      trust({ Principal: { Service: "*" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of an account by 11 digits",
      trust({ Principal: { AWS: "11112222333" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of all roles of an account",
      trust({ Principal: { AWS: role("*") }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of more than 2,048 characters",
      trust({ Principal: { AWS: many(60, (i) => role(`a-role-of-a-long-name-${i}`)) }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    ["a boundary that is a role", { permissionsBoundary: role("boundary") }, "permissionsBoundary"],
    ["a description with a smile", { description: "engine 🙂" }, "description"],

    ["sessions of 13 hours", { maxSessionDuration: 46_800 }, "maxSessionDuration"],
    [
      "eleven managed policies",
      { managedPolicyArns: many(11, (i) => `arn:aws:iam::${ACCOUNT}:policy/p${i}`) },
      "managedPolicyArns",
    ],
  ]),
  ...of("aws:iam/policy:Policy", [
    ["an action of all services", grant({ Action: "*:Get*" }), "policy"],
    ["an action without its name", grant({ Action: "s3:" }), "policy"],
    ["no resource at all", { policy: policy({ Action: "s3:GetObject" }) }, "policy"],
    ["a list of no resources", grant({ Resource: [] }), "policy"],
    ["a resource without its prefix", grant({ Resource: "s3:::sparki/*" }), "policy"],
    [
      "an effect in small letters",
      { policy: policy({ Effect: "allow", Action: "s3:GetObject", Resource: "*" }) },
      "policy",
    ],
    ["an operator that there is not", when({ StringContains: { "aws:PrincipalTag/team": "a" } }), "policy"],
    ["Null of a name", when({ Null: { "aws:PrincipalTag/team": "perhaps" } }), "policy"],
    ["a switch of neither", when({ Bool: { "aws:SecureTransport": "yes" } }), "policy"],
    ["a number of letters", when({ NumericLessThan: { "s3:max-keys": "ten" } }), "policy"],
    ["a date of no calendar", when({ DateLessThan: { "aws:CurrentTime": "tomorrow" } }), "policy"],
    ["an address range of /33", when({ IpAddress: { "aws:SourceIp": "203.0.113.0/33" } }), "policy"],

    ["a version as a number", { policy: JSON.stringify({ Version: 20121017, Statement: [] }) }, "policy"],
    [
      "a trailing comma",
      { policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},]}' },
      "policy",
    ],
    ["a statement that is a text", { policy: JSON.stringify({ Version: "2012-10-17", Statement: "Allow" }) }, "policy"],
    ["a path with a blank", { path: "/team one/" }, "path"],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    ["a URL without https", { url: "http://issuer.example.com" }, "url"],
    ["a URL with a fragment", { url: "https://issuer.example.com/#a" }, "url"],
    ["a thumbprint of SHA-256", { thumbprintLists: ["ab".repeat(32)] }, "thumbprintLists[0]"],
    ["six thumbprints", { thumbprintLists: many(6, (i) => `${i}`.repeat(40)) }, "thumbprintLists"],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    ["a policy by its name alone", { policyArn: "AmazonEKSClusterPolicy" }, "policyArn"],
    [
      "a policy at another path than AWS's",
      { policyArn: "arn:aws:iam::aws:policy/AmazonEKSServiceRolePolicyForAll" },
      "policyArn",
    ],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["logs for 10 days", { retentionInDays: 10 }, "retentionInDays"],
    ["a name with a colon", { name: "sparki:prod" }, "name"],
    ["a key by its alias", { kmsKeyId: "alias/sparki" }, "kmsKeyId"],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    ["no principal", { policyDocument: policy({ Action: "logs:PutLogEvents", Resource: "*" }) }, "policyDocument"],
    ["a name with a colon", { policyName: "route53:logs" }, "policyName"],
  ]),
  ...of(CLUSTER, [
    ["a version with its patch", { version: "1.35.1" }, "version"],
    ["logs of the controller", { enabledClusterLogTypes: ["controller-manager"] }, "enabledClusterLogTypes[0]"],
    [
      "config maps encrypted",
      inner(CLUSTER, "encryptionConfig", { resources: ["configmaps"] }),
      "encryptionConfig.resources",
    ],
    [
      "node ports from high to low",
      { kubeApiServerConfig: { serviceNodePortRange: { minPort: 32_000, maxPort: 31_000 } } },
      "kubeApiServerConfig.serviceNodePortRange.maxPort",
    ],
    ["events kept for good", { kubeApiServerConfig: { eventTtl: "forever" } }, "kubeApiServerConfig.eventTtl"],
    [
      "a creator without rights beside the ConfigMap",
      {
        accessConfig: { authenticationMode: "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions: false },
        computeConfig: undefined,
        storageConfig: undefined,
        kubernetesNetworkConfig: undefined,
        bootstrapSelfManagedAddons: true,
      },
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
    ],
    [
      "an IPv6 range of its own choice",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv6Cidr: "fd00::/108" }),
      "kubernetesNetworkConfig.serviceIpv6Cidr",
    ],
    [
      "Auto Mode on an Outpost",
      {
        outpostConfig: {
          controlPlaneInstanceType: "m5.large",
          outpostArns: [`arn:aws:outposts:us-east-1:${ACCOUNT}:outpost/op-0a1b2c3d4e5f60718`],
        },
      },
      "outpostConfig",
    ],
    [
      "the nodes' role of a user",
      inner(CLUSTER, "computeConfig", { nodeRoleArn: `arn:aws:iam::${ACCOUNT}:user/me` }),
      "computeConfig.nodeRoleArn",
    ],
    [
      "public access for an address without a prefix",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.7"] }),
      "vpcConfig.publicAccessCidrs",
    ],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["a type of node that there is not", { type: "NODE" }, "type"],
    ["the account's root", { principalArn: `arn:aws:iam::${ACCOUNT}:root` }, "principalArn"],
    ["a group of eks:", { kubernetesGroups: ["eks:admins"] }, "kubernetesGroups"],
    ["a user's name that is aws:", { userName: "aws:someone" }, "userName"],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    ["IAM's own policy", { policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" }, "policyArn"],
    [
      "a namespace with capitals",
      { accessScope: { type: "namespace", namespaces: ["Sparki"] } },
      "accessScope.namespaces",
    ],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["a version without its build", { addonVersion: "0.7.2" }, "addonVersion"],
    ["a namespace with an underscore", { namespaceConfig: { namespace: "kube_system" } }, "namespaceConfig.namespace"],
    [
      "one service account for two roles",
      {
        podIdentityAssociations: [
          { serviceAccount: "a", roleArn: role("a") },
          { serviceAccount: "a", roleArn: role("b") },
        ],
      },
      "podIdentityAssociations",
    ],
    ["settings that are a list", { configurationValues: "[1]" }, "configurationValues"],
    [
      "a service account with capitals",
      { podIdentityAssociations: [{ serviceAccount: "Metrics_Server", roleArn: role("a") }] },
      "podIdentityAssociations[0].serviceAccount",
    ],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a policy that is not JSON", { policy: "everything", disableSessionTags: true }, "policy"],
    ["a service account with a slash", { serviceAccount: "sparki/engine" }, "serviceAccount"],
    ["the target role of a user", { targetRoleArn: `arn:aws:iam::${ACCOUNT}:user/me` }, "targetRoleArn"],
  ]),
  ...of("aws:rds/subnetGroup:SubnetGroup", [
    ["a name with an at sign", { name: "sparki@prod" }, "name"],
    ["one subnet named twice", { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }, "subnetIds"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["a name that begins with a digit", { name: "17-sparki" }, "name"],
    ["memory with its unit", params({ name: "work_mem", value: "64MB" }), "parameters[0].value"],
    ["a statement log of everything", params({ name: "log_statement", value: "everything" }), "parameters[0].value"],
    ["a parameter of MySQL", params({ name: "innodb_buffer_pool_size", value: "1" }), "parameters[0].name"],
    ["a time zone that there is not", params({ name: "timezone", value: "Mars/Olympus" }), "parameters[0].value"],
    ["a style of dates that there is not", params({ name: "datestyle", value: "Roman" }), "parameters[0].value"],
    [
      "a library that RDS has not, among others",
      params({
        name: "shared_preload_libraries",
        value: "pg_stat_statements,timescaledb",
        applyMethod: "pending-reboot",
      }),
      "parameters[0].value",
    ],
    ["pgaudit of all and some", params({ name: "pgaudit.log", value: "everything" }), "parameters[0].value"],
    [
      "what pg_stat_statements does not track",
      params({ name: "pg_stat_statements.track", value: "some" }),
      "parameters[0].value",
    ],
    [
      "minutes between explanations",
      params({ name: "auto_explain.log_min_duration", value: "5min" }),
      "parameters[0].value",
    ],
  ]),
  ...of(DATABASE, [
    ["an engine called postgresql", { engine: "postgresql" }, "engine"],
    ["a database's name with a hyphen", { dbName: "sparki-prod" }, "dbName"],
    ["a window of days by their whole names", { maintenanceWindow: "sunday:05:00-sunday:06:00" }, "maintenanceWindow"],
    ["a backup of twenty minutes", { backupWindow: "03:00-03:20" }, "backupWindow"],
    ["a port below 1150", { port: 1149 }, "port"],
    ["a snapshot at the end that ends in a hyphen", { finalSnapshotIdentifier: "final-" }, "finalSnapshotIdentifier"],
    [
      "insights for 30 days",
      { performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 30 },
      "performanceInsightsRetentionPeriod",
    ],
    [
      "a point in time of no database",
      {
        restoreToPointInTime: { useLatestRestorableTime: true },
        username: undefined,
        dbName: undefined,
        manageMasterUserPassword: undefined,
        allocatedStorage: undefined,
        maxAllocatedStorage: undefined,
      },
      "restoreToPointInTime.sourceDbInstanceIdentifier",
    ],

    [
      "a secret for a directory without its address",
      { domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:a-a1b2c3` },
      "domainAuthSecretArn",
    ],
    ["SQL Server's kind of replica", { replicaMode: "mounted" }, "replicaMode"],
    ["a gp2 disk with a throughput", { storageType: "gp2", storageThroughput: 500 }, "storageThroughput"],
    ["fewer IOPS than io2 has", { storageType: "io2", iops: 900 }, "iops"],
    ["a class of another service", { instanceClass: "cache.r7g.large" }, "instanceClass"],
    ["a class of a serverless cluster", { instanceClass: "db.serverless" }, "instanceClass"],
    ["a name that PostgreSQL keeps", { username: "pg_monitor" }, "username"],
    ["a user's name of 64 characters", { username: long(64) }, "username"],
    [
      "both kinds of domain",
      { domain: "d-0123456789", domainIamRoleName: "ad", domainFqdn: "corp.example.com" },
      "domainFqdn",
    ],
    ["a domain that is no directory", { domain: "corp.example.com", domainIamRoleName: "ad" }, "domain"],
    [
      "a point in time that is no time",
      {
        restoreToPointInTime: { sourceDbInstanceIdentifier: "a", restoreTime: "yesterday" },
        username: undefined,
        dbName: undefined,
        manageMasterUserPassword: undefined,
      },
      "restoreToPointInTime.restoreTime",
    ],
    ["a group of parameters with two hyphens", { parameterGroupName: "sparki--prod" }, "parameterGroupName"],
    [
      "an ARN of a cluster to copy",
      {
        replicateSourceDb: `arn:aws:s3:::sparki`,
        username: undefined,
        dbName: undefined,
        manageMasterUserPassword: undefined,
      },
      "replicateSourceDb",
    ],
  ]),
  ...of("aws:elasticache/subnetGroup:SubnetGroup", [["a name with a dot", { name: "sparki.prod" }, "name"]]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["a family that there is not yet", { family: "redis8" }, "family"],
    ["a timeout of ten seconds", params({ name: "timeout", value: "10" }), "parameters[0].value"],
    [
      "a parameter that the family is too old for",
      { family: "redis5.0", parameters: [{ name: "acl-pubsub-default", value: "resetchannels" }] },
      "parameters[0].name",
    ],
    ["an event that there is not", params({ name: "notify-keyspace-events", value: "KQ" }), "parameters[0].value"],
    ["a parameter that only the server's owner sets", params({ name: "dir", value: "/tmp" }), "parameters[0].name"],
  ]),
  ...of(CACHE, [
    [
      "slots that two shards have",
      {
        numCacheClusters: undefined,
        numNodeGroups: undefined,
        nodeGroupConfigurations: [{ slots: "0-9000" }, { slots: "8000-16383" }],
      },
      "nodeGroupConfigurations",
    ],
    [
      "slots that no shard has",
      { numCacheClusters: undefined, nodeGroupConfigurations: [{ slots: "0-8000" }, { slots: "9000-16383" }] },
      "nodeGroupConfigurations",
    ],
    [
      "fewer zones than replicas",
      {
        numCacheClusters: undefined,
        nodeGroupConfigurations: [{ replicaCount: 2, replicaAvailabilityZones: ["us-east-1a"] }],
      },
      "nodeGroupConfigurations",
    ],
    ["a token with an at sign", { authToken: "0123456789abcdef@123" }, "authToken"],
    ["a token in 15 characters", { authToken: "0123456789abcde" }, "authToken"],
    ["a class of a database", { nodeType: "db.r7g.large" }, "nodeType"],
    [
      "two slow logs",
      {
        logDeliveryConfigurations: many(2, () => ({
          destination: "a",
          destinationType: "cloudwatch-logs",
          logFormat: "json",
          logType: "slow-log",
        })),
      },
      "logDeliveryConfigurations",
    ],
    ["IPv6 on old nodes", { networkType: "ipv6", ipDiscovery: "ipv6", nodeType: "cache.m4.large" }, "networkType"],
    ["a topic that is a queue", { notificationTopicArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:a` }, "notificationTopicArn"],
    ["a port above 65535", { port: 65_536 }, "port"],
    [
      "security groups of before networks",
      { securityGroupNames: ["default"], subnetGroupName: "sparki" },
      "securityGroupNames[0]",
    ],

    ["automatic failover on t1", { nodeType: "cache.t1.micro", snapshotRetentionLimit: 0 }, "nodeType"],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    [
      "a copy under a key of another region",
      { replicas: [{ region: "us-west-2", kmsKeyId: KEY }] },
      "replicas[0].kmsKeyId",
    ],
    ["a name with a colon", { name: "sparki:prod" }, "name"],
    ["a copy in a region that there is not", { replicas: [{ region: "us-north-1" }] }, "replicas[0].region"],
  ]),
  ...of("aws:secretsmanager/secretVersion:SecretVersion", [
    ["21 stages", { versionStages: many(21, (i) => `s${i}`) }, "versionStages"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "a window of a day and an hour",
      { rotationRules: { automaticallyAfterDays: 30, duration: "25h" } },
      "rotationRules.duration",
    ],
    [
      "at half past",
      { rotationRules: { scheduleExpression: "cron(30 8 1 * ? *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "at 25 o'clock",
      { rotationRules: { scheduleExpression: "cron(0 25 1 * ? *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "in the thirteenth month",
      { rotationRules: { scheduleExpression: "cron(0 8 1 13 ? *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "on the eighth day of the week",
      { rotationRules: { scheduleExpression: "cron(0 8 ? * 8 *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "every two minutes",
      { rotationRules: { scheduleExpression: "rate(2 minutes)" } },
      "rotationRules.scheduleExpression",
    ],
  ]),
  ...of("aws:secretsmanager/secretPolicy:SecretPolicy", [
    [
      "actions of another service",
      { policy: policy({ Principal: { AWS: role("a") }, Action: "ssm:GetParameter", Resource: "*" }) },
      "policy",
    ],
    ["no principal", { policy: policy({ Action: "secretsmanager:GetSecretValue", Resource: "*" }) }, "policy"],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    ["six security groups", { securityGroups: many(6, (i) => `sg-0a1b2c3${i}`) }, "securityGroups"],
    [
      "eight more addresses in each subnet",
      { loadBalancerType: "network", secondaryIpsAutoAssignedPerSubnet: 8 },
      "secondaryIpsAutoAssignedPerSubnet",
    ],
    [
      "a pool of public addresses for an internal one",
      { internal: true, ipamPools: { ipv4IpamPoolId: "ipam-pool-0a1b2c3d4e5f60718" } },
      "ipamPools",
    ],
    [
      "a public address for an internal network load balancer",
      {
        loadBalancerType: "network",
        internal: true,
        subnets: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", allocationId: "eipalloc-0a1b2c3d" }],
      },
      "subnetMappings[0].allocationId",
    ],
    [
      "a private address for one that the world reaches",
      {
        loadBalancerType: "network",
        subnets: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", privateIpv4Address: "10.40.0.9" }],
      },
      "subnetMappings[0].privateIpv4Address",
    ],
    [
      "one subnet twice in mappings",
      { subnets: undefined, subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }, { subnetId: "subnet-0a1b2c3d" }] },
      "subnetMappings",
    ],
    [
      "one mapping for an application",
      { subnets: undefined, subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }] },
      "subnetMappings",
    ],
    ["a name with two words", { name: "sparki prod" }, "name"],
    ["connections kept for a second", { clientKeepAlive: 1 }, "clientKeepAlive"],
    ["a bucket for logs that cannot be", { accessLogs: { bucket: "Sparki_Logs", enabled: true } }, "accessLogs.bucket"],
    [
      "an IPv6 address that is none",
      {
        loadBalancerType: "network",
        ipAddressType: "dualstack",
        subnets: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", ipv6Address: "10.0.0.1" }],
      },
      "subnetMappings[0].ipv6Address",
    ],
  ]),
  ...of(TARGET, [
    ["a name that ends in a hyphen", { name: "engine-" }, "name"],
    ["a check at port 0", check({ port: "0" }), "healthCheck.port"],
    ["a check longer than its interval", check({ timeout: 20, interval: 10 }), "healthCheck.timeout"],
    ["a status of 500 as healthy", check({ matcher: "200-500" }), "healthCheck.matcher"],
    ["statuses from high to low", check({ matcher: "299-200" }), "healthCheck.matcher"],
    ["a path with a blank", check({ path: "/rea dy" }), "healthCheck.path"],
    [
      "a cookie's name with a semicolon",
      { stickiness: { type: "app_cookie", cookieName: "a;b" } },
      "stickiness.cookieName",
    ],
    [
      "a cookie for longer than a week",
      { stickiness: { type: "lb_cookie", cookieDuration: 604_801 } },
      "stickiness.cookieDuration",
    ],

    ["a version of HTTP that there is not", { protocolVersion: "HTTP3" }, "protocolVersion"],
    [
      "failing over one way only",
      {
        protocol: "GENEVE",
        port: 6081,
        healthCheck: undefined,
        targetFailovers: [{ onDeregistration: "rebalance", onUnhealthy: "no_rebalance" }],
      },
      "targetFailovers[0].onUnhealthy",
    ],
    [
      "failing over as one likes",
      {
        protocol: "GENEVE",
        port: 6081,
        healthCheck: undefined,
        targetFailovers: [{ onDeregistration: "retry", onUnhealthy: "retry" }],
      },
      "targetFailovers[0].onDeregistration",
    ],

    [
      "draining for longer than there is",
      {
        protocol: "TCP",
        healthCheck: undefined,
        targetHealthStates: [{ enableUnhealthyConnectionTermination: false, unhealthyDrainingInterval: 360_001 }],
      },
      "targetHealthStates[0].unhealthyDrainingInterval",
    ],
    [
      "UDP that hides who calls",
      { protocol: "UDP", targetType: "ip", healthCheck: undefined, preserveClientIp: "false" },
      "preserveClientIp",
    ],
    [
      "a balancer's targets over IPv6 of Lambda",
      {
        targetType: "lambda",
        port: undefined,
        protocol: undefined,
        vpcId: undefined,
        healthCheck: undefined,
        ipAddressType: "ipv6",
      },
      "ipAddressType",
    ],
    ["a check by UDP", { protocol: "UDP", healthCheck: { protocol: "UDP" } }, "healthCheck.protocol"],
    [
      "weights by health of a network",
      { protocol: "TCP", healthCheck: undefined, loadBalancingAlgorithmType: "least_outstanding_requests" },
      "loadBalancingAlgorithmType",
    ],
    ["a slow start of a network", { protocol: "TCP", healthCheck: undefined, slowStart: 60 }, "slowStart"],
  ]),
  ...of(LISTENER, [
    [
      "a certificate that waits elsewhere",
      { certificateArn: `arn:aws:acm:eu-west-1:${ACCOUNT}:certificate/a`, region: "us-east-1" },
      "certificateArn",
    ],
    [
      "an answer of 302 that is fixed",
      answer({ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "302" } }),
      "defaultActions[0].fixedResponse.statusCode",
    ],
    [
      "groups that stick for a second too long",
      answer({
        type: "forward",
        forward: {
          targetGroups: [{ arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/a/0123456789abcdef` }],
          stickiness: { enabled: true, duration: 604_801 },
        },
      }),
      "defaultActions[0].forward.stickiness.duration",
    ],

    [
      "a redirect to a host with a scheme",
      answer({ type: "redirect", redirect: { statusCode: "HTTP_301", host: "https://example.com" } }),
      "defaultActions[0].redirect.host",
    ],
    [
      "a redirect to port 0",
      answer({ type: "redirect", redirect: { statusCode: "HTTP_301", port: "0" } }),
      "defaultActions[0].redirect.port",
    ],
    [
      "a user pool that is a domain",
      {
        defaultActions: [
          {
            type: "authenticate-cognito",
            order: 1,
            authenticateCognito: {
              userPoolArn: "sparki.auth.us-east-1.amazoncognito.com",
              userPoolClientId: "a",
              userPoolDomain: "sparki",
            },
          },
          { ...LISTENER_FIXED(), order: 2 },
        ],
      },
      "defaultActions[0].authenticateCognito.userPoolArn",
    ],
    [
      "a session of nine days",
      {
        defaultActions: [
          { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, sessionTimeout: 777_600 } },
          { ...LISTENER_FIXED(), order: 2 },
        ],
      },
      "defaultActions[0].authenticateOidc.sessionTimeout",
    ],
    [
      "a login after the answer",
      {
        defaultActions: [
          { ...LISTENER_FIXED(), order: 1 },
          { ...LOGIN, order: 2 },
        ],
      },
      "defaultActions",
    ],
    [
      "eleven additional parameters",
      {
        defaultActions: [
          {
            ...LOGIN,
            authenticateOidc: {
              ...LOGIN.authenticateOidc,
              authenticationRequestExtraParams: Object.fromEntries(many(11, (i) => [`p${i}`, "x"])),
            },
          },
          { ...LISTENER_FIXED(), order: 2 },
        ],
      },
      "defaultActions[0].authenticateOidc.authenticationRequestExtraParams",
    ],
    [
      "a header with a blank in its name",
      { routingHttpRequestXAmznTlsVersionHeaderName: "X TLS" },
      "routingHttpRequestXAmznTlsVersionHeaderName",
    ],
    [
      "an age that is no number",
      { routingHttpResponseAccessControlMaxAgeHeaderValue: "a day" },
      "routingHttpResponseAccessControlMaxAgeHeaderValue",
    ],
    [
      "methods that there are not",
      { routingHttpResponseAccessControlAllowMethodsHeaderValue: "GET,FETCH" },
      "routingHttpResponseAccessControlAllowMethodsHeaderValue",
    ],
    [
      "names of authorities while nobody is verified",
      { mutualAuthentication: { mode: "passthrough", advertiseTrustStoreCaNames: "on" } },
      "mutualAuthentication.advertiseTrustStoreCaNames",
    ],
    [
      "a trust store that is a certificate",
      { mutualAuthentication: { mode: "verify", trustStoreArn: `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/a` } },
      "mutualAuthentication.trustStoreArn",
    ],
  ]),
  ...of(RULE, [
    [
      "a host without a dot",
      condition({ hostHeader: { values: ["localhost"] } }),
      "conditions[0].hostHeader.values[0]",
    ],
    [
      "a host whose last part has a digit",
      condition({ hostHeader: { values: ["example.c0m"] } }),
      "conditions[0].hostHeader.values[0]",
    ],
    [
      "a method in small letters",
      condition({ httpRequestMethod: { values: ["get"] } }),
      "conditions[0].httpRequestMethod.values",
    ],
    [
      "an address without a prefix",
      condition({ sourceIp: { values: ["203.0.113.7"] } }),
      "conditions[0].sourceIp.values",
    ],
    [
      "the address of everybody at once",
      condition({ sourceIp: { values: ["255.255.255.255/32"] } }),
      "conditions[0].sourceIp.values[0]",
    ],
    [
      "a header's name with a blank",
      condition({ httpHeader: { httpHeaderName: "X Team", values: ["a"] } }),
      "conditions[0].httpHeader.httpHeaderName",
    ],
    [
      "a pattern that is not closed",
      condition({ pathPattern: { regexValues: ["/api/(v1"] } }),
      "conditions[0].pathPattern.regexValues[0]",
    ],
    [
      "a URL rewritten as a host",
      { transforms: [{ type: "url-rewrite", hostHeaderRewriteConfig: { rewrite: { regex: "a", replace: "b" } } }] },
      "transforms[0].urlRewriteConfig",
    ],
    [
      "two rewritings of the host",
      {
        transforms: many(2, () => ({
          type: "host-header-rewrite",
          hostHeaderRewriteConfig: { rewrite: { regex: "a", replace: "b" } },
        })),
      },
      "transforms",
    ],
    [
      "a rewriting by no pattern",
      { transforms: [{ type: "url-rewrite", urlRewriteConfig: { rewrite: { regex: "(", replace: "b" } } }] },
      "transforms[0].urlRewriteConfig.rewrite.regex",
    ],
    [
      "a condition of two kinds",
      condition({ hostHeader: { values: ["a.example.com"] }, pathPattern: { values: ["/"] } }),
      "conditions[0].pathPattern",
    ],
    ["a query without a value", condition({ queryStrings: [{ key: "a" }] }), "conditions[0].queryStrings[0].value"],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["two stars", { domainName: "*.*.sparki.tools" }, "domainName"],
    ["a star in the middle", { domainName: "a.*.sparki.tools" }, "domainName"],
    ["an underscore", { domainName: "a_b.sparki.tools" }, "domainName"],
    ["an address", { subjectAlternativeNames: ["203.0.113.7"] }, "subjectAlternativeNames"],
    [
      "a chain that is no PEM",
      {
        domainName: undefined,
        validationMethod: undefined,
        privateKey: "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----",
        certificateBody: "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----",
        certificateChain: "none",
      },
      "certificateChain",
    ],
    [
      "a key that is no PEM",
      {
        domainName: undefined,
        validationMethod: undefined,
        privateKey: "secret",
        certificateBody: "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----",
      },
      "privateKey",
    ],
    [
      "an authority that is a certificate",
      { validationMethod: undefined, certificateAuthorityArn: `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/a` },
      "certificateAuthorityArn",
    ],
  ]),
  ...of(ACL, [
    [
      "an answer of 700",
      rule({ action: { block: { customResponse: { responseCode: 700 } } } }),
      "rules[0].action.block.customResponse.responseCode",
    ],
    [
      "an answer's header with a colon",
      rule({
        action: { block: { customResponse: { responseCode: 403, responseHeaders: [{ name: "X-A:", value: "b" }] } } },
      }),
      "rules[0].action.block.customResponse.responseHeaders[0].name",
    ],
    ["a limit for nobody", rate({ limit: 5 }), "rules[0].statement.rateBasedStatement.limit"],
    [
      "a window of 90 seconds",
      rate({ evaluationWindowSec: 90 }),
      "rules[0].statement.rateBasedStatement.evaluationWindowSec",
    ],
    [
      "six keys",
      rate({
        aggregateKeyType: "CUSTOM_KEYS",
        customKeys: many(6, (i) => ({ header: { name: `h${i}`, textTransformations: NONE } })),
      }),
      "rules[0].statement.rateBasedStatement.customKeys",
    ],
    [
      "a key of two kinds",
      rate({ aggregateKeyType: "CUSTOM_KEYS", customKeys: [{ ip: {}, httpMethod: {} }] }),
      "rules[0].statement.rateBasedStatement.customKeys[0].ip",
    ],
    [
      "an address as the only key",
      rate({ aggregateKeyType: "CUSTOM_KEYS", customKeys: [{ ip: {} }] }),
      "rules[0].statement.rateBasedStatement.customKeys",
    ],
    [
      "a forwarded address without a fallback",
      rate({ aggregateKeyType: "FORWARDED_IP", forwardedIpConfig: { headerName: "X-Forwarded-For" } }),
      "rules[0].statement.rateBasedStatement.forwardedIpConfig.fallbackBehavior",
    ],
    [
      "a fallback that there is not",
      rate({
        aggregateKeyType: "FORWARDED_IP",
        forwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "IGNORE" },
      }),
      "rules[0].statement.rateBasedStatement.forwardedIpConfig.fallbackBehavior",
    ],
    [
      "countries in small letters",
      rule({ statement: { geoMatchStatement: { countryCodes: ["de"] } } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],
    [
      "a country that there is not",
      rule({ statement: { geoMatchStatement: { countryCodes: ["ZZ"] } } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],

    [
      "eleven transformations",
      bytes({ textTransformations: many(11, (i) => ({ priority: i, type: "LOWERCASE" })) }),
      "rules[0].statement.byteMatchStatement.textTransformations",
    ],
    [
      "a search for 201 bytes",
      bytes({ searchString: long(201) }),
      "rules[0].statement.byteMatchStatement.searchString",
    ],
    [
      "a body without what to do when it is too large",
      rule({
        statement: {
          byteMatchStatement: {
            positionalConstraint: "CONTAINS",
            searchString: "a",
            textTransformations: NONE,
            fieldToMatch: { jsonBody: { matchPattern: { all: {} } } },
          },
        },
      }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.jsonBody.matchScope",
    ],
    [
      "a pattern of 513 characters",
      rule({ statement: { regexMatchStatement: { regexString: long(513), ...PATH } } }),
      "rules[0].statement.regexMatchStatement.regexString",
    ],
    [
      "a set of addresses that is a list of patterns",
      rule({
        statement: {
          ipSetReferenceStatement: { arn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:regional/regexpatternset/a/b` },
        },
      }),
      "rules[0].statement.ipSetReferenceStatement.arn",
    ],
    [
      "a set of the whole world's, in one region",
      rule({ statement: { ipSetReferenceStatement: { arn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/ipset/a/b` } } }),
      "rules[0].statement.ipSetReferenceStatement.arn",
    ],

    [
      "bot control without its level",
      managed({
        name: "AWSManagedRulesBotControlRuleSet",
        managedRuleGroupConfigs: [{ awsManagedRulesBotControlRuleSet: {} }],
      }),
      "rules[0].statement.managedRuleGroupStatement.managedRuleGroupConfigs[0].awsManagedRulesBotControlRuleSet.inspectionLevel",
    ],
    [
      "a guard of logins without the page",
      managed({ name: "AWSManagedRulesATPRuleSet" }),
      "rules[0].statement.managedRuleGroupStatement.managedRuleGroupConfigs",
    ],

    [
      "a metric with a blank",
      { visibilityConfig: { cloudwatchMetricsEnabled: true, metricName: "sparki prod", sampledRequestsEnabled: true } },
      "visibilityConfig.metricName",
    ],
    ["a description of two characters", { description: "ab" }, "description"],
    ["a token's domain that is a suffix of all", { tokenDomains: ["co.uk"] }, "tokenDomains[0]"],
    [
      "a network's number of 0 digits",
      rule({ statement: { asnMatchStatement: { asnLists: [-1] } } }),
      "rules[0].statement.asnMatchStatement.asnLists[0]",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    [
      "a network load balancer",
      { resourceArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/net/a/0123456789abcdef` },
      "resourceArn",
    ],
    ["a distribution", { resourceArn: `arn:aws:cloudfront::${ACCOUNT}:distribution/E1A2B3C4D5E6F7` }, "resourceArn"],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "a filter that asks for two things at once",
      {
        loggingFilter: {
          defaultBehavior: "KEEP",
          filters: [
            {
              behavior: "DROP",
              requirement: "MEETS_ANY",
              conditions: [{ actionCondition: { action: "BLOCK" }, labelNameCondition: { labelName: "a" } }],
            },
          ],
        },
      },
      "loggingFilter.filters[0].conditions[0].labelNameCondition",
    ],
    [
      "a filter of an action that there is not",
      {
        loggingFilter: {
          defaultBehavior: "KEEP",
          filters: [
            { behavior: "DROP", requirement: "MEETS_ANY", conditions: [{ actionCondition: { action: "DENY" } }] },
          ],
        },
      },
      "loggingFilter.filters[0].conditions[0].actionCondition.action",
    ],
    [
      "a group in another region",
      { logDestinationConfigs: [`arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:aws-waf-logs-a`] },
      "logDestinationConfigs[0]",
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["two dots side by side", { name: "prod..sparki.tools" }, "name"],

    [
      "a network's region that there is not",
      { vpcs: [{ vpcId: "vpc-0a1b2c3d", vpcRegion: "us-north-1" }] },
      "vpcs[0].vpcRegion",
    ],
    [
      "recovery for a zone that is private",
      { vpcs: [{ vpcId: "vpc-0a1b2c3d" }], enableAcceleratedRecovery: true },
      "enableAcceleratedRecovery",
    ],
  ]),
  ...of("aws:route53/record:Record", [
    [
      "a first answer on failure that nothing checks",
      routed({ failoverRoutingPolicies: [{ type: "PRIMARY" }] }),
      "healthCheckId",
    ],
    [
      "an alias to a distribution whose health counts",
      { aliases: [{ name: "d111111abcdef8.cloudfront.net", zoneId: "Z2FDTNDATAQYW2", evaluateTargetHealth: true }] },
      "aliases[0].evaluateTargetHealth",
    ],
    [
      "an alias to a balancer of another region than the zone's",
      { aliases: [{ name: "lb.us-west-2.elb.amazonaws.com", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }] },
      "aliases[0].zoneId",
    ],
    [
      "an alias for a text",
      {
        type: "TXT",
        aliases: [{ name: "lb.us-east-1.elb.amazonaws.com", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }],
      },
      "type",
    ],
    ["an address that is none in AAAA", plain("AAAA", "2001:::1"), "records"],
    ["mail without its priority", plain("MX", "mail.example.com"), "records"],
    ["a preference of 65536", plain("MX", "65536 mail.example.com"), "records"],
    ["authorities without quotes", plain("CAA", "0 issue amazon.com"), "records"],

    [
      "a latency in no region",
      routed({ latencyRoutingPolicies: [{ region: "us-north-1" }] }),
      "latencyRoutingPolicies[0].region",
    ],
    [
      "a country that there is not",
      routed({ geolocationRoutingPolicies: [{ country: "ZZ" }] }),
      "geolocationRoutingPolicies[0].country",
    ],
    ["nowhere in the world", routed({ geolocationRoutingPolicies: [{}] }), "geolocationRoutingPolicies[0].continent"],
    [
      "a state that there is not",
      routed({ geolocationRoutingPolicies: [{ country: "US", subdivision: "XX" }] }),
      "geolocationRoutingPolicies[0].subdivision",
    ],
    ["a label of 64 characters", { name: `${long(64)}.sparki.tools` }, "name"],
    ["a mark that is odd", plain("DS", "12345 13 2 ABC"), "records"],
    ["a digest of the wrong length", plain("DS", `12345 13 2 ${"AB".repeat(20)}`), "records"],
  ]),
  ...of("aws:route53/queryLog:QueryLog", [
    [
      "all streams of a group",
      { cloudwatchLogGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/aws/route53/prod:*` },
      "cloudwatchLogGroupArn",
    ],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a URL as the host", { fqdn: "https://prod.sparki.tools" }, "fqdn"],
    ["every 20 seconds", { requestInterval: 20 }, "requestInterval"],
    [
      "a sum that looks from regions",
      {
        type: "CALCULATED",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        childHealthchecks: ["0a1b2c3d-0000-1111-2222-333344445555"],
        childHealthThreshold: 1,
        regions: ["us-east-1", "us-west-1", "us-west-2"],
      },
      "regions",
    ],
    [
      "a sum that measures latency",
      {
        type: "CALCULATED",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        childHealthchecks: ["0a1b2c3d-0000-1111-2222-333344445555"],
        childHealthThreshold: 1,
        measureLatency: true,
      },
      "measureLatency",
    ],
    ["an address of a network of one's own over IPv6", { fqdn: undefined, ipAddress: "fd00::1" }, "ipAddress"],
    [
      "a sum of what is no check",
      {
        type: "CALCULATED",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        childHealthchecks: ["one"],
        childHealthThreshold: 1,
      },
      "childHealthchecks[0]",
    ],
    [
      "an alarm's region that there is not",
      {
        type: "CLOUDWATCH_METRIC",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        cloudwatchAlarmName: "a",
        cloudwatchAlarmRegion: "us-north-1",
      },
      "cloudwatchAlarmRegion",
    ],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    [
      "a method that browsers do not ask about",
      { corsRules: [{ allowedMethods: ["PATCH"], allowedOrigins: ["*"] }] },
      "corsRules[0].allowedMethods[0]",
    ],
    [
      "two stars in an origin",
      { corsRules: [{ allowedMethods: ["GET"], allowedOrigins: ["https://*.*.example.com"] }] },
      "corsRules[0].allowedOrigins[0]",
    ],
    [
      "a page for all beside a redirect of all",
      { website: { indexDocument: "index.html", redirectAllRequestsTo: "https://example.com" } },
      "website.redirectAllRequestsTo",
    ],
    ["a page in a folder", { website: { indexDocument: "a/index.html" } }, "website.indexDocument"],
    ["an error's page without a first one", { website: { errorDocument: "error.html" } }, "website.indexDocument"],
    [
      "objects kept for days and years",
      {
        objectLockConfiguration: {
          objectLockEnabled: "Enabled",
          rule: { defaultRetention: { mode: "GOVERNANCE", days: 1, years: 1 } },
        },
      },
      "objectLockConfiguration.rule.defaultRetention.years",
    ],
    [
      "copies without versions",
      {
        replicationConfiguration: {
          role: role("copies"),
          rules: [{ status: "Enabled", destination: { bucket: "arn:aws:s3:::other" } }],
        },
      },
      "versioning.enabled",
    ],
    [
      "copies to a bucket by its name",
      {
        versioning: { enabled: true },
        replicationConfiguration: {
          role: role("copies"),
          rules: [{ status: "Enabled", destination: { bucket: "other_bucket" } }],
        },
      },
      "replicationConfiguration.rules[0].destination.bucket",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    ["an effect in capitals", bucketPolicy({ Effect: "ALLOW" }), "policy"],
    ["no resource", { policy: policy({ Principal: "*", Action: "s3:GetObject" }) }, "policy"],
    ["an action of another service", bucketPolicy({ Action: "kms:Decrypt" }), "policy"],
    ["an action that S3 has not", bucketPolicy({ Action: "s3:ReadObject" }), "policy"],
    ["a list of buckets by all objects", bucketPolicy({ Action: "s3:ListBucket" }), "policy"],
    [
      "a condition's key that S3 has not",
      bucketPolicy({ Condition: { StringEquals: { "s3:x-amz-colour": "red" } } }),
      "policy",
    ],
    ["a key that its action has not", bucketPolicy({ Condition: { StringEquals: { "s3:prefix": "a" } } }), "policy"],
    [
      "an address of no range",
      bucketPolicy({ Condition: { IpAddress: { "aws:SourceIp": "300.1.1.1/24" } } }),
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    [
      "an algorithm by another name",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws-kms" } }] },
      "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
    ],
    [
      "a kind of encryption to block that there is not",
      { rules: [{ blockedEncryptionTypes: ["SSE-S3X"] }] },
      "rules[0].blockedEncryptionTypes[0]",
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "a date for one and days for the other",
      life({ expiration: { date: "2030-01-01T00:00:00Z" }, transitions: [{ days: 30, storageClass: "GLACIER" }] }),
      "rules[0].transitions",
    ],
    ["an end at noon", life({ expiration: { date: "2030-01-01T12:00:00Z" } }), "rules[0].expiration.date"],
    [
      "sizes without a largest that can be",
      life({ filter: { objectSizeGreaterThan: -1 } }),
      "rules[0].filter.objectSizeGreaterThan",
    ],
    [
      "a class that one cannot go to",
      life({ transitions: [{ days: 30, storageClass: "STANDARD" }] }),
      "rules[0].transitions[0].storageClass",
    ],
    [
      "versions kept that are 101",
      life({ noncurrentVersionExpiration: { noncurrentDays: 1, newerNoncurrentVersions: 101 } }),
      "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions",
    ],
    [
      "old versions gone before they move",
      life({
        noncurrentVersionExpiration: { noncurrentDays: 10 },
        noncurrentVersionTransitions: [{ noncurrentDays: 40, storageClass: "GLACIER" }],
      }),
      "rules[0].noncurrentVersionExpiration",
    ],
    ["a tag's key of AWS's", life({ filter: { tag: { key: "", value: "x" } } }), "rules[0].filter.tag.key"],
  ]),
  ...of("aws:lambda/function:Function", [
    ["a runtime that is made no more", { runtime: "nodejs16.x" }, "runtime"],
    ["two architectures", { architectures: ["arm64", "x86_64"] }, "architectures"],
    ["a layer without its version", { layers: [`arn:aws:lambda:us-east-1:${ACCOUNT}:layer:a`] }, "layers[0]"],
    [
      "one layer in two versions",
      { layers: [1, 2].map((n) => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:a:${n}`) },
      "layers",
    ],
    [
      "files at a place of the system",
      {
        vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
        fileSystemConfig: {
          arn: `arn:aws:elasticfilesystem:us-east-1:${ACCOUNT}:access-point/fsap-0a1b2c3d4e5f60718`,
          localMountPath: "/tmp/a",
        },
      },
      "fileSystemConfig.localMountPath",
    ],
    ["a variable with a hyphen", { environment: { variables: { "A-B": "x" } } }, "environment.variables.A-B"],
    ["an image's settings without an image", { imageConfig: { commands: ["a"] } }, "imageConfig"],
    ["one file system in the runtime of another kind", { runtime: "python2.7" }, "runtime"],
    ["all of the account's concurrency and one", { reservedConcurrentExecutions: -2 }, "reservedConcurrentExecutions"],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["a login to a function's URL by another action", { functionUrlAuthType: "NONE" }, "functionUrlAuthType"],

    ["a service without its domain", { principal: "secretsmanager" }, "principal"],
    ["a source that is a name", { sourceArn: "my-secret-name" }, "sourceArn"],
    ["a service that there is not", { principal: "secretmanager.amazonaws.com" }, "principal"],
  ]),
];

function LISTENER_FIXED(): InputRecord {
  return { type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } };
}

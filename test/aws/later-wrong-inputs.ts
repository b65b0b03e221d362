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
const KEY_ID = "0a1b2c3d-0000-1111-2222-333344445555";
const INLINE = "aws:iam/rolePolicy:RolePolicy";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const FLOW = "aws:ec2/flowLog:FlowLog";
const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
const RECORD = "aws:route53/record:Record";
const FUNCTION = "aws:lambda/function:Function";
const CERTIFICATE = "aws:acm/certificate:Certificate";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";

const grant = (rest: object): InputRecord => ({ policy: policy(rest) });
const statement = (inside: InputRecord): InputRecord => rule({ statement: inside });
const rate = (rest: InputRecord): InputRecord =>
  statement({ rateBasedStatement: { limit: 2000, aggregateKeyType: "IP", ...rest } });
const values = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 300, records });
const plain: InputRecord = values("A", "192.0.2.1");
const condition = (rest: InputRecord): InputRecord => ({ conditions: [rest] });
const gateway = { vpcEndpointType: "GatewayLoadBalancer", securityGroupIds: undefined, privateDnsEnabled: undefined };
const partner = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8";
const countries = { geoMatchStatement: { countryCodes: ["US"] } };
const ownGroup: InputRecord = {
  managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" },
};

/** A third list, written from AWS's documents without a look at the rules, and tried before any rule was changed for it. */
export const LATER_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    [
      "a pool's netmask of /30",
      { cidrBlock: undefined, ipv4IpamPoolId: "ipam-pool-0a1b2c3d", ipv4NetmaskLength: 30 },
      "ipv4NetmaskLength",
    ],
    ["an IPv6 block that no pool gives", { ipv6CidrBlock: "2001:db8:1234:1a00::/56" }, "ipv6CidrBlock"],
    [
      "a border group of a block that nobody gives",
      { ipv6CidrBlockNetworkBorderGroup: "us-east-1" },
      "ipv6CidrBlockNetworkBorderGroup",
    ],
    ["a link-local block", { cidrBlock: "169.254.0.0/16" }, "cidrBlock"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "an IPv6-only subnet with IPv4",
      { ipv6Native: true, ipv6CidrBlock: "2001:db8:1234:1a00::/64", assignIpv6AddressOnCreation: true },
      "ipv6Native",
    ],
    [
      "a customer's addresses without a pool of them",
      { mapCustomerOwnedIpOnLaunch: true },
      "mapCustomerOwnedIpOnLaunch",
    ],
    ["an IPv6 block of /66", { ipv6CidrBlock: "2001:db8:1234:1a00::/66" }, "ipv6CidrBlock"],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["a border group that there is not", { networkBorderGroup: "us-middle-1" }, "networkBorderGroup"],
    ["a customer's pool that is none", { customerOwnedIpv4Pool: "pool-1" }, "customerOwnedIpv4Pool"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "32 further addresses",
      { connectivityType: "private", allocationId: undefined, secondaryPrivateIpAddressCount: 32 },
      "secondaryPrivateIpAddressCount",
    ],
    [
      "further addresses counted and told",
      {
        connectivityType: "private",
        allocationId: undefined,
        secondaryPrivateIpAddressCount: 1,
        secondaryPrivateIpAddresses: ["10.40.0.9"],
      },
      "secondaryPrivateIpAddresses",
    ],
  ]),
  ...of("aws:ec2/route:Route", [
    [
      "a prefix list that is none",
      { destinationCidrBlock: undefined, destinationPrefixListId: "everyone" },
      "destinationPrefixListId",
    ],
    ["an interface that is none", { gatewayId: undefined, networkInterfaceId: "i-0a1b2c3d" }, "networkInterfaceId"],
    ["a local gateway that is another one", { gatewayId: undefined, localGatewayId: "igw-0a1b2c3d" }, "localGatewayId"],
  ]),
  ...of("aws:ec2/routeTable:RouteTable", [
    ["routes learnt from an internet gateway", { propagatingVgws: ["igw-0a1b2c3d"] }, "propagatingVgws[0]"],
  ]),
  ...of("aws:ec2/routeTableAssociation:RouteTableAssociation", [
    ["a NAT gateway", { subnetId: undefined, gatewayId: "nat-0a1b2c3d" }, "gatewayId"],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    [
      "an ICMP code of 256",
      entry({ protocol: "icmp", fromPort: 0, toPort: 0, icmpType: 3, icmpCode: 256 }),
      "ingress[0].icmpCode",
    ],
    ["an ACL that is none", { defaultNetworkAclId: "vpc-0a1b2c3d" }, "defaultNetworkAclId"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    [
      "an inline rule for a group by its name",
      { ingress: [{ protocol: "tcp", fromPort: 1, toPort: 2, securityGroups: ["web"] }] },
      "ingress[0].securityGroups",
    ],
    [
      "an inline rule for a prefix list that is none",
      { egress: [{ protocol: "tcp", fromPort: 1, toPort: 2, prefixListIds: ["s3"] }] },
      "egress[0].prefixListIds",
    ],
  ]),
  ...of(ENDPOINT, [
    [
      "names of both families for addresses of one",
      { dnsOptions: { dnsRecordIpType: "ipv6" }, ipAddressType: "ipv4" },
      "dnsOptions.dnsRecordIpType",
    ],
    [
      "a service and a resource",
      { resourceConfigurationArn: `arn:aws:vpc-lattice:us-east-1:${ACCOUNT}:resourceconfiguration/rcfg-0a1b2c3d` },
      "resourceConfigurationArn",
    ],
    [
      "a gateway balancer in two subnets",
      { ...gateway, serviceName: partner, subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"] },
      "subnetIds",
    ],
    [
      "a gateway balancer with private DNS",
      { ...gateway, serviceName: partner, privateDnsEnabled: true },
      "privateDnsEnabled",
    ],
    ["a service's region that there is not", { serviceRegion: "us-middle-1" }, "serviceRegion"],
  ]),
  ...of(FLOW, [
    [
      "a transit gateway every ten minutes",
      { vpcId: undefined, transitGatewayId: "tgw-0a1b2c3d", trafficType: undefined, maxAggregationInterval: 600 },
      "maxAggregationInterval",
    ],
    ["a kind of traffic of a transit gateway", { vpcId: undefined, transitGatewayId: "tgw-0a1b2c3d" }, "trafficType"],
    [
      "files as CSV",
      {
        ...{ logDestinationType: "s3", logDestination: "arn:aws:s3:::logs", iamRoleArn: undefined },
        destinationOptions: { fileFormat: "csv" },
      },
      "destinationOptions.fileFormat",
    ],
  ]),
  ...of(TEMPLATE, [
    ["user data that is no base64", { userData: "#!/bin/sh" }, "userData"],
    ["a tenancy that there is not", { placement: { tenancy: "shared" } }, "placement.tenancy"],
    [
      "a market that there is not",
      { instanceMarketOptions: { marketType: "cheap" } },
      "instanceMarketOptions.marketType",
    ],
    [
      "tags of what is no part of an instance",
      { tagSpecifications: [{ resourceType: "bucket", tags: { a: "b" } }] },
      "tagSpecifications[0].resourceType",
    ],
    ["an end that there is not", { instanceInitiatedShutdownBehavior: "sleep" }, "instanceInitiatedShutdownBehavior"],
    ["an image by its name", { imageId: "amazon-linux" }, "imageId"],
    [
      "metadata with tags that are no switch",
      { metadataOptions: { instanceMetadataTags: "on" } },
      "metadataOptions.instanceMetadataTags",
    ],
    [
      "a kind of host name that there is not",
      { privateDnsNameOptions: { hostnameType: "name" } },
      "privateDnsNameOptions.hostnameType",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    [
      "a MAC that encrypts",
      { customerMasterKeySpec: "HMAC_256", enableKeyRotation: false, keyUsage: "ENCRYPT_DECRYPT" },
      "keyUsage",
    ],
    [
      "a curve of Bitcoin that agrees on keys",
      { customerMasterKeySpec: "ECC_SECG_P256K1", enableKeyRotation: false, keyUsage: "KEY_AGREEMENT" },
      "keyUsage",
    ],
    [
      "a key of China's elsewhere",
      { customerMasterKeySpec: "SM2", enableKeyRotation: false, keyUsage: "SIGN_VERIFY", region: "us-east-1" },
      "customerMasterKeySpec",
    ],
    ["a description of 8,193 characters", { description: long(8193) }, "description"],
    [
      "a store's key that is in many regions",
      { customKeyStoreId: "cks-0123456789abcdef0", enableKeyRotation: false, multiRegion: true },
      "customKeyStoreId",
    ],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "trust in a group",
      trust({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:group/admins` }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "an inline policy with a principal",
      { inlinePolicies: [{ name: "a", policy: policy({ Principal: "*", Action: "s3:*", Resource: "*" }) }] },
      "inlinePolicies[0].policy",
    ],
    ["trust in nobody", trust({ Principal: {}, Action: "sts:AssumeRole" }), "assumeRolePolicy"],
  ]),
  ...of(INLINE, [
    ["a partition that there is not", grant({ Action: "s3:GetObject", Resource: "arn:awss:s3:::sparki/*" }), "policy"],
    ["an ARN of four parts", grant({ Action: "s3:GetObject", Resource: "arn:aws:s3:sparki" }), "policy"],
    [
      "a role's ARN with a region",
      grant({ Action: "iam:PassRole", Resource: `arn:aws:iam:us-east-1:${ACCOUNT}:role/a` }),
      "policy",
    ],
    [
      "a bucket's ARN with a region",
      grant({ Action: "s3:GetObject", Resource: "arn:aws:s3:us-east-1::sparki/*" }),
      "policy",
    ],
    ["an action with two colons", grant({ Action: "s3::GetObject", Resource: "*" }), "policy"],
    ["no action in the list", grant({ Action: [], Resource: "*" }), "policy"],
    ["no resource in the list", grant({ Action: "s3:GetObject", Resource: [] }), "policy"],
    [
      "resources and all but resources",
      grant({ Action: "s3:GetObject", Resource: "*", NotResource: "arn:aws:s3:::a" }),
      "policy",
    ],
    ["an effect in small letters", grant({ Effect: "deny", Action: "s3:*", Resource: "*" }), "policy"],
    ["a number for an action", grant({ Action: 7, Resource: "*" }), "policy"],
    ["a blank before the document", { policy: ` ${policy({ Action: "s3:*", Resource: "*" })}` }, "policy"],
    [
      "a set operator that there is not",
      grant({ Action: "s3:*", Resource: "*", Condition: { "ForEachValue:StringEquals": { "aws:TagKeys": "a" } } }),
      "policy",
    ],
    [
      "an optional operator that there is not",
      grant({ Action: "s3:*", Resource: "*", Condition: { StringEqualsIfPresent: { "aws:SourceAccount": ACCOUNT } } }),
      "policy",
    ],
    [
      "a condition's value that is an object",
      grant({ Action: "s3:*", Resource: "*", Condition: { StringEquals: { "aws:SourceAccount": { a: "b" } } } }),
      "policy",
    ],
    [
      "a statement that is a text",
      { policy: JSON.stringify({ Version: "2012-10-17", Statement: ["Allow"] }) },
      "policy",
    ],
    ["a comment", { policy: `/* ours */${policy({ Action: "s3:*", Resource: "*" })}` }, "policy"],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    [
      "six thumbprints",
      { thumbprintLists: ["a", "b", "c", "d", "e", "f"].map((each) => each.repeat(40)) },
      "thumbprintLists",
    ],
    ["a thumbprint that is no hash", { thumbprintLists: ["z".repeat(40)] }, "thumbprintLists"],
    [
      "101 audiences",
      { clientIdLists: Array.from({ length: 101 }, (_, index) => `audience-${index}`) },
      "clientIdLists",
    ],
  ]),
  ...of("aws:iam/instanceProfile:InstanceProfile", [
    ["a path without slashes", { path: "nodes" }, "path"],
    ["a name of 129 characters", { name: long(129) }, "name"],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [["a key's id without its ARN", { kmsKeyId: KEY_ID }, "kmsKeyId"]]),
  ...of(CLUSTER, [
    ["a name that begins with a hyphen", { name: "-sparki" }, "name"],
    [
      "a tier of its control plane that there is not",
      { controlPlaneScalingConfig: { tier: "big" } },
      "controlPlaneScalingConfig.tier",
    ],
    [
      "remote pods in the services' block",
      {
        remoteNetworkConfig: {
          remoteNodeNetworks: { cidrs: ["10.80.0.0/16"] },
          remotePodNetworks: { cidrs: ["172.20.0.0/16"] },
        },
      },
      "remoteNetworkConfig.remotePodNetworks.cidrs",
    ],
    [
      "remote pods in the remote nodes' block",
      {
        remoteNetworkConfig: {
          remoteNodeNetworks: { cidrs: ["10.80.0.0/16"] },
          remotePodNetworks: { cidrs: ["10.80.1.0/24"] },
        },
      },
      "remoteNetworkConfig.remotePodNetworks.cidrs",
    ],
    [
      "a public block of /33",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/33"] }),
      "vpcConfig.publicAccessCidrs",
    ],
    ["a log in capitals", { enabledClusterLogTypes: ["API"] }, "enabledClusterLogTypes"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["a user of AWS's own", { userName: "aws:me" }, "userName"],
    ["a user of IAM's own", { userName: "iam:me" }, "userName"],
    ["a group of Amazon's own", { kubernetesGroups: ["amazon:ops"] }, "kubernetesGroups"],
    ["a user's name for nodes", { type: "EC2_LINUX", userName: "me" }, "userName"],
    [
      "a service's own role",
      { principalArn: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS` },
      "principalArn",
    ],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a target that is no role", { targetRoleArn: `arn:aws:iam::${ACCOUNT}:user/a` }, "targetRoleArn"],
    ["a service account of 254 characters", { serviceAccount: long(254) }, "serviceAccount"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["memory with its unit", { parameters: [{ name: "work_mem", value: "4MB" }] }, "parameters[0].value"],
    [
      "a time with its unit",
      { parameters: [{ name: "log_min_duration_statement", value: "1s" }] },
      "parameters[0].value",
    ],
    [
      "a share in per cent",
      { parameters: [{ name: "shared_buffers", value: "25%", applyMethod: "pending-reboot" }] },
      "parameters[0].value",
    ],
    [
      "a kind of statement that there is not",
      { parameters: [{ name: "log_statement", value: "everything" }] },
      "parameters[0].value",
    ],
  ]),
  ...of(DATABASE, [
    [
      "an instance profile of custom engines",
      { customIamInstanceProfile: "AWSRDSCustomProfile" },
      "customIamInstanceProfile",
    ],
    ["a national character set", { ncharCharacterSetName: "AL16UTF16" }, "ncharCharacterSetName"],
    [
      "a managed secret's key without a managed secret",
      { manageMasterUserPassword: undefined, password: "abcdefgh1", masterUserSecretKmsKeyId: KEY_ID },
      "masterUserSecretKmsKeyId",
    ],
    [
      "a backup of MySQL to begin with",
      {
        s3Import: {
          bucketName: "backups",
          ingestionRole: `arn:aws:iam::${ACCOUNT}:role/import`,
          sourceEngine: "mysql",
          sourceEngineVersion: "8.0",
        },
      },
      "s3Import",
    ],
    ["a maintenance window of 20 minutes", { maintenanceWindow: "sun:05:00-sun:05:20" }, "maintenanceWindow"],
    ["an hour of one digit", { backupWindow: "3:00-4:00" }, "backupWindow"],
    ["a way of insights that there is not", { databaseInsightsMode: "premium" }, "databaseInsightsMode"],
    [
      "a domain in two ways",
      { domain: "d-0123456789", domainIamRoleName: "directory", domainFqdn: "corp.test" },
      "domainFqdn",
    ],
    ["a storage's upgrade of what is no copy", { upgradeStorageConfig: true }, "upgradeStorageConfig"],
    ["a prefix that begins with a digit", { identifier: undefined, identifierPrefix: "1sparki" }, "identifierPrefix"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    [
      "more than all memory in reserve",
      { parameters: [{ name: "reserved-memory-percent", value: "101" }] },
      "parameters[0].value",
    ],
    [
      "events that there are not",
      { parameters: [{ name: "notify-keyspace-events", value: "XYZ" }] },
      "parameters[0].value",
    ],
  ]),
  ...of(CACHE, [
    ["501 shards", { numCacheClusters: undefined, numNodeGroups: 501, replicasPerNodeGroup: 1 }, "numNodeGroups"],
    ["a cluster mode that there is not", { clusterMode: "on" }, "clusterMode"],
    ["two groups of users", { authToken: undefined, userGroupIds: ["one", "two"] }, "userGroupIds"],
    ["a final snapshot with two hyphens", { finalSnapshotIdentifier: "sparki--final" }, "finalSnapshotIdentifier"],
    ["IPv6 names of IPv4 nodes", { ipDiscovery: "ipv6", networkType: "ipv4" }, "ipDiscovery"],
    ["a maintenance window of half an hour", { maintenanceWindow: "sun:05:00-sun:05:30" }, "maintenanceWindow"],
    [
      "engine logs of an engine too old",
      {
        ...{ engineVersion: "5.0.6", parameterGroupName: "default.redis5.0" },
        logDeliveryConfigurations: [
          { destination: "redis", destinationType: "cloudwatch-logs", logFormat: "json", logType: "engine-log" },
        ],
      },
      "logDeliveryConfigurations",
    ],
    ["nodes with disks that are not used", { nodeType: "cache.r6gd.xlarge" }, "dataTieringEnabled"],
    ["a token of 129 characters", { authToken: long(129) }, "authToken"],
    [
      "shards whose slots there are not",
      { numCacheClusters: undefined, nodeGroupConfigurations: [{ slots: "0-20000", replicaCount: 1 }] },
      "nodeGroupConfigurations[0].slots",
    ],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["a description of 2,049 characters", { description: long(2049) }, "description"],
    ["two copies in one region", { replicas: [{ region: "us-west-2" }, { region: "us-west-2" }] }, "replicas"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "five minutes past the hour",
      { rotationRules: { scheduleExpression: "cron(5 8 * * ? *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "a window of 25 hours",
      { rotationRules: { automaticallyAfterDays: 30, duration: "25h" } },
      "rotationRules.duration",
    ],
  ]),
  ...of(DATABASE, [
    [
      "a password that is only written, without its version",
      { manageMasterUserPassword: undefined, passwordWo: "abcdefgh1" },
      "passwordWoVersion",
    ],
  ]),
  ...of("aws:secretsmanager/secretPolicy:SecretPolicy", [
    [
      "an action of another service",
      grant({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "s3:GetObject", Resource: "*" }),
      "policy",
    ],
    [
      "a document of over 20,480 characters",
      grant({
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
        Condition: {
          StringEquals: { "aws:PrincipalTag/a": Array.from({ length: 500 }, (_, index) => `${long(40)}${index}`) },
        },
      }),
      "policy",
    ],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    [
      "groups of a gateway balancer",
      { loadBalancerType: "gateway", accessLogs: undefined, idleTimeout: undefined, desyncMitigationMode: undefined },
      "securityGroups",
    ],
    [
      "half of the least capacity",
      { minimumLoadBalancerCapacity: { capacityUnits: 50 } },
      "minimumLoadBalancerCapacity.capacityUnits",
    ],
    ["a name that ends in a hyphen", { name: "sparki-" }, "name"],
    [
      "groups and private links that are neither on nor off",
      { enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: "yes", loadBalancerType: "network" },
      "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    ],
    ["connections kept for more than a week", { clientKeepAlive: 604_801 }, "clientKeepAlive"],
    ["logs of connections without a bucket", { connectionLogs: { enabled: true } }, "connectionLogs.bucket"],
  ]),
  ...of(TARGET, [
    ["a tunnel on another port", { protocol: "GENEVE", port: 80, targetType: "ip", healthCheck: undefined }, "port"],
    ["the proxy's protocol before HTTP", { proxyProtocolV2: true }, "proxyProtocolV2"],
    ["connections that end with HTTP's draining", { connectionTermination: true }, "connectionTermination"],
    ["addresses that nobody checks", check({ enabled: false }), "healthCheck.enabled"],
    [
      "odd targets avoided in turns",
      { loadBalancingAlgorithmType: "round_robin", loadBalancingAnomalyMitigation: "on" },
      "loadBalancingAnomalyMitigation",
    ],
    ["stickiness by source of HTTP", { stickiness: { type: "source_ip", enabled: true } }, "stickiness.type"],
    [
      "no healthy target at the least",
      { targetGroupHealth: { dnsFailover: { minimumHealthyTargetsCount: "0" } } },
      "targetGroupHealth.dnsFailover.minimumHealthyTargetsCount",
    ],
  ]),
  ...of(LISTENER, [
    [
      "a way of client certificates that there is not",
      { mutualAuthentication: { mode: "on" } },
      "mutualAuthentication.mode",
    ],
    [
      "an action's place of 50,001",
      {
        defaultActions: [
          { type: "fixed-response", order: 50_001, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
      "defaultActions[0].order",
    ],
    [
      "an answer of any success",
      { defaultActions: [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "2XX" } }] },
      "defaultActions[0].fixedResponse.statusCode",
    ],
    [
      "a group that holds users for over a week",
      {
        defaultActions: [
          {
            type: "forward",
            forward: {
              targetGroups: [
                { arn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/sparki/0123456789abcdef` },
              ],
              stickiness: { enabled: true, duration: 604_801 },
            },
          },
        ],
      },
      "defaultActions[0].forward.stickiness.duration",
    ],
  ]),
  ...of(RULE, [
    [
      "a host with its port",
      condition({ hostHeader: { values: ["prod.sparki.tools:443"] } }),
      "conditions[0].hostHeader.values",
    ],
    ["a path with a bracket", condition({ pathPattern: { values: ["/<id>"] } }), "conditions[0].pathPattern.values"],
    [
      "a method of 41 letters",
      condition({ httpRequestMethod: { values: ["A".repeat(41)] } }),
      "conditions[0].httpRequestMethod.values",
    ],
    [
      "a query's value of 129 characters",
      condition({ queryStrings: [{ key: "a", value: long(129) }] }),
      "conditions[0].queryStrings[0].value",
    ],
  ]),
  ...of(CERTIFICATE, [
    [
      "a log's preference that there is not",
      { options: { certificateTransparencyLoggingPreference: "OFF" } },
      "options.certificateTransparencyLoggingPreference",
    ],
    [
      "a proof of a name that it has not",
      { validationOptions: [{ domainName: "other.test", validationDomain: "other.test" }] },
      "validationOptions[0].domainName",
    ],
    ["a chain without a certificate", { certificateChain: "-----BEGIN CERTIFICATE-----" }, "certificateChain"],
    ["a curve that ACM only takes", { keyAlgorithm: "EC_secp521r1" }, "keyAlgorithm"],
  ]),
  ...of(ACL, [
    ["a token for a URL", { tokenDomains: ["https://sparki.tools"] }, "tokenDomains"],
    [
      "a puzzle that holds for 59 seconds",
      { captchaConfig: { immunityTimeProperty: { immunityTime: 59 } } },
      "captchaConfig.immunityTimeProperty.immunityTime",
    ],
    [
      "a challenge that holds for four minutes",
      { challengeConfig: { immunityTimeProperty: { immunityTime: 240 } } },
      "challengeConfig.immunityTimeProperty.immunityTime",
    ],
    [
      "a body in XML",
      { customResponseBodies: [{ key: "no", content: "<no/>", contentType: "TEXT_XML" }] },
      "customResponseBodies[0].contentType",
    ],
    [
      "a body of over 10 KB",
      { customResponseBodies: [{ key: "no", content: long(10_241), contentType: "TEXT_PLAIN" }] },
      "customResponseBodies[0].content",
    ],
    [
      "keys of one's own for addresses",
      rate({ customKeys: [{ ip: {} }] }),
      "rules[0].statement.rateBasedStatement.customKeys",
    ],
    [
      "no key of one's own",
      rate({ aggregateKeyType: "CUSTOM_KEYS" }),
      "rules[0].statement.rateBasedStatement.customKeys",
    ],
    [
      "a rate that is negated",
      statement({ notStatement: { statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } } } }),
      "rules[0].statement.notStatement.statement.rateBasedStatement",
    ],
    [
      "a rate within a rate",
      rate({ scopeDownStatement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } } }),
      "rules[0].statement.rateBasedStatement.scopeDownStatement.rateBasedStatement",
    ],
    [
      "a managed group that is negated",
      statement({ notStatement: { statement: ownGroup } }),
      "rules[0].statement.notStatement.statement.managedRuleGroupStatement",
    ],
    [
      "a scope of labels that there is not",
      statement({ labelMatchStatement: { scope: "KEY", key: "a" } }),
      "rules[0].statement.labelMatchStatement.scope",
    ],
    [
      "what is too large in a way that there is not",
      statement({
        sqliMatchStatement: {
          fieldToMatch: { body: { oversizeHandling: "DROP" } },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch.body.oversizeHandling",
    ],
    ["CloudFront's in another region", { scope: "CLOUDFRONT", region: "eu-west-1" }, "scope"],
    [
      "a label of AWS's own",
      rule({ statement: countries, ruleLabels: [{ name: "aws:mine" }] }),
      "rules[0].ruleLabels[0].name",
    ],
    ["two actions", rule({ statement: countries, action: { allow: {}, block: {} } }), "rules[0].action.block"],
    ["a name of 129 characters", { name: long(129) }, "name"],
    [
      "a fallback that there is not",
      rate({
        aggregateKeyType: "FORWARDED_IP",
        forwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "DROP" },
      }),
      "rules[0].statement.rateBasedStatement.forwardedIpConfig.fallbackBehavior",
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "a stream of another beginning",
      { logDestinationConfigs: [`arn:aws:firehose:us-east-1:${ACCOUNT}:deliverystream/sparki`] },
      "logDestinationConfigs",
    ],
    ["a bucket of another beginning", { logDestinationConfigs: ["arn:aws:s3:::sparki-logs"] }, "logDestinationConfigs"],
    [
      "a filter that neither keeps nor drops",
      {
        loggingFilter: {
          defaultBehavior: "MAYBE",
          filters: [
            { behavior: "KEEP", requirement: "MEETS_ALL", conditions: [{ actionCondition: { action: "BLOCK" } }] },
          ],
        },
      },
      "loggingFilter.defaultBehavior",
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["a top-level domain", { name: "tools" }, "name"],
    [
      "a network's region that there is not",
      { vpcs: [{ vpcId: "vpc-0a1b2c3d", vpcRegion: "us-middle-1" }] },
      "vpcs[0].vpcRegion",
    ],
  ]),
  ...of(RECORD, [
    ["a delegation of everything below", { ...values("NS", "ns1.test."), name: "*.prod.sparki.tools" }, "name"],
    ["a time to live of more than 68 years", { ...plain, ttl: 2_147_483_648 }, "ttl"],
    [
      "many answers of a CNAME",
      {
        ...values("CNAME", "a.test"),
        name: "x.prod.sparki.tools",
        setIdentifier: "a",
        multivalueAnswerRoutingPolicy: true,
      },
      "multivalueAnswerRoutingPolicy",
    ],
    [
      "a country and a continent",
      { ...plain, setIdentifier: "a", geolocationRoutingPolicies: [{ country: "FR", continent: "EU" }] },
      "geolocationRoutingPolicies[0].country",
    ],
    [
      "a part of a country without parts",
      { ...plain, setIdentifier: "a", geolocationRoutingPolicies: [{ country: "FR", subdivision: "75" }] },
      "geolocationRoutingPolicies[0].subdivision",
    ],
    ["a key's fingerprint that is no number", values("SSHFP", "rsa 1 abcdef"), "records"],
    ["a service's binding without a priority", values("HTTPS", "svc.test. alpn=h2"), "records"],
    ["a certificate's use that there is not", values("TLSA", "9 1 1 d2abde240d7cd3ee"), "records"],
    ["a pointer of names without its order", values("NAPTR", '"u" "E2U+sip" "" .'), "records"],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["parts of what is no sum", { childHealthchecks: [KEY_ID] }, "childHealthchecks"],
    [
      "a sum of 257",
      {
        type: "CALCULATED",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        childHealthThreshold: 257,
        childHealthchecks: [KEY_ID],
      },
      "childHealthThreshold",
    ],
    [
      "a state without data that there is not",
      {
        type: "CLOUDWATCH_METRIC",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        cloudwatchAlarmName: "a",
        cloudwatchAlarmRegion: "us-east-1",
        insufficientDataHealthStatus: "OK",
      },
      "insufficientDataHealthStatus",
    ],
    ["a host of 256 characters", { fqdn: `${long(63)}.${long(63)}.${long(63)}.${long(63)}a` }, "fqdn"],
  ]),
  ...of(LIFECYCLE, [
    [
      "days and a delete marker",
      life({ expiration: { days: 30, expiredObjectDeleteMarker: true } }),
      "rules[0].expiration.expiredObjectDeleteMarker",
    ],
    [
      "a delete marker by a tag",
      life({ filter: { tag: { key: "a", value: "b" } }, expiration: { expiredObjectDeleteMarker: true } }),
      "rules[0].expiration",
    ],
    [
      "uploads aborted after 0 days",
      life({ expiration: undefined, abortIncompleteMultipartUpload: { daysAfterInitiation: 0 } }),
      "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation",
    ],
    [
      "infrequent access after the archive",
      life({
        transitions: [
          { days: 30, storageClass: "GLACIER" },
          { days: 60, storageClass: "STANDARD_IA" },
        ],
      }),
      "rules[0].transitions",
    ],
    [
      "an archive ten days after infrequent access",
      life({
        transitions: [
          { days: 30, storageClass: "STANDARD_IA" },
          { days: 40, storageClass: "GLACIER" },
        ],
      }),
      "rules[0].transitions",
    ],
    [
      "newer versions without days",
      life({ noncurrentVersionExpiration: { newerNoncurrentVersions: 3 } }),
      "rules[0].noncurrentVersionExpiration.noncurrentDays",
    ],
    ["a prefix and a filter", life({ prefix: "logs/", filter: { prefix: "logs/" } }), "rules[0].prefix"],
    [
      "a least size that there is not",
      { transitionDefaultMinimumObjectSize: "none" },
      "transitionDefaultMinimumObjectSize",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "a principal that is neither ARN nor account",
      grant({ Principal: { AWS: "somebody" }, Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }),
      "policy",
    ],
    [
      "a service without its domain",
      grant({ Principal: { Service: "logging" }, Action: "s3:PutObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }),
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketVersioning:BucketVersioning", [
    [
      "a second factor that is neither",
      { versioningConfiguration: { status: "Enabled", mfaDelete: "On" } },
      "versioningConfiguration.mfaDelete",
    ],
  ]),
  ...of(FUNCTION, [
    [
      "an image with a runtime",
      { packageType: "Image", imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sparki:1`, handler: undefined },
      "runtime",
    ],
    ["snapshots of everything", { snapStart: { applyOn: "All" } }, "snapStart.applyOn"],
    ["lines in XML", { loggingConfig: { logFormat: "XML" } }, "loggingConfig.logFormat"],
    [
      "a level of lines in text",
      { loggingConfig: { logFormat: "Text", applicationLogLevel: "INFO" } },
      "loggingConfig.applicationLogLevel",
    ],
    [
      "a file system elsewhere than below /mnt",
      {
        fileSystemConfig: {
          arn: `arn:aws:elasticfilesystem:us-east-1:${ACCOUNT}:access-point/fsap-0a1b2c3d`,
          localMountPath: "/data",
        },
        vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
      },
      "fileSystemConfig.localMountPath",
    ],
    ["a name of 141 characters", { name: long(141) }, "name"],
    ["code from here and from a bucket", { code: "function.zip", s3Bucket: "code", s3Key: "function.zip" }, "s3Bucket"],
    ["a bucket without a key", { s3Bucket: "code" }, "s3Key"],
    ["a layer without its version", { layers: [`arn:aws:lambda:us-east-1:${ACCOUNT}:layer:shared`] }, "layers[0]"],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["an organisation that is none", { principal: "*", principalOrgId: "sparki" }, "principalOrgId"],
    ["a function's name with a blank", { function: "spar ki" }, "function"],
  ]),

  ...of("aws:ec2/vpc:Vpc", [
    [
      "an IPv6 block of a pool that is told and counted",
      { ipv6IpamPoolId: "ipam-pool-0a1b2c3d", ipv6CidrBlock: "2001:db8:1234:1a00::/56", ipv6NetmaskLength: 56 },
      "ipv6NetmaskLength",
    ],
  ]),
  ...of(FLOW, [
    [
      "a folder of AWS's own",
      { logDestinationType: "s3", logDestination: "arn:aws:s3:::logs/AWSLogs/", iamRoleArn: undefined },
      "logDestination",
    ],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["two pools", { publicIpv4Pool: "amazon", customerOwnedIpv4Pool: "ipv4pool-coip-0a1b2c3d" }, "publicIpv4Pool"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "a region's own in one subnet",
      { availabilityMode: "regional", allocationId: undefined, vpcId: "vpc-0a1b2c3d" },
      "subnetId",
    ],
    [
      "a region's own of no network",
      { availabilityMode: "regional", allocationId: undefined, subnetId: undefined },
      "vpcId",
    ],
  ]),
  ...of(ENDPOINT, [
    [
      "IPv4 names of IPv6 addresses",
      { ipAddressType: "ipv6", dnsOptions: { dnsRecordIpType: "ipv4" } },
      "dnsOptions.dnsRecordIpType",
    ],
  ]),
  ...of(TEMPLATE, [
    [
      "a type and what a type must have",
      { instanceType: "m6a.large", instanceRequirements: { vcpuCount: { min: 2 }, memoryMib: { min: 4096 } } },
      "instanceType",
    ],
    [
      "a reservation that is taken perhaps",
      { capacityReservationSpecification: { capacityReservationPreference: "maybe" } },
      "capacityReservationSpecification.capacityReservationPreference",
    ],
    [
      "a snapshot that is none",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { snapshotId: "backup" } }] },
      "blockDeviceMappings[0].ebs.snapshotId",
    ],
  ]),
  ...of("aws:iam/role:Role", [
    ["trust in every service", trust({ Principal: { Service: "*" }, Action: "sts:AssumeRole" }), "assumeRolePolicy"],
    ["a path with a blank", { path: "/my roles/" }, "path"],
  ]),
  ...of(INLINE, [
    ["an empty action", grant({ Action: "", Resource: "*" }), "policy"],
    ["two effects", grant({ Effect: ["Allow", "Deny"], Action: "s3:*", Resource: "*" }), "policy"],
    [
      "conditions in a list",
      grant({ Action: "s3:*", Resource: "*", Condition: [{ Bool: { "aws:SecureTransport": "true" } }] }),
      "policy",
    ],
    ["a statement's id that is a number", grant({ Sid: 7, Action: "s3:*", Resource: "*" }), "policy"],
    ["a resource that is an object", grant({ Action: "s3:*", Resource: { arn: "*" } }), "policy"],
  ]),
  ...of(CLUSTER, [
    ["a name with a dot", { name: "sparki.prod" }, "name"],
    [
      "encryption without a key",
      { encryptionConfig: { provider: {}, resources: ["secrets"] } },
      "encryptionConfig.provider.keyArn",
    ],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["less memory than there must be", { parameters: [{ name: "work_mem", value: "10" }] }, "parameters[0].value"],
    ["a cost in words", { parameters: [{ name: "random_page_cost", value: "cheap" }] }, "parameters[0].value"],
    ["a parameter without a value", { parameters: [{ name: "work_mem" }] }, "parameters[0].value"],
  ]),
  ...of(DATABASE, [
    [
      "an insights' key by its alias",
      { performanceInsightsEnabled: true, performanceInsightsKmsKeyId: "alias/insights" },
      "performanceInsightsKmsKeyId",
    ],
    ["an hour of 24", { backupWindow: "24:00-25:00" }, "backupWindow"],
    ["a version of three parts", { engineVersion: "17.6.1" }, "engineVersion"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["a time-out in words", { parameters: [{ name: "timeout", value: "never" }] }, "parameters[0].value"],
    ["no databases", { parameters: [{ name: "databases", value: "0" }] }, "parameters[0].value"],
    ["a switch in other words", { parameters: [{ name: "activedefrag", value: "maybe" }] }, "parameters[0].value"],
  ]),
  ...of(CACHE, [
    ["no nodes", { numCacheClusters: 0, automaticFailoverEnabled: false, multiAzEnabled: false }, "numCacheClusters"],
    [
      "shards in several zones without replicas",
      {
        numCacheClusters: undefined,
        numNodeGroups: 2,
        replicasPerNodeGroup: 0,
        parameterGroupName: "default.redis7.cluster.on",
      },
      "multiAzEnabled",
    ],
    [
      "shards with parameters of one",
      { numCacheClusters: undefined, numNodeGroups: 2, replicasPerNodeGroup: 1, parameterGroupName: "default.redis7" },
      "parameterGroupName",
    ],
    ["a window of one day's part", { maintenanceWindow: "sun:05:00-06:00" }, "maintenanceWindow"],
    [
      "users of an engine too old",
      { engineVersion: "5.0.6", parameterGroupName: "default.redis5.0", authToken: undefined, userGroupIds: ["one"] },
      "userGroupIds",
    ],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "every 1,001 days by a rate",
      { rotationRules: { scheduleExpression: "rate(1001 days)" } },
      "rotationRules.scheduleExpression",
    ],
  ]),
  ...of(TARGET, [
    [
      "stickiness of TLS",
      {
        protocol: "TLS",
        healthCheck: { protocol: "TCP", interval: 10, timeout: 5 },
        stickiness: { type: "source_ip", enabled: true },
      },
      "stickiness.type",
    ],
    [
      "a check by UDP",
      { protocol: "UDP", healthCheck: { protocol: "UDP", interval: 10, timeout: 5 } },
      "healthCheck.protocol",
    ],
    [
      "a cookie that lasts no time",
      { stickiness: { type: "lb_cookie", cookieDuration: 0 } },
      "stickiness.cookieDuration",
    ],
    ["a path with a blank", check({ path: "/is it ready" }), "healthCheck.path"],
  ]),
  ...of(LISTENER, [
    [
      "a login over plain HTTP",
      {
        defaultActions: [
          { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, tokenEndpoint: "http://a.test/t" } },
          { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
      "defaultActions[0].authenticateOidc.tokenEndpoint",
    ],
    [
      "whom nobody knows, asked",
      {
        defaultActions: [
          { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, onUnauthenticatedRequest: "ask" } },
          { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
      "defaultActions[0].authenticateOidc.onUnauthenticatedRequest",
    ],
    [
      "a session of over a week",
      {
        defaultActions: [
          { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, sessionTimeout: 604_801 } },
          { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
      "defaultActions[0].authenticateOidc.sessionTimeout",
    ],
    [
      "client certificates over HTTP",
      {
        protocol: "HTTP",
        port: 80,
        certificateArn: undefined,
        sslPolicy: undefined,
        mutualAuthentication: { mode: "passthrough" },
      },
      "mutualAuthentication.mode",
    ],
    [
      "old client certificates where none are asked for",
      { mutualAuthentication: { mode: "off", ignoreClientCertificateExpiry: true } },
      "mutualAuthentication.ignoreClientCertificateExpiry",
    ],
    ["a login that answers nothing", { defaultActions: [LOGIN] }, "defaultActions"],
  ]),
  ...of(RULE, [
    [
      "values and patterns of one condition",
      condition({ pathPattern: { values: ["/a"], regexValues: ["^/a$"] } }),
      "conditions[0].pathPattern.regexValues",
    ],
    ["a priority that is no number", { priority: "first" }, "priority"],
  ]),
  ...of(ACL, [
    [
      "a label's key that ends in a colon",
      statement({ labelMatchStatement: { scope: "LABEL", key: "ours:seen:" } }),
      "rules[0].statement.labelMatchStatement.key",
    ],
    [
      "addresses at a place that there is not",
      statement({
        ipSetReferenceStatement: {
          arn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:regional/ipset/a/${KEY_ID}`,
          ipSetForwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "MATCH", position: "SECOND" },
        },
      }),
      "rules[0].statement.ipSetReferenceStatement.ipSetForwardedIpConfig.position",
    ],
    [
      "headers of both kinds",
      statement({
        sqliMatchStatement: {
          fieldToMatch: {
            headers: [
              { matchScope: "ALL", oversizeHandling: "MATCH", matchPattern: { all: {}, includedHeaders: ["a"] } },
            ],
          },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch.headers[0].matchPattern.includedHeaders",
    ],
    [
      "cookies without what happens to too many",
      statement({
        sqliMatchStatement: {
          fieldToMatch: { cookies: { matchScope: "ALL", matchPatterns: [{ all: {} }] } },
          textTransformations: [{ priority: 0, type: "NONE" }],
        },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch.cookies.oversizeHandling",
    ],
    [
      "a header with a blank that is put in",
      rule({
        statement: countries,
        action: { allow: { customRequestHandling: { insertHeaders: [{ name: "x y", value: "1" }] } } },
      }),
      "rules[0].action.allow.customRequestHandling.insertHeaders[0].name",
    ],
    [
      "a network's number that is none",
      statement({ asnMatchStatement: { asnLists: [-1] } }),
      "rules[0].statement.asnMatchStatement.asnLists[0]",
    ],
    [
      "a body's limit that there is not",
      { associationConfig: { requestBodies: [{ apiGateway: { defaultSizeInspectionLimit: "KB_128" } }] } },
      "associationConfig.requestBodies[0].apiGateway.defaultSizeInspectionLimit",
    ],
    [
      "a group's rule with two actions",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name: "AWSManagedRulesCommonRuleSet",
            ruleActionOverrides: [{ name: "SizeRestrictions_BODY", actionToUse: { allow: {}, count: {} } }],
          },
        },
      }),
      "rules[0].statement.managedRuleGroupStatement.ruleActionOverrides[0].actionToUse.count",
    ],
  ]),
  ...of(RECORD, [
    [
      "a place by its region and on the globe",
      {
        ...plain,
        setIdentifier: "a",
        geoproximityRoutingPolicy: { awsRegion: "us-east-1", coordinates: [{ latitude: "1.00", longitude: "1.00" }] },
      },
      "geoproximityRoutingPolicy.coordinates",
    ],
    [
      "a latitude of 91",
      {
        ...plain,
        setIdentifier: "a",
        geoproximityRoutingPolicy: { coordinates: [{ latitude: "91.00", longitude: "1.00" }] },
      },
      "geoproximityRoutingPolicy.coordinates[0].latitude",
    ],
    [
      "a weight that is left out",
      { ...plain, setIdentifier: "a", weightedRoutingPolicies: [{}] },
      "weightedRoutingPolicies[0].weight",
    ],
    [
      "a location's name of 17 characters",
      { ...plain, setIdentifier: "a", cidrRoutingPolicy: { collectionId: KEY_ID, locationName: long(17) } },
      "cidrRoutingPolicy.locationName",
    ],
    [
      "a target's zone that is none",
      { aliases: [{ name: "lb.us-east-1.elb.amazonaws.com", zoneId: "us-east-1", evaluateTargetHealth: true }] },
      "aliases[0].zoneId",
    ],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a URL for a host", { fqdn: "https://prod.sparki.tools" }, "fqdn"],
    ["no failure at all", { failureThreshold: 0 }, "failureThreshold"],
  ]),
  ...of(LIFECYCLE, [
    [
      "no newer versions",
      life({ noncurrentVersionExpiration: { noncurrentDays: 3, newerNoncurrentVersions: 0 } }),
      "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions",
    ],
    ["a tag without a key", life({ filter: { tag: { value: "b" } } }), "rules[0].filter.tag.key"],
  ]),
  ...of(FUNCTION, [
    ["a snapshot of Node", { snapStart: { applyOn: "PublishedVersions" } }, "snapStart.applyOn"],
    [
      "a file system without a network",
      {
        fileSystemConfig: {
          arn: `arn:aws:elasticfilesystem:us-east-1:${ACCOUNT}:access-point/fsap-0123456789abcdef0`,
          localMountPath: "/mnt/data",
        },
      },
      "fileSystemConfig",
    ],
    ["a description of 257 characters", { description: long(257) }, "description"],
    ["a handler of 129 characters", { handler: `${long(120)}.handlerrr` }, "handler"],
    ["no time", { timeout: 0 }, "timeout"],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    [
      "a session's policy beside its tags",
      { policy: policy({ Action: "s3:GetObject", Resource: "*" }) },
      "disableSessionTags",
    ],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "a region's own that is private",
      {
        availabilityMode: "regional",
        connectivityType: "private",
        subnetId: undefined,
        allocationId: undefined,
        vpcId: "vpc-0a1b2c3d",
      },
      "connectivityType",
    ],
  ]),
  ...of(DATABASE, [
    [
      "one name server of a domain",
      {
        domainFqdn: "corp.test",
        domainOu: "OU=db",
        domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:ad-a1b2c3`,
        domainDnsIps: ["10.0.0.2"],
      },
      "domainDnsIps",
    ],
    [
      "a restored one without a name",
      {
        identifier: undefined,
        username: undefined,
        manageMasterUserPassword: undefined,
        restoreToPointInTime: { useLatestRestorableTime: true, sourceDbInstanceIdentifier: "sparki" },
      },
      "identifier",
    ],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    ["a name and a group", { resourceArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:a` }, "resourceArn"],
  ]),
  ...of(FUNCTION, [
    ["groups that are replaced by none", { replaceSecurityGroupsOnDestroy: true }, "replacementSecurityGroupIds"],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    [
      "a right that there is not",
      { grants: [{ type: "Group", uri: "http://acs.amazonaws.com/groups/s3/LogDelivery", permissions: ["APPEND"] }] },
      "grants[0].permissions",
    ],
    ["rights of nobody", { grants: [{ type: "CanonicalUser", permissions: ["READ"] }] }, "grants[0].id"],
    [
      "a cipher that there is not",
      { serverSideEncryptionConfiguration: { rule: { applyServerSideEncryptionByDefault: { sseAlgorithm: "kms" } } } },
      "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm",
    ],
  ]),
  ...of(CLUSTER, [
    [
      "a way out of the control plane that there is not",
      inner(CLUSTER, "vpcConfig", { controlPlaneEgressMode: "NAT" }),
      "vpcConfig.controlPlaneEgressMode",
    ],
  ]),
];

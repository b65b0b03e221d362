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
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });
const params = (...parameters: InputRecord[]): InputRecord => ({ parameters });
const answer = (...actions: InputRecord[]): InputRecord => ({ defaultActions: actions });
const condition = (...conditions: InputRecord[]): InputRecord => ({ conditions });
const NONE = [{ priority: 0, type: "NONE" }];
const GROUP = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/a/0123456789abcdef`;
const statement = (rest: InputRecord): InputRecord => rule({ statement: rest });

/** A second survey, by other types and other properties, tried before any rule was written for it. */
export const SECOND_SURVEY_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a tag without a name", { tags: { "": "x" } }, "tags."],
    ["a block of documentation's with a host", { cidrBlock: "10.40.1.1/24" }, "cidrBlock"],
    [
      "a netmask of /12 from a pool",
      { cidrBlock: undefined, ipv4IpamPoolId: "ipam-pool-0a1b2c3d4e5f60718", ipv4NetmaskLength: 12 },
      "ipv4NetmaskLength",
    ],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a zone in capitals", { availabilityZone: "US-EAST-1A" }, "availabilityZone"],
    ["an IPv6 block of /62", { ipv6CidrBlock: "2600:1f18:1:1::/62" }, "ipv6CidrBlock"],
    ["DNS64 without IPv6", { enableDns64: true }, "enableDns64"],
  ]),
  ...of("aws:ec2/securityGroupRule:SecurityGroupRule", [
    ["a direction that there is not", { type: "inbound" }, "type"],
    ["itself and a block", { self: true }, "self"],
    ["ports from high to low", { fromPort: 443, toPort: 80 }, "toPort"],
    [
      "a prefix list by its name",
      { cidrBlocks: undefined, prefixListIds: ["com.amazonaws.us-east-1.s3"] },
      "prefixListIds",
    ],
  ]),
  ...of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", [
    ["ports for all protocols", { fromPort: 443, toPort: 443 }, "fromPort"],
    ["TCP without ports", { ipProtocol: "tcp" }, "fromPort"],
    ["a protocol of 256", { ipProtocol: "256" }, "ipProtocol"],
  ]),
  ...of("aws:ec2/networkAcl:NetworkAcl", [
    [
      "an action that logs",
      { ingress: [{ ruleNo: 1, action: "log", protocol: "-1", cidrBlock: "0.0.0.0/0", fromPort: 0, toPort: 0 }] },
      "ingress[0].action",
    ],
    [
      "rule 0",
      { ingress: [{ ruleNo: 0, action: "allow", protocol: "-1", cidrBlock: "0.0.0.0/0", fromPort: 0, toPort: 0 }] },
      "ingress[0].ruleNo",
    ],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    ["a block that is a word", entry({ cidrBlock: "everywhere" }), "ingress[0].cidrBlock"],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["an address that is a name", { address: "eip.example.com" }, "address"],
    ["a pool that is a prefix list", { publicIpv4Pool: "pl-0a1b2c3d" }, "publicIpv4Pool"],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["a kind that there is not", { connectivityType: "internal" }, "connectivityType"],
    [
      "a second private address that is its own",
      {
        connectivityType: "private",
        allocationId: undefined,
        privateIp: "10.40.0.9",
        secondaryPrivateIpAddresses: ["10.40.0.9"],
      },
      "secondaryPrivateIpAddresses",
    ],
  ]),
  ...of("aws:ec2/route:Route", [
    [
      "IPv4 through an egress-only gateway",
      { gatewayId: undefined, egressOnlyGatewayId: "eigw-0a1b2c3d" },
      "egressOnlyGatewayId",
    ],
    ["no destination", { destinationCidrBlock: undefined }, "destinationCidrBlock"],
    [
      "a peering by the other network's id",
      { gatewayId: undefined, vpcPeeringConnectionId: "vpc-0a1b2c3d" },
      "vpcPeeringConnectionId",
    ],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a gateway for ECR",
      { vpcEndpointType: "Gateway", subnetIds: undefined, securityGroupIds: undefined, privateDnsEnabled: undefined },
      "serviceName",
    ],
    ["a service that is misspelt", { serviceName: "com.amazonaws.us-east-1.ecr-api" }, "serviceName"],
    [
      "a policy whose effect is no word",
      { policy: policy({ Effect: "Grant", Principal: "*", Action: "*", Resource: "*" }) },
      "policy",
    ],
    ["addresses of neither family", { ipAddressType: "ipv5" }, "ipAddressType"],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    ["a bucket as a log group", { logDestinationType: "s3", iamRoleArn: undefined }, "logDestination"],
    ["traffic that is dropped", { trafficType: "DROP" }, "trafficType"],
    ["a format with an unknown field", { logFormat: "$" + "{source}" }, "logFormat"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    [
      "a disk of 1,001 IOPS for gp3, below its least",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "gp3", iops: 1001 } }] },
      "blockDeviceMappings[0].ebs.iops",
    ],
    [
      "metadata that may be had without tokens, misspelt",
      { metadataOptions: { httpTokens: "none" } },
      "metadataOptions.httpTokens",
    ],
    ["an image by its name", { imageId: "bottlerocket" }, "imageId"],
    [
      "more memory at least than at most",
      { instanceRequirements: { memoryMib: { min: 2048, max: 1024 }, vcpuCount: { min: 1 } } },
      "instanceRequirements.memoryMib.max",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    [
      "a use that a MAC's key has not",
      { customerMasterKeySpec: "HMAC_256", keyUsage: "SIGN_VERIFY", enableKeyRotation: false },
      "keyUsage",
    ],
    [
      "a policy that locks everyone out",
      { policy: policy({ Principal: { AWS: role("a") }, Action: "kms:Decrypt", Resource: "*" }) },
      "policy",
    ],
    [
      "a policy with another service's action",
      {
        policy: policy({
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: ["kms:*", "s3:GetObject"],
          Resource: "*",
        }),
      },
      "policy",
    ],
    ["deletion after 31 days", { deletionWindowInDays: 31 }, "deletionWindowInDays"],
  ]),
  ...of("aws:kms/alias:Alias", [["AWS's own name", { name: "alias/aws/rds" }, "name"]]),
  ...of("aws:iam/role:Role", [
    [
      "a trust of everybody at GitHub",
      trust({
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
        Action: "sts:AssumeRoleWithWebIdentity",
      }),
      "assumeRolePolicy",
    ],
    [
      "a trust with a resource",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", Resource: "*" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of all but one",
      trust({ NotPrincipal: { AWS: role("a") }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of a service by its name",
      trust({ Principal: { Service: "lambda" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of a bucket",
      trust({ Principal: { AWS: "arn:aws:s3:::bucket" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    ["a path without its end", { path: "/sparki" }, "path"],
    ["a tag twice, in capitals too", { tags: { Team: "a", team: "b" } }, "tags.team"],
    [
      "a policy of AWS's that is misspelt",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnly"] },
      "managedPolicyArns",
    ],
  ]),
  ...of("aws:iam/policy:Policy", [
    ["a principal", grant({ Principal: "*" }), "policy"],
    ["both actions and all but some", grant({ NotAction: "s3:*" }), "policy"],
    ["an identifier with a blank", grant({ Sid: "read it" }), "policy"],
    [
      "more than 6,144 characters",
      grant({ Resource: Array.from({ length: 200 }, (_, i) => `arn:aws:s3:::a-bucket-of-a-long-name-${i}/*`) }),
      "policy",
    ],
    ["a condition that is a list", grant({ Condition: [] }), "policy"],
    ["a key without its service", grant({ Condition: { StringEquals: { username: "a" } } }), "policy"],
    ["a bucket with a region", grant({ Resource: "arn:aws:s3:us-east-1::sparki/*" }), "policy"],
    [
      "a role with a region",
      grant({ Action: "iam:PassRole", Resource: `arn:aws:iam:us-east-1:${ACCOUNT}:role/a` }),
      "policy",
    ],
    [
      "a version of a day that was none",
      {
        policy: JSON.stringify({ Version: "2012-10-16", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }),
      },
      "policy",
    ],
    [
      "a statement without its effect",
      { policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Action: "*", Resource: "*" }] }) },
      "policy",
    ],
  ]),
  ...of("aws:iam/instanceProfile:InstanceProfile", [["a role by its ARN", { role: role("nodes") }, "role"]]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["a class that there is not", { logGroupClass: "ARCHIVE" }, "logGroupClass"],
    ["AWS's own beginning", { name: "aws/eks/sparki" }, "name"],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    [
      "an action of another service",
      {
        policyDocument: policy({
          Principal: { Service: "route53.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: "*",
        }),
      },
      "policyDocument",
    ],
    [
      "a service that there is not",
      {
        policyDocument: policy({
          Principal: { Service: "route-53.amazonaws.com" },
          Action: "logs:PutLogEvents",
          Resource: "*",
        }),
      },
      "policyDocument",
    ],
  ]),
  ...of(CLUSTER, [
    [
      "standard support of a version that is past it",
      { version: "1.33", upgradePolicy: { supportType: "STANDARD" } },
      "upgradePolicy.supportType",
    ],
    [
      "a range for services of /26",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "172.20.0.0/26" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "a public endpoint for private addresses",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["192.168.0.0/16"] }),
      "vpcConfig.publicAccessCidrs",
    ],
    [
      "seventeen subnets",
      inner(CLUSTER, "vpcConfig", { subnetIds: Array.from({ length: 17 }, (_, i) => `subnet-0a1b2c${10 + i}`) }),
      "vpcConfig.subnetIds",
    ],
    [
      "a node pool of one's own name",
      inner(CLUSTER, "computeConfig", { nodePools: ["gpu"] }),
      "computeConfig.nodePools",
    ],
    ["a name that begins with a hyphen", { name: "-sparki" }, "name"],
    ["a tier that there is not", { controlPlaneScalingConfig: { tier: "xl" } }, "controlPlaneScalingConfig.tier"],
    [
      "pods elsewhere without nodes elsewhere",
      { remoteNetworkConfig: { remotePodNetworks: { cidrs: ["10.80.0.0/16"] } } },
      "remoteNetworkConfig.remotePodNetworks",
    ],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["groups of nodes", { type: "EC2_LINUX", kubernetesGroups: ["viewers"] }, "kubernetesGroups"],
    [
      "a service's own role",
      { principalArn: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS` },
      "principalArn",
    ],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    [
      "namespaces for the whole cluster",
      { accessScope: { type: "cluster", namespaces: ["a"] } },
      "accessScope.namespaces",
    ],
    [
      "a policy that EKS has not",
      { policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSOwnerPolicy" },
      "policyArn",
    ],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["an add-on that is misspelt", { addonName: "metric-server" }, "addonName"],
    ["conflicts that are merged", { resolveConflictsOnUpdate: "MERGE" }, "resolveConflictsOnUpdate"],
    ["a role of a user", { serviceAccountRoleArn: `arn:aws:iam::${ACCOUNT}:user/me` }, "serviceAccountRoleArn"],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a namespace of 64 characters", { namespace: long(64) }, "namespace"],
    ["a policy of the session with tags", { policy: policy({ Action: "*", Resource: "*" }) }, "disableSessionTags"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    [
      "connections in words",
      params({ name: "max_connections", value: "many", applyMethod: "pending-reboot" }),
      "parameters[0].value",
    ],
    ["a level of log that there is not", params({ name: "log_min_messages", value: "trace" }), "parameters[0].value"],
    [
      "a file's place",
      params({ name: "data_directory", value: "/data", applyMethod: "pending-reboot" }),
      "parameters[0].name",
    ],
    ["TLS that is wanted", params({ name: "rds.force_ssl", value: "prefer" }), "parameters[0].value"],
    [
      "a static one at once",
      params({ name: "shared_buffers", value: "16384", applyMethod: "immediate" }),
      "parameters[0].applyMethod",
    ],
    ["a family of a cache", { family: "redis7" }, "family"],
  ]),
  ...of(DATABASE, [
    ["a performance class that there is not", { databaseInsightsMode: "basic" }, "databaseInsightsMode"],
    [
      "insights' days without insights",
      { performanceInsightsEnabled: false, performanceInsightsRetentionPeriod: 7 },
      "performanceInsightsEnabled",
    ],
    ["a log of slow queries", { enabledCloudwatchLogsExports: ["slowquery"] }, "enabledCloudwatchLogsExports"],
    ["a window of over a day", { maintenanceWindow: "sun:05:00-mon:06:00" }, "maintenanceWindow"],
    ["a password with an at sign", { manageMasterUserPassword: undefined, password: "pass@word1" }, "password"],
    ["a licence of one's own", { licenseModel: "bring-your-own-license" }, "licenseModel"],
    ["an identifier with an underscore", { identifier: "sparki_prod" }, "identifier"],
    ["a character set", { characterSetName: "UTF8" }, "characterSetName"],
    [
      "a green environment without backups",
      { blueGreenUpdate: { enabled: true }, backupRetentionPeriod: 0 },
      "blueGreenUpdate.enabled",
    ],
    [
      "six security groups",
      { vpcSecurityGroupIds: Array.from({ length: 6 }, (_, i) => `sg-0a1b2c${i}`) },
      "vpcSecurityGroupIds",
    ],
    ["a network of six", { networkType: "IPV6" }, "networkType"],
    ["a certificate of long ago", { caCertIdentifier: "rds-ca-2015" }, "caCertIdentifier"],
    ["a log volume on gp3", { dedicatedLogVolume: true }, "dedicatedLogVolume"],
    ["growth without a limit, in words", { maxAllocatedStorage: "unlimited" }, "maxAllocatedStorage"],
    ["a maintenance window that is daily", { maintenanceWindow: "05:00-06:00" }, "maintenanceWindow"],
    ["monitoring every two seconds", { monitoringInterval: 2 }, "monitoringInterval"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    [
      "a policy of eviction that there is not",
      params({ name: "maxmemory-policy", value: "lru" }),
      "parameters[0].value",
    ],
    ["a name that begins with default", { name: "default-sparki" }, "name"],
  ]),
  ...of(CACHE, [
    ["memcached", { engine: "memcached" }, "engine"],
    ["seven nodes", { numCacheClusters: 7 }, "numCacheClusters"],
    ["shards and nodes", { numNodeGroups: 2 }, "numNodeGroups"],
    [
      "shards without failover",
      {
        numCacheClusters: undefined,
        numNodeGroups: 2,
        replicasPerNodeGroup: 1,
        automaticFailoverEnabled: false,
        multiAzEnabled: false,
      },
      "automaticFailoverEnabled",
    ],
    ["a name that ends in a hyphen", { replicationGroupId: "sparki-" }, "replicationGroupId"],
    [
      "a log group by its ARN",
      {
        logDeliveryConfigurations: [
          {
            destination: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:a`,
            destinationType: "cloudwatch-logs",
            logFormat: "json",
            logType: "slow-log",
          },
        ],
      },
      "logDeliveryConfigurations[0].destination",
    ],
    ["a window of half an hour", { snapshotWindow: "03:00-03:30" }, "snapshotWindow"],
    ["Valkey of a version of Redis", { engine: "valkey", engineVersion: "6.2" }, "engineVersion"],
    [
      "a token's strategy without a token",
      { authToken: undefined, authTokenUpdateStrategy: "ROTATE" },
      "authTokenUpdateStrategy",
    ],
    ["tiers of data on other nodes", { dataTieringEnabled: true }, "dataTieringEnabled"],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["recovery for three days", { recoveryWindowInDays: 3 }, "recoveryWindowInDays"],
    ["a copy beside itself", { region: "us-east-1", replicas: [{ region: "us-east-1" }] }, "replicas"],
    [
      "a policy with actions of S3",
      { policy: policy({ Principal: { AWS: role("a") }, Action: "s3:GetObject", Resource: "*" }) },
      "policy",
    ],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "both a schedule and days",
      { rotationRules: { automaticallyAfterDays: 30, scheduleExpression: "rate(30 days)" } },
      "rotationRules",
    ],
    [
      "a cron of five fields",
      { rotationRules: { scheduleExpression: "cron(0 8 1 * ?)" } },
      "rotationRules.scheduleExpression",
    ],
    ["a function that is a role", { rotationLambdaArn: role("rotate") }, "rotationLambdaArn"],
    [
      "a duration without its unit",
      { rotationRules: { automaticallyAfterDays: 30, duration: "3" } },
      "rotationRules.duration",
    ],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    ["a name that is internal-", { name: "internal-sparki" }, "name"],
    ["an idle time of two hours", { idleTimeout: 7200 }, "idleTimeout"],
    [
      "logs at a place of AWS's",
      { accessLogs: { bucket: "sparki-logs", enabled: true, prefix: "AWSLogs" } },
      "accessLogs.prefix",
    ],
    [
      "capacity for less than there is",
      { minimumLoadBalancerCapacity: { capacityUnits: 10 } },
      "minimumLoadBalancerCapacity.capacityUnits",
    ],
    ["headers handled as one likes", { xffHeaderProcessingMode: "drop" }, "xffHeaderProcessingMode"],
  ]),
  ...of(TARGET, [
    ["draining for two hours", { deregistrationDelay: 7200 }, "deregistrationDelay"],
    ["a check every second", check({ interval: 1 }), "healthCheck.interval"],
    ["a matcher of gRPC for HTTP", check({ matcher: "0-99" }), "healthCheck.matcher"],
    ["targets that are pods", { targetType: "pod" }, "targetType"],
    ["a gateway's protocol on another port", { protocol: "GENEVE", port: 80, healthCheck: undefined }, "port"],
    [
      "a cookie of the balancer's own name",
      { stickiness: { type: "app_cookie", cookieName: "AWSALBAPP" } },
      "stickiness.cookieName",
    ],
    [
      "a slow start of ten minutes by load",
      { slowStart: 600, loadBalancingAlgorithmType: "least_outstanding_requests" },
      "slowStart",
    ],
    ["no port", { port: undefined }, "port"],
    [
      "a balancer behind a balancer, checked by TCP",
      { targetType: "alb", protocol: "TCP", healthCheck: { protocol: "TCP" } },
      "healthCheck.protocol",
    ],
  ]),
  ...of(LISTENER, [
    ["TLS of a policy that there is not", { sslPolicy: "ELBSecurityPolicy-TLS-1-3-2021-06" }, "sslPolicy"],
    ["HTTP with a policy of TLS", { protocol: "HTTP", port: 80, certificateArn: undefined }, "sslPolicy"],
    [
      "a redirect without a status",
      answer({ type: "redirect", redirect: { host: "example.com" } }),
      "defaultActions[0].redirect.statusCode",
    ],
    ["a forward to nobody", answer({ type: "forward" }), "defaultActions[0].targetGroupArn"],
    [
      "six groups",
      answer({
        type: "forward",
        forward: { targetGroups: Array.from({ length: 6 }, (_, i) => ({ arn: `${GROUP}${i}` })) },
      }),
      "defaultActions[0].forward.targetGroups",
    ],
    [
      "a weight of 1000",
      answer({ type: "forward", forward: { targetGroups: [{ arn: GROUP, weight: 1000 }] } }),
      "defaultActions[0].forward.targetGroups[0].weight",
    ],
    [
      "HTTP of a network's balancer",
      {
        loadBalancerArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/net/a/0123456789abcdef`,
        protocol: "HTTP",
        certificateArn: undefined,
        sslPolicy: undefined,
      },
      "protocol",
    ],
    [
      "frames of some",
      { routingHttpResponseXFrameOptionsHeaderValue: "SOMETIMES" },
      "routingHttpResponseXFrameOptionsHeaderValue",
    ],
    [
      "HSTS without an age",
      { routingHttpResponseStrictTransportSecurityHeaderValue: "includeSubDomains" },
      "routingHttpResponseStrictTransportSecurityHeaderValue",
    ],
  ]),
  ...of(RULE, [
    ["priority 0", { priority: 0 }, "priority"],
    ["six paths", condition({ pathPattern: { values: ["/a", "/b", "/c", "/d", "/e", "/f"] } }), "conditions"],
    ["a path with a blank", condition({ pathPattern: { values: ["/a b"] } }), "conditions[0].pathPattern.values"],
    ["no condition", { conditions: [] }, "conditions"],
    [
      "a host twice",
      condition({ hostHeader: { values: ["a.example.com"] } }, { hostHeader: { values: ["b.example.com"] } }),
      "conditions",
    ],
    [
      "a host with a port",
      condition({ hostHeader: { values: ["a.example.com:8080"] } }),
      "conditions[0].hostHeader.values",
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["an algorithm that ACM does not make", { keyAlgorithm: "RSA_1024" }, "keyAlgorithm"],
    ["a label of 64 characters", { domainName: `${long(64)}.tools` }, "domainName"],
    [
      "a validation of another name's",
      { validationOptions: [{ domainName: "prod.sparki.tools", validationDomain: "example.com" }] },
      "validationOptions[0].validationDomain",
    ],
    ["a name of one label", { domainName: "localhost" }, "domainName"],
  ]),
  ...of("aws:acm/certificateValidation:CertificateValidation", [
    ["a balancer's ARN", { certificateArn: GROUP }, "certificateArn"],
  ]),
  ...of(ACL, [
    ["a rule without a statement", rule({ statement: undefined }), "rules[0].statement"],
    [
      "an and of one",
      statement({ andStatement: { statements: [{ geoMatchStatement: { countryCodes: ["KP"] } }] } }),
      "rules[0].statement.andStatement",
    ],
    [
      "a rate that allows",
      rule({ action: { allow: {} }, statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } } }),
      "rules[0].action",
    ],
    [
      "a size that is compared with neither",
      statement({
        sizeConstraintStatement: {
          comparisonOperator: "==",
          size: 1,
          fieldToMatch: { uriPath: {} },
          textTransformations: NONE,
        },
      }),
      "rules[0].statement.sizeConstraintStatement.comparisonOperator",
    ],
    [
      "a fingerprint in part",
      statement({
        byteMatchStatement: {
          positionalConstraint: "CONTAINS",
          searchString: "a",
          textTransformations: NONE,
          fieldToMatch: { ja3Fingerprint: { fallbackBehavior: "NO_MATCH" } },
        },
      }),
      "rules[0].statement.byteMatchStatement.positionalConstraint",
    ],
    [
      "a label with a word of AWS's",
      rule({ statement: { geoMatchStatement: { countryCodes: ["KP"] } }, ruleLabels: [{ name: "awswaf:mine" }] }),
      "rules[0].ruleLabels[0].name",
    ],
    [
      "a captcha's immunity of ten seconds",
      { captchaConfig: { immunityTimeProperty: { immunityTime: 10 } } },
      "captchaConfig.immunityTimeProperty.immunityTime",
    ],
    [
      "a header in capitals",
      statement({
        byteMatchStatement: {
          positionalConstraint: "CONTAINS",
          searchString: "a",
          textTransformations: NONE,
          fieldToMatch: { singleHeader: { name: "User-Agent" } },
        },
      }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.singleHeader.name",
    ],
    [
      "an answer's kind that is no content",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["KP"] } },
        action: {
          block: {
            customResponse: { responseCode: 403, responseHeaders: [{ name: "Content-Type", value: "text/html" }] },
          },
        },
      }),
      "rules[0].action.block.customResponse.responseHeaders[0].name",
    ],
    [
      "a transformation that there is not",
      statement({
        xssMatchStatement: { fieldToMatch: { uriPath: {} }, textTransformations: [{ priority: 0, type: "TRIM" }] },
      }),
      "rules[0].statement.xssMatchStatement.textTransformations[0].type",
    ],
    [
      "a group of rules in capitals",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSMANAGEDRULESCOMMONRULESET" } },
      }),
      "rules[0].statement.managedRuleGroupStatement.name",
    ],
    ["a default action of both", { defaultAction: { allow: {}, block: {} } }, "defaultAction.block"],
    [
      "a sensitivity that there is not",
      statement({
        sqliMatchStatement: { sensitivityLevel: "MEDIUM", fieldToMatch: { body: {} }, textTransformations: NONE },
      }),
      "rules[0].statement.sqliMatchStatement.sensitivityLevel",
    ],
    [
      "a body too large that is read on",
      statement({
        sqliMatchStatement: { fieldToMatch: { body: { oversizeHandling: "TRUNCATE" } }, textTransformations: NONE },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch.body.oversizeHandling",
    ],
    [
      "a forwarded address's place that there is not",
      statement({
        ipSetReferenceStatement: {
          arn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:regional/ipset/a/b`,
          ipSetForwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "MATCH", position: "SECOND" },
        },
      }),
      "rules[0].statement.ipSetReferenceStatement.ipSetForwardedIpConfig.position",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    ["a web ACL of CloudFront's", { webAclArn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/a/b` }, "webAclArn"],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    ["a bucket of another name", { logDestinationConfigs: ["arn:aws:s3:::sparki-logs"] }, "logDestinationConfigs"],
    ["a field of two kinds", { redactedFields: [{ method: {}, uriPath: {} }] }, "redactedFields[0].uriPath"],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["a name with a blank", { name: "prod sparki.tools" }, "name"],
    ["a comment of 257 characters", { comment: long(257) }, "comment"],
  ]),
  ...of("aws:route53/record:Record", [
    ["a value for an alias", { records: ["203.0.113.1"], ttl: 60 }, "records"],
    [
      "a weight of 256",
      { ...plain("A", "203.0.113.1"), setIdentifier: "a", weightedRoutingPolicies: [{ weight: 256 }] },
      "weightedRoutingPolicies[0].weight",
    ],
    [
      "two policies",
      {
        ...plain("A", "203.0.113.1"),
        setIdentifier: "a",
        weightedRoutingPolicies: [{ weight: 1 }],
        latencyRoutingPolicies: [{ region: "us-east-1" }],
      },
      "weightedRoutingPolicies",
    ],
    ["a name with two dots", { name: "a..sparki.tools" }, "name"],
    ["a service without its port", plain("SRV", "10 5 sip.example.com"), "records"],
    ["a text of 256 characters in one", plain("TXT", long(256)), "records"],
    ["an address with five parts", plain("A", "203.0.113.1.5"), "records"],
    ["a pointer to an address", plain("PTR", "203.0.113.1"), "records"],
    [
      "itself as its alias",
      { aliases: [{ name: "prod.sparki.tools", zoneId: "Z0123456789ABCDEFGHIJ", evaluateTargetHealth: false }] },
      "aliases[0].name",
    ],
    ["a fingerprint of no kind", plain("SSHFP", "4 9 ABCD"), "records"],
  ]),
  ...of("aws:route53/keySigningKey:KeySigningKey", [["a name with a hyphen", { name: "sparki-prod" }, "name"]]),
  ...of("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", [
    ["signed, in other words", { signingStatus: "SIGNED" }, "signingStatus"],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a text to find without one", { type: "HTTPS_STR_MATCH" }, "searchString"],
    ["two regions", { regions: ["us-east-1", "us-west-1"] }, "regions"],
    ["eleven failures", { failureThreshold: 11 }, "failureThreshold"],
    [
      "a control without its ARN",
      {
        type: "RECOVERY_CONTROL",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
      },
      "routingControlArn",
    ],
    [
      "an alarm without its name",
      {
        type: "CLOUDWATCH_METRIC",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        cloudwatchAlarmRegion: "us-east-1",
      },
      "cloudwatchAlarmName",
    ],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["a name with an underscore", { bucket: "sparki_logs" }, "bucket"],
    [
      "a grant to all by a name",
      { grants: [{ type: "AmazonCustomerByEmail", permissions: ["READ"], id: "a" }] },
      "grants[0].type",
    ],
    [
      "a permission that there is not",
      { grants: [{ type: "CanonicalUser", permissions: ["DELETE"], id: "a" }] },
      "grants[0].permissions",
    ],
    [
      "a lock of no kind",
      {
        objectLockConfiguration: {
          objectLockEnabled: "Enabled",
          rule: { defaultRetention: { mode: "LEGAL", days: 1 } },
        },
      },
      "objectLockConfiguration.rule.defaultRetention.mode",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "no principal",
      { policy: policy({ Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }) },
      "policy",
    ],
    [
      "objects of another bucket",
      { policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*" }) },
      "policy",
    ],
    [
      "an account that is a word",
      {
        policy: policy({
          Principal: { AWS: "everyone" },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::sparki-prod-logs/*",
        }),
      },
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    [
      "S3's own keys with a key",
      {
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: "AES256",
              kmsMasterKeyId: `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`,
            },
          },
        ],
      },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
  ]),
  ...of("aws:s3/bucketVersioning:BucketVersioning", [
    ["a state that there is not", { versioningConfiguration: { status: "Paused" } }, "versioningConfiguration.status"],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "up again",
      life({
        transitions: [
          { days: 30, storageClass: "GLACIER" },
          { days: 90, storageClass: "STANDARD_IA" },
        ],
      }),
      "rules[0].transitions",
    ],
    [
      "infrequent after a week",
      life({ transitions: [{ days: 7, storageClass: "STANDARD_IA" }] }),
      "rules[0].transitions[0].days",
    ],
    ["two filters at once", life({ filter: { prefix: "a", tag: { key: "a", value: "b" } } }), "rules[0].filter.tag"],
    ["an end after no days", life({ expiration: { days: 0 } }), "rules[0].expiration.days"],
  ]),
  ...of("aws:s3/bucketOwnershipControls:BucketOwnershipControls", [
    ["an owner that there is not", { rule: { objectOwnership: "BucketOwner" } }, "rule.objectOwnership"],
  ]),
  ...of("aws:lambda/function:Function", [
    ["16 minutes", { timeout: 960 }, "timeout"],
    ["64 MB", { memorySize: 64 }, "memorySize"],
    [
      "a variable of Lambda's own",
      { environment: { variables: { AWS_REGION: "us-east-1" } } },
      "environment.variables.AWS_REGION",
    ],
    ["snapshots of Node.js", { snapStart: { applyOn: "PublishedVersions" } }, "snapStart.applyOn"],
    ["a handler with a blank", { handler: "index handler" }, "handler"],
    ["a name with a dot", { name: "sparki.rotate" }, "name"],
    [
      "subnets without groups",
      { vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: [] } },
      "vpcConfig.securityGroupIds",
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["an action of another service", { action: "s3:GetObject" }, "action"],
    ["an account of 13 digits", { sourceAccount: "1111222233334" }, "sourceAccount"],
    ["an organisation that is none", { principal: "*", principalOrgId: "org-1234" }, "principalOrgId"],
  ]),
];

import type { InputRecord } from "../../aws/inputs.ts";
import type { RightRow } from "./further-right-inputs.ts";
import {
  ACL,
  CACHE,
  CLUSTER,
  check,
  DATABASE,
  inner,
  LISTENER,
  LOGIN,
  life,
  RULE,
  rule,
  TARGET,
  trust,
} from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const KEY_ID = "0a1b2c3d-0000-1111-2222-333344445555";
const ROLE = "aws:iam/role:Role";
const INLINE = "aws:iam/rolePolicy:RolePolicy";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const RECORD = "aws:route53/record:Record";
const FUNCTION = "aws:lambda/function:Function";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const BALANCER = "aws:lb/loadBalancer:LoadBalancer";

const of = (type: string, cases: readonly (readonly [string, InputRecord])[]): RightRow[] =>
  cases.map(([what, change]) => [type, what, change]);

const field = (name: string) => `\${${name}}`;
const grant = (rest: object): InputRecord => ({ policy: policy(rest) });
const values = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 300, records });
const network = { loadBalancerType: "network", desyncMitigationMode: undefined, idleTimeout: undefined };
const untested = { fqdn: undefined, port: undefined, resourcePath: undefined, requestInterval: undefined };

/** A third list of what AWS takes, unusual as it is: none may be refused. */
export const LATER_RIGHT: readonly RightRow[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a block of a pool", { cidrBlock: undefined, ipv4IpamPoolId: "ipam-pool-0a1b2c3d", ipv4NetmaskLength: 20 }],
    ["a network on hardware of its own", { instanceTenancy: "dedicated" }],
    [
      "an IPv6 block of AWS's in a border group",
      { assignGeneratedIpv6CidrBlock: true, ipv6CidrBlockNetworkBorderGroup: "us-east-1-bos-1" },
    ],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "IPv6 alone",
      {
        cidrBlock: undefined,
        ipv6Native: true,
        ipv6CidrBlock: "2001:db8:1234:1a00::/64",
        assignIpv6AddressOnCreation: true,
      },
    ],
    ["a local zone", { availabilityZone: "us-east-1-bos-1a" }],
    ["a zone by its id", { availabilityZone: undefined, availabilityZoneId: "use1-az1" }],
    ["sixteen addresses", { cidrBlock: "10.40.255.240/28" }],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a name of all characters", { name: "web (prod) #1: a+b=c & {d}!$*", description: "a-b_c/d:e,f@g [h]" }],
  ]),
  ...of(INGRESS, [
    ["GRE by its number", { ipProtocol: "47", fromPort: undefined, toPort: undefined }],
    ["all of ICMPv6", { ipProtocol: "icmpv6", fromPort: -1, toPort: -1, cidrIpv4: undefined, cidrIpv6: "::/0" }],
    ["an echo request of every code", { ipProtocol: "icmp", fromPort: 8, toPort: -1 }],
    ["a group of another account", { cidrIpv4: undefined, referencedSecurityGroupId: `${ACCOUNT}/sg-0a1b2c3d` }],
    ["every port", { fromPort: 0, toPort: 65_535 }],
  ]),
  ...of("aws:ec2/route:Route", [
    [
      "IPv6 that is translated",
      {
        destinationCidrBlock: undefined,
        destinationIpv6CidrBlock: "64:ff9b::/96",
        gatewayId: undefined,
        natGatewayId: "nat-0a1b2c3d",
      },
    ],
    ["a private gateway", { gatewayId: "vgw-0a1b2c3d" }],
    [
      "one address to an interface",
      { destinationCidrBlock: "192.0.2.7/32", gatewayId: undefined, networkInterfaceId: "eni-0a1b2c3d" },
    ],
  ]),
  ...of(ENDPOINT, [
    [
      "a partner's service",
      { serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8", privateDnsEnabled: false },
    ],
    ["SageMaker's notebooks", { serviceName: "aws.sagemaker.us-east-1.notebook" }],
    [
      "S3 by an interface for those who come from outside",
      { serviceName: "com.amazonaws.us-east-1.s3", dnsOptions: { privateDnsOnlyForInboundResolverEndpoint: true } },
    ],
    ["both families", { ipAddressType: "dualstack", dnsOptions: { dnsRecordIpType: "dualstack" } }],
    ["a service of another region", { serviceName: "com.amazonaws.eu-west-1.s3", serviceRegion: "eu-west-1" }],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    [
      "a transit gateway every minute",
      { vpcId: undefined, transitGatewayId: "tgw-0a1b2c3d", trafficType: undefined, maxAggregationInterval: 60 },
    ],
    [
      "Parquet in a bucket",
      {
        logDestinationType: "s3",
        logDestination: "arn:aws:s3:::logs/flow/",
        iamRoleArn: undefined,
        destinationOptions: { fileFormat: "parquet", perHourPartition: true },
      },
    ],
  ]),
  ...of("aws:kms/key:Key", [
    ["a MAC", { customerMasterKeySpec: "HMAC_256", keyUsage: "GENERATE_VERIFY_MAC", enableKeyRotation: false }],
    [
      "a curve that agrees on keys",
      { customerMasterKeySpec: "ECC_NIST_P384", keyUsage: "KEY_AGREEMENT", enableKeyRotation: false },
    ],
    ["a key of many regions", { multiRegion: true }],
    ["rotation every 90 days", { rotationPeriodInDays: 90 }],
  ]),
  ...of(ROLE, [
    [
      "trust in a web identity",
      trust({
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { "ForAnyValue:StringLike": { "token.actions.githubusercontent.com:sub": "repo:sparki/*" } },
      }),
    ],
    [
      "trust in Cognito's users",
      trust({
        Principal: { Federated: "cognito-identity.amazonaws.com" },
        Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
      }),
    ],
    [
      "trust in SAML",
      trust({
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:saml-provider/corp` },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
      }),
    ],
    [
      "trust in an account and a session's name",
      trust({
        Principal: { AWS: ACCOUNT },
        Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
        Condition: { StringLike: { "sts:RoleSessionName": `${field("aws:username")}` } },
      }),
    ],
    [
      "trust in a whole organisation",
      trust({
        Principal: "*",
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
      }),
    ],
    ["a name of all characters", { name: "a+b=c,d.e@f-g_h" }],
    ["a description of two lines", { description: "one\r\ntwo\tthree" }],
  ]),
  ...of(INLINE, [
    [
      "all but some, on all but some",
      grant({ NotAction: ["iam:*"], NotResource: [`arn:aws:iam::${ACCOUNT}:role/admin`] }),
    ],
    [
      "one statement that stands alone",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Id: "ours",
          Statement: { Effect: "Allow", Action: "s3:List?uckets", Resource: "*" },
        }),
      },
    ],
    [
      "the earlier version",
      {
        policy: JSON.stringify({ Version: "2008-10-17", Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }] }),
      },
    ],
    [
      "a bucket for each user",
      grant({ Action: "s3:*", Resource: `arn:aws:s3:::home/${field("aws:PrincipalTag/team, 'none'")}/*` }),
    ],
    [
      "conditions of many kinds",
      grant({
        Action: "ec2:*",
        Resource: "*",
        Condition: {
          Null: { "aws:TokenIssueTime": "false" },
          NumericLessThanEquals: { "aws:MultiFactorAuthAge": "3600" },
          DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" },
          IpAddressIfExists: { "aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"] },
          "ForAllValues:StringEqualsIgnoreCase": { "aws:TagKeys": ["a"] },
          ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" },
        },
      }),
    ],
    [
      "an object of an access point",
      grant({ Action: "s3:GetObject", Resource: `arn:aws:s3:us-east-1:${ACCOUNT}:accesspoint/logs/object/*` }),
    ],
    ["roles of every account", grant({ Action: "sts:AssumeRole", Resource: "arn:aws:iam::*:role/deploy-*" })],
    [
      "resources of a service without regions and accounts",
      grant({ Action: "route53:ChangeResourceRecordSets", Resource: "arn:aws:route53:::hostedzone/*" }),
    ],
    [
      "spaces inside of the document",
      {
        policy: JSON.stringify(
          { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] },
          null,
          2,
        ),
      },
    ],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    ["a policy of one's own with a path", { policyArn: `arn:aws:iam::${ACCOUNT}:policy/teams/engine/read` }],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["lines that are kept for ever", { retentionInDays: 0 }],
    ["lines that are seldom read", { logGroupClass: "INFREQUENT_ACCESS", name: "a.b-c_d/e#f" }],
  ]),
  ...of(CLUSTER, [
    ["IPv6", inner(CLUSTER, "kubernetesNetworkConfig", { ipFamily: "ipv6", serviceIpv4Cidr: undefined })],
    [
      "a public endpoint for one address",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.7/32"] }),
    ],
    [
      "remote nodes and pods beside each other",
      {
        remoteNetworkConfig: {
          remoteNodeNetworks: { cidrs: ["10.80.0.0/16"] },
          remotePodNetworks: { cidrs: ["10.81.0.0/16"] },
        },
      },
    ],
    ["a version that is supported for a charge", { version: "1.33", upgradePolicy: { supportType: "EXTENDED" } }],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["nodes of one's own premises", { type: "HYBRID_LINUX" }],
    [
      "a person of IAM by name",
      { principalArn: `arn:aws:iam::${ACCOUNT}:user/ops/ann`, userName: "ann", kubernetesGroups: ["viewers"] },
    ],
    ["a name with the session's", { userName: "platform:{{SessionName}}" }],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["logs and metrics", { addonName: "amazon-cloudwatch-observability", addonVersion: undefined }],
    [
      "a file system of S3",
      { addonName: "aws-mountpoint-s3-csi-driver", addonVersion: undefined, resolveConflictsOnUpdate: "PRESERVE" },
    ],
    ["a configuration in YAML", { configurationValues: "replicas: 2\n" }],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    [
      "memory by a formula",
      {
        parameters: [{ name: "shared_buffers", value: "{DBInstanceClassMemory/32768}", applyMethod: "pending-reboot" }],
      },
    ],
    [
      "several libraries",
      {
        parameters: [
          { name: "shared_preload_libraries", value: "pg_stat_statements,auto_explain", applyMethod: "pending-reboot" },
        ],
      },
    ],
  ]),
  ...of(DATABASE, [
    ["a window over midnight", { backupWindow: "23:30-00:30", maintenanceWindow: "sun:01:00-sun:02:00" }],
    ["maintenance from one day into the other", { maintenanceWindow: "sun:23:30-mon:00:30" }],
    ["a major version alone", { engineVersion: "17" }],
    ["gp3 of 400 GiB with all that it can", { allocatedStorage: 400, iops: 12_000, storageThroughput: 500 }],
    ["both families of addresses", { networkType: "DUAL" }],
    ["AWS's own parameters", { parameterGroupName: "default.postgres17" }],
    ["a managed secret under a key", { masterUserSecretKmsKeyId: KEY_ID }],
    ["insights of three months", { performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 93 }],
    ["no paid support", { engineLifecycleSupport: "open-source-rds-extended-support-disabled" }],
  ]),
  ...of(CACHE, [
    ["Valkey", { engine: "valkey", engineVersion: "8.0", parameterGroupName: "default.valkey8" }],
    [
      "three shards",
      {
        numCacheClusters: undefined,
        numNodeGroups: 3,
        replicasPerNodeGroup: 2,
        parameterGroupName: "default.redis7.cluster.on",
      },
    ],
    ["nodes with disks", { nodeType: "cache.r6gd.xlarge", dataTieringEnabled: true }],
    ["a group of users", { authToken: undefined, userGroupIds: ["sparki-users"] }],
    ["maintenance into Monday", { maintenanceWindow: "sun:23:00-mon:01:30" }],
    [
      "its logs to Firehose",
      {
        logDeliveryConfigurations: [
          { destination: "redis", destinationType: "kinesis-firehose", logFormat: "text", logType: "slow-log" },
        ],
      },
    ],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    ["the first Monday of a month", { rotationRules: { scheduleExpression: "cron(0 16 ? * 2#1 *)", duration: "3h" } }],
    ["every ten days", { rotationRules: { scheduleExpression: "rate(10 days)" } }],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    [
      "copies in two regions",
      { replicas: [{ region: "us-west-2" }, { region: "eu-west-1", kmsKeyId: "alias/aws/secretsmanager" }] },
    ],
    ["no time to recover it", { recoveryWindowInDays: 0 }],
  ]),
  ...of(BALANCER, [
    [
      "fixed addresses of a network balancer",
      {
        ...network,
        subnets: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", allocationId: "eipalloc-0a1b2c3d" }],
      },
    ],
    [
      "a gateway balancer in one subnet",
      {
        ...network,
        loadBalancerType: "gateway",
        securityGroups: undefined,
        accessLogs: undefined,
        subnets: ["subnet-0a1b2c3d"],
      },
    ],
    ["silence of over an hour", { idleTimeout: 4000 }],
    ["capacity that is kept ready", { minimumLoadBalancerCapacity: { capacityUnits: 100 } }],
  ]),
  ...of(TARGET, [
    [
      "a function",
      {
        targetType: "lambda",
        port: undefined,
        protocol: undefined,
        vpcId: undefined,
        healthCheck: undefined,
        deregistrationDelay: undefined,
      },
    ],
    [
      "a tunnel",
      {
        protocol: "GENEVE",
        port: 6081,
        healthCheck: { protocol: "HTTP", path: "/", port: "80", interval: 10, timeout: 5 },
      },
    ],
    [
      "gRPC",
      {
        protocolVersion: "GRPC",
        healthCheck: { path: "/grpc.health.v1.Health/Check", matcher: "0-12,99", interval: 10, timeout: 5 },
      },
    ],
    [
      "DNS that is checked by TCP",
      { protocol: "TCP_UDP", port: 53, healthCheck: { protocol: "TCP", interval: 10, timeout: 5 } },
    ],
    [
      "an application balancer behind a network one",
      {
        targetType: "alb",
        protocol: "TCP",
        port: 80,
        healthCheck: { protocol: "HTTP", path: "/", matcher: "200-399", interval: 10, timeout: 5 },
      },
    ],
    ["codes of both kinds", check({ matcher: "200-299,302" })],
    ["odd targets avoided", { loadBalancingAlgorithmType: "weighted_random", loadBalancingAnomalyMitigation: "on" }],
  ]),
  ...of(LISTENER, [
    [
      "a redirect that keeps all but the scheme",
      {
        port: 80,
        protocol: "HTTP",
        certificateArn: undefined,
        sslPolicy: undefined,
        defaultActions: [
          {
            type: "redirect",
            redirect: {
              protocol: "HTTPS",
              port: "443",
              host: "#{host}",
              path: "/#{path}",
              query: "#{query}",
              statusCode: "HTTP_301",
            },
          },
        ],
      },
    ],
    ["client certificates handed on", { mutualAuthentication: { mode: "passthrough" } }],
    [
      "an answer without words",
      {
        defaultActions: [
          { type: "fixed-response", fixedResponse: { contentType: "application/json", statusCode: "503" } },
        ],
      },
    ],
  ]),
  ...of(RULE, [
    [
      "a query without a key, and a header",
      {
        conditions: [
          { queryStrings: [{ value: "beta" }] },
          { httpHeader: { httpHeaderName: "User-Agent", values: ["*Chrome*"] } },
        ],
      },
    ],
    ["a path with all characters", { conditions: [{ pathPattern: { values: ["/a_b-c.d$e/~f\"g'h@i:j+k&l?m*"] } }] }],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    [
      "a wildcard beside its own name",
      { domainName: "*.sparki.tools", subjectAlternativeNames: ["sparki.tools", "*.prod.sparki.tools"] },
    ],
    [
      "a proof by mail to the parent",
      {
        domainName: "prod.sparki.tools",
        validationMethod: "EMAIL",
        validationOptions: [{ domainName: "prod.sparki.tools", validationDomain: "sparki.tools" }],
      },
    ],
    [
      "a private one of an authority",
      {
        validationMethod: undefined,
        certificateAuthorityArn: `arn:aws:acm-pca:us-east-1:${ACCOUNT}:certificate-authority/${KEY_ID}`,
      },
    ],
  ]),
  ...of(ACL, [
    [
      "a rate by keys of one's own",
      rule({
        statement: {
          rateBasedStatement: {
            limit: 10,
            evaluationWindowSec: 60,
            aggregateKeyType: "CUSTOM_KEYS",
            customKeys: [
              { ip: {} },
              { header: { name: "x-api-key", textTransformations: [{ priority: 0, type: "NONE" }] } },
            ],
          },
        },
      }),
    ],
    [
      "a rate of those from outside",
      rule({
        statement: {
          rateBasedStatement: {
            limit: 100,
            aggregateKeyType: "IP",
            scopeDownStatement: { notStatement: { statement: { geoMatchStatement: { countryCodes: ["US"] } } } },
          },
        },
      }),
    ],
    [
      "labels",
      rule({
        statement: { labelMatchStatement: { scope: "LABEL", key: "awswaf:managed:aws:bot-control:bot:verified" } },
        ruleLabels: [{ name: "ours:seen" }],
      }),
    ],
    [
      "a puzzle",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["US"] } },
        action: { captcha: {} },
        captchaConfig: { immunityTimeProperty: { immunityTime: 60 } },
      }),
    ],
    ["no rules at all", { rules: [], defaultAction: { block: { customResponse: { responseCode: 403 } } } }],
    ["tokens of other domains", { tokenDomains: ["sparki.tools", "login.sparki.dev"] }],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    ["a bucket", { logDestinationConfigs: ["arn:aws:s3:::aws-waf-logs-sparki/prod"] }],
    [
      "a stream",
      { logDestinationConfigs: [`arn:aws:firehose:us-east-1:${ACCOUNT}:deliverystream/aws-waf-logs-sparki`] },
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["addresses backwards", { name: "40.10.in-addr.arpa" }],
    ["a private zone of one label", { name: "internal", vpcs: [{ vpcId: "vpc-0a1b2c3d", vpcRegion: "us-east-1" }] }],
    ["a point at its end", { name: "prod.sparki.tools." }],
  ]),
  ...of(RECORD, [
    ["a fingerprint", values("SSHFP", "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789")],
    ["a binding", values("HTTPS", "1 . alpn=h2,h3")],
    [
      "a certificate's fingerprint",
      {
        ...values("TLSA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971"),
        name: "_443._tcp.prod.sparki.tools",
      },
    ],
    ["a pointer of names", values("NAPTR", '100 50 "u" "E2U+sip" "!^.*$!sip:info@sparki.tools!" .')],
    ["text in two parts", values("TXT", '"v=DKIM1; k=rsa; p=abc" "def"')],
    ["everything below", { name: "*.prod.sparki.tools" }],
    [
      "a part of a country with parts",
      { setIdentifier: "a", geolocationRoutingPolicies: [{ country: "US", subdivision: "CA" }] },
    ],
    ["everywhere else", { setIdentifier: "b", geolocationRoutingPolicies: [{ country: "*" }] }],
    ["nobody at first", { setIdentifier: "c", weightedRoutingPolicies: [{ weight: 0 }] }],
    ["an answer that nobody keeps", { ...values("A", "192.0.2.1"), ttl: 0 }],
    ["mail for nobody", values("MX", "0 .")],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a sum", { ...untested, type: "CALCULATED", childHealthThreshold: 1, childHealthchecks: [KEY_ID] }],
    [
      "an alarm",
      {
        ...untested,
        type: "CLOUDWATCH_METRIC",
        cloudwatchAlarmName: "errors",
        cloudwatchAlarmRegion: "us-east-1",
        insufficientDataHealthStatus: "LastKnownStatus",
      },
    ],
    ["a connection", { type: "TCP", resourcePath: undefined, fqdn: undefined, ipAddress: "198.51.100.7", port: 5432 }],
  ]),
  ...of(LIFECYCLE, [
    ["delete markers alone", life({ expiration: { expiredObjectDeleteMarker: true } })],
    [
      "one class after the other",
      life({
        expiration: { days: 365 },
        transitions: [
          { days: 30, storageClass: "STANDARD_IA" },
          { days: 60, storageClass: "GLACIER" },
          { days: 150, storageClass: "DEEP_ARCHIVE" },
        ],
      }),
    ],
    ["another class at once", life({ transitions: [{ days: 0, storageClass: "INTELLIGENT_TIERING" }] })],
    [
      "three versions for a month",
      life({ expiration: undefined, noncurrentVersionExpiration: { noncurrentDays: 30, newerNoncurrentVersions: 3 } }),
    ],
    ["a size and a tag", life({ filter: { and: { objectSizeGreaterThan: 1024, tags: { a: "b" } } } })],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "a statement's id of two words",
      grant({
        Sid: "Only over TLS",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: ["arn:aws:s3:::sparki-prod-logs", "arn:aws:s3:::sparki-prod-logs/*"],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      }),
    ],
    [
      "a line break before the document",
      {
        policy: `\n${policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" })}\n`,
      },
    ],
    [
      "everyone but one",
      grant({
        Effect: "Deny",
        NotPrincipal: { AWS: `arn:aws:iam::${ACCOUNT}:role/a` },
        Action: "s3:DeleteObject",
        Resource: "arn:aws:s3:::sparki-prod-logs/*",
      }),
    ],
  ]),
  ...of(FUNCTION, [
    [
      "an image",
      {
        packageType: "Image",
        imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sparki@sha256:${"a".repeat(64)}`,
        runtime: undefined,
        handler: undefined,
      },
    ],
    [
      "lines in JSON",
      {
        loggingConfig: { logFormat: "JSON", applicationLogLevel: "DEBUG", systemLogLevel: "WARN" },
        ephemeralStorage: { size: 10_240 },
      },
    ],
    [
      "a function by its ARN in a file system",
      {
        fileSystemConfig: {
          arn: `arn:aws:elasticfilesystem:us-east-1:${ACCOUNT}:access-point/fsap-0123456789abcdef0`,
          localMountPath: "/mnt/data",
        },
        vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
      },
    ],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a balancer of firewalls",
      {
        ...{ vpcEndpointType: "GatewayLoadBalancer", securityGroupIds: undefined, privateDnsEnabled: undefined },
        ...{ serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8", subnetIds: ["subnet-0a1b2c3d"] },
      },
    ],
    [
      "DynamoDB by a gateway",
      {
        ...{ vpcEndpointType: undefined, serviceName: "com.amazonaws.us-east-1.dynamodb" },
        ...{
          subnetIds: undefined,
          securityGroupIds: undefined,
          privateDnsEnabled: undefined,
          routeTableIds: ["rtb-0a1b2c3d"],
        },
      },
    ],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    ["a size by what it must have", { instanceRequirements: { vcpuCount: { min: 2 }, memoryMib: { min: 4096 } } }],
    [
      "an image that a parameter names",
      { imageId: "resolve:ssm:/aws/service/bottlerocket/aws-k8s-1.35/x86_64/latest/image_id" },
    ],
    ["user data in base64 over lines", { userData: "IyEvYmluL3No\nZWNobyBoaQ==\n" }],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    [
      "all of ICMP",
      {
        ingress: [
          {
            ruleNo: 90,
            action: "allow",
            protocol: "icmp",
            cidrBlock: "0.0.0.0/0",
            fromPort: 0,
            toPort: 0,
            icmpType: -1,
            icmpCode: -1,
          },
        ],
      },
    ],
    ["nothing at all", { ingress: [], egress: [] }],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    ["every day at eight", { rotationRules: { scheduleExpression: "cron(0 8 * * ? *)", duration: "2h" } }],
    ["every four hours", { rotationRules: { scheduleExpression: "rate(4 hours)", duration: "4h" } }],
  ]),
  ...of(LIFECYCLE, [
    ["an archive at once", life({ transitions: [{ days: 0, storageClass: "GLACIER_IR" }] })],
    [
      "versions down the same way",
      life({
        expiration: undefined,
        noncurrentVersionTransitions: [
          { noncurrentDays: 30, storageClass: "STANDARD_IA" },
          { noncurrentDays: 60, storageClass: "DEEP_ARCHIVE" },
        ],
      }),
    ],
    ["a day on which all ends", life({ expiration: { date: "2027-12-31T00:00:00Z" } })],
  ]),
  ...of(DATABASE, [
    [
      "MySQL's time zone and all",
      {
        engine: "mysql",
        engineVersion: "8.4.6",
        enabledCloudwatchLogsExports: ["error", "slowquery"],
        dbName: "sparki",
      },
    ],
    [
      "SQL Server's time zone",
      {
        ...{
          engine: "sqlserver-se",
          engineVersion: "16.00.4185.3.v1",
          timezone: "UTC",
          licenseModel: "license-included",
        },
        ...{
          enabledCloudwatchLogsExports: ["agent", "error"],
          dbName: undefined,
          instanceClass: "db.m6i.large",
          username: "sparki",
        },
      },
    ],
    [
      "a domain of one's own",
      {
        domainFqdn: "corp.test",
        domainOu: "OU=db,DC=corp,DC=test",
        domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:ad-a1b2c3`,
        domainDnsIps: ["10.0.0.2", "10.0.0.3"],
      },
    ],
  ]),
  ...of("aws:kms/key:Key", [
    [
      "a signature that quantum computers do not forge",
      { customerMasterKeySpec: "ML_DSA_65", keyUsage: "SIGN_VERIFY", enableKeyRotation: false },
    ],
  ]),
  ...of(INLINE, [
    [
      "roles of this partition",
      grant({
        Action: "iam:PassRole",
        Resource: "arn:aws:iam::*:role/*",
        Condition: { StringEquals: { "iam:PassedToService": ["eks.amazonaws.com", "ec2.amazonaws.com"] } },
      }),
    ],
    [
      "a global cluster, a zone and a distribution",
      grant({
        Action: ["rds:*", "route53:*", "cloudfront:*"],
        Resource: [
          `arn:aws:rds::${ACCOUNT}:global-cluster:all`,
          "arn:aws:route53:::healthcheck/*",
          `arn:aws:cloudfront::${ACCOUNT}:distribution/*`,
        ],
      }),
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["a whole organisation", { principal: "*", principalOrgId: "o-a1b2c3d4e5" }],
    [
      "an alias of the function",
      {
        function: "sparki",
        qualifier: "live",
        principal: "events.amazonaws.com",
        sourceArn: `arn:aws:events:us-east-1:${ACCOUNT}:rule/nightly`,
      },
    ],
  ]),

  ...of("aws:ec2/vpc:Vpc", [["a block that a pool has, told", { ipv4IpamPoolId: "ipam-pool-0a1b2c3d" }]]),
  ...of(DATABASE, [
    ["PostgreSQL's own names", { username: "postgres", dbName: "postgres" }],
    ["no database at first", { dbName: undefined }],
    ["certificates by an elliptic curve", { caCertIdentifier: "rds-ca-ecc384-g1" }],
  ]),
  ...of(FUNCTION, [
    ["snapshots of Java", { runtime: "java21", handler: "a.B::c", snapStart: { applyOn: "PublishedVersions" } }],
  ]),
  ...of(CACHE, [
    [
      "one node, and nothing to fail over to",
      { numCacheClusters: 1, automaticFailoverEnabled: false, multiAzEnabled: false },
    ],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "a region's own",
      { availabilityMode: "regional", subnetId: undefined, allocationId: undefined, vpcId: "vpc-0a1b2c3d" },
    ],
  ]),
  ...of(LISTENER, [
    [
      "a login first",
      {
        defaultActions: [
          LOGIN,
          { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
        ],
      },
    ],
  ]),
  ...of(LISTENER, [
    ["frames of one site", { routingHttpResponseXFrameOptionsHeaderValue: "ALLOW-FROM https://example.com" }],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    [
      "rights of those who deliver logs",
      {
        grants: [
          { type: "Group", uri: "http://acs.amazonaws.com/groups/s3/LogDelivery", permissions: ["READ_ACP", "WRITE"] },
        ],
      },
    ],
  ]),
];

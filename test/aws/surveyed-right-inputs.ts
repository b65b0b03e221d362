import type { InputRecord } from "../../aws/inputs.ts";
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

/** The type, what is unusual, and what is changed in the right inputs. */
type Right = readonly [type: string, what: string, change: InputRecord];
const of = (type: string, cases: readonly (readonly [string, InputRecord])[]): Right[] =>
  cases.map(([what, change]) => [type, what, change]);

const ACCOUNT = "111122223333";
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const when = (condition: object): InputRecord => ({
  policy: policy({ Action: "s3:GetObject", Resource: "*", Condition: condition }),
});
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });
const params = (...parameters: InputRecord[]): InputRecord => ({ parameters });
const condition = (...conditions: InputRecord[]): InputRecord => ({ conditions });
const NONE = [{ priority: 0, type: "NONE" }];
const fixed = (order?: number): InputRecord => ({
  type: "fixed-response",
  fixedResponse: { contentType: "text/plain", statusCode: "404" },
  ...(order === undefined ? {} : { order }),
});
const rate = (rest: InputRecord): InputRecord =>
  rule({ statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP", ...rest } } });
const bucketPolicy = (rest: object): InputRecord => ({
  policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*", ...rest }),
});

/** Unusual, and taken all the same: AWS's guides say so of each. */
export const SURVEYED_RIGHT: readonly Right[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["the smallest block", { cidrBlock: "10.40.0.0/28" }],
    ["a block that is not private", { cidrBlock: "198.18.0.0/16" }],
    ["an IPv6 block from a pool", { ipv6IpamPoolId: "ipam-pool-0a1b2c3d4e5f60718", ipv6NetmaskLength: 56 }],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a local zone", { availabilityZone: "us-east-1-bos-1a" }],
    [
      "IPv6 alone",
      {
        cidrBlock: undefined,
        ipv6Native: true,
        ipv6CidrBlock: "2600:1f18:1:1::/64",
        assignIpv6AddressOnCreation: true,
      },
    ],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a rule for itself", { ingress: [{ protocol: "-1", fromPort: 0, toPort: 0, self: true }] }],
    ["a ping", { ingress: [{ protocol: "icmp", fromPort: 8, toPort: 0, cidrBlocks: ["10.0.0.0/8"] }] }],
  ]),
  ...of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", [
    ["another account's group", { cidrIpv4: undefined, referencedSecurityGroupId: "444455556666/sg-0a1b2c3d" }],
    ["all ICMP", { ipProtocol: "icmp", fromPort: -1, toPort: -1 }],
    ["a protocol by its number", { ipProtocol: "50", fromPort: undefined, toPort: undefined }],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    [
      "a private one with second addresses by number",
      { connectivityType: "private", allocationId: undefined, secondaryPrivateIpAddressCount: 4 },
    ],
    ["two public addresses", { secondaryAllocationIds: ["eipalloc-1a1b2c3d"] }],
  ]),
  ...of("aws:ec2/route:Route", [
    [
      "IPv6 through a NAT gateway, by DNS64",
      {
        destinationCidrBlock: undefined,
        destinationIpv6CidrBlock: "64:ff9b::/96",
        gatewayId: undefined,
        natGatewayId: "nat-0a1b2c3d",
      },
    ],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    ["addresses of its own choice", { subnetConfigurations: [{ subnetId: "subnet-0a1b2c3d", ipv4: "10.40.0.9" }] }],
    ["DynamoDB by interface", { serviceName: "com.amazonaws.us-east-1.dynamodb" }],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    [
      "Parquet to a folder of a bucket",
      {
        iamRoleArn: undefined,
        logDestinationType: "s3",
        logDestination: "arn:aws:s3:::sparki-logs/flow/",
        destinationOptions: { fileFormat: "parquet", perHourPartition: true },
      },
    ],
  ]),
  ...of("aws:kms/key:Key", [
    ["rotation every 90 days", { rotationPeriodInDays: 90 }],
    [
      "a key of Edwards' curve",
      { customerMasterKeySpec: "ECC_NIST_EDWARDS25519", keyUsage: "SIGN_VERIFY", enableKeyRotation: false },
    ],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "a trust of a login elsewhere",
      trust({
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { StringLike: { "token.actions.githubusercontent.com:sub": "repo:sparki/*" } },
      }),
    ],
    [
      "a trust with multi-factor",
      trust({
        Principal: { AWS: ACCOUNT },
        Action: "sts:AssumeRole",
        Condition: {
          Bool: { "aws:MultiFactorAuthPresent": "true" },
          NumericLessThan: { "aws:MultiFactorAuthAge": "3600" },
        },
      }),
    ],
    [
      "ten managed policies",
      { managedPolicyArns: Array.from({ length: 10 }, (_, i) => `arn:aws:iam::${ACCOUNT}:policy/p${i}`) },
    ],
    ["a description with accents", { description: "Gestión de máquinas" }],
  ]),
  ...of("aws:iam/policy:Policy", [
    ["a date as seconds", when({ DateGreaterThan: { "aws:TokenIssueTime": "1767225600" } })],
    ["a date in words of ISO 8601", when({ DateLessThan: { "aws:CurrentTime": "2030-06-30T23:59:59Z" } })],
    ["IPv6 and IPv4", when({ IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"] } })],
    ["a name that must not be there", when({ Null: { "aws:PrincipalTag/team": "true" } })],
    ["a switch as JSON's own", when({ Bool: { "aws:SecureTransport": true } })],
    ["any of many values", when({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*" } })],
    ["an ARN with stars", when({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/team-*" } })],
    ["a variable as a value", when({ StringEquals: { "s3:prefix": "$" + "{aws:username}" } })],
    ["a number with a fraction", when({ NumericLessThanEquals: { "s3:max-keys": 10 } })],
    ["a wildcard within an action", { policy: policy({ Action: "ec2:Describe*Gate?ay*", Resource: "*" }) }],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [["a name with a hash", { name: "/sparki/#1" }]]),
  ...of(CLUSTER, [
    [
      "an endpoint for one address",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.7/32"] }),
    ],
    ["no node pools of EKS's own", { computeConfig: { enabled: true } }],
    ["a range of /24 for services", inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "192.168.4.0/24" })],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [["a name for each session", { userName: "admin:{{SessionName}}" }]]),
  ...of("aws:eks/addon:Addon", [
    ["settings in YAML", { configurationValues: "replicas: 2\nresources:\n  limits:\n    cpu: 100m\n" }],
    [
      "identities of two service accounts",
      {
        podIdentityAssociations: [
          { serviceAccount: "a", roleArn: role("a") },
          { serviceAccount: "b.c", roleArn: role("a") },
        ],
      },
    ],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    [
      "a policy for the session",
      { policy: policy({ Action: "s3:GetObject", Resource: "*" }), disableSessionTags: true },
    ],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    [
      "memory by a formula",
      params({ name: "shared_buffers", value: "{DBInstanceClassMemory/32768}", applyMethod: "pending-reboot" }),
    ],
    ["a time zone in words", params({ name: "timezone", value: "Europe/Vienna" })],
    ["audits of some classes", params({ name: "pgaudit.log", value: "ddl,role,-misc" })],
    ["all statements counted", params({ name: "pg_stat_statements.track", value: "all" })],
    ["a share of autovacuum", params({ name: "autovacuum_vacuum_scale_factor", value: "0.05" })],
    ["explanations of none", params({ name: "auto_explain.log_min_duration", value: "-1" })],
  ]),
  ...of(DATABASE, [
    ["a major version alone", { engineVersion: "17" }],
    ["a secret's key by alias", { masterUserSecretKmsKeyId: "alias/sparki-data" }],
    ["a backup over midnight", { backupWindow: "23:45-00:15" }],
    [
      "a directory of one's own",
      {
        domainFqdn: "corp.example.com",
        domainOu: "OU=db,DC=corp,DC=example,DC=com",
        domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:ad-a1b2c3`,
        domainDnsIps: ["10.40.0.2", "10.40.16.2"],
      },
    ],
    [
      "a copy made at a point in time",
      { restoreToPointInTime: { sourceDbInstanceIdentifier: "other", useLatestRestorableTime: true } },
    ],
    [
      "a snapshot of AWS's own making",
      {
        snapshotIdentifier: "rds:sparki-2026-11-01-03-00",
        username: undefined,
        manageMasterUserPassword: undefined,
        dbName: undefined,
      },
    ],
    ["io2 with many IOPS", { storageType: "io2", iops: 50_000 }],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["events of keys", params({ name: "notify-keyspace-events", value: "KEA" })],
  ]),
  ...of(CACHE, [
    [
      "shards with slots of their own",
      {
        numCacheClusters: undefined,
        numNodeGroups: 2,
        replicasPerNodeGroup: undefined,
        nodeGroupConfigurations: [
          { slots: "0-8191", replicaCount: 1 },
          { slots: "8192-16383", replicaCount: 1 },
        ],
      },
    ],
    [
      "Valkey on two families of addresses",
      { engine: "valkey", engineVersion: "8.0", networkType: "dual_stack", ipDiscovery: "ipv6" },
    ],
    ["a topic", { notificationTopicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:cache` }],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    [
      "a copy under a key there",
      {
        replicas: [
          {
            region: "us-west-2",
            kmsKeyId: `arn:aws:kms:us-west-2:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`,
          },
        ],
      },
    ],
    ["gone at once", { recoveryWindowInDays: 0 }],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    ["on the last Friday", { rotationRules: { scheduleExpression: "cron(0 8 ? * 6L *)", duration: "4h" } }],
    ["on weekdays by name", { rotationRules: { scheduleExpression: "cron(0 8 ? 1,7 MON-FRI *)" } }],
    ["every four hours of the day", { rotationRules: { scheduleExpression: "cron(0 /4 * * ? *)" } }],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    [
      "one zone for a network's",
      { loadBalancerType: "network", subnets: ["subnet-0a1b2c3d"], securityGroups: undefined },
    ],
    [
      "an address of one's own",
      {
        loadBalancerType: "network",
        subnets: undefined,
        securityGroups: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", allocationId: "eipalloc-0a1b2c3d" }],
      },
    ],
    [
      "a private address within",
      {
        loadBalancerType: "network",
        internal: true,
        subnets: undefined,
        securityGroups: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", privateIpv4Address: "10.40.0.9" }],
      },
    ],
    [
      "two mappings of an application",
      { subnets: undefined, subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }, { subnetId: "subnet-1a1b2c3d" }] },
    ],
  ]),
  ...of(TARGET, [
    ["statuses of two ranges", check({ matcher: "200-299,301" })],
    ["any gRPC answer", { protocolVersion: "GRPC", healthCheck: { path: "/AWS.ALB/healthcheck", matcher: "12" } }],
    [
      "Lambda",
      { targetType: "lambda", port: undefined, protocol: undefined, vpcId: undefined, healthCheck: undefined },
    ],
    ["UDP that tells who calls", { protocol: "UDP", healthCheck: undefined, preserveClientIp: "true" }],
    [
      "a balancer behind a balancer",
      { targetType: "alb", protocol: "TCP", port: 443, healthCheck: { protocol: "HTTPS", path: "/" } },
    ],
    [
      "a cookie of the application",
      { stickiness: { type: "app_cookie", cookieName: "JSESSIONID", cookieDuration: 60 } },
    ],
    [
      "failing over",
      {
        protocol: "GENEVE",
        port: 6081,
        healthCheck: undefined,
        targetFailovers: [{ onDeregistration: "rebalance", onUnhealthy: "rebalance" }],
      },
    ],
  ]),
  ...of(LISTENER, [
    ["a login before the answer", { defaultActions: [LOGIN, fixed(2)] }],
    ["a login before the answer, in the list's order", { defaultActions: [{ ...LOGIN, order: undefined }, fixed()] }],
    [
      "a redirect to a host below",
      {
        defaultActions: [
          {
            type: "redirect",
            redirect: { statusCode: "HTTP_302", host: "www.#{host}", path: "/new/#{path}", query: "a=1&#{query}" },
          },
        ],
      },
    ],
    [
      "headers of its own names",
      {
        routingHttpRequestXAmznTlsVersionHeaderName: "X-TLS-Version",
        routingHttpResponseAccessControlAllowMethodsHeaderValue: "GET, POST,OPTIONS",
        routingHttpResponseAccessControlAllowOriginHeaderValue: "https://app.example.com:8443",
        routingHttpResponseAccessControlMaxAgeHeaderValue: "86400",
        routingHttpResponseStrictTransportSecurityHeaderValue: "max-age=31536000; includeSubDomains; preload",
        routingHttpResponseServerEnabled: false,
      },
    ],
  ]),
  ...of(RULE, [
    ["hosts with stars", condition({ hostHeader: { values: ["*.example.com", "api-?.example.com"] } })],
    ["a host by a pattern", condition({ hostHeader: { regexValues: ["^(.+)\\.example\\.com$"] } })],
    ["a query without a key", condition({ queryStrings: [{ value: "v2*" }] })],
    [
      "both transforms",
      {
        transforms: [
          { type: "url-rewrite", urlRewriteConfig: { rewrite: { regex: "^/api/(.*)$", replace: "/$1" } } },
          { type: "host-header-rewrite", hostHeaderRewriteConfig: { rewrite: { regex: "^a", replace: "b" } } },
        ],
      },
    ],
    ["addresses of IPv6", condition({ sourceIp: { values: ["2001:db8::/32"] } })],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["a star and the name itself", { subjectAlternativeNames: ["*.prod.sparki.tools", "prod.sparki.tools"] }],
  ]),
  ...of(ACL, [
    [
      "a rate by address and path",
      rate({ aggregateKeyType: "CUSTOM_KEYS", customKeys: [{ ip: {} }, { uriPath: { textTransformations: NONE } }] }),
    ],
    [
      "an answer of its own",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["KP"] } },
        action: {
          block: { customResponse: { responseCode: 429, responseHeaders: [{ name: "Retry-After", value: "60" }] } },
        },
      }),
    ],
    [
      "a pattern that ignores case",
      rule({
        statement: {
          regexMatchStatement: { regexString: "(?i)^/admin", fieldToMatch: { uriPath: {} }, textTransformations: NONE },
        },
      }),
    ],
    [
      "bot control",
      rule({
        action: undefined,
        overrideAction: { count: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name: "AWSManagedRulesBotControlRuleSet",
            managedRuleGroupConfigs: [{ awsManagedRulesBotControlRuleSet: { inspectionLevel: "COMMON" } }],
          },
        },
      }),
    ],
    [
      "a seller's group",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "Fortinet", name: "all_rules" } },
      }),
    ],
  ]),
  ...of("aws:route53/record:Record", [
    [
      "a second answer on failure that nothing checks",
      { ...plain("A", "203.0.113.1"), setIdentifier: "two", failoverRoutingPolicies: [{ type: "SECONDARY" }] },
    ],
    ["a first one that is an alias", { setIdentifier: "one", failoverRoutingPolicies: [{ type: "PRIMARY" }] }],
    [
      "everywhere else",
      { ...plain("A", "203.0.113.1"), setIdentifier: "rest", geolocationRoutingPolicies: [{ country: "*" }] },
    ],
    ["IPv6 in short", plain("AAAA", "2001:db8::1")],
    ["no mail", plain("MX", "0 .")],
    ["a text in parts", plain("TXT", 'v=DKIM1; k=rsa; p=abc" "def')],
    [
      "an alias to a bucket's page",
      {
        aliases: [{ name: "s3-website-us-east-1.amazonaws.com", zoneId: "Z3AQBSTGFJSTF", evaluateTargetHealth: false }],
      },
    ],
    [
      "an alias to a distribution",
      {
        type: "HTTPS",
        aliases: [{ name: "d111111abcdef8.cloudfront.net", zoneId: "Z2FDTNDATAQYW2", evaluateTargetHealth: false }],
      },
    ],
    ["a digest of SHA-384", plain("DS", `12345 13 4 ${"AB".repeat(48)}`)],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    [
      "a sum of more than there are",
      {
        type: "CALCULATED",
        fqdn: undefined,
        port: undefined,
        resourcePath: undefined,
        requestInterval: undefined,
        childHealthchecks: ["0a1b2c3d-0000-1111-2222-333344445555"],
        childHealthThreshold: 2,
      },
    ],
    ["an address over IPv6", { fqdn: undefined, ipAddress: "2606:4700::1111" }],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["a page of a site", { website: { indexDocument: "index.html", errorDocument: "errors/404.html" } }],
    [
      "browsers of anywhere",
      {
        corsRules: [
          {
            allowedMethods: ["GET", "HEAD"],
            allowedOrigins: ["https://*.example.com"],
            allowedHeaders: ["*"],
            exposeHeaders: ["ETag"],
            maxAgeSeconds: 3000,
          },
        ],
      },
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "a list of one folder",
      bucketPolicy({
        Principal: { AWS: ACCOUNT },
        Action: "s3:ListBucket",
        Resource: "arn:aws:s3:::sparki-prod-logs",
        Condition: { StringLike: { "s3:prefix": ["a/*", ""] } },
      }),
    ],
    [
      "no objects without encryption",
      bucketPolicy({
        Effect: "Deny",
        Action: "s3:PutObject",
        Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } },
      }),
    ],
    [
      "no calls without TLS",
      bucketPolicy({
        Effect: "Deny",
        Action: "s3:*",
        Resource: ["arn:aws:s3:::sparki-prod-logs", "arn:aws:s3:::sparki-prod-logs/*"],
        Condition: { Bool: { "aws:SecureTransport": "false" }, NumericLessThan: { "s3:TlsVersion": "1.2" } },
      }),
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    ["an end on a day", life({ expiration: { date: "2030-01-01T00:00:00Z" } })],
    [
      "sizes and a folder",
      life({ filter: { and: { prefix: "a/", objectSizeGreaterThan: 0, objectSizeLessThan: 1024 } } }),
    ],
    ["to the archive at once", life({ transitions: [{ days: 0, storageClass: "GLACIER" }] })],
  ]),
  ...of("aws:lambda/function:Function", [
    [
      "an image",
      {
        runtime: undefined,
        handler: undefined,
        packageType: "Image",
        imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1`,
        imageConfig: { commands: ["app.handler"], workingDirectory: "/var/task" },
      },
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["a URL for all", { action: "lambda:InvokeFunctionUrl", principal: "*", functionUrlAuthType: "NONE" }],
    ["events", { principal: "events.amazonaws.com", sourceArn: `arn:aws:events:us-east-1:${ACCOUNT}:rule/nightly` }],
  ]),
];

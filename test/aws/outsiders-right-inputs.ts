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
  life,
  RULE,
  rule,
  TARGET,
  trust,
} from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const TARGETS = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/sparki/0123456789abcdef`;
const grant = (rest: object): InputRecord => ({ policy: policy(rest) });
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });

/** Written by someone who had not seen the rules: what AWS documents as right, and must not be refused. */
export const OUTSIDERS_RIGHT: readonly RightRow[] = [
  [
    "aws:ec2/vpc:Vpc",
    "the largest and the smallest block",
    { cidrBlock: "192.168.0.0/28", instanceTenancy: "dedicated" },
  ],
  [
    "aws:ec2/subnet:Subnet",
    "the smallest block, with its resource names",
    { cidrBlock: "10.40.0.0/28", privateDnsHostnameTypeOnLaunch: "resource-name" },
  ],
  [
    "aws:ec2/natGateway:NatGateway",
    "a private one",
    { connectivityType: "private", allocationId: undefined, privateIp: "10.40.0.10" },
  ],
  [
    "aws:ec2/route:Route",
    "a way to another network",
    { gatewayId: undefined, destinationCidrBlock: "10.50.0.0/16", vpcPeeringConnectionId: "pcx-0a1b2c3d" },
  ],
  [
    "aws:ec2/route:Route",
    "IPv6 out only",
    {
      gatewayId: undefined,
      destinationCidrBlock: undefined,
      destinationIpv6CidrBlock: "::/0",
      egressOnlyGatewayId: "eigw-0a1b2c3d",
    },
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "echo requests",
    { ipProtocol: "icmp", fromPort: 8, toPort: -1 },
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "a list of AWS's own",
    { cidrIpv4: undefined, prefixListId: "pl-63a5400a" },
  ],
  [
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "a gateway",
    {
      vpcEndpointType: "Gateway",
      serviceName: "com.amazonaws.us-east-1.s3",
      subnetIds: undefined,
      securityGroupIds: undefined,
      privateDnsEnabled: undefined,
      routeTableIds: ["rtb-0a1b2c3d"],
    },
  ],
  [
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "a service of somebody else",
    { serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f60718", privateDnsEnabled: false },
  ],
  [
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "a service of another region",
    {
      serviceName: "com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60718",
      serviceRegion: "eu-west-1",
      privateDnsEnabled: false,
    },
  ],
  [
    "aws:ec2/flowLog:FlowLog",
    "into a bucket, as Parquet",
    {
      logDestinationType: "s3",
      logDestination: "arn:aws:s3:::sparki-logs/flow/",
      iamRoleArn: undefined,
      destinationOptions: { fileFormat: "parquet", perHourPartition: true },
    },
  ],
  [
    "aws:kms/key:Key",
    "an HMAC key",
    { customerMasterKeySpec: "HMAC_256", keyUsage: "GENERATE_VERIFY_MAC", enableKeyRotation: undefined },
  ],
  ["aws:kms/key:Key", "rotation every quarter", { rotationPeriodInDays: 90 }],
  [
    "aws:iam/role:Role",
    "trust of GitHub's tokens",
    trust({
      Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
        StringLike: { "token.actions.githubusercontent.com:sub": "repo:alexarno/sparki:*" },
      },
    }),
  ],
  [
    "aws:iam/role:Role",
    "trust of pods",
    trust({ Principal: { Service: "pods.eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] }),
  ],
  [
    "aws:iam/rolePolicy:RolePolicy",
    "a Deny of all but some, with dates and addresses",
    grant({
      Effect: "Deny",
      NotAction: ["s3:Get*", "sts:*"],
      Resource: "*",
      Condition: {
        DateGreaterThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" },
        NotIpAddressIfExists: { "aws:SourceIp": ["203.0.113.0/24"] },
        "ForAnyValue:StringNotLike": { "aws:TagKeys": ["a*"] },
      },
    }),
  ],
  [
    "aws:iam/rolePolicy:RolePolicy",
    "a variable in a resource",
    grant({ Action: "s3:GetObject", Resource: `arn:aws:s3:::sparki/\${aws:PrincipalTag/team}/*` }),
  ],
  [
    "aws:cloudwatch/logGroup:LogGroup",
    "a rarely read one for ten years",
    { logGroupClass: "INFREQUENT_ACCESS", retentionInDays: 3653 },
  ],
  [
    CLUSTER,
    "a public API for two networks, and IPv6",
    {
      ...inner(CLUSTER, "vpcConfig", {
        endpointPublicAccess: true,
        publicAccessCidrs: ["198.51.100.0/24", "203.0.113.7/32"],
      }),
      ...inner(CLUSTER, "kubernetesNetworkConfig", { ipFamily: "ipv6", serviceIpv4Cidr: undefined }),
    },
  ],
  [
    CLUSTER,
    "the newest but one version with longer support",
    { version: "1.34", upgradePolicy: { supportType: "EXTENDED" } },
  ],
  ["aws:eks/accessEntry:AccessEntry", "nodes of Windows", { type: "EC2_WINDOWS" }],
  ["aws:eks/accessEntry:AccessEntry", "viewers by their group", { kubernetesGroups: ["viewers"], userName: "ann" }],
  [
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "editors of two namespaces",
    {
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
      accessScope: { type: "namespace", namespaces: ["a", "team-*"] },
    },
  ],
  [
    "aws:eks/addon:Addon",
    "settings as YAML",
    {
      addonName: "vpc-cni",
      addonVersion: undefined,
      configurationValues: "env:\n  ENABLE_PREFIX_DELEGATION: 'true'\n",
      resolveConflictsOnUpdate: "PRESERVE",
    },
  ],
  [
    DATABASE,
    "io2 with IOPS, and insights for 15 months",
    {
      storageType: "io2",
      iops: 3000,
      performanceInsightsEnabled: true,
      performanceInsightsRetentionPeriod: 465,
      databaseInsightsMode: "advanced",
    },
  ],
  [DATABASE, "gp3 of 400 GiB with more throughput", { allocatedStorage: 400, iops: 12000, storageThroughput: 500 }],
  [
    DATABASE,
    "a copy to read from",
    {
      replicateSourceDb: "sparki-prod-database",
      username: undefined,
      manageMasterUserPassword: undefined,
      dbName: undefined,
      engine: undefined,
      engineVersion: undefined,
      allocatedStorage: undefined,
      backupRetentionPeriod: 0,
      dbSubnetGroupName: undefined,
    },
  ],
  [
    DATABASE,
    "a window over midnight, without backups' overlap",
    { backupWindow: "23:30-00:30", maintenanceWindow: "sun:23:00-sun:23:30" },
  ],
  [
    "aws:rds/parameterGroup:ParameterGroup",
    "a formula, a list and a static one",
    {
      parameters: [
        { name: "shared_buffers", value: "{DBInstanceClassMemory/32768}", applyMethod: "pending-reboot" },
        { name: "shared_preload_libraries", value: "pg_stat_statements,auto_explain", applyMethod: "pending-reboot" },
        { name: "log_min_duration_statement", value: "500", applyMethod: "immediate" },
      ],
    },
  ],
  [
    CACHE,
    "Valkey 8 in shards",
    { engine: "valkey", engineVersion: "8.0", numCacheClusters: undefined, numNodeGroups: 2, replicasPerNodeGroup: 2 },
  ],
  [
    CACHE,
    "logs as JSON to CloudWatch",
    {
      logDeliveryConfigurations: [
        { destination: "/sparki/cache", destinationType: "cloudwatch-logs", logFormat: "json", logType: "slow-log" },
      ],
    },
  ],
  [
    "aws:secretsmanager/secret:Secret",
    "forgotten at once, with a copy elsewhere",
    { recoveryWindowInDays: 0, replicas: [{ region: "us-west-2" }] },
  ],
  [
    "aws:secretsmanager/secretRotation:SecretRotation",
    "every Sunday at four",
    { rotationRules: { scheduleExpression: "cron(0 4 ? * SUN *)", duration: "3h" } },
  ],
  [
    "aws:lb/loadBalancer:LoadBalancer",
    "of both kinds of addresses, with longer silence",
    { ipAddressType: "dualstack", idleTimeout: 4000, clientKeepAlive: 604800 },
  ],
  [TARGET, "gRPC", { protocolVersion: "GRPC", healthCheck: { path: "/grpc.health.v1.Health/Check", matcher: "0-12" } }],
  [TARGET, "codes in a list and a range", check({ matcher: "200,301-304" })],
  [
    LISTENER,
    "two groups by weight, that stick",
    {
      defaultActions: [
        {
          type: "forward",
          forward: {
            targetGroups: [
              { arn: TARGETS, weight: 999 },
              { arn: TARGETS.replace("sparki", "box"), weight: 0 },
            ],
            stickiness: { enabled: true, duration: 604800 },
          },
        },
      ],
    },
  ],
  [
    RULE,
    "five conditions of all kinds",
    {
      priority: 50000,
      conditions: [
        { hostHeader: { values: ["*.sparki.tools"] } },
        { httpHeader: { httpHeaderName: "X-Sparki", values: ["a*"] } },
        { httpRequestMethod: { values: ["PROPFIND"] } },
        { sourceIp: { values: ["2001:db8::/32"] } },
        { queryStrings: [{ key: "v", value: "1" }] },
      ],
    },
  ],
  [
    "aws:acm/certificate:Certificate",
    "a star and more names, by e-mail",
    {
      domainName: "*.sparki.tools",
      subjectAlternativeNames: ["sparki.tools"],
      validationMethod: "EMAIL",
      keyAlgorithm: "EC_secp384r1",
    },
  ],
  [
    ACL,
    "countries outside, by what is forwarded",
    rule({
      action: { captcha: {} },
      statement: {
        notStatement: {
          statement: {
            geoMatchStatement: {
              countryCodes: ["CH", "XK"],
              forwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "MATCH" },
            },
          },
        },
      },
    }),
  ],
  [
    ACL,
    "a rate by header over ten minutes",
    rule({
      statement: {
        rateBasedStatement: {
          limit: 10,
          aggregateKeyType: "CUSTOM_KEYS",
          evaluationWindowSec: 600,
          customKeys: [{ header: { name: "x-key", textTransformations: [{ priority: 0, type: "NONE" }] } }],
        },
      },
    }),
  ],
  ["aws:route53/record:Record", "mail", plain("MX", "10 mail.sparki.tools.", "20 mail2.sparki.tools")],
  ["aws:route53/record:Record", "a long text in two pieces", plain("TXT", `"${"a".repeat(255)}" "${"b".repeat(100)}"`)],
  ["aws:route53/record:Record", "services", plain("SRV", "1 10 5269 xmpp.sparki.tools.")],
  ["aws:route53/record:Record", "HTTPS with its protocols", plain("HTTPS", '1 . alpn="h3,h2"')],
  [
    "aws:route53/record:Record",
    "by weight, with a check",
    {
      setIdentifier: "a",
      weightedRoutingPolicies: [{ weight: 0 }],
      healthCheckId: "0a1b2c3d-0000-1111-2222-333344445555",
    },
  ],
  [
    "aws:route53/healthCheck:HealthCheck",
    "a text on a page, every ten seconds",
    {
      type: "HTTPS_STR_MATCH",
      searchString: "ok",
      requestInterval: 10,
      failureThreshold: 10,
      regions: ["us-east-1", "us-west-2", "eu-west-1"],
    },
  ],
  [
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "classes one after the other",
    life({
      filter: { prefix: "a/" },
      transitions: [
        { days: 30, storageClass: "STANDARD_IA" },
        { days: 90, storageClass: "GLACIER" },
      ],
      noncurrentVersionExpiration: { noncurrentDays: 30 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    }),
  ],
  [
    "aws:lambda/function:Function",
    "an image for ARM",
    {
      packageType: "Image",
      imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1`,
      runtime: undefined,
      handler: undefined,
      architectures: ["arm64"],
      memorySize: 10240,
      timeout: 900,
      ephemeralStorage: { size: 10240 },
    },
  ],
];

import type { InputRecord } from "../../aws/inputs.ts";
import { CACHE, CLUSTER, DATABASE, LOGIN, long } from "./input-changes.ts";
import { policy, RIGHT, VISIBLE } from "./right-inputs.ts";

/** The type, what a user does otherwise than the stack, and what is changed in the right inputs. */
export type RightRow = readonly [type: string, what: string, change: InputRecord];

const of = (type: string, cases: readonly (readonly [string, InputRecord])[]): RightRow[] =>
  cases.map(([what, change]) => [type, what, change]);
const ACCOUNT = "111122223333";
const KEY = RIGHT["aws:kms/alias:Alias"]?.targetKeyId;
const TARGETS = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/sparki/0123456789abcdef`;
const rule = (rest: InputRecord): InputRecord => ({
  rules: [{ name: "one", priority: 0, visibilityConfig: VISIBLE, action: { block: {} }, ...rest }],
});
const records = (type: string, ...values: string[]): InputRecord => ({
  type,
  aliases: undefined,
  ttl: 60,
  records: values,
});
const life = (rest: InputRecord): InputRecord => ({ rules: [{ id: "old", status: "Enabled", ...rest }] });
const without = (...names: string[]): InputRecord => Object.fromEntries(names.map((name) => [name, undefined]));
const field = (name: string) => `\${${name}}`;

const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const RECORD = "aws:route53/record:Record";
const TAGS = { Name: "Sparki – Größe", "team:owner/a.b_c+d=e@f": "some value: x/y + z = 1 @ home", empty: "" };
const OTHER_ENGINE = without("dbName", "enabledCloudwatchLogsExports");

/** What AWS takes, in the ways that users vary a stack. */
export const FURTHER_RIGHT: readonly RightRow[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["AWS's own IPv6", { assignGeneratedIpv6CidrBlock: true }],
    ["a block of /28", { cidrBlock: "192.168.0.0/28" }],
    ["addresses of a pool", { cidrBlock: undefined, ipv4IpamPoolId: "ipam-pool-0a1b2c3d", ipv4NetmaskLength: 20 }],
    ["shared address space", { cidrBlock: "100.64.0.0/16" }],
    ["a public block", { cidrBlock: "203.0.112.0/20" }],
    ["tags of every character", { tags: TAGS }],
    ["dedicated hardware", { instanceTenancy: "dedicated" }],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "IPv6 beside IPv4",
      { ipv6CidrBlock: "2600:1f18:1234:5600::/64", assignIpv6AddressOnCreation: true, enableDns64: true },
    ],
    [
      "IPv6 alone",
      {
        cidrBlock: undefined,
        ipv6Native: true,
        ipv6CidrBlock: "2600:1f18:1234:5601::/64",
        assignIpv6AddressOnCreation: true,
      },
    ],
    ["a local zone", { availabilityZone: "us-west-2-lax-1a", region: "us-west-2" }],
    ["a zone by its id", { availabilityZone: undefined, availabilityZoneId: "use1-az6" }],
    ["another region", { availabilityZone: "eu-central-1b", region: "eu-central-1" }],
    ["the government's region", { availabilityZone: "us-gov-west-1a", region: "us-gov-west-1" }],
    [
      "names by resource",
      { privateDnsHostnameTypeOnLaunch: "resource-name", enableResourceNameDnsARecordOnLaunch: true },
    ],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a prefix of its name", { name: undefined, namePrefix: "sparki-" }],
    [
      "everything out",
      { egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }] },
    ],
    ["itself as a source", { ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, self: true }] }],
    ["pings", { ingress: [{ protocol: "icmp", fromPort: 8, toPort: 0, cidrBlocks: ["10.0.0.0/8"] }] }],
    [
      "a group as a source",
      { ingress: [{ protocol: "tcp", fromPort: 0, toPort: 65_535, securityGroups: ["sg-0123456789abcdef0"] }] },
    ],
    ["every sign in its description", { description: "a._-:/()#,@[]+=&;{}!$* 1" }],
  ]),
  ...of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", [
    ["IPv6", { cidrIpv4: undefined, cidrIpv6: "2600:1f18::/32" }],
    ["a prefix list", { cidrIpv4: undefined, prefixListId: "pl-63a5400a" }],
    ["a group of a peer's account", { cidrIpv4: undefined, referencedSecurityGroupId: "123456789012/sg-1a1b2c3d" }],
    ["all protocols", { ipProtocol: "-1", fromPort: undefined, toPort: undefined }],
    ["a protocol's number", { ipProtocol: "50", fromPort: undefined, toPort: undefined }],
    ["all ICMP", { ipProtocol: "icmp", fromPort: -1, toPort: -1 }],
  ]),
  ...of("aws:ec2/networkAcl:NetworkAcl", [
    [
      "return traffic",
      {
        ingress: [
          { ruleNo: 32_766, action: "allow", protocol: "tcp", cidrBlock: "0.0.0.0/0", fromPort: 1024, toPort: 65_535 },
        ],
      },
    ],
    [
      "ICMP with its type",
      {
        ingress: [
          {
            ruleNo: 1,
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
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["a private one", { connectivityType: "private", allocationId: undefined }],
    ["an address of its own", { privateIp: "10.40.0.10" }],
  ]),
  ...of("aws:ec2/route:Route", [
    [
      "IPv6 out only",
      {
        destinationCidrBlock: undefined,
        destinationIpv6CidrBlock: "::/0",
        gatewayId: undefined,
        egressOnlyGatewayId: "eigw-0a1b2c3d",
      },
    ],
    [
      "a transit gateway",
      { destinationCidrBlock: "10.0.0.0/8", gatewayId: undefined, transitGatewayId: "tgw-0a1b2c3d" },
    ],
    [
      "a gateway's prefix list",
      { destinationCidrBlock: undefined, destinationPrefixListId: "pl-63a5400a", gatewayId: "vgw-0a1b2c3d" },
    ],
  ]),
  ...of("aws:ec2/eip:Eip", [
    ["an address that one brings", { address: "203.0.113.10", publicIpv4Pool: "ipv4pool-ec2-012345" }],
  ]),
  ...of(ENDPOINT, [
    ...[
      "elasticfilesystem",
      "wafv2",
      "eks-auth",
      "ecr.dkr",
      "sts",
      "s3",
      "bedrock-runtime",
      "kinesis-streams",
      "aps-workspaces",
      "ssmmessages",
      "ec2messages",
      "monitoring",
      "elasticloadbalancing",
      "guardduty-data",
      "sagemaker.runtime",
      "q",
      "kms-fips",
      "execute-api",
      "email-smtp",
      "git-codecommit",
      "xray",
      "rds",
      "secretsmanager",
      "autoscaling",
      "rds-data",
      "grafana",
      "emr-containers",
    ].map(
      (service) =>
        [
          `an interface of ${service}`,
          { serviceName: `com.amazonaws.us-east-1.${service}`, region: "us-east-1" },
        ] as const,
    ),
    [
      "a gateway of DynamoDB",
      {
        serviceName: "com.amazonaws.us-east-1.dynamodb",
        vpcEndpointType: "Gateway",
        ...without("subnetIds", "securityGroupIds", "privateDnsEnabled"),
        routeTableIds: ["rtb-0a1b2c3d"],
      },
    ],
    ["a partner's service", { serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0" }],
    ["a policy", { policy: policy({ Principal: "*", Action: "*", Resource: "*" }) }],
    [
      "a service of another region",
      { serviceName: "com.amazonaws.us-west-2.s3", serviceRegion: "us-west-2", region: "us-east-1" },
    ],
    [
      "private DNS for resolvers alone",
      { serviceName: "com.amazonaws.us-east-1.s3", dnsOptions: { privateDnsOnlyForInboundResolverEndpoint: true } },
    ],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    [
      "Parquet in S3",
      {
        logDestinationType: "s3",
        iamRoleArn: undefined,
        logDestination: "arn:aws:s3:::sparki-logs/flow/",
        destinationOptions: { fileFormat: "parquet", hiveCompatiblePartitions: true, perHourPartition: true },
      },
    ],
    [
      "fields of one's own",
      { logFormat: ["version", "vpc-id", "pkt-srcaddr", "flow-direction", "traffic-path"].map(field).join(" ") },
    ],
    [
      "a subnet's rejected traffic",
      { vpcId: undefined, subnetId: "subnet-0a1b2c3d", trafficType: "REJECT", maxAggregationInterval: 600 },
    ],
    [
      "Firehose",
      {
        logDestinationType: "kinesis-data-firehose",
        iamRoleArn: undefined,
        logDestination: `arn:aws:firehose:us-east-1:${ACCOUNT}:deliverystream/flow`,
      },
    ],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    [
      "an encrypted disk",
      {
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: { volumeType: "gp3", volumeSize: 100, throughput: 250, iops: 4000, encrypted: "true", kmsKeyId: KEY },
          },
        ],
        instanceType: "m7g.large",
      },
    ],
  ]),
  ...of("aws:kms/key:Key", [
    ["a key of many regions", { multiRegion: true }],
    ["an HMAC", { customerMasterKeySpec: "HMAC_256", keyUsage: "GENERATE_VERIFY_MAC", enableKeyRotation: false }],
    ["a signing key of RSA", { customerMasterKeySpec: "RSA_4096", keyUsage: "SIGN_VERIFY", enableKeyRotation: false }],
    ["rotation twice a year", { rotationPeriodInDays: 180 }],
    [
      "services beside the account",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Id: "key-default-1",
          Statement: [
            {
              Sid: "Enable IAM User Permissions",
              Effect: "Allow",
              Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
              Action: "kms:*",
              Resource: "*",
            },
            {
              Sid: "logs",
              Effect: "Allow",
              Principal: { Service: "logs.us-east-1.amazonaws.com" },
              Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
              Resource: "*",
              Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:us-east-1:${ACCOUNT}:*` } },
            },
            {
              Effect: "Allow",
              Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/engine` },
              Action: "kms:CreateGrant",
              Resource: "*",
              Condition: {
                Bool: { "kms:GrantIsForAWSResource": "true" },
                StringEquals: { "kms:ViaService": "rds.us-east-1.amazonaws.com", "kms:CallerAccount": ACCOUNT },
              },
            },
          ],
        }),
      },
    ],
    [
      "a policy that locks out on purpose",
      {
        bypassPolicyLockoutSafetyCheck: true,
        policy: policy({
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/reader` },
          Action: "kms:Decrypt",
          Resource: "*",
        }),
      },
    ],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "GitHub's tokens",
      {
        assumeRolePolicy: policy({
          Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
            StringLike: { "token.actions.githubusercontent.com:sub": "repo:sparki/*" },
          },
        }),
      },
    ],
    [
      "another account with an external id",
      {
        assumeRolePolicy: policy({
          Principal: { AWS: "444455556666" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "sts:ExternalId": "a" } },
        }),
      },
    ],
    [
      "pods",
      {
        assumeRolePolicy: policy({
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
        }),
      },
    ],
    [
      "several services",
      {
        assumeRolePolicy: policy({
          Principal: { Service: ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] },
          Action: "sts:AssumeRole",
        }),
      },
    ],
    ["a prefix of its name", { name: undefined, namePrefix: "sparki-engine-" }],
    ["a name of 64 characters", { name: long(64) }],
    [
      "a session of 12 hours and a boundary",
      { maxSessionDuration: 43_200, permissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/boundary` },
    ],
    [
      "managed policies of AWS's",
      {
        managedPolicyArns: [
          "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
          "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        ],
      },
    ],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    ["a policy of one's own", { policyArn: `arn:aws:iam::${ACCOUNT}:policy/team/read` }],
    ["a policy with a path", { policyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole" }],
    ["a policy of EKS's Auto Mode", { policyArn: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy" }],
  ]),
  ...of("aws:iam/rolePolicy:RolePolicy", [
    [
      "variables and NotAction",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "Own",
              Effect: "Allow",
              NotAction: ["iam:*"],
              Resource: `arn:aws:s3:::sparki/\${aws:PrincipalTag/team}/*`,
            },
            {
              Effect: "Deny",
              Action: "*",
              Resource: "*",
              Condition: {
                Null: { "aws:SourceVpce": "true" },
                NumericLessThan: { "s3:max-keys": "10" },
                "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a/*" },
              },
            },
          ],
        }),
      },
    ],
    [
      "one statement without a list",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: { Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" },
        }),
      },
    ],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["logs kept for ever", { retentionInDays: 0 }],
    ["infrequent access", { logGroupClass: "INFREQUENT_ACCESS", retentionInDays: 3653 }],
    ["a name of 512 characters", { name: long(512) }],
  ]),
  ...of(CLUSTER, [
    [
      "no Auto Mode",
      {
        ...without("computeConfig", "storageConfig", "bootstrapSelfManagedAddons"),
        kubernetesNetworkConfig: { serviceIpv4Cidr: "10.100.0.0/16" },
      },
    ],
    ["IPv6", { kubernetesNetworkConfig: { ipFamily: "ipv6", elasticLoadBalancing: { enabled: true } } }],
    ["extended support of an older version", { version: "1.33", upgradePolicy: { supportType: "EXTENDED" } }],
    [
      "a public endpoint for an office",
      {
        vpcConfig: {
          subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
          endpointPrivateAccess: true,
          endpointPublicAccess: true,
          publicAccessCidrs: ["203.0.113.0/24"],
        },
      },
    ],
    [
      "one pool",
      {
        computeConfig: {
          enabled: true,
          nodePools: ["general-purpose"],
          nodeRoleArn: `arn:aws:iam::${ACCOUNT}:role/nodes`,
        },
      },
    ],
    ["no built-in pools", { computeConfig: { enabled: true } }],
    [
      "all logs and zonal shift",
      {
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        zonalShiftConfig: { enabled: true },
      },
    ],
  ]),
  ...of("aws:eks/addon:Addon", [
    ...[
      "aws-ebs-csi-driver",
      "eks-node-monitoring-agent",
      "aws-guardduty-agent",
      "amazon-cloudwatch-observability",
      "eks-pod-identity-agent",
      "vpc-cni",
    ].map((addonName) => [`the add-on ${addonName}`, { addonName, addonVersion: undefined }] as const),
    ["configuration in JSON", { configurationValues: '{"replicas":2}' }],
    ["configuration in YAML", { configurationValues: "replicas: 2\nresources:\n  limits: {}\n" }],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    [
      "groups of one's own",
      {
        kubernetesGroups: ["viewers", "sparki:deployers"],
        userName: `arn:aws:sts::${ACCOUNT}:assumed-role/dev/{{SessionName}}`,
      },
    ],
    ["nodes of Auto Mode", { type: "EC2" }],
    ["a user", { principalArn: `arn:aws:iam::${ACCOUNT}:user/ada` }],
    [
      "a role of single sign-on",
      {
        principalArn: `arn:aws:iam::${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef`,
      },
    ],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    [
      "a namespace",
      {
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        accessScope: { type: "namespace", namespaces: ["sparki-*"] },
      },
    ],
  ]),
  ...of(DATABASE, [
    ["gp2", { storageType: "gp2" }],
    ["gp3 of 500 GiB with its own IOPS", { allocatedStorage: 500, iops: 16_000, storageThroughput: 1000 }],
    ["io2", { storageType: "io2", iops: 20_000, allocatedStorage: 200 }],
    ["io1", { storageType: "io1", iops: 3000 }],
    ["a burstable Graviton", { instanceClass: "db.t4g.micro" }],
    ["Graviton 4", { instanceClass: "db.r8g.large" }],
    ["Intel", { instanceClass: "db.m6i.2xlarge" }],
    ["memory", { instanceClass: "db.x2g.large" }],
    ["a version's newest minor", { engineVersion: "17" }],
    ["PostgreSQL 16", { engineVersion: "16.10" }],
    ["a password of one's own", { manageMasterUserPassword: undefined, password: "correct-horse-battery" }],
    ["a single zone", { multiAz: false, availabilityZone: "us-east-1b" }],
    [
      "no backups, nothing monitored",
      { backupRetentionPeriod: 0, monitoringInterval: 0, monitoringRoleArn: undefined },
    ],
    [
      "advanced insights",
      {
        databaseInsightsMode: "advanced",
        performanceInsightsEnabled: true,
        performanceInsightsRetentionPeriod: 465,
        performanceInsightsKmsKeyId: KEY,
      },
    ],
    ["no growing", { maxAllocatedStorage: 0 }],
    [
      "a copy to read from",
      {
        replicateSourceDb: "sparki-prod-other",
        ...without(
          "username",
          "dbName",
          "manageMasterUserPassword",
          "allocatedStorage",
          "engine",
          "engineVersion",
          "maxAllocatedStorage",
        ),
      },
    ],
    ["from a snapshot", { snapshotIdentifier: "rds:sparki-2026-11-01", ...without("username", "dbName") }],
    [
      "MySQL",
      {
        ...OTHER_ENGINE,
        engine: "mysql",
        engineVersion: "8.4.6",
        dbName: "sparki",
        enabledCloudwatchLogsExports: ["error", "slowquery"],
        iamDatabaseAuthenticationEnabled: true,
        parameterGroupName: "default.mysql8.4",
      },
    ],
    [
      "MariaDB",
      { ...OTHER_ENGINE, engine: "mariadb", engineVersion: "11.8.3", enabledCloudwatchLogsExports: ["audit"] },
    ],
    [
      "SQL Server",
      {
        ...OTHER_ENGINE,
        engine: "sqlserver-se",
        engineVersion: "16.00.4210.1.v1",
        licenseModel: "license-included",
        instanceClass: "db.m6i.xlarge",
        timezone: "UTC",
        characterSetName: "SQL_Latin1_General_CP1_CI_AS",
        enabledCloudwatchLogsExports: ["error", "agent"],
        multiAz: false,
      },
    ],
    [
      "Oracle",
      {
        ...OTHER_ENGINE,
        engine: "oracle-ee",
        engineVersion: "19.0.0.0.ru-2025-10.rur-2025-10.r1",
        licenseModel: "bring-your-own-license",
        dbName: "SPARKI",
        instanceClass: "db.r6i.large",
      },
    ],
    ["a window over the week's end", { maintenanceWindow: "sun:23:30-mon:00:30", backupWindow: "04:00-05:00" }],
    ["IPv6 beside IPv4", { networkType: "DUAL" }],
    ["another port and a CA of elliptic curves", { port: 15_432, caCertIdentifier: "rds-ca-ecc384-g1" }],
    ["no final snapshot", { skipFinalSnapshot: true, finalSnapshotIdentifier: undefined }],
    ["an identifier of 63 characters", { identifier: long(63) }],
    ["tags with every sign that RDS takes", { tags: { "a:b/c.d_e+f=g@h-i": "Größe 1: x/y + z = 1 @ home" } }],
    [
      "Frankfurt",
      {
        region: "eu-central-1",
        kmsKeyId: `arn:aws:kms:eu-central-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`,
        multiAz: false,
        availabilityZone: "eu-central-1a",
      },
    ],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    [
      "PostgreSQL 16's usual settings",
      {
        family: "postgres16",
        parameters: [
          { name: "log_min_duration_statement", value: "1000" },
          { name: "shared_preload_libraries", value: "pg_stat_statements,auto_explain", applyMethod: "pending-reboot" },
          {
            name: "max_connections",
            value: "LEAST({DBInstanceClassMemory/9531392},5000)",
            applyMethod: "pending-reboot",
          },
          { name: "work_mem", value: "65536" },
          { name: "random_page_cost", value: "1.1" },
          { name: "rds.logical_replication", value: "1", applyMethod: "pending-reboot" },
          { name: "auto_explain.log_min_duration", value: "5000" },
          { name: "pgaudit.log", value: "ddl,role" },
          { name: "autovacuum_vacuum_scale_factor", value: "0.05" },
          { name: "timezone", value: "Europe/Berlin" },
          { name: "idle_in_transaction_session_timeout", value: "60000" },
          { name: "cron.database_name", value: "sparki", applyMethod: "pending-reboot" },
        ],
      },
    ],
    [
      "MySQL's",
      {
        family: "mysql8.4",
        parameters: [
          { name: "max_allowed_packet", value: "67108864" },
          { name: "character_set_server", value: "utf8mb4" },
        ],
      },
    ],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    [
      "Valkey's",
      {
        family: "valkey8",
        parameters: [
          { name: "maxmemory-policy", value: "volatile-ttl" },
          { name: "notify-keyspace-events", value: "Ex" },
          { name: "timeout", value: "300" },
          { name: "cluster-enabled", value: "yes" },
        ],
      },
    ],
    ["Memcached's", { family: "memcached1.6", parameters: [{ name: "max_item_size", value: "10485760" }] }],
  ]),
  ...of(CACHE, [
    ["Valkey", { engine: "valkey", engineVersion: "8.0", parameterGroupName: "default.valkey8" }],
    ["Valkey 7.2 on a burstable Graviton", { engine: "valkey", engineVersion: "7.2", nodeType: "cache.t4g.small" }],
    ["Redis 6.x", { engineVersion: "6.x" }],
    [
      "shards",
      {
        numCacheClusters: undefined,
        numNodeGroups: 3,
        replicasPerNodeGroup: 2,
        parameterGroupName: "default.redis7.cluster.on",
      },
    ],
    ["user groups", { authToken: undefined, userGroupIds: ["sparki"] }],
    ["one node", { numCacheClusters: 1, automaticFailoverEnabled: false, multiAzEnabled: false }],
    [
      "logs",
      {
        logDeliveryConfigurations: [
          { destination: "/sparki/cache", destinationType: "cloudwatch-logs", logFormat: "json", logType: "slow-log" },
          { destination: "stream", destinationType: "kinesis-firehose", logFormat: "text", logType: "engine-log" },
        ],
      },
    ],
    ["tiering", { nodeType: "cache.r6gd.xlarge", dataTieringEnabled: true }],
    [
      "a member of a global group",
      {
        globalReplicationGroupId: "ldgnf-sparki",
        ...without(
          "nodeType",
          "engine",
          "engineVersion",
          "atRestEncryptionEnabled",
          "transitEncryptionEnabled",
          "authToken",
          "kmsKeyId",
        ),
      },
    ],
    ["IPv6 beside IPv4", { networkType: "dual_stack", ipDiscovery: "ipv6" }],
    ["from a snapshot", { snapshotName: "sparki-prod-cache-final" }],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["gone at once", { recoveryWindowInDays: 0 }],
    [
      "replicas",
      {
        region: "us-east-1",
        replicas: [
          {
            region: "us-west-2",
            kmsKeyId: `arn:aws:kms:us-west-2:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`,
          },
          { region: "eu-west-1" },
        ],
      },
    ],
    ["every sign in its name", { name: "sparki/prod_a+b=c.d@e-f" }],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    ["a cron schedule with a window", { rotationRules: { scheduleExpression: "cron(0 3 ? * SUN *)", duration: "3h" } }],
    ["every four hours", { rotationRules: { scheduleExpression: "rate(4 hours)" } }],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    [
      "a network load balancer with addresses",
      {
        loadBalancerType: "network",
        subnets: undefined,
        securityGroups: undefined,
        subnetMappings: [{ subnetId: "subnet-0a1b2c3d", allocationId: "eipalloc-0a1b2c3d" }],
        desyncMitigationMode: undefined,
        idleTimeout: undefined,
      },
    ],
    ["inside, IPv6 too", { internal: true, ipAddressType: "dualstack" }],
    ["a prefix of its name", { name: undefined, namePrefix: "spark-" }],
    ["no logs", { accessLogs: { bucket: "", enabled: false } }],
    [
      "logs with a prefix",
      {
        accessLogs: { bucket: "sparki-logs", enabled: true, prefix: "alb/prod" },
        connectionLogs: { bucket: "sparki-logs", enabled: true },
      },
    ],
  ]),
  ...of("aws:lb/targetGroup:TargetGroup", [
    ["gRPC", { protocolVersion: "GRPC", healthCheck: { path: "/grpc.health.v1.Health/Check", matcher: "0-99" } }],
    ["TCP", { protocol: "TCP", healthCheck: { protocol: "TCP", interval: 10 }, preserveClientIp: "true" }],
    ["TCP with a check by HTTP", { protocol: "TCP", healthCheck: { protocol: "HTTP", path: "/", matcher: "200-399" } }],
    [
      "a function",
      {
        targetType: "lambda",
        ...without("port", "protocol", "vpcId", "deregistrationDelay", "healthCheck"),
        lambdaMultiValueHeadersEnabled: true,
      },
    ],
    ["stickiness", { stickiness: { type: "app_cookie", cookieName: "session", cookieDuration: 3600 } }],
    ["a check's port", { healthCheck: { path: "/", port: "8081", matcher: "200,204,301-399" } }],
    ["a slow start", { slowStart: 30, loadBalancingAlgorithmType: "round_robin" }],
  ]),
  ...of("aws:lb/listener:Listener", [
    [
      "a redirect to HTTPS",
      {
        port: 80,
        protocol: "HTTP",
        certificateArn: undefined,
        sslPolicy: undefined,
        defaultActions: [
          {
            type: "redirect",
            redirect: {
              port: "443",
              protocol: "HTTPS",
              statusCode: "HTTP_301",
              host: "#{host}",
              path: "/#{path}",
              query: "#{query}",
            },
          },
        ],
      },
    ],
    [
      "two weighted groups",
      {
        defaultActions: [
          {
            type: "forward",
            forward: {
              targetGroups: [
                { arn: TARGETS, weight: 95 },
                { arn: TARGETS.replace("sparki/", "other/"), weight: 5 },
              ],
              stickiness: { enabled: true, duration: 60 },
            },
          },
        ],
      },
    ],
    [
      "a login",
      {
        defaultActions: [LOGIN, { type: "forward", order: 2, targetGroupArn: TARGETS }],
      },
    ],
    ["TLS of the future", { sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09" }],
    [
      "TCP on a network load balancer",
      {
        loadBalancerArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/net/sparki/0123456789abcdef`,
        protocol: "TCP",
        certificateArn: undefined,
        sslPolicy: undefined,
        defaultActions: [{ type: "forward", targetGroupArn: TARGETS }],
      },
    ],
  ]),
  ...of("aws:lb/listenerRule:ListenerRule", [
    [
      "a header and a host",
      {
        conditions: [
          { httpHeader: { httpHeaderName: "X-Sparki-Probe", values: ["*"] } },
          { hostHeader: { values: ["*.sparki.tools", "prod.sparki.tools"] } },
        ],
      },
    ],
    ["a query", { conditions: [{ queryStrings: [{ key: "v", value: "2*" }, { value: "beta" }] }] }],
    [
      "sources and methods",
      {
        conditions: [
          { sourceIp: { values: ["203.0.113.0/24", "2001:db8::/32"] } },
          { httpRequestMethod: { values: ["GET", "HEAD"] } },
        ],
      },
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    [
      "a wildcard beside the name",
      { subjectAlternativeNames: ["*.prod.sparki.tools", "sparki.tools"], keyAlgorithm: "EC_prime256v1" },
    ],
    [
      "validation by mail",
      {
        validationMethod: "EMAIL",
        validationOptions: [{ domainName: "prod.sparki.tools", validationDomain: "sparki.tools" }],
      },
    ],
  ]),
  ...of("aws:wafv2/webAcl:WebAcl", [
    [
      "countries",
      rule({ statement: { notStatement: { statement: { geoMatchStatement: { countryCodes: ["DE", "US"] } } } } }),
    ],
    [
      "a rate behind a proxy",
      rule({
        statement: {
          rateBasedStatement: {
            limit: 100,
            aggregateKeyType: "FORWARDED_IP",
            evaluationWindowSec: 60,
            forwardedIpConfig: { headerName: "X-Forwarded-For", fallbackBehavior: "MATCH" },
          },
        },
      }),
    ],
    [
      "a header's search",
      rule({
        statement: {
          byteMatchStatement: {
            positionalConstraint: "STARTS_WITH",
            searchString: "sparki",
            fieldToMatch: { singleHeader: { name: "user-agent" } },
            textTransformations: [{ priority: 0, type: "LOWERCASE" }],
          },
        },
      }),
    ],
    [
      "an answer of its own",
      {
        ...rule({
          action: { block: { customResponse: { responseCode: 429, customResponseBodyKey: "slow" } } },
          statement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } },
        }),
        customResponseBodies: [{ key: "slow", content: "slow down", contentType: "TEXT_PLAIN" }],
      },
    ],
    [
      "a pattern",
      rule({
        action: { count: {} },
        statement: {
          regexMatchStatement: {
            regexString: "(?i)^/admin/.*$",
            fieldToMatch: { uriPath: {} },
            textTransformations: [
              { priority: 0, type: "URL_DECODE" },
              { priority: 1, type: "NORMALIZE_PATH" },
            ],
          },
        },
      }),
    ],
    ["everything blocked", { defaultAction: { block: {} }, rules: [] }],
    [
      "a group counted",
      rule({
        action: undefined,
        overrideAction: { count: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name: "AWSManagedRulesSQLiRuleSet",
            ruleActionOverrides: [{ name: "SQLi_BODY", actionToUse: { count: {} } }],
          },
        },
      }),
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "a bucket",
      {
        logDestinationConfigs: ["arn:aws:s3:::aws-waf-logs-sparki"],
        redactedFields: [{ singleHeader: { name: "authorization" } }, { queryString: {} }],
      },
    ],
  ]),
  ...of("aws:route53/zone:Zone", [
    ["a private zone", { vpcs: [{ vpcId: "vpc-0a1b2c3d", vpcRegion: "us-east-1" }] }],
    ["a reverse zone", { name: "0.40.10.in-addr.arpa" }],
  ]),
  ...of(RECORD, [
    ["the zone's own name", { name: "" }],
    ["an address", records("A", "203.0.113.1", "203.0.113.2")],
    ["IPv6", records("AAAA", "2001:db8::1")],
    ["mail", records("MX", "10 mail.sparki.tools.", "20 mail2.sparki.tools.")],
    ["a long text", records("TXT", `${long(255)}" "${long(100)}`)],
    ["a sender policy", records("TXT", "v=spf1 include:_spf.google.com ~all")],
    ["a certificate authority", records("CAA", '0 issue "amazon.com"', '0 iodef "mailto:ops@sparki.tools"')],
    ["a delegation", records("NS", "ns-1.awsdns-01.org.", "ns-2.awsdns-02.net.")],
    ["a service", records("SRV", "10 5 443 prod.sparki.tools.")],
    ["a proof", { ...records("CNAME", "_y.acm-validations.aws."), name: "_x.prod.sparki.tools" }],
    ["weights", { setIdentifier: "blue", weightedRoutingPolicies: [{ weight: 0 }] }],
    ["countries", { setIdentifier: "de", geolocationRoutingPolicies: [{ country: "DE" }] }],
    ["latency", { setIdentifier: "eu", latencyRoutingPolicies: [{ region: "eu-central-1" }] }],
    [
      "failover",
      {
        setIdentifier: "one",
        failoverRoutingPolicies: [{ type: "PRIMARY" }],
        healthCheckId: "0a1b2c3d-0000-1111-2222-333344445555",
      },
    ],
    ["many answers", { ...records("A", "203.0.113.1"), setIdentifier: "a", multivalueAnswerRoutingPolicy: true }],
    ["a signer", records("DS", "12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE49FD46E6C4B45C55D4AC69CB")],
    ["HTTPS", records("HTTPS", '1 . alpn="h2,h3"')],
    ["a wildcard", { name: "*.prod.sparki.tools" }],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a search", { type: "HTTPS_STR_MATCH", searchString: "ok", failureThreshold: 2, requestInterval: 10 }],
    ["an address", { type: "TCP", fqdn: undefined, resourcePath: undefined, ipAddress: "203.0.113.7" }],
    [
      "a sum",
      {
        type: "CALCULATED",
        ...without("fqdn", "port", "resourcePath", "requestInterval"),
        childHealthchecks: ["0a1b2c3d-0000-1111-2222-333344445555"],
        childHealthThreshold: 1,
      },
    ],
    [
      "an alarm",
      {
        type: "CLOUDWATCH_METRIC",
        ...without("fqdn", "port", "resourcePath", "requestInterval"),
        cloudwatchAlarmName: "a",
        cloudwatchAlarmRegion: "us-east-1",
        insufficientDataHealthStatus: "Healthy",
      },
    ],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["a prefix of its name", { bucket: undefined, bucketPrefix: "sparki-prod-logs-" }],
    ["periods", { bucket: "logs.sparki.tools" }],
    ["63 characters", { bucket: long(63) }],
    ["a lock", { objectLockEnabled: true, forceDestroy: true }],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "no plain HTTP",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "AllowSSLRequestsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: ["arn:aws:s3:::sparki-prod-logs", "arn:aws:s3:::sparki-prod-logs/*"],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        }),
      },
    ],
    [
      "ELB's logs",
      {
        policy: policy({
          Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: `arn:aws:s3:::sparki-prod-logs/AWSLogs/${ACCOUNT}/*`,
          Condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control" } },
        }),
      },
    ],
    [
      "a list of a prefix",
      {
        policy: policy({
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/a` },
          Action: ["s3:ListBucket", "s3:GetBucketLocation"],
          Resource: "arn:aws:s3:::sparki-prod-logs",
          Condition: { StringLike: { "s3:prefix": ["a/*"] } },
        }),
      },
    ],
    [
      "all in one",
      {
        policy: policy({
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: ["s3:GetObject*", "s3:ListBucket", "s3:PutObject"],
          Resource: ["arn:aws:s3:::sparki-prod-logs", "arn:aws:s3:::sparki-prod-logs/*"],
        }),
      },
    ],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    ["AES256", { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] }],
    [
      "AWS's own key",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true }] },
    ],
    [
      "a key's alias",
      {
        rules: [
          { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms:dsse", kmsMasterKeyId: "alias/sparki" } },
        ],
      },
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "stairs",
      life({
        filter: { prefix: "logs/" },
        transitions: [
          { days: 30, storageClass: "STANDARD_IA" },
          { days: 90, storageClass: "GLACIER" },
        ],
        expiration: { days: 365 },
      }),
    ],
    ["tags", life({ filter: { and: { prefix: "a/", tags: { keep: "no" } } }, expiration: { days: 1 } })],
    [
      "sizes",
      life({
        filter: { objectSizeGreaterThan: 131_072 },
        transitions: [{ days: 0, storageClass: "INTELLIGENT_TIERING" }],
      }),
    ],
    [
      "old versions and uploads",
      life({
        filter: {},
        noncurrentVersionExpiration: { noncurrentDays: 30, newerNoncurrentVersions: 3 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      }),
    ],
    ["markers", life({ filter: {}, expiration: { expiredObjectDeleteMarker: true } })],
  ]),
  ...of("aws:lambda/function:Function", [
    [
      "an image",
      {
        packageType: "Image",
        imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1`,
        runtime: undefined,
        handler: undefined,
      },
    ],
    [
      "a network and variables",
      {
        vpcConfig: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
        environment: { variables: { LOG_LEVEL: "info", DATABASE_URL: "postgres://x" } },
        architectures: ["arm64"],
      },
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["a bucket", { principal: "s3.amazonaws.com", sourceArn: "arn:aws:s3:::sparki", sourceAccount: ACCOUNT }],
  ]),
];

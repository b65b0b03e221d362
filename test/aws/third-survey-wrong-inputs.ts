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
const routed = (rest: InputRecord): InputRecord => ({ ...plain("A", "203.0.113.1"), setIdentifier: "one", ...rest });
const params = (...parameters: InputRecord[]): InputRecord => ({ parameters });
const fixed: InputRecord = { type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } };
const answer = (...actions: InputRecord[]): InputRecord => ({ defaultActions: actions });
const condition = (...conditions: InputRecord[]): InputRecord => ({ conditions });
const NONE = [{ priority: 0, type: "NONE" }];
const statement = (rest: InputRecord): InputRecord => rule({ statement: rest });
const rate = (rest: InputRecord): InputRecord =>
  statement({ rateBasedStatement: { limit: 100, aggregateKeyType: "IP", ...rest } });
const bytes = (rest: InputRecord): InputRecord =>
  statement({
    byteMatchStatement: { positionalConstraint: "CONTAINS", searchString: "a", textTransformations: NONE, ...rest },
  });
const interfaces = (...networkInterfaces: InputRecord[]): InputRecord => ({ networkInterfaces });
const from = (rest: InputRecord): InputRecord => ({
  ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, ...rest }],
});
const SUMMED: InputRecord = {
  type: "CALCULATED",
  fqdn: undefined,
  port: undefined,
  resourcePath: undefined,
  requestInterval: undefined,
  childHealthchecks: ["0a1b2c3d-0000-1111-2222-333344445555"],
  childHealthThreshold: 1,
};

/** A third survey, of what is rarely used, tried before any rule was written for it. */
export const THIRD_SURVEY_WRONG: readonly Wrong[] = [
  ...of("aws:eks/addon:Addon", [
    ["settings that are no YAML", { configurationValues: "args: [" }, "configurationValues"],
    ["a key twice", { configurationValues: "replicas: 2\nreplicas: 3" }, "configurationValues"],
    ["a text as settings", { configurationValues: "replicas" }, "configurationValues"],
  ]),
  ...of("aws:ec2/vpc:Vpc", [
    ["a tag's name of 129 characters", { tags: { [long(129)]: "x" } }, `tags.${long(40)}`],
    ["a tag's value of 257 characters", { tags: { a: long(257) } }, "tags.a"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "a zone's name as its id",
      { availabilityZone: undefined, availabilityZoneId: "us-east-1a" },
      "availabilityZoneId",
    ],
    ["IPv4 as IPv6", { ipv6CidrBlock: "10.0.0.0/64" }, "ipv6CidrBlock"],
    ["a customer's pool of another kind", { customerOwnedIpv4Pool: "ipv4pool-ec2-0a1b2c3d" }, "customerOwnedIpv4Pool"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["IPv6 among IPv4", from({ cidrBlocks: ["::/0"] }), "ingress[0].cidrBlocks"],
    [
      "an apostrophe in a rule's words",
      from({ cidrBlocks: ["10.0.0.0/8"], description: "the team's" }),
      "ingress[0].description",
    ],
    ["a group by its name", from({ securityGroups: ["default"] }), "ingress[0].securityGroups"],
    ["a rule for nobody", from({}), "ingress[0].cidrBlocks"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    ["a tenancy that is shared", { placement: { tenancy: "shared" } }, "placement.tenancy"],
    [
      "spot that pauses",
      { instanceMarketOptions: { marketType: "spot", spotOptions: { instanceInterruptionBehavior: "pause" } } },
      "instanceMarketOptions.spotOptions.instanceInterruptionBehavior",
    ],
    ["an end that sleeps", { instanceInitiatedShutdownBehavior: "hibernate" }, "instanceInitiatedShutdownBehavior"],
    ["recovery that is on", { maintenanceOptions: { autoRecovery: "on" } }, "maintenanceOptions.autoRecovery"],
    [
      "tags in metadata, yes",
      { metadataOptions: { httpTokens: "required", instanceMetadataTags: "yes" } },
      "metadataOptions.instanceMetadataTags",
    ],
    ["a name by address", { privateDnsNameOptions: { hostnameType: "ip" } }, "privateDnsNameOptions.hostnameType"],
    [
      "a volume as a snapshot",
      { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { snapshotId: "vol-0a1b2c3d" } }] },
      "blockDeviceMappings[0].ebs.snapshotId",
    ],
    ["SEV-SNP that is on", { cpuOptions: { amdSevSnp: "on" } }, "cpuOptions.amdSevSnp"],
    [
      "a reservation of all",
      { capacityReservationSpecification: { capacityReservationPreference: "all" } },
      "capacityReservationSpecification.capacityReservationPreference",
    ],
    [
      "a prefix of /27",
      interfaces({ deviceIndex: 0, ipv4Prefixes: ["10.0.0.0/27"] }),
      "networkInterfaces[0].ipv4Prefixes[0]",
    ],

    [
      "addresses by number and by name",
      interfaces({ ipv4AddressCount: 2, ipv4Addresses: ["10.0.0.9"] }),
      "networkInterfaces[0].ipv4Addresses",
    ],
    [
      "a licence that is none",
      { licenseSpecifications: [{ licenseConfigurationArn: "license" }] },
      "licenseSpecifications[0].licenseConfigurationArn",
    ],
    ["a type by its family", { instanceType: "m7g" }, "instanceType"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a block and a mask", { ipv4NetmaskLength: 24, ipv4IpamPoolId: "ipam-pool-0a1b2c3d" }, "ipv4NetmaskLength"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a beginning that is sg-", { name: undefined, namePrefix: "sg-x" }, "namePrefix"],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    ["a service without its region", { serviceName: "com.amazonaws.sts" }, "serviceName"],
  ]),
  ...of(CLUSTER, [
    ["encryption of nothing", inner(CLUSTER, "encryptionConfig", { resources: [] }), "encryptionConfig.resources"],
  ]),
  ...of(LISTENER, [
    [
      "a keyword that there is not",
      answer({ type: "redirect", redirect: { statusCode: "HTTP_301", path: "/#{url}" } }),
      "defaultActions[0].redirect.path",
    ],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    [
      "an alarm of 256 letters",
      {
        ...SUMMED,
        type: "CLOUDWATCH_METRIC",
        childHealthchecks: undefined,
        childHealthThreshold: undefined,
        cloudwatchAlarmName: long(256),
        cloudwatchAlarmRegion: "us-east-1",
      },
      "cloudwatchAlarmName",
    ],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    [
      "infrequent access after ten days",
      { lifecycleRules: [{ enabled: true, transitions: [{ days: 10, storageClass: "STANDARD_IA" }] }] },
      "lifecycleRules[0].transitions[0].days",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "a canonical user of three letters",
      {
        policy: policy({
          Principal: { CanonicalUser: "abc" },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::sparki-prod-logs/*",
        }),
      },
      "policy",
    ],
  ]),
  ...of("aws:lambda/function:Function", [
    [
      "an image of another region",
      {
        region: "us-east-1",
        packageType: "Image",
        runtime: undefined,
        handler: undefined,
        imageUri: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/a:1`,
      },
      "imageUri",
    ],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [["a network beside a zone", { vpcId: "vpc-0a1b2c3d" }, "vpcId"]]),
  ...of("aws:ec2/flowLog:FlowLog", [
    [
      "a role to write elsewhere that is a user",
      { deliverCrossAccountRole: `arn:aws:iam::${ACCOUNT}:user/me` },
      "deliverCrossAccountRole",
    ],
    [
      "three tags of one resource",
      { tagFieldSpecifications: [{ resourceType: "instance", tagKeys: ["a", "b", "c"] }] },
      "tagFieldSpecifications[0].tagKeys",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    ["a tag with a bracket", { tags: { a: "<b>" } }, "tags.a"],
    [
      "a policy of a service that there is not",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" },
            {
              Effect: "Allow",
              Principal: { Service: "log.us-east-1.amazonaws.com" },
              Action: "kms:Decrypt",
              Resource: "*",
            },
          ],
        }),
      },
      "policy",
    ],
    [
      "an action that KMS has not",
      {
        policy: policy({
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: ["kms:*", "kms:Encypt"],
          Resource: "*",
        }),
      },
      "policy",
    ],
    ["a store of its own in many regions", { customKeyStoreId: "cks-0a1b2c3d", multiRegion: true }, "customKeyStoreId"],
  ]),
  ...of("aws:iam/policy:Policy", [
    ["a dot in the action", grant({ Action: "s3.GetObject" }), "policy"],
    ["a blank in the action", grant({ Action: "s3:Get Object" }), "policy"],

    ["an account of three digits", grant({ Resource: "arn:aws:iam::123:role/x" }), "policy"],
    ["a partition that there is not", grant({ Resource: "arn:aws-eu:s3:::sparki/*" }), "policy"],
    [
      "a list of effects",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: ["Allow"], Action: "*", Resource: "*" }],
        }),
      },
      "policy",
    ],
    ["no actions", grant({ Action: [] }), "policy"],
    [
      "a version in small letters",
      {
        policy: JSON.stringify({ version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }),
      },
      "policy",
    ],
    [
      "one identifier twice",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [1, 2].map(() => ({ Sid: "a", Effect: "Allow", Action: "*", Resource: "*" })),
        }),
      },
      "policy",
    ],
    [
      "the thirteenth month",
      grant({ Condition: { DateLessThan: { "aws:CurrentTime": "2026-13-01T00:00:00Z" } } }),
      "policy",
    ],
    ["a host as an address", grant({ Condition: { IpAddress: { "aws:SourceIp": "office.example.com" } } }), "policy"],
    ["an operator with a blank", grant({ Condition: { "String Equals": { "aws:PrincipalTag/a": "b" } } }), "policy"],
    [
      "a value that is an object",
      grant({ Condition: { StringEquals: { "aws:PrincipalTag/a": { b: "c" } } } }),
      "policy",
    ],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "a trust of a login that AWS does not know",
      trust({ Principal: { Federated: "login.example.com" }, Action: "sts:AssumeRoleWithWebIdentity" }),
      "assumeRolePolicy",
    ],
    [
      "a trust of a service and an empty one",
      trust({ Principal: { Service: ["ec2.amazonaws.com", ""] }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
    ["a trust of nobody", trust({ Principal: {}, Action: "sts:AssumeRole" }), "assumeRolePolicy"],
    ["a trust of a user by name", trust({ Principal: { AWS: "alice" }, Action: "sts:AssumeRole" }), "assumeRolePolicy"],
    ["a description of 1,001 characters", { description: long(1001) }, "description"],
    [
      "an inline policy with a slash in its name",
      { inlinePolicies: [{ name: "a/b", policy: policy({ Action: "*", Resource: "*" }) }] },
      "inlinePolicies[0].name",
    ],
    [
      "a boundary of AWS's that there is not",
      { permissionsBoundary: "arn:aws:iam::aws:policy/EverythingAccess" },
      "permissionsBoundary",
    ],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    ["a port of its own", { url: "https://issuer.example.com:8443" }, "url"],
    ["an audience of 256 characters", { clientIdLists: [long(256)] }, "clientIdLists[0]"],
  ]),
  ...of(CLUSTER, [
    [
      "nodes elsewhere at public addresses",
      { remoteNetworkConfig: { remoteNodeNetworks: { cidrs: ["203.0.113.0/24"] } } },
      "remoteNetworkConfig.remoteNodeNetworks.cidrs",
    ],
    [
      "nodes and pods elsewhere at the same addresses",
      {
        remoteNetworkConfig: {
          remoteNodeNetworks: { cidrs: ["10.80.0.0/16"] },
          remotePodNetworks: { cidrs: ["10.80.0.0/20"] },
        },
      },
      "remoteNetworkConfig.remotePodNetworks.cidrs",
    ],
    [
      "an autoscaler's period without its unit",
      {
        kubeControllerManagerConfig: {
          horizontalPodAutoscalerControllerConfig: { horizontalPodAutoscalerSyncPeriod: "15" },
        },
      },
      "kubeControllerManagerConfig.horizontalPodAutoscalerControllerConfig.horizontalPodAutoscalerSyncPeriod",
    ],
    [
      "pods kept by a negative number",
      { kubeControllerManagerConfig: { podGcControllerConfig: { terminatedPodGcThreshold: -1 } } },
      "kubeControllerManagerConfig.podGcControllerConfig.terminatedPodGcThreshold",
    ],
    [
      "a strategy that there is not",
      { kubeSchedulerConfig: { nodeResourcesFit: { scoringStrategy: { type: "BinPacking" } } } },
      "kubeSchedulerConfig.nodeResourcesFit.scoringStrategy.type",
    ],
    [
      "a way out that there is not",
      inner(CLUSTER, "vpcConfig", { controlPlaneEgressMode: "PRIVATE" }),
      "vpcConfig.controlPlaneEgressMode",
    ],
    [
      "Kubernetes' secrets under a key elsewhere",
      {
        region: "us-east-1",
        encryptionConfig: {
          resources: ["secrets"],
          provider: { keyArn: `arn:aws:kms:us-west-2:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555` },
        },
      },
      "encryptionConfig.provider.keyArn",
    ],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["the latest version", { addonVersion: "latest" }, "addonVersion"],
    ["settings whose brace is not closed", { configurationValues: '{"replicas": 2' }, "configurationValues"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [["all roles of a path", { principalArn: role("team/*") }, "principalArn"]]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    [
      "a policy that names who",
      { disableSessionTags: true, policy: policy({ Principal: "*", Action: "*", Resource: "*" }) },
      "policy",
    ],
  ]),
  ...of(DATABASE, [
    [
      "a magnetic disk of 4 TiB",
      { storageType: "standard", allocatedStorage: 4096, maxAllocatedStorage: undefined },
      "allocatedStorage",
    ],
    [
      "a throughput above what there is",
      { allocatedStorage: 500, storageThroughput: 4001, iops: 16_000 },
      "storageThroughput",
    ],
    [
      "a throughput above a quarter of the operations",
      { allocatedStorage: 500, storageThroughput: 4000, iops: 12_000 },
      "storageThroughput",
    ],
    ["half a gibibyte", { allocatedStorage: 100.5 }, "allocatedStorage"],
    [
      "one server of names",
      {
        domainFqdn: "corp.example.com",
        domainOu: "OU=db,DC=example",
        domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:a-a1b2c3`,
        domainDnsIps: ["10.0.0.2"],
      },
      "domainDnsIps",
    ],
    ["a prefix in capitals", { identifier: undefined, identifierPrefix: "Sparki-" }, "identifierPrefix"],
    [
      "a secret's key without a secret",
      { manageMasterUserPassword: undefined, password: "long-enough-1", masterUserSecretKmsKeyId: "alias/sparki" },
      "masterUserSecretKmsKeyId",
    ],
    ["support that is none", { engineLifecycleSupport: "none" }, "engineLifecycleSupport"],
    [
      "a copy of a copy and of a snapshot",
      {
        replicateSourceDb: "a",
        snapshotIdentifier: "b",
        username: undefined,
        dbName: undefined,
        manageMasterUserPassword: undefined,
      },
      "snapshotIdentifier",
    ],
    [
      "an organisation that is no name",
      {
        domainFqdn: "corp.example.com",
        domainOu: "db",
        domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:a-a1b2c3`,
        domainDnsIps: ["10.0.0.2", "10.0.0.3"],
      },
      "domainOu",
    ],
    [
      "insights under an alias",
      { performanceInsightsEnabled: true, performanceInsightsKmsKeyId: "alias/sparki" },
      "performanceInsightsKmsKeyId",
    ],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["a share above all", params({ name: "autovacuum_vacuum_scale_factor", value: "101" }), "parameters[0].value"],
    ["an archive's command", params({ name: "archive_command", value: "cp %p /a" }), "parameters[0].name"],
    ["audits by a word of its own", params({ name: "pgaudit.log", value: "selects" }), "parameters[0].value"],
    ["half a worker", params({ name: "max_parallel_workers", value: "2.5" }), "parameters[0].value"],
    [
      "huge pages perhaps",
      params({ name: "huge_pages", value: "maybe", applyMethod: "pending-reboot" }),
      "parameters[0].value",
    ],
    [
      "a level of write-ahead that there is not",
      params({ name: "wal_compression", value: "gzip" }),
      "parameters[0].value",
    ],
    [
      "a destination of logs that there is not",
      params({ name: "log_destination", value: "syslog" }),
      "parameters[0].value",
    ],
  ]),
  ...of(CACHE, [
    [
      "a slot too many",
      { numCacheClusters: undefined, nodeGroupConfigurations: [{ slots: "0-16384" }] },
      "nodeGroupConfigurations[0].slots",
    ],
    [
      "a shard's name in letters",
      { numCacheClusters: undefined, nodeGroupConfigurations: [{ nodeGroupId: "one" }] },
      "nodeGroupConfigurations[0].nodeGroupId",
    ],
    [
      "TLS that is preferred, and off",
      { transitEncryptionEnabled: false, authToken: undefined, transitEncryptionMode: "preferred" },
      "transitEncryptionMode",
    ],
    ["the replicas' tier without tiers", { nodeType: "cache.r6gd.xlarge" }, "dataTieringEnabled"],
    [
      "three zones for two nodes",
      { numCacheClusters: 2, preferredCacheClusterAzs: ["us-east-1a", "us-east-1b", "us-east-1c"] },
      "preferredCacheClusterAzs",
    ],
    [
      "501 shards' worth of nodes",
      { numCacheClusters: undefined, numNodeGroups: 200, replicasPerNodeGroup: 3 },
      "numNodeGroups",
    ],
    ["a snapshot of two hyphens at the end", { finalSnapshotIdentifier: "final--one" }, "finalSnapshotIdentifier"],
    [
      "a stream's name with a slash",
      {
        logDeliveryConfigurations: [
          { destination: "a/b", destinationType: "kinesis-firehose", logFormat: "json", logType: "slow-log" },
        ],
      },
      "logDeliveryConfigurations[0].destination",
    ],
    ["a user group of a name with a dot", { authToken: undefined, userGroupIds: ["a.b"] }, "userGroupIds[0]"],
  ]),
  ...of("aws:elasticache/parameterGroup:ParameterGroup", [
    ["a switch of true", params({ name: "activedefrag", value: "true" }), "parameters[0].value"],
    ["no databases", params({ name: "databases", value: "0" }), "parameters[0].value"],
    [
      "listpacks of version 6",
      { family: "redis6.x", parameters: [{ name: "hash-max-listpack-entries", value: "512" }] },
      "parameters[0].name",
    ],
  ]),
  ...of("aws:secretsmanager/secretVersion:SecretVersion", [
    ["a value and bytes", { secretBinary: "YQ==" }, "secretString"],
    ["a stage of 257 characters", { versionStages: [long(257)] }, "versionStages[0]"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "a window longer than the time between",
      { rotationRules: { scheduleExpression: "rate(4 hours)", duration: "5h" } },
      "rotationRules.duration",
    ],
    [
      "days of the month and of the week",
      { rotationRules: { scheduleExpression: "cron(0 8 1 * MON *)" } },
      "rotationRules.scheduleExpression",
    ],
    [
      "a day that is the 32nd",
      { rotationRules: { scheduleExpression: "cron(0 8 32 * ? *)" } },
      "rotationRules.scheduleExpression",
    ],
  ]),
  ...of("aws:secretsmanager/secretPolicy:SecretPolicy", [
    [
      "everybody, though that is blocked",
      {
        blockPublicPolicy: true,
        policy: policy({ Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*" }),
      },
      "policy",
    ],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    [
      "a way of names that there is not",
      { loadBalancerType: "network", securityGroups: undefined, dnsRecordClientRoutingPolicy: "nearest" },
      "dnsRecordClientRoutingPolicy",
    ],
    [
      "public addresses of none, for a network",
      { loadBalancerType: "network", ipAddressType: "dualstack-without-public-ipv4" },
      "ipAddressType",
    ],
    ["zones kept apart", { enableCrossZoneLoadBalancing: false }, "enableCrossZoneLoadBalancing"],
    [
      "subnets and mappings",
      { subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }, { subnetId: "subnet-1a1b2c3d" }] },
      "subnetMappings",
    ],
    ["a gateway behind groups", { loadBalancerType: "gateway" }, "securityGroups"],
    ["a pool that is an address", { ipamPools: { ipv4IpamPoolId: "203.0.113.0/24" } }, "ipamPools.ipv4IpamPoolId"],
  ]),
  ...of(TARGET, [
    ["statuses with a semicolon", check({ matcher: "200;201" }), "healthCheck.matcher"],
    [
      "more than all healthy",
      { targetGroupHealth: { dnsFailover: { minimumHealthyTargetsPercentage: "101" } } },
      "targetGroupHealth.dnsFailover.minimumHealthyTargetsPercentage",
    ],
    ["a control at port 0", { targetControlPort: 0 }, "targetControlPort"],
    ["zones crossed, yes", { loadBalancingCrossZoneEnabled: "yes" }, "loadBalancingCrossZoneEnabled"],
    ["anomalies without weights", { loadBalancingAnomalyMitigation: "on" }, "loadBalancingAnomalyMitigation"],
    ["a kept address of HTTP", { preserveClientIp: "true" }, "preserveClientIp"],
    ["many headers of an address", { lambdaMultiValueHeadersEnabled: true }, "lambdaMultiValueHeadersEnabled"],
    [
      "fewer to fail over than to route",
      {
        targetGroupHealth: {
          dnsFailover: { minimumHealthyTargetsCount: "1" },
          unhealthyStateRouting: { minimumHealthyTargetsCount: 2 },
        },
      },
      "targetGroupHealth.dnsFailover.minimumHealthyTargetsCount",
    ],
    [
      "a network's stickiness by cookie",
      { protocol: "TCP", healthCheck: undefined, stickiness: { type: "lb_cookie" } },
      "stickiness.type",
    ],
  ]),
  ...of(LISTENER, [
    ["client certificates that are on", { mutualAuthentication: { mode: "on" } }, "mutualAuthentication.mode"],
    ["two logins", answer({ ...LOGIN, order: 1 }, { ...LOGIN, order: 2 }, { ...fixed, order: 3 }), "defaultActions"],
    [
      "keys of a token over HTTP",
      answer(
        {
          type: "jwt-validation",
          order: 1,
          jwtValidation: { issuer: "https://a.test", jwksEndpoint: "http://a.test/jwks" },
        },
        { ...fixed, order: 2 },
      ),
      "defaultActions[0].jwtValidation.jwksEndpoint",
    ],
    [
      "a login that is asked nothing",
      answer(
        { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, onUnauthenticatedRequest: "redirect" } },
        { ...fixed, order: 2 },
      ),
      "defaultActions[0].authenticateOidc.onUnauthenticatedRequest",
    ],
    [
      "a session's cookie with a blank",
      answer(
        { ...LOGIN, authenticateOidc: { ...LOGIN.authenticateOidc, sessionCookieName: "my cookie" } },
        { ...fixed, order: 2 },
      ),
      "defaultActions[0].authenticateOidc.sessionCookieName",
    ],
    [
      "a content that is sniffed",
      { routingHttpResponseXContentTypeOptionsHeaderValue: "sniff" },
      "routingHttpResponseXContentTypeOptionsHeaderValue",
    ],
    [
      "two origins",
      { routingHttpResponseAccessControlAllowOriginHeaderValue: "https://a.test, https://b.test" },
      "routingHttpResponseAccessControlAllowOriginHeaderValue",
    ],
    [
      "credentials that are not",
      { routingHttpResponseAccessControlAllowCredentialsHeaderValue: "false" },
      "routingHttpResponseAccessControlAllowCredentialsHeaderValue",
    ],
    ["two answers", answer({ ...fixed, order: 1 }, { ...fixed, order: 2 }), "defaultActions"],
    [
      "an answer with a redirect's settings",
      answer({ ...fixed, redirect: { statusCode: "HTTP_301" } }),
      "defaultActions[0].redirect",
    ],
  ]),
  ...of(RULE, [
    ["seven stars", condition({ pathPattern: { values: ["/*/*/*/*", "/*/*/*"] } }), "conditions"],
    [
      "a header's value of 129 characters",
      condition({ httpHeader: { httpHeaderName: "X-A", values: [long(129)] } }),
      "conditions[0].httpHeader.values",
    ],
    [
      "values and patterns",
      condition({ hostHeader: { values: ["a.example.com"], regexValues: ["a"] } }),
      "conditions[0].hostHeader.regexValues",
    ],
    [
      "a query's name of 129 characters",
      condition({ queryStrings: [{ key: long(129), value: "a" }] }),
      "conditions[0].queryStrings[0].key",
    ],
    ["a transform of the path", { transforms: [{ type: "path-rewrite" }] }, "transforms[0].type"],
    [
      "a transform without its settings",
      { transforms: [{ type: "host-header-rewrite" }] },
      "transforms[0].hostHeaderRewriteConfig",
    ],
    [
      "a host of two stars' worth of bars",
      condition({ hostHeader: { values: ["a|b.example.com"] } }),
      "conditions[0].hostHeader.values",
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["an export, yes", { options: { export: "YES" } }, "options.export"],
    ["a name that is a URL", { subjectAlternativeNames: ["https://a.sparki.tools"] }, "subjectAlternativeNames[0]"],
    [
      "a key without its certificate",
      {
        domainName: undefined,
        validationMethod: undefined,
        privateKey: "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----",
      },
      "certificateBody",
    ],
    [
      "a certificate without its key",
      {
        domainName: undefined,
        validationMethod: undefined,
        certificateBody: "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----",
      },
      "domainName",
    ],
    [
      "renewal early by a word",
      {
        validationMethod: undefined,
        certificateAuthorityArn: `arn:aws:acm-pca:us-east-1:${ACCOUNT}:certificate-authority/0a1b2c3d-0000-1111-2222-333344445555`,
        earlyRenewalDuration: "soon",
      },
      "earlyRenewalDuration",
    ],
  ]),
  ...of(ACL, [
    ["a token's domain with a scheme", { tokenDomains: ["https://sparki.tools"] }, "tokenDomains"],
    [
      "a challenge's immunity of 100 seconds",
      { challengeConfig: { immunityTimeProperty: { immunityTime: 100 } } },
      "challengeConfig.immunityTimeProperty.immunityTime",
    ],
    [
      "bodies of 128 KB",
      { associationConfig: { requestBodies: [{ cloudfront: { defaultSizeInspectionLimit: "KB_128" } }] } },
      "associationConfig.requestBodies[0].cloudfront.defaultSizeInspectionLimit",
    ],
    [
      "a body that no key names",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["KP"] } },
        action: { block: { customResponse: { responseCode: 403, customResponseBodyKey: "none" } } },
      }),
      "rules[0].action.block.customResponse.customResponseBodyKey",
    ],
    [
      "a label of all",
      statement({ labelMatchStatement: { scope: "ALL", key: "a" } }),
      "rules[0].statement.labelMatchStatement.scope",
    ],
    [
      "a path in JSON without its slash",
      bytes({ fieldToMatch: { jsonBody: { matchScope: "ALL", matchPattern: { includedPaths: ["user/name"] } } } }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.jsonBody.matchPattern.includedPaths[0]",
    ],
    [
      "two patterns of cookies",
      bytes({
        fieldToMatch: {
          cookies: {
            matchScope: "ALL",
            oversizeHandling: "MATCH",
            matchPatterns: [{ all: {} }, { includedCookies: ["a"] }],
          },
        },
      }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.cookies.matchPatterns",
    ],
    [
      "headers without what is done when there are too many",
      bytes({ fieldToMatch: { headers: [{ matchScope: "ALL", matchPattern: { all: {} } }] } }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.headers[0].oversizeHandling",
    ],
    [
      "a place that is a pattern",
      bytes({ positionalConstraint: "REGEX", fieldToMatch: { uriPath: {} } }),
      "rules[0].statement.byteMatchStatement.positionalConstraint",
    ],
    [
      "a rate within a rate",
      rate({ scopeDownStatement: { rateBasedStatement: { limit: 100, aggregateKeyType: "IP" } } }),
      "rules[0].statement.rateBasedStatement.scopeDownStatement.rateBasedStatement",
    ],
    [
      "a group within an and",
      statement({
        andStatement: {
          statements: [
            { geoMatchStatement: { countryCodes: ["KP"] } },
            { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" } },
          ],
        },
      }),
      "rules[0].statement.andStatement.statements[1].managedRuleGroupStatement",
    ],
    [
      "keys of a rate by address",
      rate({ customKeys: [{ ip: {} }, { httpMethod: {} }] }),
      "rules[0].statement.rateBasedStatement.customKeys",
    ],
    [
      "a rate of everything",
      rate({ aggregateKeyType: "CONSTANT" }),
      "rules[0].statement.rateBasedStatement.scopeDownStatement",
    ],
    [
      "a key by a path that is read by nothing",
      rate({ aggregateKeyType: "CUSTOM_KEYS", customKeys: [{ uriPath: {} }, { ip: {} }] }),
      "rules[0].statement.rateBasedStatement.customKeys[0].uriPath.textTransformations",
    ],
    [
      "a metric of all",
      { visibilityConfig: { cloudwatchMetricsEnabled: true, metricName: "All", sampledRequestsEnabled: true } },
      "visibilityConfig.metricName",
    ],
    ["a name's forbidden sign", { name: "sparki.prod" }, "name"],
    [
      "a body of an answer of 11 KB",
      { customResponseBodies: [{ key: "a", content: long(11_000), contentType: "TEXT_PLAIN" }] },
      "customResponseBodies[0].content",
    ],
    [
      "data that are hidden in no way",
      { dataProtectionConfig: { dataProtections: [{ action: "MASK", field: { fieldType: "BODY" } }] } },
      "dataProtectionConfig.dataProtections[0].action",
    ],
    [
      "a header that is put in without a name",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["KP"] } },
        action: { count: { customRequestHandling: { insertHeaders: [{ name: "", value: "a" }] } } },
      }),
      "rules[0].action.count.customRequestHandling.insertHeaders[0].name",
    ],
    [
      "two actions",
      rule({ statement: { geoMatchStatement: { countryCodes: ["KP"] } }, action: { block: {}, count: {} } }),
      "rules[0].action.count",
    ],
    [
      "a network's numbers by name",
      statement({ asnMatchStatement: { asnLists: ["AS64500"] } }),
      "rules[0].statement.asnMatchStatement.asnLists[0]",
    ],
  ]),
  ...of("aws:route53/record:Record", [
    ["a flag of 256", plain("CAA", '256 issue "amazon.com"'), "records"],
    ["a binding's priority of 70000", plain("HTTPS", "70000 . alpn=h2"), "records"],
    ["a label that begins with a hyphen", { name: "-a.sparki.tools" }, "name"],
    [
      "an identifier of 129 characters",
      routed({ setIdentifier: long(129), weightedRoutingPolicies: [{ weight: 1 }] }),
      "setIdentifier",
    ],
    [
      "a region and coordinates",
      routed({
        geoproximityRoutingPolicy: { awsRegion: "us-east-1", coordinates: [{ latitude: "1.00", longitude: "1.00" }] },
      }),
      "geoproximityRoutingPolicy.coordinates",
    ],
    [
      "a latitude of 91",
      routed({ geoproximityRoutingPolicy: { coordinates: [{ latitude: "91.00", longitude: "1.00" }] } }),
      "geoproximityRoutingPolicy.coordinates[0].latitude",
    ],
    [
      "many answers of an alias",
      { setIdentifier: "a", multivalueAnswerRoutingPolicy: true },
      "multivalueAnswerRoutingPolicy",
    ],
    [
      "a health check by its name",
      routed({ weightedRoutingPolicies: [{ weight: 1 }], healthCheckId: "prod" }),
      "healthCheckId",
    ],
    [
      "an alias that is a URL",
      {
        aliases: [
          { name: "https://lb.us-east-1.elb.amazonaws.com", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true },
        ],
      },
      "aliases[0].name",
    ],
    [
      "an alias's zone by its name",
      { aliases: [{ name: "lb.us-east-1.elb.amazonaws.com", zoneId: "sparki.tools", evaluateTargetHealth: true }] },
      "aliases[0].zoneId",
    ],
    ["mail to nobody", plain("MX", "10"), "records"],
    ["a key's tag of 70000", plain("DS", `70000 13 2 ${"AB".repeat(32)}`), "records"],
    ["an IPv4 address as IPv6", plain("AAAA", "203.0.113.1"), "records"],
    ["a start of authority of two words", plain("SOA", "ns.example.com admin.example.com"), "records"],
    [
      "a location of 17 letters",
      routed({ cidrRoutingPolicy: { collectionId: "0a1b2c3d-0000-1111-2222-333344445555", locationName: long(17) } }),
      "cidrRoutingPolicy.locationName",
    ],
    ["two names for one", plain("CNAME", "a.example.com", "b.example.com"), "records"],
    ["time to live that is negative", { ...plain("A", "203.0.113.1"), ttl: -1 }, "ttl"],
    ["a quote that is not closed", plain("TXT", '"abc'), "records"],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["a status of alarms for a host", { insufficientDataHealthStatus: "Healthy" }, "insufficientDataHealthStatus"],
    ["257 of them", { ...SUMMED, childHealthThreshold: 257 }, "childHealthThreshold"],
    ["a region that does not look", { regions: ["us-east-1", "us-west-1", "eu-central-1"] }, "regions[2]"],
    ["a private address", { fqdn: undefined, ipAddress: "10.0.0.1" }, "ipAddress"],
    ["a port of a sum", { ...SUMMED, port: 443 }, "port"],
    ["a path with a blank", { resourcePath: "/a b" }, "resourcePath"],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    [
      "a group that is no group",
      { grants: [{ type: "Group", permissions: ["READ"], uri: "everyone" }] },
      "grants[0].uri",
    ],
    [
      "a class for copies that there is not",
      {
        versioning: { enabled: true },
        replicationConfiguration: {
          role: role("a"),
          rules: [{ status: "Enabled", destination: { bucket: "arn:aws:s3:::other", storageClass: "COLD" } }],
        },
      },
      "replicationConfiguration.rules[0].destination.storageClass",
    ],
    [
      "copies within an hour",
      {
        versioning: { enabled: true },
        replicationConfiguration: {
          role: role("a"),
          rules: [
            {
              status: "Enabled",
              destination: { bucket: "arn:aws:s3:::other", replicationTime: { status: "Enabled", minutes: 60 } },
            },
          ],
        },
      },
      "replicationConfiguration.rules[0].destination.replicationTime.minutes",
    ],
    [
      "rules of a site that are no JSON",
      { website: { indexDocument: "index.html", routingRules: "all" } },
      "website.routingRules",
    ],
    [
      "a lock of 101 years",
      {
        objectLockConfiguration: {
          objectLockEnabled: "Enabled",
          rule: { defaultRetention: { mode: "GOVERNANCE", years: 101 } },
        },
      },
      "objectLockConfiguration.rule.defaultRetention.years",
    ],
    ["logs to a bucket of a wrong name", { logging: { targetBucket: "Logs_Here" } }, "logging.targetBucket"],
    [
      "an end by a date and by days",
      { lifecycleRules: [{ enabled: true, expiration: { days: 1, date: "2030-01-01" } }] },
      "lifecycleRules[0].expiration.days",
    ],
    ["a beginning of S3's own", { bucket: "xn--sparki" }, "bucket"],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "more than 20 KB",
      {
        policy: policy({
          Principal: "*",
          Action: "s3:GetObject",
          Resource: Array.from(
            { length: 500 },
            (_, i) => `arn:aws:s3:::sparki-prod-logs/a-folder-of-a-long-name-${i}/*`,
          ),
        }),
      },
      "policy",
    ],
    [
      "a key of lists for objects",
      {
        policy: policy({
          Principal: "*",
          Action: ["s3:GetObject", "s3:PutObject"],
          Resource: "arn:aws:s3:::sparki-prod-logs/*",
          Condition: { NumericEquals: { "s3:max-keys": "10" } },
        }),
      },
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "parts of uploads by their tags",
      life({
        expiration: undefined,
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        filter: { tag: { key: "a", value: "b" } },
      }),
      "rules[0].abortIncompleteMultipartUpload",
    ],
    ["an and of one", life({ filter: { and: { prefix: "a" } } }), "rules[0].filter.and"],
    [
      "smaller than it is larger",
      life({ filter: { and: { objectSizeGreaterThan: 10, objectSizeLessThan: 5 } } }),
      "rules[0].filter.and.objectSizeLessThan",
    ],
    [
      "a class twice",
      life({
        transitions: [
          { days: 30, storageClass: "GLACIER" },
          { days: 60, storageClass: "GLACIER" },
        ],
      }),
      "rules[0].transitions",
    ],
    ["a rule that does nothing", life({ expiration: undefined }), "rules[0].expiration"],
    ["a tag's key of AWS's", life({ filter: { tag: { key: "aws:team", value: "b" } } }), "rules[0].filter.tag.key"],
  ]),
  ...of("aws:lambda/function:Function", [
    [
      "an image of a public registry",
      { runtime: undefined, handler: undefined, packageType: "Image", imageUri: "public.ecr.aws/a/b:1" },
      "imageUri",
    ],
    [
      "letters that die in a function",
      { deadLetterConfig: { targetArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:a` } },
      "deadLetterConfig.targetArn",
    ],
    [
      "six layers",
      { layers: Array.from({ length: 6 }, (_, i) => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:a${i}:1`) },
      "layers",
    ],
    [
      "a level for lines of text",
      { loggingConfig: { logFormat: "Text", applicationLogLevel: "INFO" } },
      "loggingConfig.applicationLogLevel",
    ],
    ["variables of 5 KB", { environment: { variables: { BIG: long(5000) } } }, "environment.variables"],
    ["an object without its bucket", { s3Key: "a.zip" }, "s3Key"],
    [
      "snapshots beside much storage",
      { runtime: "java21", snapStart: { applyOn: "PublishedVersions" }, ephemeralStorage: { size: 1024 } },
      "snapStart.applyOn",
    ],
    ["a key by its alias", { kmsKeyArn: "alias/sparki" }, "kmsKeyArn"],
    [
      "a folder that is not whole",
      {
        runtime: undefined,
        handler: undefined,
        packageType: "Image",
        imageUri: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1`,
        imageConfig: { workingDirectory: "var/task" },
      },
      "imageConfig.workingDirectory",
    ],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["a statement with a blank", { statementId: "let it" }, "statementId"],
    ["a version with a slash", { qualifier: "a/b" }, "qualifier"],
    ["a service of an old name", { principal: "cloudwatch-events.amazonaws.com" }, "principal"],
  ]),
];

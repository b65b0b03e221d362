import { type HostileCase, undeclared } from "./case.ts";

type Row = readonly [title: string, type: string, name: string, property: string, value: unknown];

const INSTANCE = "aws:rds/instance:Instance";
const CACHE = "aws:elasticache/replicationGroup:ReplicationGroup";
const BALANCER = "aws:lb/loadBalancer:LoadBalancer";
const LISTENER = "aws:lb/listener:Listener";
const TARGETS = "aws:lb/targetGroup:TargetGroup";
const CLUSTER = "aws:eks/cluster:Cluster";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ROLE = "aws:iam/role:Role";
const KEY = "aws:kms/key:Key";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const ACL = "aws:wafv2/webAcl:WebAcl";
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const k8s = (group: string, kind: string) => `kubernetes:${group}:${kind}`;
const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
const allowed = (more: object) => document({ Effect: "Allow", ...more });
const SECRETS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/";

/** What nobody declared, of services and of the cluster. */
const KINDS = undeclared([
  ["a share of snapshots of the cache", "aws:elasticache/userGroupAssociation:UserGroupAssociation", { userId: "x" }],
  ["a global datastore", "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup", {}],
  ["a group of parameters of the cache", "aws:elasticache/parameterGroup:ParameterGroup", { family: "redis7" }],
  ["a global database", "aws:rds/globalCluster:GlobalCluster", {}],
  ["a subscription to the database's events", "aws:rds/eventSubscription:EventSubscription", { snsTopic: "arn" }],
  ["an integration without ETL", "aws:rds/integration:Integration", { targetArn: "arn" }],
  ["a stream of what the database does", "aws:rds/clusterActivityStream:ClusterActivityStream", {}],
  ["other tags of a resource", "aws:ec2/tag:Tag", { key: "kubernetes.io/role/elb", value: "1" }],
  [
    "a route's association of the gateway",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    { gatewayId: "igw-1" },
    "network-edge",
  ],
  ["a route that AWS propagates", "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", {}],
  ["a network's firewall", "aws:networkfirewall/firewall:Firewall", {}],
  ["a private gateway of addresses", "aws:vpc/ipam:Ipam", {}],
  ["a route server", "aws:vpc/routeServer:RouteServer", {}],
  ["a rule for all of a VPC", "aws:vpc/securityGroupVpcAssociation:SecurityGroupVpcAssociation", { vpcId: "vpc-2" }],
  ["an exclusion of blocked access", "aws:vpc/blockPublicAccessExclusion:BlockPublicAccessExclusion", {}],
  ["no encryption within the VPC", "aws:vpc/encryptionControl:EncryptionControl", { mode: "monitor" }],
  ["a verified access", "aws:verifiedaccess/endpoint:Endpoint", {}],
  ["an access of another account's pods", "aws:eks/capability:Capability", { type: "ARGOCD" }],
  ["a mailbox", "aws:ses/emailIdentity:EmailIdentity", { email: "evil@example.com" }],
  ["a topic's policy", "aws:sns/topicPolicy:TopicPolicy", { policy: allowed({ Principal: "*" }) }],
  ["a topic's subscription", "aws:sns/topicSubscription:TopicSubscription", { protocol: "https" }],
  ["a queue's policy", "aws:sqs/queuePolicy:QueuePolicy", { policy: allowed({ Principal: "*" }) }],
  ["a pipe", "aws:pipes/pipe:Pipe", { source: "arn", target: "arn" }],
  ["a vault's lock", "aws:backup/vaultLockConfiguration:VaultLockConfiguration", { maxRetentionDays: 1 }],
  ["a plan of backups", "aws:backup/plan:Plan", {}],
  [
    "an export of logs",
    "aws:cloudwatch/logAccountPolicy:LogAccountPolicy",
    { policyType: "SUBSCRIPTION_FILTER_POLICY" },
  ],
  ["a delivery of logs", "aws:cloudwatch/logDelivery:LogDelivery", {}],
  ["a data protection policy", "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy", {}],
  ["a store of events", "aws:cloudtrail/eventDataStore:EventDataStore", { retentionPeriod: 7 }],
  ["an access grant of S3", "aws:s3control/accessGrant:AccessGrant", { permission: "READWRITE" }],
  ["a lock of objects", "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", {}],
  ["logs of a bucket elsewhere", "aws:s3/bucketLogging:BucketLogging", { targetBucket: "evil" }],
  ["tiers of a bucket", "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration", {}],
  ["a revocation of a trust store", "aws:lb/trustStoreRevocation:TrustStoreRevocation", {}],
  ["a certificate of one's own", "aws:acmpca/certificateAuthority:CertificateAuthority", {}],
  ["a permission of an authority", "aws:acmpca/permission:Permission", { principal: "acm.amazonaws.com" }],
  ["a profile of Route 53", "aws:route53profiles/association:Association", { resourceId: "vpc-1" }],
  [
    "a log of queries elsewhere",
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
    { destinationArn: "arn" },
  ],
  ["a shield's role", "aws:shield/drtAccessRoleArnAssociation:DrtAccessRoleArnAssociation", { roleArn: "arn" }],
  ["an account's contact", "aws:account/alternativeContact:AlternativeContact", { emailAddress: "evil@example.com" }],
  ["a region that is switched on", "aws:account/region:Region", { enabled: true }],
  ["root's features", "aws:iam/organizationsFeatures:OrganizationsFeatures", {}],
  ["a signing certificate", "aws:iam/signingCertificate:SigningCertificate", { certificateBody: "x" }],
  ["a service's own credentials", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential", { userName: "x" }],
  ["a federation of tokens", "aws:iam/outboundWebIdentityFederation:OutboundWebIdentityFederation", {}],
  ["a template of a stack set", "aws:cloudformation/stackSet:StackSet", { permissionModel: "SERVICE_MANAGED" }],
  ["a resource by Cloud Control", "aws:cloudcontrol/resource:Resource", { typeName: "AWS::IAM::User" }],
  ["a workspace of Prometheus", "aws:amp/scraper:Scraper", { source: {} }],
  ["a desktop", "aws:workspaces/workspace:Workspace", {}],
  ["a notebook", "aws:sagemaker/notebookInstance:NotebookInstance", { roleArn: "arn" }],
  ["a shell", "aws:cloud9/environmentEC2:EnvironmentEC2", { instanceType: "t3.micro" }],
  ["a binding of a service account's token", k8s("authentication.k8s.io/v1", "SelfSubjectReview"), {}],
  ["a mutating policy's binding", k8s("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicyBinding"), {}],
  ["a network's own policy", k8s("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"), {}],
  ["a volume's snapshot", k8s("snapshot.storage.k8s.io/v1", "VolumeSnapshot"), {}],
  ["a slice of resources", k8s("resource.k8s.io/v1", "ResourceSlice"), {}],
  ["a level of priority", k8s("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"), {}],
  ["a migration of stored versions", k8s("storagemigration.k8s.io/v1beta1", "StorageVersionMigration"), {}],
  ["a role that is patched", k8s("rbac.authorization.k8s.io/v1", "ClusterRolePatch"), {}],
  ["a webhook that is patched", k8s("admissionregistration.k8s.io/v1", "MutatingWebhookConfigurationPatch"), {}],
  [
    "a namespace by another case",
    k8s("core/v1", "Namespace"),
    { metadata: { name: "sparki-engine" } },
    "Sparki-Engine",
  ],
  ["a name with a letter of another script", "aws:ec2/vpc:Vpc", { cidrBlock: "10.40.0.0/16" }, "netwоrk-vpc"],
  ["a name with a sign that nobody sees", "aws:ec2/vpc:Vpc", { cidrBlock: "10.40.0.0/16" }, "network-vpc\u200b"],
]);

const grants = (title: string, statement: object): Row => [
  title,
  ROLE_POLICY,
  "identities-engine-role-policy",
  "policy",
  allowed(statement),
];
const GET = "secretsmanager:GetSecretValue";

/** Grants that say more than they seem to. */
const GRANTS: readonly Row[] = [
  grants("secrets but for one", { Action: GET, NotResource: `${SECRETS}database/master` }),
  grants("a secret by a sign for any letter", { Action: GET, Resource: `${SECRETS}cache-??????` }),
  grants("a secret by a policy's variable", { Action: GET, Resource: `${SECRETS}\${aws:PrincipalTag/path}*` }),
  grants("a secret where a condition is always true", {
    Action: GET,
    Resource: "*",
    Condition: { StringLike: { "aws:PrincipalArn": "*" } },
  }),
  grants("a secret where a condition asks for nothing", { Action: GET, Resource: "*", Condition: {} }),
  grants("a secret if a key exists", {
    Action: GET,
    Resource: "*",
    Condition: { StringEqualsIfExists: { "aws:SourceVpc": "vpc-1" } },
  }),
  grants("a secret for every value of nothing", {
    Action: GET,
    Resource: "*",
    Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } },
  }),
  grants("a secret until the end of time", {
    Action: GET,
    Resource: "*",
    Condition: { DateLessThan: { "aws:CurrentTime": "9999-12-31T23:59:59Z" } },
  }),
  grants("a secret over IPv6", { Action: GET, Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "::/0" } } }),
  grants("secrets in a batch", { Action: "secretsmanager:BatchGetSecretValue", Resource: "*" }),
  grants("a secret in letters of full width", {
    Action: "ｓecretsmanager:GetSecretValue",
    Resource: `${SECRETS}cache-*`,
  }),
  grants("a role that is handed on", { Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/sparki-*" }),
  grants("a grant of a key", { Action: "kms:CreateGrant", Resource: "arn:aws:kms:us-east-1:111122223333:key/abc" }),
  grants("a key by its alias", { Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:111122223333:alias/*" }),
  [
    "a role for every pod of the cluster",
    ROLE,
    "identities-engine-role",
    "assumeRolePolicy",
    allowed({
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Condition: { StringLike: { "aws:RequestTag/kubernetes-service-account": "*" } },
    }),
  ],
  [
    "a role by the identity of a federated user",
    ROLE,
    "identities-engine-role",
    "assumeRolePolicy",
    allowed({ Principal: { Federated: "cognito-identity.amazonaws.com" }, Action: "sts:AssumeRoleWithWebIdentity" }),
  ],
  [
    "a key for an organization",
    KEY,
    "keys-secrets",
    "policy",
    allowed({
      Principal: { AWS: "*" },
      Action: "kms:*",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalOrgID": "o-evil" } },
    }),
  ],
  [
    "a key for a service of any account",
    KEY,
    "keys-logs",
    "policy",
    allowed({ Principal: { Service: "logs.amazonaws.com" }, Action: "kms:Decrypt*", Resource: "*" }),
  ],
];

const one = (type: string, name: string, properties: Readonly<Record<string, unknown>>): Row[] =>
  Object.entries(properties).map(([property, value]) => [
    `${property} of ${name}, from outside`,
    type,
    name,
    property,
    value,
  ]);

/** Properties that are new, or that nobody thought of. */
const PROPERTIES: readonly Row[] = [
  ...one(INSTANCE, "database-instance", {
    restoreToPointInTime: { sourceDbInstanceIdentifier: "evil", useLatestRestorableTime: true },
    snapshotIdentifier: "arn:aws:rds:us-east-1:999999999999:snapshot:evil",
    s3Import: { bucketName: "evil", sourceEngine: "postgres" },
    blueGreenUpdate: { enabled: true },
    engineLifecycleSupport: "open-source-rds-extended-support",
    databaseInsightsMode: "standard",
    domainFqdn: "evil.example",
    replicaMode: "open-read-only",
    upgradeStorageConfig: true,
    passwordWoVersion: 1,
    customIamInstanceProfile: "evil",
    backupTarget: "outposts",
  }),
  ...one(CACHE, "cache-redis", {
    userGroupIds: ["default"],
    nodeGroupConfigurations: [{ replicaCount: 0 }],
    clusterMode: "compatible",
    dataTieringEnabled: true,
    networkType: "ipv6",
    ipDiscovery: "ipv6",
    preferredCacheClusterAzs: ["us-east-1a"],
    snapshotName: "evil",
    parameterGroupName: "evil",
  }),
  ...one(BALANCER, "edge-lb-balancer", {
    connectionLogs: { bucket: "evil", enabled: true },
    healthCheckLogs: { bucket: "evil", enabled: true },
    ipamPools: { ipv4IpamPoolId: "x" },
    minimumLoadBalancerCapacity: { capacityUnits: 100_000 },
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: "off",
    secondaryIpsAutoAssignedPerSubnet: 5,
    clientKeepAlive: 604_800,
    idleTimeout: 4000,
    xffHeaderProcessingMode: "preserve",
    subnetMappings: [{ subnetId: "subnet-1" }],
  }),
  ...one(LISTENER, "edge-lb-https", {
    mutualAuthentication: { mode: "passthrough" },
    alpnPolicy: "HTTP1Only",
    routingHttpResponseServerEnabled: true,
    routingHttpResponseStrictTransportSecurityHeaderValue: "max-age=0",
    routingHttpResponseAccessControlAllowOriginHeaderValue: "*",
    routingHttpRequestXAmznMtlsClientcertHeaderName: "x-evil",
    tcpIdleTimeoutSeconds: 6000,
  }),
  ...one(TARGETS, "edge-lb-engine-fleet", {
    stickiness: { type: "lb_cookie", enabled: true, cookieDuration: 604_800 },
    targetGroupHealth: { dnsFailover: { minimumHealthyTargetsCount: "off" } },
    loadBalancingAlgorithmType: "weighted_random",
    connectionTermination: true,
    preserveClientIp: "false",
    targetControlPort: 22,
  }),
  ...one(CLUSTER, "cluster-eks-eksCluster", {
    zonalShiftConfig: { enabled: true },
    remoteNetworkConfig: { remoteNodeNetworks: { cidrs: ["0.0.0.0/0"] } },
    outpostConfig: { outpostArns: ["arn"], controlPlaneInstanceType: "m5.large" },
    defaultAddonsToRemoves: ["vpc-cni"],
    controlPlaneScalingConfig: { tier: "tier-4xl" },
    forceUpdateVersion: true,
  }),
  ...one(ENDPOINT, "network-endpoint-sts", {
    policy: allowed({ Principal: "*", Action: "*", Resource: "*" }),
    dnsOptions: { privateDnsOnlyForInboundResolverEndpoint: true },
    ipAddressType: "dualstack",
    autoAccept: true,
    serviceRegion: "eu-west-1",
    subnetConfigurations: [{ ipv4: "10.40.0.5", subnetId: "subnet-1" }],
    resourceConfigurationArn: "arn",
  }),
  ...one(INGRESS, "database-access-from-cluster", {
    cidrIpv4: "10.0.0.0/8",
    cidrIpv6: "2000::/3",
    prefixListId: "pl-0evil",
    ipProtocol: "-1",
    fromPort: 5431,
    toPort: 65_535,
  }),
  ...one(EGRESS, "edge-lb-entrance-to-pods", {
    cidrIpv4: "128.0.0.0/1",
    ipProtocol: "udp",
    prefixListId: "pl-63a5400a",
  }),
  ...one(KEY, "keys-data", {
    multiRegion: true,
    rotationPeriodInDays: 2560,
    enableKeyRotation: false,
    xksKeyId: "evil",
    customKeyStoreId: "cks-1",
  }),
  ...one(ACL, "edge-waf-acl", {
    associationConfig: { requestBodies: [{ apiGateway: { defaultSizeInspectionLimit: "KB_64" } }] },
    customResponseBodies: [{ key: "a", content: "<script>", contentType: "TEXT_HTML" }],
    challengeConfig: { immunityTimeProperty: { immunityTime: 259_200 } },
    dataProtectionConfig: { dataProtections: [] },
    ruleJson: "[]",
  }),
  ...one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "edge-waf-logging", {
    loggingFilter: { defaultBehavior: "DROP", filters: [] },
    redactedFields: [],
  }),
  ...one("aws:cloudwatch/logGroup:LogGroup", "cluster-logs", {
    logGroupClass: "DELIVERY",
    deletionProtectionEnabled: false,
    retentionInDays: 0,
  }),
  ...one("aws:s3/bucket:Bucket", "edge-lb-access-logs", {
    bucketNamespace: "account-regional",
    objectLockEnabled: false,
    acl: "log-delivery-write",
    grants: [{ type: "Group", permissions: ["READ"], uri: "http://acs.amazonaws.com/groups/global/AllUsers" }],
    policy: allowed({ Principal: "*" }),
  }),
  ...one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "edge-lb-access-logs-expiry", {
    rules: [],
    expectedBucketOwner: "999999999999",
  }),
  ...one("aws:secretsmanager/secret:Secret", "secrets-migrations", {
    replicas: [{ region: "eu-west-1" }],
    policy: allowed({ Principal: "*", Action: "*", Resource: "*" }),
    recoveryWindowInDays: 0,
    type: "partner",
  }),
  ...one("aws:acm/certificate:Certificate", "edge-tls-certificate", {
    subjectAlternativeNames: ["*.sparki.tools"],
    options: { certificateTransparencyLoggingPreference: "DISABLED", export: "ENABLED" },
    earlyRenewalDuration: "P1D",
    validationOptions: [{ domainName: "sparki.tools", validationDomain: "tools" }],
  }),
  ...one("aws:route53/zone:Zone", "edge-dns-zone", {
    vpcs: [{ vpcId: "vpc-1" }],
    enableAcceleratedRecovery: true,
    delegationSetId: "N1",
    forceDestroy: true,
  }),
  ...one("aws:route53/record:Record", "cutover-record", {
    geolocationRoutingPolicies: [{ country: "*" }],
    cidrRoutingPolicy: { collectionId: "x", locationName: "*" },
    healthCheckId: "evil",
    multivalueAnswerRoutingPolicy: true,
    allowOverwrite: true,
  }),
  ...one("aws:eks/podIdentityAssociation:PodIdentityAssociation", "identities-engine-association", {
    targetRoleArn: "arn:aws:iam::111122223333:role/Admin",
    disableSessionTags: true,
  }),
  ...one("aws:ec2/subnet:Subnet", "network-database-us-east-1a", {
    assignIpv6AddressOnCreation: true,
    enableDns64: true,
    mapPublicIpOnLaunch: true,
    enableResourceNameDnsARecordOnLaunch: true,
    ipv6Native: true,
  }),
  ...one("aws:ec2/vpc:Vpc", "network-vpc", {
    assignGeneratedIpv6CidrBlock: true,
    ipv4IpamPoolId: "ipam-pool-1",
    enableNetworkAddressUsageMetrics: true,
    enableDnsSupport: false,
  }),
  ...one("aws:ec2/natGateway:NatGateway", "network-nat-us-east-1a", {
    connectivityType: "private",
    secondaryAllocationIds: ["eipalloc-1"],
    availabilityMode: "regional",
  }),
  ...one("kubernetes:core/v1:Namespace", "sparki-engine", { spec: { finalizers: ["evil.example/x"] } }),
  ...one("kubernetes:core/v1:ServiceAccount", "sparki-engine-engine", {
    secrets: [{ name: "evil" }],
    imagePullSecrets: [{ name: "evil" }],
    automountServiceAccountToken: true,
  }),
  ...one("pulumi:providers:aws", "aws", {
    customCaBundle: "/tmp/evil.pem",
    ec2MetadataServiceEndpoint: "http://evil.example",
    endpoints: '[{"sts":"https://evil.example"}]',
    s3UsePathStyle: "true",
    useFipsEndpoint: "false",
    tokenBucketRateLimiterCapacity: "1",
    assumeRoles: '[{"roleArn":"arn:aws:iam::999999999999:role/evil"}]',
  }),
  ...one("pulumi:providers:kubernetes", "cluster-kubernetes", {
    helmReleaseSettings: '{"pluginsPath":"/tmp/evil"}',
    renderYamlToDirectory: "/tmp/evil",
    deleteUnreachable: "true",
    skipUpdateUnreachable: "true",
    kubeClientSettings: '{"timeout":1}',
    context: "evil",
  }),
];

const spec = (more: object) => ({ podSelector: {}, policyTypes: ["Ingress", "Egress"], ...more });
/** Flows that are opened a little, or wholly by another word for it. */
const FLOWS: readonly Row[] = [
  [
    "every namespace by no selector",
    POLICY,
    "sparki-engine-default-deny",
    "spec",
    spec({ ingress: [{ from: [{ namespaceSelector: {} }] }] }),
  ],
  [
    "every pod of its own",
    POLICY,
    "sparki-web-default-deny",
    "spec",
    spec({ ingress: [{ from: [{ podSelector: {} }] }] }),
  ],
  [
    "the world in two halves",
    POLICY,
    "sparki-monitoring-default-deny",
    "spec",
    spec({ egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/1" } }, { ipBlock: { cidr: "128.0.0.0/1" } }] }] }),
  ],
  ["the way in alone", POLICY, "sparki-test-default-deny", "spec", { podSelector: {}, policyTypes: ["Ingress"] }],
  [
    "names that are not some",
    POLICY,
    "database-jobs-reach",
    "spec",
    { podSelector: { matchExpressions: [{ key: "x", operator: "DoesNotExist" }] }, policyTypes: ["Egress"] },
  ],
  [
    "a range of ports",
    POLICY,
    "sparki-test-site",
    "spec",
    { podSelector: {}, policyTypes: ["Egress"], egress: [{ ports: [{ port: 1, endPort: 65_535, protocol: "TCP" }] }] },
  ],
  [
    "the world by IPv6 for a test",
    POLICY,
    "sparki-test-site",
    "spec",
    { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "2000::/3" } }] }] },
  ],
];

/** Fewer of what there has to be one of for each zone, or one of them twice: a zone is left out. */
const SHORTENED: readonly Row[] = [
  ["a database in one zone", "aws:rds/subnetGroup:SubnetGroup", "database-subnets", "subnetIds", ["subnet-1"]],
  [
    "a cache in two zones",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "cache-subnets",
    "subnetIds",
    ["subnet-1", "subnet-2"],
  ],
  ["a load balancer in one zone", BALANCER, "edge-lb-balancer", "subnets", ["subnet-1"]],
  ["a load balancer in one zone thrice", BALANCER, "edge-lb-balancer", "subnets", ["subnet-1", "subnet-1", "subnet-1"]],
  ["a cluster in two zones", CLUSTER, "cluster-eks-eksCluster", "vpcConfig.subnetIds", ["subnet-1", "subnet-2"]],
  ["a cluster's component in one zone", "eks:index:Cluster", "cluster-eks", "privateSubnetIds", ["subnet-1"]],
  ["an endpoint in one zone", ENDPOINT, "network-endpoint-kms", "subnetIds", ["subnet-1"]],
  ["an endpoint beside the private subnets", ENDPOINT, "network-endpoint-s3", "routeTableIds", ["rtb-1"]],
  ["a database behind a second group", INSTANCE, "database-instance", "vpcSecurityGroupIds", ["sg-1", "sg-2"]],
  [
    "logs in a second place",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "edge-waf-logging",
    "logDestinationConfigs",
    [
      "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-a",
      "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-b",
    ],
  ],
  [
    "a proof of a second name",
    "aws:route53/record:Record",
    "edge-tls-proof",
    "records",
    ["_a.acm-validations.aws", "_b.acm-validations.aws"],
  ],
];

const COMMAND = "command:local:Command";
const IMAGE = "ghcr.io/alexarno/sparki/engine@sha256:b099ca69b2d92a13b4b6e5dd13bbf272d8990c7fb6593c2ee01c4b3c85e9f2fe";
const CLIENT =
  "ghcr.io/alexarno/sparki/postgres-client@sha256:11f8141449932d03b11585256ac8e60ba30bc8e7befb07d2b2026fc0a5f2a287";
const USERS = ["sparki_application_20261101", "sparki_migrations_20261101"];
const SQL = "96f85d322d1c85a9e405d0169843dba3cba6adc24503d2db2de61699277540a4";

/** Jobs of the database that would not run for what they are there for. */
const IDLE: readonly Row[] = [
  ["migrations that never run again", COMMAND, "database-jobs-migrate-run", "triggers", ["a".repeat(64)]],
  ["migrations that run for no image", COMMAND, "database-jobs-migrate-run", "triggers", []],
  ["migrations of another image", COMMAND, "database-jobs-migrate-run", "triggers", [CLIENT]],
  ["a seed that is sown for a user", COMMAND, "database-jobs-seed-run", "triggers", USERS],
  ["a seed that is sown for more", COMMAND, "database-jobs-seed-run", "triggers", [IMAGE, "b".repeat(64)]],
  ["users that no rotation makes", COMMAND, "database-jobs-users-run", "triggers", [CLIENT, SQL]],
  [
    "users of an earlier day",
    COMMAND,
    "database-jobs-users-run",
    "triggers",
    [CLIENT, USERS[0], "sparki_migrations_20250101", SQL],
  ],
  [
    "users by statements that nobody reviewed",
    COMMAND,
    "database-jobs-users-run",
    "triggers",
    [CLIENT, ...USERS, "c".repeat(64)],
  ],
];

const rowOf = ([title, type, name, property, value]: Row): HostileCase => {
  const [top = "", ...below] = property.split(".");
  const inner = below.reduceRight((inside: unknown, key) => ({ [key]: inside }), value);
  return { title, type, name, props: { [top]: inner }, property };
};

/** A fifth round, by somebody from outside. */
export const OUTSIDER: readonly HostileCase[] = [
  ...KINDS,
  ...[...GRANTS, ...PROPERTIES, ...FLOWS, ...SHORTENED, ...IDLE].map(rowOf),
];

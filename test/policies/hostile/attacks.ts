import { misused, undeclared } from "./case.ts";

const metadata = { name: "evil", namespace: "sparki-engine" };
const document = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (more: object) => document({ Effect: "Allow", ...more });
const SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/cache-AbCdEf";
const k8s = (group: string, kind: string) => `kubernetes:${group}:${kind}`;

/** A second round of attacks: kinds that the first did not try. */
const kinds = undeclared([
  [
    "a snapshot for every account",
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
    { accountId: "all" },
  ],
  ["an image for every account", "aws:ec2/amiLaunchPermission:AmiLaunchPermission", { group: "all" }],
  ["a cluster's snapshot", "aws:rds/clusterSnapshot:ClusterSnapshot", { sharedAccounts: ["999999999999"] }],
  ["an export of snapshots", "aws:rds/exportTask:ExportTask", { s3BucketName: "evil" }],
  ["a database's role", "aws:rds/instanceRoleAssociation:InstanceRoleAssociation", { featureName: "s3Export" }],
  [
    "automated backups elsewhere",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    {},
  ],
  [
    "an association of another VPC",
    "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization",
    { vpcId: "vpc-1" },
  ],
  ["a zone's other VPC", "aws:route53/zoneAssociation:ZoneAssociation", { vpcId: "vpc-1" }],
  ["a delegation set", "aws:route53/delegationSet:DelegationSet", {}],
  ["a health check of a foreign host", "aws:route53/healthCheck:HealthCheck", { fqdn: "evil.example", type: "HTTP" }],
  [
    "a DNS firewall that fails open",
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
    { firewallFailOpen: "ENABLED" },
  ],
  ["a firewall's own rule group", "aws:wafv2/ruleGroup:RuleGroup", { capacity: 1, scope: "REGIONAL" }],
  ["a second web ACL", "aws:wafv2/webAcl:WebAcl", { defaultAction: { allow: {} }, scope: "REGIONAL" }],
  ["a listener's further certificate", "aws:lb/listenerCertificate:ListenerCertificate", { certificateArn: "arn" }],
  ["a trust store", "aws:lb/trustStore:TrustStore", { caCertificatesBundleS3Bucket: "evil" }],
  [
    "an account without blocks of public access",
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    { blockPublicAcls: false },
  ],
  [
    "a bucket's ownership",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    { rule: { objectOwnership: "ObjectWriter" } },
  ],
  ["a bucket's inventory", "aws:s3/inventory:Inventory", { bucket: "b" }],
  ["a log group's data in another account", "aws:cloudwatch/logDestination:LogDestination", { targetArn: "arn" }],
  ["a stream of metrics", "aws:cloudwatch/metricStream:MetricStream", { outputFormat: "json" }],
  ["a bus that others write to", "aws:cloudwatch/eventBusPolicy:EventBusPolicy", { policy: allow({ Principal: "*" }) }],
  ["an AWS account's alias", "aws:iam/accountAlias:AccountAlias", { accountAlias: "evil" }],
  ["a weak password policy", "aws:iam/accountPasswordPolicy:AccountPasswordPolicy", { minimumPasswordLength: 6 }],
  ["a virtual MFA device", "aws:iam/virtualMfaDevice:VirtualMfaDevice", { virtualMfaDeviceName: "evil" }],
  ["a user's policy", "aws:iam/userPolicy:UserPolicy", { policy: allow({ Action: "*", Resource: "*" }) }],
  ["a group's policy", "aws:iam/groupPolicy:GroupPolicy", { policy: allow({ Action: "*", Resource: "*" }) }],
  [
    "exclusive policies of a role",
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
    { roleName: "sparki-prod-engine" },
  ],
  ["a profile of Roles Anywhere", "aws:rolesanywhere/profile:Profile", { roleArns: ["arn"] }],
  ["a trust anchor", "aws:rolesanywhere/trustAnchor:TrustAnchor", { enabled: true }],
  ["a permission set", "aws:ssoadmin/permissionSet:PermissionSet", { instanceArn: "arn" }],
  ["a key's store", "aws:kms/customKeyStore:CustomKeyStore", { customKeyStoreName: "evil" }],
  ["a ciphertext", "aws:kms/ciphertext:Ciphertext", { keyId: "k", plaintext: "x" }],
  ["a container's cluster", "aws:ecs/cluster:Cluster", {}],
  ["a batch environment", "aws:batch/computeEnvironment:ComputeEnvironment", { type: "MANAGED" }],
  [
    "an instance's connection",
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint",
    { subnetId: "subnet-1" },
  ],
  ["a session's preferences", "aws:ssm/association:Association", { name: "AWS-RunShellScript" }],
  ["a carrier gateway", "aws:ec2/carrierGateway:CarrierGateway", { vpcId: "vpc-1" }],
  [
    "a further block of the VPC",
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
    { cidrBlock: "100.64.0.0/16" },
  ],
  ["DHCP options", "aws:ec2/vpcDhcpOptions:VpcDhcpOptions", { domainNameServers: ["1.2.3.4"] }],
  ["a main route table", "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation", { routeTableId: "rtb-1" }],
  ["the default route table", "aws:ec2/defaultRouteTable:DefaultRouteTable", { routes: [{ cidrBlock: "0.0.0.0/0" }] }],
  ["a default VPC", "aws:ec2/defaultVpc:DefaultVpc", { forceDestroy: true }],
  [
    "a group's association",
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment",
    {},
  ],
  [
    "both halves of the world out by IPv6",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    { cidrIpv6: "8000::/1", ipProtocol: "-1" },
  ],
  [
    "the world as addresses of IPv4 in IPv6",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { cidrIpv6: "::ffff:0:0/96", ipProtocol: "-1" },
  ],
  [
    "a policy for a bucket of ours",
    "aws:s3/bucketPolicy:BucketPolicy",
    { bucket: "sparki-prod-access-logs-111122223333", policy: allow({ Principal: "*" }) },
  ],
  [
    "a binding in one namespace",
    k8s("rbac.authorization.k8s.io/v1", "RoleBinding"),
    { metadata, roleRef: { kind: "ClusterRole", name: "cluster-admin" } },
    "sparki-engine-engine",
  ],
  [
    "a role that escalates",
    k8s("rbac.authorization.k8s.io/v1", "ClusterRole"),
    { metadata, rules: [{ verbs: ["escalate", "bind", "impersonate"], resources: ["*"], apiGroups: ["*"] }] },
  ],
  [
    "an aggregated role",
    k8s("rbac.authorization.k8s.io/v1", "ClusterRole"),
    { metadata, aggregationRule: { clusterRoleSelectors: [{}] } },
  ],
  ["a route of the gateway API", k8s("gateway.networking.k8s.io/v1", "HTTPRoute"), { metadata }],
  ["a grant of references", k8s("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"), { metadata }],
  ["an ingress without a class", k8s("networking.k8s.io/v1", "Ingress"), { metadata, spec: { defaultBackend: {} } }],
  [
    "an external name",
    k8s("core/v1", "Service"),
    { metadata, spec: { type: "ExternalName", externalName: "evil.example" } },
  ],
  ["a mutating admission policy", k8s("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy"), {}],
  ["a binding of an admission policy", k8s("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"), {}],
  ["priorities of the API server", k8s("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"), { metadata }],
  ["a volume's attributes", k8s("storage.k8s.io/v1", "VolumeAttachment"), { metadata }],
  ["a device's claim", k8s("resource.k8s.io/v1beta1", "ResourceClaim"), { metadata }],
  ["a bundle of authorities", k8s("certificates.k8s.io/v1alpha1", "ClusterTrustBundle"), {}],
  ["a controller of replicas", k8s("core/v1", "ReplicationController"), { metadata }],
  ["a template of pods", k8s("core/v1", "PodTemplate"), { metadata }],
  ["an event", k8s("core/v1", "Event"), { metadata }],
  ["a lease", k8s("coordination.k8s.io/v1", "Lease"), { metadata }],
  ["limits of a namespace", k8s("core/v1", "LimitRange"), { metadata }],
  ["a patched service account", k8s("core/v1", "ServiceAccountPatch"), { metadata }, "sparki-engine-engine"],
  [
    "a patched network policy",
    k8s("networking.k8s.io/v1", "NetworkPolicyPatch"),
    { metadata },
    "sparki-engine-default-deny",
  ],
  ["a list of network policies", k8s("networking.k8s.io/v1", "NetworkPolicyList"), { items: [] }],
  ["a pull secret where nothing is pulled", k8s("core/v1", "Secret"), { metadata }, "sparki-monitoring-image-pull"],
  ["a component of ours under another name", "sparki:infra:Networks", {}],
  ["another project's stack", "pulumi:pulumi:StackReference", { name: "organization/sparki/prod" }, "outputs"],
]);

/** Declared resources with properties that open, share, log less or keep less. */
const turned = [
  ...misused("aws:iam/role:Role", "identities-migrations-role", [
    ["assumeRolePolicy", allow({ NotPrincipal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" })],
    [
      "assumeRolePolicy",
      allow({ Principal: { Service: "pods.eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] }),
    ],
    ["assumeRolePolicy", allow({ Principal: { Service: "pods.eks.amazonaws.com" }, Action: "sts:*" })],
    ["path", "/evil/"],
    ["forceDetachPolicies", true],
    ["namePrefix", "evil"],
  ]),
  ...misused("aws:iam/role:Role", "network-flow-logs", [
    ["assumeRolePolicy", allow({ Principal: { Service: "vpc-flow-logs.amazonaws.com" }, Action: "sts:AssumeRole" })],
    [
      "assumeRolePolicy",
      allow({
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringLike: { "aws:SourceAccount": "*" } },
      }),
    ],
  ]),
  ...misused("aws:iam/rolePolicy:RolePolicy", "identities-migrations-role-policy", [
    ["policy", allow({ Action: "secretsmanager:GetSecretValue", Resource: SECRET })],
    ["policy", allow({ NotAction: ["iam:*"], NotResource: ["arn:aws:s3:::x"] })],
    ["policy", document({ Effect: "Deny", NotAction: "kms:Decrypt", Resource: "*" })],
    ["policy", allow({ Action: "SECRETSMANAGER:GETSECRETVALUE", Resource: "*" })],
    ["policy", allow({ Action: [], Resource: [] })],
    ["policy", document()],
    ["policy", allow({ Action: "kms:Decrypt", Resource: "arn:aws-us-gov:kms:us-east-1:111122223333:key/a" })],
    ["name", "another"],
    ["namePrefix", "evil"],
  ]),
  ...misused(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "database-monitoring-AmazonRDSEnhancedMonitoringRole",
    [
      ["policyArn", "arn:aws-cn:iam::aws:policy/AdministratorAccess"],
      ["policyArn", "arn:aws:iam::999999999999:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
      ["policyArn", "arn:aws:iam::aws:policy/service-role/../AdministratorAccess"],
    ],
  ),
  ...misused("aws:rds/instance:Instance", "database-instance", {
    storageEncrypted: false,
    iamDatabaseAuthenticationEnabled: false,
    backupRetentionPeriod: 0,
    skipFinalSnapshot: true,
    deletionProtection: false,
    enabledCloudwatchLogsExports: [],
    networkType: "DUAL",
    caCertIdentifier: "rds-ca-2019",
    manageMasterUserPassword: false,
    port: 15_432,
    username: "postgres",
    deleteAutomatedBackups: true,
    performanceInsightsEnabled: false,
    monitoringInterval: 0,
    passwordWo: "plain",
  }),
  ...misused("aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis", {
    atRestEncryptionEnabled: false,
    transitEncryptionEnabled: false,
    transitEncryptionMode: "preferred",
    automaticFailoverEnabled: false,
    snapshotRetentionLimit: 0,
    snapshotArns: ["arn:aws:s3:::evil/x.rdb"],
    userGroupIds: ["evil"],
    globalReplicationGroupId: "evil",
    logDeliveryConfigurations: [],
    finalSnapshotIdentifier: "",
  }),
  ...misused("aws:rds/parameterGroup:ParameterGroup", "database-parameters", {
    parameters: [{ name: "rds.force_ssl", value: "0", applyMethod: "pending-reboot" }],
    family: "mysql8.0",
  }),
  ...misused("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "edge-lb-access-logs-private", {
    blockPublicAcls: false,
    blockPublicPolicy: false,
    ignorePublicAcls: false,
    restrictPublicBuckets: false,
    skipDestroy: true,
  }),
  ...misused("aws:cloudwatch/logGroup:LogGroup", "network-flow-logs", {
    retentionInDays: 1,
    skipDestroy: true,
    logGroupClass: "INFREQUENT_ACCESS",
    namePrefix: "evil",
  }),
  ...misused("aws:ec2/flowLog:FlowLog", "network-flow-log", {
    trafficType: "REJECT",
    logDestinationType: "s3",
    deliverCrossAccountRole: "arn:aws:iam::999999999999:role/evil",
    maxAggregationInterval: 60,
  }),
  ...misused("aws:lb/listener:Listener", "edge-lb-http", {
    defaultActions: [{ type: "forward", targetGroupArn: "arn" }],
    protocol: "TCP",
    port: 8080,
  }),
  ...misused("aws:lb/loadBalancer:LoadBalancer", "edge-lb-balancer", {
    enableDeletionProtection: false,
    dropInvalidHeaderFields: false,
    desyncMitigationMode: "monitor",
    enableWafFailOpen: true,
    accessLogs: { bucket: "evil", enabled: false },
    customerOwnedIpv4Pool: "pool",
    ipAddressType: "dualstack",
    preserveHostHeader: true,
  }),
  ...misused("aws:wafv2/webAcl:WebAcl", "edge-waf-acl", {
    defaultAction: { block: {} },
    tokenDomains: ["evil.example"],
    captchaConfig: {},
    scope: "CLOUDFRONT",
  }),
  ...misused("aws:eks/addon:Addon", "cluster-secrets-store", {
    configurationValues: '{"secrets-store-csi-driver":{"syncSecret":{"enabled":true}}}',
    serviceAccountRoleArn: "arn:aws:iam::111122223333:role/evil",
    podIdentityAssociations: [{ roleArn: "arn", serviceAccount: "x" }],
    addonName: "evil",
  }),
  ...misused("aws:eks/podIdentityAssociation:PodIdentityAssociation", "identities-engine-association", {
    namespace: "default",
    serviceAccount: "default",
    disableSessionTags: true,
    targetRoleArn: "arn:aws:iam::999999999999:role/evil",
  }),
  ...misused("aws:secretsmanager/secretVersion:SecretVersion", "secrets-cache-value", {
    secretBinary: "ZXZpbA==",
    versionStages: ["AWSPREVIOUS"],
  }),
  ...misused("command:local:Command", "database-jobs-users-run", {
    stdin: JSON.stringify({ kubeconfig: "evil", job: { kind: "Job" } }),
    triggers: [],
    archivePaths: ["**"],
    delete: "id",
    update: "id",
  }),
  ...misused("kubernetes:core/v1:ConfigMap", "database-jobs-users-files", [
    ["data", { "database-users.sql": "ALTER USER postgres SUPERUSER;", "rds-ca.pem": "x" }],
    ["binaryData", { x: "ZXZpbA==" }],
    ["immutable", true],
  ]),
  ...misused("kubernetes:networking.k8s.io/v1:NetworkPolicy", "sparki-test-site", {
    spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "::/0" } }] }] },
  }),
  ...misused("kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass", "database-jobs-seed-credentials", {
    spec: { provider: "vault", parameters: {} },
    secretObjects: [{ secretName: "evil", type: "Opaque" }],
  }),
  ...misused("pulumi:providers:kubernetes", "cluster-kubernetes", {
    namespace: "kube-system",
    cluster: "evil",
    suppressDeprecationWarnings: "true",
    pluginDownloadURL: "https://evil.example",
    enableServerSideApply: "false",
  }),
  ...misused("pulumi:providers:aws", "aws", {
    pluginDownloadURL: "https://evil.example",
    assumeRoleWithWebIdentity: { roleArn: "arn" },
    sharedCredentialsFiles: ["/tmp/evil"],
    httpProxy: "http://evil.example",
    insecure: true,
    stsRegion: "eu-west-1",
    forbiddenAccountIds: [],
    ignoreTags: { keys: ["release"] },
  }),
];

/**
 * Texts that stand where another resource's output has to. Only the whole stack shows where a value comes from, and the
 * engine judges the whole stack only when no resource was refused by itself: not in one run with those above.
 */
export const LITERALS = [
  ...misused("aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis", { authToken: "plain" }),
  ...misused("aws:secretsmanager/secretVersion:SecretVersion", "secrets-cache-value", { secretString: "plain" }),
];

/** What the first round of hostile resources did not try. */
export const ATTACKS = [...kinds, ...turned];

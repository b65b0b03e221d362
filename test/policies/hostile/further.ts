import { misused, undeclared } from "./case.ts";

const ACCOUNT = "arn:aws:iam::999999999999:root";
const metadata = { name: "evil", namespace: "sparki-engine" };
const document = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (more: object) => document({ Effect: "Allow", ...more });
const k8s = (group: string, kind: string) => `kubernetes:${group}:${kind}`;
const OWN_SECRET =
  "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/application-2026-11-01-AbCdEf";
const PODS = "pods.eks.amazonaws.com";
const TAGS_OF_ENGINE = {
  "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:111122223333:cluster/sparki-prod",
  "aws:RequestTag/kubernetes-namespace": "sparki-engine",
  "aws:RequestTag/kubernetes-service-account": "engine",
};
const assume = (Condition: object, more: object = {}) =>
  allow({ Principal: { Service: PODS }, Action: ["sts:AssumeRole", "sts:TagSession"], Condition, ...more });

/** A third round: what neither of the two before tried. */
const kinds = undeclared([
  ["a public image repository", "aws:ecrpublic/repository:Repository", { repositoryName: "evil" }],
  [
    "a replication of images",
    "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    { replicationConfiguration: {} },
  ],
  [
    "a registry's policy",
    "aws:ecr/registryPolicy:RegistryPolicy",
    { policy: allow({ Principal: "*", Action: "ecr:*" }) },
  ],
  [
    "a cache of others' images",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    { upstreamRegistryUrl: "evil.example" },
  ],
  ["an access point", "aws:s3/accessPoint:AccessPoint", { bucket: "b", policy: allow({ Principal: "*" }) }],
  ["a multi-region access point", "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint", {}],
  ["a bucket's website", "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", { bucket: "b" }],
  [
    "a bucket's CORS",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    { corsRules: [{ allowedOrigins: ["*"] }] },
  ],
  [
    "a bucket's notifications",
    "aws:s3/bucketNotification:BucketNotification",
    { lambdaFunctions: [{ lambdaFunctionArn: "arn" }] },
  ],
  ["a directory bucket", "aws:s3/directoryBucket:DirectoryBucket", { bucket: "b" }],
  ["a proxy of the database", "aws:rds/proxy:Proxy", { requireTls: false }],
  ["an option group", "aws:rds/optionGroup:OptionGroup", { engineName: "mysql" }],
  ["a restored database", "aws:rds/instanceDesiredState:InstanceDesiredState", { state: "stopped" }],
  ["a user of Redis", "aws:elasticache/user:User", { accessString: "on ~* +@all", noPasswordRequired: true }],
  ["a serverless cache", "aws:elasticache/serverlessCache:ServerlessCache", { engine: "redis" }],
  ["a share of resources", "aws:ram/resourceShare:ResourceShare", { allowExternalPrincipals: true }],
  ["a principal of a share", "aws:ram/principalAssociation:PrincipalAssociation", { principal: "999999999999" }],
  ["a service of the lattice", "aws:vpclattice/serviceNetwork:ServiceNetwork", { authType: "NONE" }],
  [
    "an endpoint service",
    "aws:ec2/vpcEndpointService:VpcEndpointService",
    { acceptanceRequired: false, allowedPrincipals: ["*"] },
  ],
  [
    "a principal of an endpoint service",
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple",
    { principalArn: "*" },
  ],
  [
    "an endpoint's policy apart",
    "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
    { policy: allow({ Principal: "*", Action: "*", Resource: "*" }) },
  ],
  ["a mirror of traffic", "aws:ec2/trafficMirrorSession:TrafficMirrorSession", { trafficMirrorTargetId: "tmt-1" }],
  ["a gateway for egress by IPv6", "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", { vpcId: "vpc-1" }],
  ["a VPC's block of IPv6", "aws:ec2/vpcIpv6CidrBlockAssociation:VpcIpv6CidrBlockAssociation", { vpcId: "vpc-1" }],
  ["a VPN", "aws:ec2/vpnConnection:VpnConnection", { type: "ipsec.1", customerGatewayId: "cgw-1" }],
  ["a client's VPN", "aws:ec2clientvpn/endpoint:Endpoint", { clientCidrBlock: "10.9.0.0/22" }],
  [
    "another network ACL's association",
    "aws:ec2/networkAclAssociation:NetworkAclAssociation",
    { networkAclId: "acl-1" },
  ],
  [
    "a rule for ICMP",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { ipProtocol: "icmp", fromPort: -1, toPort: -1, cidrIpv4: "0.0.0.0/0" },
  ],
  [
    "a rule for every protocol by number",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { ipProtocol: "all", cidrIpv6: "2000::/3" },
  ],
  [
    "a group that lets itself in",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    { type: "ingress", self: true, protocol: "-1", fromPort: 0, toPort: 0 },
  ],
  [
    "an instance's metadata defaults",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    { httpTokens: "optional" },
  ],
  ["disks without encryption", "aws:ebs/encryptionByDefault:EncryptionByDefault", { enabled: false }],
  ["a serial console", "aws:ec2/serialConsoleAccess:SerialConsoleAccess", { enabled: true }],
  [
    "a Cognito pool of anonymous identities",
    "aws:cognito/identityPool:IdentityPool",
    { allowUnauthenticatedIdentities: true },
  ],
  ["an API without authorization", "aws:apigatewayv2/api:Api", { protocolType: "HTTP" }],
  ["a distribution in front of it", "aws:cloudfront/distribution:Distribution", { enabled: true }],
  ["an accelerator", "aws:globalaccelerator/accelerator:Accelerator", { name: "evil" }],
  ["a state machine", "aws:sfn/stateMachine:StateMachine", { roleArn: ACCOUNT, definition: "{}" }],
  ["a schedule", "aws:scheduler/schedule:Schedule", { target: { roleArn: ACCOUNT } }],
  ["a rule of events", "aws:cloudwatch/eventRule:EventRule", { scheduleExpression: "rate(1 minute)" }],
  ["a document of commands", "aws:ssm/document:Document", { documentType: "Command" }],
  ["a parameter", "aws:ssm/parameter:Parameter", { type: "String", value: "x" }],
  [
    "an identity provider of EKS",
    "aws:eks/identityProviderConfig:IdentityProviderConfig",
    { oidc: { issuerUrl: "https://evil.example" } },
  ],
  ["a fleet of EKS", "aws:eks/nodeGroup:NodeGroup", { remoteAccess: { ec2SshKey: "evil" } }],
  ["an organization's policy", "aws:organizations/policyAttachment:PolicyAttachment", { targetId: "999999999999" }],
  ["a trail that is stopped", "aws:cloudtrail/trail:Trail", { enableLogging: false }],
  ["a detector that is off", "aws:guardduty/detector:Detector", { enable: false }],
  [
    "a lifecycle of secrets",
    "aws:secretsmanager/secretRotation:SecretRotation",
    { rotationLambdaArn: "arn:aws:lambda:us-east-1:999999999999:function:evil" },
  ],
  ["a token of a service account", k8s("authentication.k8s.io/v1", "TokenRequest"), { metadata }],
  ["a review of access", k8s("authorization.k8s.io/v1", "SelfSubjectAccessReview"), {}],
  ["a patched secret", k8s("core/v1", "SecretPatch"), { metadata }, "monitoring-slack"],
  ["a patched Helm release's pods", k8s("apps/v1", "DaemonSetPatch"), { metadata }],
  ["a list of bindings", k8s("rbac.authorization.k8s.io/v1", "ClusterRoleBindingList"), { items: [] }],
  ["a list of custom definitions", k8s("apiextensions.k8s.io/v1", "CustomResourceDefinitionList"), { items: [] }],
  ["a definition of an old version", k8s("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"), {}],
  ["a pod security policy", k8s("policy/v1beta1", "PodSecurityPolicy"), { spec: { privileged: true } }],
  ["a service's address range", k8s("networking.k8s.io/v1", "ServiceCIDR"), { spec: { cidrs: ["0.0.0.0/0"] } }],
  ["an address of a service", k8s("networking.k8s.io/v1", "IPAddress"), {}],
  ["a class of volume attributes", k8s("storage.k8s.io/v1beta1", "VolumeAttributesClass"), {}],
  ["a CSI node", k8s("storage.k8s.io/v1", "CSINode"), { metadata }],
  ["an admin network policy", "kubernetes:policy.networking.k8s.io/v1alpha1:AdminNetworkPolicy", { metadata }],
  ["a node pool", "kubernetes:karpenter.sh/v1:NodePool", { metadata }],
  ["a set of objects of version 2", "kubernetes:yaml/v2:ConfigGroup", { yaml: "kind: ClusterRoleBinding" }],
  ["a Helm chart under another token", "kubernetes:helm.sh/v2:Chart", { chart: "evil" }],
  ["a cluster made beside", "eks:index:Cluster", { name: "evil" }],
  ["nodes of the component", "eks:index:ManagedNodeGroup", { cluster: {} }],
  ["an add-on of the component", "eks:index:Addon", { addonName: "evil" }],
  ["a provider of the component", "pulumi:providers:eks", { autonaming: {} }, "evil"],
  ["a provider under an alias", "pulumi:providers:terraform-provider", { parameter: "evil" }],
  ["an archive of TLS keys", "tls:index/privateKey:PrivateKey", { algorithm: "RSA" }],
  ["a random password of nobody's", "random:index/randomPassword:RandomPassword", { length: 8 }],
  ["a random id", "random:index/randomId:RandomId", { byteLength: 8 }],
  ["a file that is written", "local:index/file:File", { filename: "/etc/cron.d/evil", content: "x" }],
  ["an HTTP request", "http:index/request:Request", { url: "https://evil.example" }],
]);

/** Declared resources, almost as they are declared. */
const turned = [
  ...misused("aws:iam/role:Role", "identities-engine-role", [
    ["assumeRolePolicy", assume({ StringLike: TAGS_OF_ENGINE })],
    ["assumeRolePolicy", assume({ StringEqualsIfExists: TAGS_OF_ENGINE })],
    ["assumeRolePolicy", assume({ "ForAnyValue:StringEquals": TAGS_OF_ENGINE })],
    [
      "assumeRolePolicy",
      assume({ StringEquals: { ...TAGS_OF_ENGINE, "aws:RequestTag/kubernetes-service-account": ["engine", "web"] } }),
    ],
    ["assumeRolePolicy", assume({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "sparki-engine" } })],
    ["assumeRolePolicy", assume({ StringEquals: TAGS_OF_ENGINE }, { Principal: { Service: PODS, Federated: "x" } })],
    ["assumeRolePolicy", assume({ StringEquals: TAGS_OF_ENGINE, Null: { "aws:PrincipalArn": "true" } })],
    [
      "assumeRolePolicy",
      document(
        {
          Effect: "Allow",
          Principal: { Service: PODS },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: TAGS_OF_ENGINE },
        },
        { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" },
      ),
    ],
    ["assumeRolePolicy", `\ufeff${assume({ StringEquals: TAGS_OF_ENGINE })}`],
    ["tags", { "eks:eks-cluster-name": "sparki-prod" }],
    ["tagsAll", { "aws:evil": "x" }],
  ]),
  ...misused("aws:iam/rolePolicy:RolePolicy", "identities-engine-role-policy", [
    ["policy", allow({ Action: ["secretsmanager:GetSecretValue", "secretsmanager:*"], Resource: OWN_SECRET })],
    [
      "policy",
      allow({ Action: "secretsmanager:GetSecretValue", Resource: OWN_SECRET.replace("application", "?pplication") }),
    ],
    ["policy", allow({ Action: "secretsmanager:GetSecretValue", Resource: OWN_SECRET.replace("us-east-1", "*") })],
    ["policy", allow({ Action: "secretsmanager:GetSecretValue", Resource: OWN_SECRET.replace("us-east-1", "") })],
    [
      "policy",
      allow({
        Action: "secretsmanager:GetSecretValue",
        Resource: `${OWN_SECRET.split(":secret:")[0]}:secret:sparki/prod/database/*`,
      }),
    ],
    [
      "policy",
      allow({
        Action: "secretsmanager:GetSecretValue",
        Resource: "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!db-0a1b",
      }),
    ],
    ["policy", allow({ Action: "secretsmanager:UpdateSecret", Resource: OWN_SECRET })],
    ["policy", allow({ Action: "kms:CreateGrant", Resource: "arn:aws:kms:us-east-1:111122223333:key/1b2c3d4e" })],
    ["policy", allow({ Action: "kms:ReEncrypt*", Resource: "arn:aws:kms:us-east-1:111122223333:key/1b2c3d4e" })],
    [
      "policy",
      allow({ Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:111122223333:alias/sparki-prod-secrets" }),
    ],
    ["policy", allow({ Action: "ssm:StartSession", Resource: "*" })],
    ["policy", allow({ Action: "eks:AccessKubernetesApi", Resource: "*" })],
    [
      "policy",
      allow({
        Action: "iam:PassRole",
        Resource: "arn:aws:iam::111122223333:role/*",
        Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
      }),
    ],
    [
      "policy",
      allow({
        Action: "kms:Decrypt",
        Resource: "*",
        Condition: { StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" } },
      }),
    ],
    ["policy", allow({ Action: { Fn: "x" }, Resource: "*" })],
    ["policy", JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } })],
    ["policy", JSON.stringify([{ Effect: "Allow", Action: "*", Resource: "*" }])],
    ["policy", allow({ Action: "kms:Decrypt", Resource: "*", Principal: { AWS: "*" } })],
  ]),
  ...misused("aws:kms/key:Key", "keys-secrets", [
    [
      "policy",
      document(
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
        { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: ["kms:Decrypt", "kms:CreateGrant"], Resource: "*" },
      ),
    ],
    [
      "policy",
      allow({
        Principal: { AWS: "*" },
        Action: "kms:*",
        Resource: "*",
        Condition: { StringEquals: { "kms:CallerAccount": "111122223333" } },
      }),
    ],
    ["policy", allow({ NotPrincipal: { AWS: ACCOUNT }, Action: "kms:*", Resource: "*" })],
    ["rotationPeriodInDays", 2560],
    ["customKeyStoreId", "evil"],
    ["xksKeyId", "evil"],
  ]),
  ...misused("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cache-access-from-cluster", {
    ipProtocol: "all",
    fromPort: -1,
    toPort: 6380,
    cidrIpv6: "2000::/3",
    prefixListId: "pl-63a5400a",
  }),
  ...misused("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "edge-lb-entrance-to-pods", {
    cidrIpv4: "10.40.0.0/0",
    toPort: 65_535,
    ipProtocol: "-1",
  }),
  ...misused("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default", {
    ingress: [{ self: true, protocol: "-1", fromPort: 0, toPort: 0 }],
    egress: [{ cidrBlocks: ["0.0.0.0/0"], protocol: "-1", fromPort: 0, toPort: 0 }],
    revokeRulesOnDelete: true,
  }),
  ...misused("aws:ec2/vpc:Vpc", "network-vpc", {
    assignGeneratedIpv6CidrBlock: true,
    enableDnsSupport: false,
    instanceTenancy: "dedicated",
    ipv4IpamPoolId: "ipam-pool-1",
    tags: { "kubernetes.io/cluster/evil": "owned" },
  }),
  ...misused("aws:ec2/subnet:Subnet", "network-database-us-east-1a", {
    mapPublicIpOnLaunch: true,
    assignIpv6AddressOnCreation: true,
    ipv6CidrBlock: "2600::/64",
    cidrBlock: "10.40.0.0/16",
    tags: { "kubernetes.io/role/elb": "0" },
  }),
  ...misused("aws:ec2/securityGroup:SecurityGroup", "cache-access", {
    tags: { "eks:eks-cluster-name": "sparki-prod" },
    revokeRulesOnDelete: true,
    namePrefix: "evil",
  }),
  ...misused("aws:lb/targetGroup:TargetGroup", "edge-lb-engine-fleet", {
    tags: { "eks:eks-cluster-name": "evil" },
    targetType: "instance",
    stickiness: { type: "lb_cookie", enabled: true },
    healthCheck: { path: "/", enabled: false },
    preserveClientIp: "false",
  }),
  ...misused("aws:rds/instance:Instance", "database-instance", {
    engineVersion: "9.6.1",
    parameterGroupName: "sparki-other-database-17",
    dbSubnetGroupName: "default",
    upgradeStorageConfig: true,
    blueGreenUpdate: { enabled: true },
    s3Import: { bucketName: "evil" },
    availabilityZone: "us-east-1a",
    characterSetName: "x",
    optionGroupName: "evil",
    domainIamRoleName: "evil",
    multiAz: false,
    maintenanceWindow: "mon:00:00-mon:00:30",
  }),
  ...misused("aws:rds/parameterGroup:ParameterGroup", "database-parameters", [
    ["family", "postgres12"],
    ["name", "sparki-staging-database-17"],
    [
      "parameters",
      [
        { name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" },
        { name: "shared_preload_libraries", value: "evil" },
      ],
    ],
  ]),
  ...misused("aws:eks/cluster:Cluster", "cluster-eks-eksCluster", [
    ["enabledClusterLogTypes", ["api"]],
    ["vpcConfig", { endpointPublicAccess: false, endpointPrivateAccess: false }],
    ["accessConfig", { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true }],
    ["encryptionConfig", { provider: { keyArn: "arn" }, resources: [] }],
    ["kubernetesNetworkConfig", { serviceIpv4Cidr: "0.0.0.0/0" }],
    ["controlPlaneScalingConfig", { tier: "standard" }],
    ["zonalShiftConfig", { enabled: true }],
    ["outpostConfig", {}],
    ["version", "1.20"],
  ]),
  ...misused("aws:eks/accessEntry:AccessEntry", "cluster-eks-platform-engineering", {
    principalArn: ACCOUNT,
    kubernetesGroups: ["system:masters"],
    userName: "system:anonymous",
    type: "EC2_LINUX",
  }),
  ...misused("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "cluster-eks-platform-engineering-admin", {
    principalArn: "arn:aws:iam::111122223333:role/*",
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
    accessScope: { type: "namespace", namespaces: ["*"] },
  }),
  ...misused("aws:eks/accessEntry:AccessEntry", "cluster-eks-plans-sparki-prod", {
    principalArn: ACCOUNT,
    kubernetesGroups: ["system:masters"],
    userName: "system:anonymous",
    type: "EC2_LINUX",
  }),
  ...misused("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "cluster-eks-plans-sparki-prod-view", {
    principalArn: "arn:aws:iam::111122223333:role/platform-engineering",
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "namespace", namespaces: ["*"] },
  }),
  ...misused("aws:s3/bucket:Bucket", "edge-lb-access-logs", {
    grants: [{ type: "Group", uri: "http://acs.amazonaws.com/groups/global/AllUsers", permissions: ["READ"] }],
    corsRules: [{ allowedOrigins: ["*"], allowedMethods: ["GET"] }],
    objectLockEnabled: true,
    forceDestroy: true,
    requestPayer: "BucketOwner",
    loggings: [{ targetBucket: "evil" }],
  }),
  ...misused("aws:route53/zone:Zone", "edge-dns-zone", {
    vpcs: [{ vpcId: "vpc-1" }],
    delegationSetId: "N1",
    forceDestroy: true,
    name: "evil.example",
  }),
  ...misused("aws:acm/certificate:Certificate", "edge-tls-certificate", {
    subjectAlternativeNames: ["evil.example"],
    privateKey: "x",
    certificateAuthorityArn: "arn",
    options: { certificateTransparencyLoggingPreference: "DISABLED" },
    validationMethod: "EMAIL",
  }),
  ...misused("kubernetes:core/v1:Namespace", "sparki-web", [
    [
      "metadata",
      {
        name: "sparki-web",
        labels: {
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/enforce-version": "v1.0",
        },
      },
    ],
    ["metadata", { name: "kube-system" }],
    ["metadata", { name: "sparki-web", annotations: { "scheduler.alpha.kubernetes.io/node-selector": "evil" } }],
  ]),
  ...misused("kubernetes:core/v1:ServiceAccount", "sparki-test-e2e", {
    automountServiceAccountToken: true,
    metadata: {
      name: "e2e",
      namespace: "sparki-test",
      annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/evil" },
    },
    imagePullSecrets: [{ name: "slack" }],
  }),
  ...misused("kubernetes:networking.k8s.io/v1:NetworkPolicy", "sparki-web-default-deny", [
    ["spec", { podSelector: {}, policyTypes: ["Ingress"] }],
    ["spec", { podSelector: { matchLabels: { a: "b" } }, policyTypes: ["Ingress", "Egress"] }],
    ["spec", { podSelector: {}, policyTypes: ["Ingress", "Egress"], egress: [{ to: [{ namespaceSelector: {} }] }] }],
    [
      "spec",
      { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] },
    ],
  ]),
  ...misused("kubernetes:core/v1:Secret", "monitoring-slack", {
    stringData: { address: "https://evil.example/hook" },
    data: { address: "aHR0cHM6Ly9ldmlsLmV4YW1wbGU=" },
    type: "kubernetes.io/service-account-token",
    metadata: { name: "slack", namespace: "kube-system" },
  }),
  ...misused("command:local:Command", "database-jobs-seed-run", {
    stdin: JSON.stringify({ kubeconfig: "{}", job: {} }),
    create: "node --require=/tmp/evil.js io/run-job.ts",
    interpreter: ["node"],
    assets: ["**"],
    logging: "stdout",
  }),
  ...misused("kubernetes:helm.sh/v3:Release", "monitoring", {
    chart: "./apps/charts/monitoring/../../../evil",
    waitForJobs: true,
    replace: true,
    disableCRDHooks: true,
    renderSubchartNotes: true,
    resourceNames: {},
    lint: true,
    verify: true,
    description: "x",
    namespace: "default",
  }),
  ...misused("pulumi:providers:aws", "aws", {
    maxRetries: "1",
    s3UsePathStyle: "true",
    useFipsEndpoint: "false",
    customCaBundle: "/tmp/evil.pem",
    ec2MetadataServiceEndpoint: "http://evil.example",
    tokenBucketRateLimiterCapacity: "1",
    defaultTags: JSON.stringify({ tags: { project: "other" } }),
    allowedAccountIds: '["111122223333","999999999999"]',
  }),
  ...misused("pulumi:providers:kubernetes", "cluster-kubernetes", {
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      users: [{ name: "aws", user: { exec: { command: "/tmp/evil" } } }],
    }),
    helmReleaseSettings: JSON.stringify({ pluginsPath: "/tmp/evil" }),
    kubeClientSettings: JSON.stringify({ burst: 1 }),
    clusterIdentifier: "evil",
    alwaysRender: "true",
    deleteUnreachable: "true",
  }),
];

/** Under titles of their own: other rounds misuse the same resources. */
export const FURTHER = [...kinds, ...turned].map((one) => ({ ...one, title: `${one.title}, again` }));

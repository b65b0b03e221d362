import type { HostileCase } from "./case.ts";

const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
/** What the engine's role may do, and the trust in it, each in one statement. */
const granted = {
  Effect: "Allow",
  Action: ["secretsmanager:GetSecretValue"],
  Resource: ["arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/application-*"],
};
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy",
  ROLE = "aws:iam/role:Role";
const trusted = {
  Effect: "Allow",
  Action: ["sts:AssumeRole", "sts:TagSession"],
  Principal: { Service: "pods.eks.amazonaws.com" },
  Condition: {
    StringEquals: {
      "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:111122223333:cluster/sparki-prod",
      "aws:RequestTag/kubernetes-namespace": "sparki-engine",
      "aws:RequestTag/kubernetes-service-account": "engine",
    },
  },
};
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const COMMAND = "command:local:Command";
const RELEASE = "kubernetes:helm.sh/v3:Release";

type Row = readonly [type: string, name: string, props: HostileCase["props"], property: string];

const ROWS: readonly Row[] = [
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: document({
        ...granted,
        Resource: ["arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/*"],
      }),
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: document({
        ...granted,
        Resource: ["arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/application-*", "*"],
      }),
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    { policy: document({ ...granted, Action: ["secretsmanager:getsecretvalue"] }) },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    { policy: document({ ...granted, Action: "secretsmanager:*" }) },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    { policy: document({ ...granted, Sid: "x", NotResource: "x" }) },
    "policy",
  ],
  [ROLE_POLICY, "identities-engine-role-policy", { policy: document({ ...granted, Condition: {} }) }, "policy"],
  [ROLE_POLICY, "identities-engine-role-policy", { policy: document({ ...granted, Effect: "allow" }) }, "policy"],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: `{"Version":"2012-10-17","Statement":[${JSON.stringify(granted)},{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: `{"Version":"2012-10-17","Statement":${JSON.stringify(granted)},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: `{"Version":"2012-10-17","Statement":${JSON.stringify(granted)},"\\u0053tatement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
    },
    "policy",
  ],
  [ROLE_POLICY, "identities-engine-role-policy", { policy: { Version: "2012-10-17", Statement: [granted] } }, "policy"],
  [ROLE_POLICY, "identities-engine-role-policy", { policy: [document(granted)] }, "policy"],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: document({
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: "arn:aws:kms:us-east-1:111122223333:key/a*",
      }),
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: document({
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: "arn:aws:kms:us-east-1:111122223333:key/?",
      }),
    },
    "policy",
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    {
      policy: document({
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: `arn:aws:kms:us-east-1:111122223333:key/${["$", "{aws:username}"].join("")}`,
      }),
    },
    "policy",
  ],
  [ROLE_POLICY, "identities-engine-role-policy", { namePrefix: "x" }, "namePrefix"],
  [ROLE_POLICY, "identities-engine-role-policy", { role: "Admin" }, "role, by where"],
  [
    ROLE,
    "identities-engine-role",
    {
      assumeRolePolicy: document({
        ...trusted,
        Principal: { Service: ["pods.eks.amazonaws.com", "ec2.amazonaws.com"] },
      }),
    },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ ...trusted, Principal: { Service: "pods.eks.amazonaws.com", AWS: "*" } }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ ...trusted, Condition: undefined }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ ...trusted, Condition: { StringEqualsIfExists: trusted.Condition.StringEquals } }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ ...trusted, Condition: { ...trusted.Condition, __defaults: [] } }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ ...trusted, Condition: { StringLike: trusted.Condition.StringEquals } }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { assumeRolePolicy: document({ Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: "x" } }) },
    "assumeRolePolicy",
  ],
  [
    ROLE,
    "identities-engine-role",
    { permissionsBoundary: "arn:aws:iam::aws:policy/AdministratorAccess" },
    "permissionsBoundary",
  ],
  [
    ROLE,
    "cluster-eks-eksRole-role",
    { permissionsBoundary: "arn:aws:iam::111122223333:policy/sparki-staging-permission-boundary" },
    "permissionsBoundary",
  ],
  [
    ROLE,
    "network-flow-logs",
    { permissionsBoundary: "arn:aws:iam::999999999999:policy/sparki-prod-permission-boundary" },
    "permissionsBoundary",
  ],
  [ROLE, "database-monitoring", { permissionsBoundary: undefined }, "permissionsBoundary"],
  [ROLE, "identities-engine-role", { maxSessionDuration: 43200 }, "maxSessionDuration"],
  [ROLE, "identities-engine-role", { path: "/evil/" }, "path"],
  [ROLE, "identities-engine-role", { inlinePolicies: [{ name: "x", policy: "{}" }] }, "inlinePolicies"],
  [ROLE, "identities-engine-role", { managedPolicyArns: [] }, "managedPolicyArns"],
  [INGRESS, "database-access-from-cluster", { cidrIpv4: "10.40.0.0/16" }, "cidrIpv4"],
  [INGRESS, "database-access-from-cluster", { cidrIpv6: "::/1" }, "cidrIpv6"],
  [INGRESS, "database-access-from-cluster", { prefixListId: "pl-1" }, "prefixListId"],
  [INGRESS, "edge-lb-entrance-from-world-https", { toPort: 65535 }, "toPort"],
  [INGRESS, "edge-lb-entrance-from-world-https", { fromPort: "443" }, "fromPort"],
  [INGRESS, "edge-lb-entrance-from-world-https", { fromPort: 443.5 }, "fromPort"],
  [INGRESS, "edge-lb-entrance-from-world-https", { ipProtocol: "-1" }, "ipProtocol"],
  [INGRESS, "database-access-from-cluster", { referencedSecurityGroupId: "sg-evil" }, "referencedSecurityGroupId"],
  ["aws:ec2/subnet:Subnet", "network-database-us-east-1a", { mapPublicIpOnLaunch: true }, "mapPublicIpOnLaunch"],
  ["aws:ec2/subnet:Subnet", "network-database-us-east-1a", { ipv6CidrBlock: "::/64" }, "ipv6CidrBlock"],
  ["aws:ec2/vpc:Vpc", "network-vpc", { assignGeneratedIpv6CidrBlock: true }, "assignGeneratedIpv6CidrBlock"],
  ["aws:ec2/route:Route", "network-public-internet", { destinationCidrBlock: "10.0.0.0/8" }, "destinationCidrBlock"],
  ["aws:ec2/route:Route", "network-public-internet", { vpcPeeringConnectionId: "pcx-1" }, "vpcPeeringConnectionId"],
  [
    "aws:ec2/routeTable:RouteTable",
    "network-database",
    { routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" }] },
    "routes",
  ],
  [
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "network-endpoint-s3",
    { policy: document({ Effect: "Allow", Action: "*", Resource: "*", Principal: "*" }) },
    "policy",
  ],
  [
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "network-endpoint-s3",
    { serviceName: "com.amazonaws.vpce.us-east-1.vpce-svc-evil" },
    "serviceName",
  ],
  ["aws:ec2/vpcEndpoint:VpcEndpoint", "network-endpoint-s3", { autoAccept: true }, "autoAccept"],
  [
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    "network-subnet-filter",
    { ingress: [{ cidrBlock: "0.0.0.0/0", protocol: "-1", fromPort: 0, toPort: 0, action: "allow", ruleNo: 1 }] },
    "ingress",
  ],
  [
    "aws:s3/bucketPolicy:BucketPolicy",
    "edge-lb-access-logs-policy",
    {
      policy: document({
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::sparki-prod-access-logs-111122223333/*",
      }),
    },
    "policy",
  ],
  [
    "aws:kms/key:Key",
    "keys-data",
    {
      policy: document({
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::999999999999:root" },
        Action: "kms:*",
        Resource: "*",
      }),
    },
    "policy",
  ],
  [
    "aws:kms/key:Key",
    "keys-data",
    {
      policy: document({
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::999999999999:root"] },
        Action: "kms:*",
        Resource: "*",
      }),
    },
    "policy",
  ],
  ["aws:kms/key:Key", "keys-data", { multiRegion: true }, "multiRegion"],
  ["aws:kms/key:Key", "keys-data", { enableKeyRotation: "true" }, "enableKeyRotation"],
  [
    "aws:eks/cluster:Cluster",
    "cluster-eks-eksCluster",
    { vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["0.0.0.0/0"] } },
    "vpcConfig",
  ],
  ["aws:eks/cluster:Cluster", "cluster-eks-eksCluster", { remoteNetworkConfig: {} }, "remoteNetworkConfig"],
  ["aws:eks/cluster:Cluster", "cluster-eks-eksCluster", { zonalShiftConfig: { enabled: true } }, "zonalShiftConfig"],
  [
    "aws:eks/accessEntry:AccessEntry",
    "cluster-eks-platform-engineering",
    { kubernetesGroups: ["system:masters"] },
    "kubernetesGroups",
  ],
  ["aws:eks/accessEntry:AccessEntry", "cluster-eks-platform-engineering", { type: "EC2_LINUX" }, "type"],
  [
    "aws:eks/addon:Addon",
    "cluster-secrets-store",
    {
      configurationValues:
        '{"secrets-store-csi-driver":{"enableSecretRotation":true,"rotationPollInterval":"60s","syncSecret":{"enabled":true}}}',
    },
    "configurationValues",
  ],
  [
    "aws:eks/addon:Addon",
    "cluster-metrics-server",
    { serviceAccountRoleArn: "arn:aws:iam::111122223333:role/admin" },
    "serviceAccountRoleArn",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    { serviceAccount: "default" },
    "serviceAccount",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    { targetRoleArn: "arn:aws:iam::9:role/x" },
    "targetRoleArn",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    { disableSessionTags: true },
    "disableSessionTags",
  ],
  [
    "aws:lb/listenerRule:ListenerRule",
    "edge-lb-not-public",
    { actions: [{ type: "forward", targetGroupArn: "x" }] },
    "actions",
  ],
  ["aws:lb/listener:Listener", "edge-lb-https", { sslPolicy: "ELBSecurityPolicy-2016-08" }, "sslPolicy"],
  ["aws:lb/listener:Listener", "edge-lb-https", { mutualAuthentication: { mode: "off" } }, "mutualAuthentication"],
  [
    "aws:lb/loadBalancer:LoadBalancer",
    "edge-lb-balancer",
    { connectionLogs: { bucket: "evil", enabled: true } },
    "connectionLogs",
  ],
  ["aws:wafv2/webAcl:WebAcl", "edge-waf-acl", { rules: [] }, "rules"],
  ["aws:wafv2/webAcl:WebAcl", "edge-waf-acl", { ruleJson: "[]" }, "ruleJson"],
  ["aws:route53/record:Record", "cutover-record", { records: ["1.2.3.4"] }, "records"],
  ["aws:route53/record:Record", "cutover-record", { name: "*.prod.sparki.tools" }, "name"],
  ["aws:rds/instance:Instance", "database-instance", { snapshotIdentifier: "evil" }, "snapshotIdentifier"],
  ["aws:rds/instance:Instance", "database-instance", { replicateSourceDb: "evil" }, "replicateSourceDb"],
  [
    "aws:rds/instance:Instance",
    "database-instance",
    { enabledCloudwatchLogsExports: [] },
    "enabledCloudwatchLogsExports",
  ],
  [
    "aws:rds/parameterGroup:ParameterGroup",
    "database-parameters",
    { parameters: [{ name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" }] },
    "parameters",
  ],
  [
    "aws:secretsmanager/secret:Secret",
    "secrets-cache",
    { policy: document({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }) },
    "policy",
  ],
  ["aws:secretsmanager/secret:Secret", "secrets-cache", { replicas: [{ region: "eu-west-1" }] }, "replicas"],
  [
    "aws:secretsmanager/secretVersion:SecretVersion",
    "secrets-cache-value",
    { secretString: '{"authToken":"known"}' },
    "secretString",
  ],
  ["aws:secretsmanager/secretVersion:SecretVersion", "secrets-cache-value", { secretBinary: "x" }, "secretBinary"],
  ["random:index/randomPassword:RandomPassword", "cache-auth", { length: 1 }, "length"],
  ["random:index/randomPassword:RandomPassword", "cache-auth", { overrideSpecial: "a" }, "overrideSpecial"],
  ["random:index/randomPassword:RandomPassword", "cache-auth", { keepers: { a: "b" } }, "keepers"],
  [COMMAND, "destroy-guard", { create: "id" }, "create"],
  [
    COMMAND,
    "destroy-guard",
    { delete: "echo 'This stack is protected, and nothing was deleted. x' >&2; exit 1; id" },
    "delete",
  ],
  [COMMAND, "destroy-guard", { delete: "true" }, "delete"],
  [COMMAND, "database-jobs-seed-run", { environment: { A: "b" } }, "environment"],
  [COMMAND, "database-jobs-seed-run", { interpreter: ["sh"] }, "interpreter"],
  [COMMAND, "database-jobs-seed-run", { assetPaths: ["/etc/passwd"] }, "assetPaths"],
  [COMMAND, "database-jobs-seed-run", { create: "node  io/run-job.ts" }, "create"],
  [COMMAND, "database-jobs-seed-run", { delete: "id" }, "delete"],
  [RELEASE, "engine-fleet", { repositoryOpts: { repo: "https://evil" } }, "repositoryOpts"],
  [RELEASE, "engine-fleet", { valueYamlFiles: ["x"] }, "valueYamlFiles"],
  [RELEASE, "engine-fleet", { postrender: "/tmp/x" }, "postrender"],
  [RELEASE, "engine-fleet", { namespace: "kube-system" }, "namespace"],
  [RELEASE, "engine-fleet", { chart: "/tmp/../x/.sparki/charts/engine-0123456789abcdef" }, "chart"],
  [RELEASE, "engine-fleet", { chart: "/tmp/.sparki/charts/web-0123456789abcdef" }, "chart"],
  [
    "kubernetes:core/v1:Namespace",
    "sparki-engine",
    { metadata: { name: "sparki-engine", labels: { "pod-security.kubernetes.io/enforce": "privileged" } } },
    "metadata",
  ],
  ["kubernetes:core/v1:ServiceAccount", "sparki-engine-engine", { secrets: [{ name: "x" }] }, "secrets"],
  [
    "kubernetes:core/v1:Secret",
    "monitoring-slack",
    { data: { address: Buffer.from("https://evil.example").toString("base64") } },
    "data",
  ],
  ["kubernetes:core/v1:Secret", "monitoring-slack", { stringData: { address: "https://evil.example" } }, "stringData"],
  [
    "kubernetes:core/v1:Secret",
    "monitoring-slack",
    { data: { address: Buffer.from("https://hooks.slack.com/x\nhttps://evil").toString("base64") } },
    "data",
  ],
  [
    "kubernetes:core/v1:Secret",
    "monitoring-slack",
    { data: { address: Buffer.from("https://hooks.slack.com@evil.example/").toString("base64") } },
    "data",
  ],
  [
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "sparki-test-site",
    { spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } },
    "spec",
  ],
  [
    "kubernetes:core/v1:ConfigMap",
    "cluster-network-policies",
    { data: { "enable-network-policy-controller": "false" } },
    "data",
  ],
  ["pulumi:pulumi:StackReference", "previous-outputs", { name: "organization/sparki/staging" }, "name"],
  ["pulumi:pulumi:StackReference", "previous-outputs", { name: "other/sparki/prod" }, "name"],
  ["pulumi:pulumi:StackReference", "previous-outputs", { name: "sparki/prod" }, "name"],
  ["aws:ec2/vpc:Vpc", "network-vpc", { tags: { "kubernetes.io/cluster/evil": "owned" } }, "tags"],
  ["aws:ec2/vpc:Vpc", "network-vpc", { tags: { Name: { evil: 1 } } }, "tags"],
  ["aws:ec2/vpc:Vpc", "network-vpc", { region: "eu-west-1" }, "region"],
  ["aws:ec2/subnet:Subnet", "network-private-us-east-1a", { tags: { "karpenter.sh/discovery": "x" } }, "tags"],
  ["aws:cloudwatch/logGroup:LogGroup", "cluster-logs", { retentionInDays: 1 }, "retentionInDays"],
  ["aws:cloudwatch/logGroup:LogGroup", "cluster-logs", { logGroupClass: "DELIVERY" }, "logGroupClass"],
  [
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "edge-dns-query-delivery",
    { policyDocument: document({ Effect: "Allow", Principal: "*", Action: "logs:*", Resource: "*" }) },
    "policyDocument",
  ],
];

/** A fourth round: other spellings of documents, values of other kinds, and what else each service can be told. */
export const ODD: readonly HostileCase[] = ROWS.map(([type, name, props, property], index) => ({
  title: `${name} with another ${property} (${index + 1})`,
  type,
  name,
  props,
  property,
}));

import { kubeconfigOf } from "../../support/policy-kubeconfig.ts";
import type { HostileCase } from "./case.ts";

type Row = readonly [type: string, name: string, property: string, value: unknown];

const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const KEY = "aws:kms/key:Key";
const VPC = "aws:ec2/vpc:Vpc";
const TARGETS = "aws:lb/targetGroup:TargetGroup";
const SECRET = "aws:secretsmanager/secret:Secret";
const NAMESPACE = "kubernetes:core/v1:Namespace";
const ACCOUNT = "kubernetes:core/v1:ServiceAccount";
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const COMMAND = "command:local:Command";
const ADDON = "aws:eks/addon:Addon";
const FOREIGN = "arn:aws:kms:us-east-1:999999999999:key/1b2c3d4e-0000-4000-8000-1234567890ab";
const OTHER_REGION = "arn:aws:kms:eu-west-1:111122223333:key/1b2c3d4e-0000-4000-8000-1234567890ab";
const ADMIN = "arn:aws:iam::111122223333:role/Admin";
const blank = (length: number) => " ".repeat(length);

const granted = '{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:key/abc"}';
const all = '{"Effect":"Allow","Action":"*","Resource":"*"}';
const trusted = '{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}';
const anyone = '{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}';

/** One key twice, where a reader looks only so far for its colon. */
const TWICE: readonly Row[] = [
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    "policy",
    `{"Version":"2012-10-17","Statement"${blank(65)}:${all},"Statement":${granted}}`,
  ],
  [
    ROLE_POLICY,
    "identities-migrations-role-policy",
    "policy",
    `{"Version":"2012-10-17","Statement"${"\n".repeat(200)}:[${all}],"Statement":[${granted}]}`,
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    "policy",
    `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action"${blank(80)}:"*","Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:key/abc"}}`,
  ],
  [
    ROLE_POLICY,
    "identities-engine-role-policy",
    "policy",
    `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","R\\u0065source"${"\t".repeat(64)} :"*","Resource":"arn:aws:kms:us-east-1:111122223333:key/abc"}}`,
  ],
  [
    ROLE,
    "cluster-eks-nodeRole-role",
    "assumeRolePolicy",
    `{"Version":"2012-10-17","Statement"${blank(100)}:${anyone},"Statement":${trusted}}`,
  ],
  [
    ADDON,
    "cluster-secrets-store",
    "configurationValues",
    `{"secrets-store-csi-driver"${blank(70)}:{"syncSecret":{"enabled":true}},"secrets-store-csi-driver":{"enableSecretRotation":true,"rotationPollInterval":"60s"}}`,
  ],
  [
    ADDON,
    "cluster-secrets-store",
    "configurationValues",
    '{"secrets-store-csi-driver":{"enableSecretRotation":true,"rotationPollInterval":"60s","__defaults":{"syncSecret":true}}}',
  ],
  [
    "pulumi:providers:aws",
    "aws",
    "defaultTags",
    `{"tags"${blank(65)}:{"eks:eks-cluster-name":"x"},"tags":{"project":"sparki","stack":"prod","owner":"platform-engineering","managed-by":"pulumi"}}`,
  ],
  ["pulumi:providers:aws", "aws", "allowedAccountIds", '["999999999999","111122223333"]'],
];

/** What AWS would take for an id of the declared resource, and is another account's, another region's or another role's. */
const ELSEWHERE: readonly Row[] = [
  ...["data", "secrets", "logs", "cluster"].map(
    (purpose): Row => ["aws:kms/alias:Alias", `keys-${purpose}-alias`, "targetKeyId", FOREIGN],
  ),
  ["aws:rds/instance:Instance", "database-instance", "kmsKeyId", FOREIGN],
  ["aws:rds/instance:Instance", "database-instance", "masterUserSecretKmsKeyId", FOREIGN],
  ["aws:rds/instance:Instance", "database-instance", "performanceInsightsKmsKeyId", OTHER_REGION],
  ["aws:rds/instance:Instance", "database-instance", "monitoringRoleArn", ADMIN],
  [
    "aws:rds/instance:Instance",
    "database-instance",
    "monitoringRoleArn",
    "arn:aws:iam::999999999999:role/sparki-prod-database-monitoring",
  ],
  ["aws:rds/instance:Instance", "database-instance", "vpcSecurityGroupIds", ["999999999999/sg-0123456789abcdef0"]],
  ["aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis", "kmsKeyId", FOREIGN],
  [
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "cache-redis",
    "kmsKeyId",
    "arn:aws-cn:kms:us-east-1:111122223333:key/1b2c",
  ],
  ...["secrets-cache", "secrets-application", "secrets-migrations"].map(
    (name): Row => [SECRET, name, "kmsKeyId", FOREIGN],
  ),
  [
    "aws:secretsmanager/secretVersion:SecretVersion",
    "secrets-application-value",
    "secretId",
    "arn:aws:secretsmanager:us-east-1:999999999999:secret:sparki/prod/database/application-x",
  ],
  ["aws:cloudwatch/logGroup:LogGroup", "cluster-logs", "kmsKeyId", FOREIGN],
  ["aws:cloudwatch/logGroup:LogGroup", "edge-waf-logs", "kmsKeyId", OTHER_REGION],
  [
    "aws:ec2/flowLog:FlowLog",
    "network-flow-log",
    "logDestination",
    "arn:aws:logs:us-east-1:999999999999:log-group:evil",
  ],
  ["aws:ec2/flowLog:FlowLog", "network-flow-log", "iamRoleArn", ADMIN],
  [
    "aws:ec2/flowLog:FlowLog",
    "network-flow-log",
    "iamRoleArn",
    "arn:aws:iam::111122223333:role/path/sparki-prod-flow-logs",
  ],
  ...["engine", "migrations", "database-users"].map(
    (name): Row => [
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      `identities-${name}-association`,
      "roleArn",
      ADMIN,
    ],
  ),
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    "roleArn",
    "arn:aws:iam::111122223333:role/sparki-prod-database-users",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    "roleArn",
    "arn:aws:iam::111122223333:role/sparki-staging-engine",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    "roleArn",
    "arn:aws:iam::111122223333:user/sparki-prod-engine",
  ],
  [
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "identities-engine-association",
    "roleArn",
    "arn:aws:sts::999999999999:assumed-role/sparki-prod-engine/x",
  ],
  ["aws:eks/cluster:Cluster", "cluster-eks-eksCluster", "roleArn", ADMIN],
  ["aws:eks/cluster:Cluster", "cluster-eks-eksCluster", "roleArn", "arn:aws:iam::111122223333:role/sparki-prod-engine"],
  [
    "aws:route53/queryLog:QueryLog",
    "edge-dns-query-log",
    "cloudwatchLogGroupArn",
    "arn:aws:logs:us-east-1:999999999999:log-group:/aws/route53/x",
  ],
  ["aws:route53/keySigningKey:KeySigningKey", "edge-dns-ksk", "keyManagementServiceArn", FOREIGN],
  [
    "aws:lb/listener:Listener",
    "edge-lb-https",
    "certificateArn",
    "arn:aws:acm:us-east-1:999999999999:certificate/1b2c",
  ],
  [
    "aws:lb/listener:Listener",
    "edge-lb-http",
    "loadBalancerArn",
    "arn:aws:elasticloadbalancing:us-east-1:999999999999:loadbalancer/app/x/1",
  ],
  [
    "aws:lb/listenerRule:ListenerRule",
    "edge-lb-not-public",
    "listenerArn",
    "arn:aws:elasticloadbalancing:us-east-1:999999999999:listener/app/x/1/2",
  ],
  [
    "aws:acm/certificateValidation:CertificateValidation",
    "edge-tls-issued",
    "certificateArn",
    "arn:aws:acm:eu-west-1:111122223333:certificate/1b2c",
  ],
  [
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "edge-waf-association",
    "resourceArn",
    "arn:aws:elasticloadbalancing:us-east-1:999999999999:loadbalancer/app/x/1",
  ],
  [
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "edge-waf-association",
    "webAclArn",
    "arn:aws:wafv2:us-east-1:999999999999:regional/webacl/allow-all/1",
  ],
  [
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "edge-waf-logging",
    "logDestinationConfigs",
    ["arn:aws:s3:::aws-waf-logs-evil", "arn:aws:firehose:us-east-1:999999999999:deliverystream/aws-waf-logs-evil"],
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "database-access-from-cluster",
    "referencedSecurityGroupId",
    "999999999999/sg-0123456789abcdef0",
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "cache-access-from-cluster",
    "referencedSecurityGroupId",
    "999999999999/sg-0123456789abcdef0",
  ],
  [
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "edge-lb-entrance-to-pods",
    "referencedSecurityGroupId",
    "999999999999/sg-0123456789abcdef0",
  ],
  ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", "cluster-eks-nodeRole-22021ef5", "role", ADMIN],
];

/** Tags by which a resource is found again, adopted, billed and deleted. */
const TAGGED: readonly Row[] = [
  [VPC, "network-vpc", "tags", { stack: "staging" }],
  [VPC, "network-vpc", "tags", { project: "sparki-evil" }],
  [VPC, "network-vpc", "tags", { owner: "somebody else" }],
  [VPC, "network-vpc", "tags", { "managed-by": "terraform" }],
  [VPC, "network-vpc", "tags", { resource: "ec2/vpc:another" }],
  [VPC, "network-vpc", "tags", { release: "a release; with a sentence" }],
  [VPC, "network-vpc", "tags", { release: "" }],
  [VPC, "network-vpc", "tags", { Name: "\u001b[2J" }],
  [VPC, "network-vpc", "tags", { Name: "<script>alert(1)</script>" }],
  [VPC, "network-vpc", "tagsAll", { stack: "staging" }],
  [VPC, "network-vpc", "tags", { constructor: "x" }],
  [VPC, "network-vpc", "tags", { __proto: "x" }],
  ["aws:rds/instance:Instance", "database-instance", "tags", { stack: "staging", project: "sparki" }],
  [KEY, "keys-data", "tags", { resource: "kms/key:keys-secrets" }],
  [SECRET, "secrets-cache", "tags", { resource: "secretsmanager/secret:secrets-application" }],
  [TARGETS, "edge-lb-web-fleet", "tags", { "eks:eks-cluster-name": "another" }],
  [TARGETS, "edge-lb-web-fleet", "tags", { "elbv2.k8s.aws/cluster": "sparki-prod" }],
  [ROLE, "identities-engine-role", "tags", { "aws-secretsmanager": "x" }],
];

/** Pulumi's own annotations: an object is taken over, not waited for, or left behind. */
const ANNOTATED: readonly Row[] = [
  [NAMESPACE, "sparki-engine", "metadata", { name: "sparki-engine", annotations: { "pulumi.com/skipAwait": "true" } }],
  [NAMESPACE, "sparki-web", "metadata", { name: "sparki-web", annotations: { "pulumi.com/patchForce": "true" } }],
  [
    ACCOUNT,
    "sparki-engine-engine",
    "metadata",
    { name: "engine", namespace: "sparki-engine", annotations: { "pulumi.com/patchForce": "true" } },
  ],
  [
    ACCOUNT,
    "sparki-web-web",
    "metadata",
    { name: "web", namespace: "sparki-web", annotations: { "sparki.tools/evil": "true" } },
  ],
  [
    POLICY,
    "sparki-engine-default-deny",
    "metadata",
    {
      name: "default-deny",
      namespace: "sparki-engine",
      annotations: { "pulumi.com/deletionPropagationPolicy": "orphan" },
    },
  ],
  [
    POLICY,
    "database-jobs-reach",
    "metadata",
    { name: "jobs", namespace: "sparki-engine", annotations: { "pulumi.com/replaceUnready": "true" } },
  ],
  [
    "kubernetes:core/v1:Secret",
    "monitoring-slack",
    "metadata",
    { name: "slack", namespace: "sparki-monitoring", annotations: { "pulumi.com/timeoutSeconds": "99999999" } },
  ],
  [
    "kubernetes:core/v1:ConfigMap",
    "database-jobs-users-files",
    "metadata",
    { name: "database-users", namespace: "sparki-engine", annotations: { "pulumi.com/waitFor": "jsonpath={.x}" } },
  ],
  [
    "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
    "database-jobs-seed-credentials",
    "metadata",
    { name: "jobs-seed", namespace: "sparki-engine", annotations: { "pulumi.com/autonamed": "true" } },
  ],
];

const ENGINE = "ghcr.io/alexarno/sparki/engine@sha256:b099ca69b2d92a13b4b6e5dd13bbf272d8990c7fb6593c2ee01c4b3c85e9f2fe";
const EVIL = `ghcr.io/alexarno/evil@sha256:${"1".repeat(64)}`;
const server = "https://FEDCBA9876543210.gr7.us-east-1.eks.amazonaws.com";

/** What makes a job run, or run again, or holds what it should not. */
const RUN: readonly Row[] = [
  [COMMAND, "database-jobs-migrate-run", "triggers", [EVIL]],
  [COMMAND, "database-jobs-seed-run", "triggers", [ENGINE, "a password in plain text"]],
  [COMMAND, "database-jobs-users-run", "triggers", [ENGINE]],
  [COMMAND, "database-jobs-seed-run", "triggers", { image: ENGINE }],
  [COMMAND, "database-jobs-seed-run", "triggers", [[ENGINE]]],
  [COMMAND, "database-jobs-users-run", "triggers", ["sparki_admin"]],
  [
    COMMAND,
    "database-jobs-migrate-run",
    "stdin",
    JSON.stringify({ kubeconfig: kubeconfigOf().replace("https://0123456789ABCDEF", "http://0123456789ABCDEF") }),
  ],
  [
    COMMAND,
    "database-jobs-migrate-run",
    "stdin",
    JSON.stringify({ kubeconfig: kubeconfigOf().replace(/https:[^"\\]+/, `${server}.evil.example`) }),
  ],
  ["pulumi:index:Stash", "promotion-record", "input", { password: "hunter2hunter2" }],
  ["pulumi:index:Stash", "promotion-record", "input", "hunter2hunter2"],
  ["pulumi:index:Stash", "promotion-record", "input", [1]],
];

/** Providers that look as if the engine had made them up. */
const MADE_UP: readonly HostileCase[] = [
  ["random", "default", { pluginDownloadURL: "https://evil.example" }],
  ["random", "default", { version: "0.0.1" }],
  ["random", "default_4_21_2", { version: "4.21.1" }],
  ["command", "default_1_2_1", { version: "1.2.1", pluginDownloadURL: "github://api.github.com/evil" }],
  ["eks", "default_4_3_0", { version: "4.3.0", autonamingMode: "evil" }],
  ["eks", "default", { __internal: { pluginChecksums: {} } }],
  ["pulumi", "default", { evil: true }],
  ["aws", "default", {}],
  ["kubernetes", "default_4_34_2", { version: "4.34.2" }],
  ["random", "default_4_21_2_evil", { version: "4.21.2" }],
  ["random", "default_04_21_2", { version: "4.21.2" }],
].map(([kind, name, props], index) => ({
  title: `a provider of ${kind} that is named ${name} (${index + 1})`,
  type: `pulumi:providers:${kind}`,
  name: String(name),
  props: Object(props),
}));

/**
 * A fifth round: what stands in the place of an output of the right resource, by which the resources of a stack are known,
 * and what the tools that make them are told beside their properties.
 */
export const UNFORESEEN: readonly HostileCase[] = [
  ...[...TWICE, ...ELSEWHERE, ...TAGGED, ...ANNOTATED, ...RUN].map(([type, name, property, value], index) => ({
    title: `${name} with an unforeseen ${property} (${index + 1})`,
    type,
    name,
    props: { [property]: value },
    property,
  })),
  ...MADE_UP,
];

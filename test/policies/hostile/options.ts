import type * as pulumi from "@pulumi/pulumi";
import type { HostileCase } from "./case.ts";

/** A declared resource that the engine is told to keep or to change in a way that nobody declared. */
export interface HostileOptions extends HostileCase {
  readonly options: pulumi.CustomResourceOptions;
}

type Given = readonly [type: string, name: string, options: pulumi.CustomResourceOptions];

const told = (option: string, cases: readonly Given[]): HostileOptions[] =>
  cases.map(([type, name, options]) => ({
    title: `${name} with ${JSON.stringify(options)}`,
    type,
    name,
    props: {},
    options,
    property: `option ${option}`,
  }));

const DATABASE = "aws:rds/instance:Instance";
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/** Each for a resource of its own: the engine takes no two of a name. */
export const HOSTILE_OPTIONS: readonly HostileOptions[] = [
  ...told("protect", [
    ["aws:kms/key:Key", "keys-cluster", {}],
    ["aws:route53/zone:Zone", "edge-dns-zone", { protect: false }],
    ["aws:kms/key:Key", "edge-dns-dnssec", { protect: false }],
  ]),
  ...told("ignoreChanges", [
    [DATABASE, "database-instance", { protect: true, ignoreChanges: ["engineVersion", "publiclyAccessible"] }],
    ["aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis", { protect: true, ignoreChanges: ["*"] }],
    ["aws:kms/key:Key", "keys-data", { protect: true, ignoreChanges: ["policy"] }],
    ["aws:iam/rolePolicy:RolePolicy", "identities-engine-role-policy", { ignoreChanges: ["policy"] }],
    ["aws:iam/role:Role", "identities-engine-role", { ignoreChanges: ["tags", "assumeRolePolicy"] }],
    ["aws:wafv2/webAcl:WebAcl", "edge-waf-acl", { ignoreChanges: ["rules[0]"] }],
    ["aws:lb/listenerRule:ListenerRule", "edge-lb-not-public", { ignoreChanges: ["actions"] }],
    ["aws:eks/cluster:Cluster", "cluster-eks-eksCluster", { ignoreChanges: ["vpcConfig.publicAccessCidrs"] }],
    ["aws:eks/addon:Addon", "cluster-secrets-store", { ignoreChanges: ["configurationValues"] }],
    ["aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", "network-subnet-filter", { ignoreChanges: ["ingress"] }],
    [RULE, "database-access-from-cluster", { ignoreChanges: ["cidrIpv4"] }],
    [RELEASE, "engine-fleet", { ignoreChanges: ["values.image"] }],
    ["kubernetes:core/v1:Namespace", "sparki-engine", { ignoreChanges: ["metadata.labels"] }],
    [POLICY, "sparki-engine-default-deny", { ignoreChanges: ["spec"] }],
    ["command:local:Command", "destroy-guard", { ignoreChanges: ["delete"] }],
    ["command:local:Command", "database-jobs-migrate-run", { ignoreChanges: ["stdin", "environment"] }],
    ["pulumi:index:Stash", "promotion-record", { ignoreChanges: ["input"] }],
    ["aws:ec2/flowLog:FlowLog", "network-flow-log", { ignoreChanges: ["tags.release", "trafficType"] }],
    ["aws:lb/listener:Listener", "edge-lb-https", { ignoreChanges: ["sslPolicy"] }],
    [
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      "edge-lb-access-logs-private",
      { ignoreChanges: ["blockPublicAcls"] },
    ],
    ["aws:cloudwatch/logGroup:LogGroup", "cluster-logs", { ignoreChanges: ["retentionInDays"] }],
    ["kubernetes:core/v1:ServiceAccount", "sparki-web-web", { ignoreChanges: ["automountServiceAccountToken"] }],
    ["random:index/randomPassword:RandomPassword", "secrets-migrations-password", { ignoreChanges: ["keepers"] }],
    ["aws:rds/subnetGroup:SubnetGroup", "database-subnets", { ignoreChanges: ["TAGS.release"] }],
    ["aws:kms/key:Key", "keys-secrets", { protect: true, ignoreChanges: ["tags.release", 'tags["release"]'] }],
  ]),
  ...told("deleteBeforeReplace", [
    ["aws:lb/loadBalancer:LoadBalancer", "edge-lb-balancer", { deleteBeforeReplace: true }],
    ["aws:ec2/vpc:Vpc", "network-vpc", { deleteBeforeReplace: true }],
    ["aws:secretsmanager/secret:Secret", "secrets-cache", { deleteBeforeReplace: true }],
    [
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      "identities-engine-association",
      { deleteBeforeReplace: true },
    ],
    ["aws:wafv2/webAclAssociation:WebAclAssociation", "edge-waf-association", { deleteBeforeReplace: true }],
    [POLICY, "sparki-web-default-deny", { deleteBeforeReplace: true }],
  ]),
  ...told("customTimeouts", [
    [RELEASE, "web-fleet", { customTimeouts: { create: "1s" } }],
    ["aws:rds/parameterGroup:ParameterGroup", "database-parameters", { customTimeouts: { delete: "24h" } }],
    ["command:local:Command", "database-jobs-seed-run", { customTimeouts: { create: "1s" } }],
    ["aws:acm/certificateValidation:CertificateValidation", "edge-tls-issued", { customTimeouts: { create: "1ms" } }],
  ]),
];

/** Versions of the engine differ in whether they tell the pack of aliases; today's does not, and a plan shows them. */
export const HOSTILE_ALIASES: readonly HostileOptions[] = [
  ...told("aliases", [
    ["aws:s3/bucket:Bucket", "edge-lb-access-logs", { aliases: [{ name: "someone-elses" }] }],
    ["aws:route53/record:Record", "cutover-record", { aliases: ["urn:pulumi:other::other::aws:a/b:C::evil"] }],
    [
      "aws:secretsmanager/secretVersion:SecretVersion",
      "secrets-cache-value",
      { aliases: [{ type: "aws:ssm/parameter:Parameter" }, { name: "x" }] },
    ],
  ]),
];

/** Of AWS's and the cluster's own what another program made, read into this one by its id, which no provider is asked to make. */
export const HOSTILE_READS: readonly HostileOptions[] = (
  [
    ["aws:ec2/vpc:Vpc", "someone-elses"],
    ["aws:ec2/vpc:Vpc", "network-vpc"],
    ["aws:ec2/securityGroup:SecurityGroup", "database-access"],
    ["aws:iam/role:Role", "network-flow-logs"],
    ["aws:iam/user:User", "admin"],
    ["aws:kms/key:Key", "keys-data"],
    ["aws:secretsmanager/secretVersion:SecretVersion", "secrets-cache-value"],
    ["aws:ssm/parameter:Parameter", "evil"],
    ["kubernetes:core/v1:Secret", "monitoring-slack"],
    ["kubernetes:core/v1:ConfigMap", "kube-system/evil"],
    ["kubernetes:helm.sh/v3:Release", "engine-fleet"],
    ["random:index/randomPassword:RandomPassword", "cache-auth"],
  ] as const
).map(([type, name]) => ({
  title: `${type} that is read as ${name}`,
  type,
  name,
  props: {},
  options: { id: "evil-0123456789" },
  property: "being read, which is not declared",
}));

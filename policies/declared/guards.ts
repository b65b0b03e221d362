import type { Named } from "../../stacks/kept-resources.ts";
import { namespaceOf, SERVICE_NAMES } from "../../stacks/services.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";
const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const LISTENER = "aws:lb/listener:Listener";
const NAMESPACE = "kubernetes:core/v1:Namespace";

/** What holds or opens something, and the resources that guard it: to leave one of these out is to open or to blind it. */
export const GUARDED: Readonly<Record<string, readonly string[]>> = {
  "aws:s3/bucket:Bucket edge-lb-access-logs": [
    "aws:s3/bucketPolicy:BucketPolicy edge-lb-access-logs-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock edge-lb-access-logs-private",
    "aws:s3/bucketVersioning:BucketVersioning edge-lb-access-logs-versioning",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration edge-lb-access-logs-encryption",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration edge-lb-access-logs-expiry",
  ],
  [`${LISTENER} edge-lb-https`]: [
    "aws:lb/listenerRule:ListenerRule edge-lb-not-public",
    `${LISTENER} edge-lb-http`,
    "aws:wafv2/webAclAssociation:WebAclAssociation edge-waf-association",
  ],
  // AWS makes log groups that are missing: without a key of ours, and for ever.
  "aws:rds/instance:Instance database-instance": [
    `${LOG_GROUP} database-logs-postgresql`,
    `${LOG_GROUP} database-logs-upgrade`,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment database-monitoring-AmazonRDSEnhancedMonitoringRole",
    "command:local:Command destroy-guard",
  ],
  "aws:eks/cluster:Cluster cluster-eks-eksCluster": [
    `${LOG_GROUP} cluster-logs`,
    "kubernetes:core/v1:ConfigMap cluster-network-policies",
  ],
  // Without these, what should write the logs may not.
  "aws:ec2/flowLog:FlowLog network-flow-log": ["aws:iam/rolePolicy:RolePolicy network-flow-logs-policy"],
  "aws:route53/queryLog:QueryLog edge-dns-query-log": [
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy edge-dns-query-delivery",
  ],
  // A namespace of someone else's making has neither its rules for pods nor its own for flows.
  [`${RELEASE} monitoring`]: [`${NAMESPACE} sparki-monitoring`],
  ...Object.fromEntries(
    SERVICE_NAMES.flatMap((name) => [
      [`${RELEASE} ${name}-one-box`, [`${NAMESPACE} ${namespaceOf(name)}`]],
      [`${RELEASE} ${name}-fleet`, [`${RELEASE} ${name}-one-box`, `${RELEASE} monitoring`]],
    ]),
  ),
};

const keyOf = ({ type, name }: Named) => `${type} ${name}`;

/** The guards of a resource that are not among these resources, by type and name. */
export function missingGuards(resource: Named, all: readonly Named[]): readonly string[] {
  const guards = Object.hasOwn(GUARDED, keyOf(resource)) ? (GUARDED[keyOf(resource)] ?? []) : [];
  return guards.length === 0 ? [] : guards.filter((guard) => !all.some((one) => keyOf(one) === guard));
}

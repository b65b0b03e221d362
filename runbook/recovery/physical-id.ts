import { TAGGED_WITH_ORIGIN } from "../../stacks/origin-tag.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** A resource whose creation was begun and whose id nobody noted. */
export interface PendingCreate {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** As they were asked for; secrets are not readable in them. */
  readonly inputs: Inputs;
}

/** How AWS is asked for what only it knows. */
export interface Finders {
  /** The ARNs of the stack's resources that carry the pending one's origin as a tag. */
  byOrigin(pending: PendingCreate): Promise<readonly string[]>;
  /** The ids of a secret's versions; never their values. */
  versionsOf(secretId: string): Promise<readonly string[]>;
}

/** What the providers import a resource by, made of what the program called it; see each type's "Import" in the registry. */
const BY_INPUTS: Readonly<Record<string, (inputs: Inputs) => readonly unknown[]>> = {
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => [name],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ({ policyName }) => [policyName],
  "aws:ec2/route:Route": ({ routeTableId, destinationCidrBlock }) => [routeTableId, "_", destinationCidrBlock],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ({ subnetId, routeTableId }) => [subnetId, "/", routeTableId],
  "aws:eks/accessEntry:AccessEntry": ({ clusterName, principalArn }) => [clusterName, ":", principalArn],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ({ clusterName, principalArn, policyArn }) => [
    clusterName,
    "#",
    principalArn,
    "#",
    policyArn,
  ],
  "aws:eks/addon:Addon": ({ clusterName, addonName }) => [clusterName, ":", addonName],
  "aws:eks/cluster:Cluster": ({ name }) => [name],
  "aws:elasticache/replicationGroup:ReplicationGroup": ({ replicationGroupId }) => [replicationGroupId],
  "aws:elasticache/subnetGroup:SubnetGroup": ({ name }) => [name],
  "aws:iam/role:Role": ({ name }) => [name],
  "aws:iam/rolePolicy:RolePolicy": ({ role, name }) => [role, ":", name],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ role, policyArn }) => [role, "/", policyArn],
  "aws:kms/alias:Alias": ({ name }) => [name],
  "aws:rds/instance:Instance": ({ identifier }) => [identifier],
  "aws:rds/parameterGroup:ParameterGroup": ({ name }) => [name],
  "aws:rds/subnetGroup:SubnetGroup": ({ name }) => [name],
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": ({ hostedZoneId }) => [hostedZoneId],
  "aws:route53/keySigningKey:KeySigningKey": ({ hostedZoneId, name }) => [hostedZoneId, ",", name],
  "aws:route53/record:Record": ({ zoneId, name, type, setIdentifier }) => [
    zoneId,
    "_",
    typeof name === "string" ? name.replace(/\.$/, "").toLowerCase() : name,
    "_",
    type,
    ...(setIdentifier === undefined ? [] : ["_", setIdentifier]),
  ],
  "aws:s3/bucket:Bucket": ({ bucket }) => [bucket],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ({ bucket }) => [bucket],
  "aws:s3/bucketPolicy:BucketPolicy": ({ bucket }) => [bucket],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ({ bucket }) => [bucket],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({ bucket }) => [bucket],
  "aws:s3/bucketVersioning:BucketVersioning": ({ bucket }) => [bucket],
  "aws:wafv2/webAclAssociation:WebAclAssociation": ({ webAclArn, resourceArn }) => [webAclArn, ",", resourceArn],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({ resourceArn }) => [resourceArn],
  "kubernetes:helm.sh/v3:Release": ({ namespace, name }) => [namespace, "/", name],
};

/** Types that are imported by their ARN itself, or by more of it than its last part. */
const BY_ARN: Readonly<Record<string, (arn: string) => string>> = {
  "aws:acm/certificate:Certificate": (arn) => arn,
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": (arn) => arn.split("/").slice(-2).join(","),
  "aws:lb/listener:Listener": (arn) => arn,
  "aws:lb/listenerRule:ListenerRule": (arn) => arn,
  "aws:lb/loadBalancer:LoadBalancer": (arn) => arn,
  "aws:lb/targetGroup:TargetGroup": (arn) => arn,
  "aws:secretsmanager/secret:Secret": (arn) => arn,
  "aws:wafv2/webAcl:WebAcl": (arn) => `${arn.split("/").slice(-2).reverse().join("/")}/REGIONAL`,
};

/**
 * The ids under which a resource may exist, in the form that its provider imports; none where it can be made again
 * without harm, or where no one can tell. Whether it exists is for the provider to say.
 */
export async function physicalIds(pending: PendingCreate, find: Finders): Promise<readonly string[]> {
  const { type, inputs } = pending;
  if (TAGGED_WITH_ORIGIN.has(type)) return (await find.byOrigin(pending)).map(BY_ARN[type] ?? lastPart);
  const { secretId } = inputs;
  if (type === "aws:secretsmanager/secretVersion:SecretVersion" && isKnown(secretId))
    return (await find.versionsOf(secretId)).map((version) => `${secretId}|${version}`);
  const parts = BY_INPUTS[type]?.(inputs) ?? kubernetesParts(pending);
  return parts.length > 0 && parts.every(isKnown) ? [parts.join("")] : [];
}

function lastPart(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf("/"), arn.lastIndexOf(":")) + 1);
}

/** `namespace/name`, or the name alone of what is in no namespace. */
function kubernetesParts({ type, inputs }: PendingCreate): readonly unknown[] {
  if (!type.startsWith("kubernetes:")) return [];
  const metadata: unknown = inputs.metadata;
  if (typeof metadata !== "object" || metadata === null || !("name" in metadata)) return [];
  return "namespace" in metadata ? [metadata.namespace, "/", metadata.name] : [metadata.name];
}

function isKnown(part: unknown): part is string {
  return typeof part === "string" && part !== "";
}

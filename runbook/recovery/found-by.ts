import { TAGGED_WITH_ORIGIN } from "../../stacks/tagging.ts";

export type Inputs = Readonly<Record<string, unknown>>;

/**
 * How a resource whose id was never noted is found again. What is made by its effect leaves nothing behind that a second
 * making would meet: it is made again.
 */
export type FoundBy =
  | { readonly by: "name"; readonly parts: (inputs: Inputs) => readonly unknown[] }
  | { readonly by: "tag"; readonly id: (arn: string) => string }
  | { readonly by: "parent"; readonly parent: string; readonly children: "secretVersions" | "queryLogs" }
  | { readonly by: "effect"; readonly why: string };

/** What the providers import a resource by, made of what the program called it; see each type's "Import" in the registry. */
const BY_NAME: Readonly<Record<string, (inputs: Inputs) => readonly unknown[]>> = {
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

const OTHERS: Readonly<Record<string, FoundBy>> = {
  "aws:secretsmanager/secretVersion:SecretVersion": { by: "parent", parent: "secretId", children: "secretVersions" },
  // Route 53 keeps one for each zone, without a tag or a name.
  "aws:route53/queryLog:QueryLog": { by: "parent", parent: "zoneId", children: "queryLogs" },
  "aws:acm/certificateValidation:CertificateValidation": { by: "effect", why: "it waits for the certificate" },
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": { by: "effect", why: "creating it adopts the network's default one" },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    by: "effect",
    why: "creating it adopts the network's default one",
  },
  "command:local:Command": { by: "effect", why: "each command checks what it has already done" },
  "pulumi:index:Stash": { by: "effect", why: "it exists only in the state" },
  "random:index/randomPassword:RandomPassword": { by: "effect", why: "it exists only in the state" },
};

/** How a type's resources are found again; undefined for a type that nothing is known of. */
export function foundBy(type: string): FoundBy | undefined {
  if (TAGGED_WITH_ORIGIN.has(type)) return { by: "tag", id: BY_ARN[type] ?? lastPart };
  const parts = BY_NAME[type] ?? (type.startsWith("kubernetes:") ? kubernetesParts : undefined);
  return parts === undefined ? OTHERS[type] : { by: "name", parts };
}

function lastPart(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf("/"), arn.lastIndexOf(":")) + 1);
}

/** `namespace/name`, or the name alone of what is in no namespace. */
function kubernetesParts({ metadata }: Inputs): readonly unknown[] {
  if (typeof metadata !== "object" || metadata === null || !("name" in metadata)) return [];
  return "namespace" in metadata ? [metadata.namespace, "/", metadata.name] : [metadata.name];
}

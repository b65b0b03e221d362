import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PERMISSIONS } from "../../delivery/documents.ts";
import { COUNTERPARTS } from "../../tools/aws-facts/counterparts.ts";

type Handlers = Readonly<Record<string, readonly string[]>>;

/** What CloudFormation's handlers call for each of its resource types, as AWS publishes it. */
const PUBLISHED: Readonly<Record<string, Handlers>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "aws", "handlers.json"), "utf8"),
);

/** Actions that AWS publishes for these types and the role lacks: why, and which. */
const WITHHELD: Readonly<Record<string, readonly string[]>> = {
  "a web ACL protects the load balancer alone": [
    "(amplify|apigateway|apprunner|appsync|bedrock-agentcore|cognito-idp):.*Web(ACL|Acl).*",
    "ec2:.*VerifiedAccessInstanceWebAcl.*",
    "wafv2:(Get|Put)PermissionPolicy",
  ],
  "users are not signed in by the load balancer": ["cognito-idp:DescribeUserPoolClient"],
  "the certificate is ACM's own, not a private authority's": ["acm-pca:(Get|Issue)Certificate"],
  "the firewall logs to CloudWatch": ["firehose:ListDeliveryStreams", "iam:DescribeOrganization"],
  "the cache keeps no log and reads no snapshot from S3": [
    "firehose:(PutRecord|PutRecordBatch|TagDeliveryStream)",
    "logs:(CreateLogStream|PutLogEvents|GetLogDelivery|ListLogDeliveries|UpdateLogDelivery)",
    "s3:GetObject",
  ],
  "the cache's shards stay as they are; replicas are added and removed by their number": [
    "elasticache:(Create|Delete)CacheCluster",
    "elasticache:ModifyReplicationGroupShardConfiguration",
  ],
  "ElastiCache encrypts by a grant on the key": ["kms:Encrypt"],
  "an address is given to a NAT gateway, and stays with it": [
    "ec2:AcceptAddressTransfer",
    "ec2:AssociateAddress",
    "ec2:(Associate|Disassociate)NatGatewayAddress",
    "ec2:(Assign|Unassign)PrivateNatGatewayAddress",
  ],
  "subnets have IPv4 only": ["ec2:(Associate|Disassociate)SubnetCidrBlock"],
  "the default network ACL is AWS's, and changed by its entries": ["ec2:(Create|Delete)NetworkAcl"],
  "of the VPC neither tenancy nor encryption control is set": [
    "ec2:ModifyVpcTenancy",
    "ec2:(Create|Describe)VpcEncryptionControls?",
  ],
  "endpoints are of AWS's services in this region": [
    "vpc-lattice:(Create|Describe)ServiceNetworkVpcEndpointAssociation",
    "vpce:AllowMultiRegion",
  ],
  "a rule's description changes with ModifySecurityGroupRules, or with the rule": [
    "ec2:UpdateSecurityGroupRuleDescriptions(In|E)gress",
  ],
  "the provider asks for a resource's tags with it": ["ec2:DescribeTags", "autoscaling:DescribeTags"],
  "whether instances use a group, EC2 checks itself": ["ec2:DescribeInstances"],
  "the load balancer has no address pool and no reserved capacity": [
    "ec2:DescribeIpamPools",
    "elasticloadbalancing:(ModifyCapacityReservation|ModifyIpPools)",
  ],
  "EKS registers pods in the target groups": [
    "elasticloadbalancing:(Deregister|Register)Targets",
    "elasticloadbalancing:DescribeTargetHealth",
  ],
  "EKS makes the nodes' instance profile, by the cluster's role": [
    "iam:(AddRoleTo|Create|Delete|Get|RemoveRoleFrom|Tag)InstanceProfile",
  ],
  "the cluster's certificate authority is not exchanged": ["eks:ActivateCertificateAuthority"],
  "a boundary is never taken off": ["iam:DeleteRolePermissionsBoundary"],
  "the provider takes the monitoring role by its ARN": ["iam:ListRoles"],
  "a key of the stack is never switched off, nor its rotation": ["kms:DisableKey(Rotation)?"],
  "log groups have no data protection, index, bearer token or deletion protection": [
    "logs:(Delete|Get|Put)DataProtectionPolicy",
    "logs:(Delete|Describe|Put)Index(Policy|Policies)",
    "logs:PutBearerTokenAuthentication",
    "logs:PutLogGroupDeletionProtection",
    "s3:REST.PUT.OBJECT",
  ],
  "the database is neither restored, replicated nor promoted by a deployment, and has no roles": [
    "rds:(Restore.*|PromoteReadReplica|CreateDBInstanceReadReplica|AddRoleToDBInstance|RemoveRoleFromDBInstance)",
    "rds:(Start|Stop)DBInstanceAutomatedBackupsReplication",
    "rds:DescribeDB(Clusters|ClusterSnapshots|InstanceAutomatedBackups)",
  ],
  "a changed parameter that needs a restart waits for the maintenance window": ["rds:RebootDBInstance"],
  "the provider waits for a state and reads neither events, versions nor defaults": [
    "rds:Describe(Events|DBEngineVersions|EngineDefaultParameters)",
  ],
  "zones are public, with the features that they have by themselves": [
    "route53:(DisassociateVPCFromHostedZone|UpdateHostedZoneFeatures)",
  ],
  "buckets have no such settings": [
    "s3:.*Bucket(Abac|Acl|AnalyticsConfiguration|Cors|CORS|Logging|Metadata.*|MetricsConfiguration|Notification|ObjectLockConfiguration|OwnershipControls|Replication|Website)",
    "s3:(Get|Put)(Accelerate|Analytics|IntelligentTiering|Inventory|Metrics|ObjectLock|Replication)Configuration",
    "s3:PutObjectAcl",
    "s3tables:.*",
  ],
  "the provider takes encryption and expiry away by the actions that set them": [
    "s3:DeleteBucket(Encryption|Lifecycle)",
  ],
  "secrets have values of the program's, and one region": [
    "secretsmanager:GetRandomPassword",
    "secretsmanager:(RemoveRegionsFrom|ReplicateSecretTo)(Replication|Regions)",
  ],
};

/** Actions of the role that AWS does not publish for the type: why, and which. */
const BEYOND: Readonly<Record<string, readonly string[]>> = {
  "CloudFormation has a resource of its own for it": [
    "ec2:(Attach|Detach)InternetGateway",
    "ec2:(Create|Delete)NetworkAclEntry",
    "elasticloadbalancing:DescribeWebACLAssociation",
    "route53:GetDNSSEC",
  ],
  "the provider tags rules, CloudFormation does not": ["ec2:(Create|Delete)Tags"],
  "the provider changes a rule in place": [
    "ec2:(DescribeSecurityGroupRules|ModifySecurityGroupRules|DescribeSecurityGroups)",
  ],
  "the provider reads it together with the resource": [
    "ec2:Describe(AddressesAttribute|PrefixLists|RouteTables|AvailabilityZones)",
    "eks:(DescribeAddonVersions|DescribeClusterVersions|ListTagsForResource)",
    "iam:(ListInstanceProfilesForRole|ListRoleTags)",
    "rds:ListTagsForResource",
    "route53:(GetChange|ListHostedZones|ListHostedZonesByName|ListResourceRecordSets)",
    "s3:(GetBucketLocation|GetBucketPolicy|GetBucketRequestPayment|ListBucket)",
    "secretsmanager:GetResourcePolicy",
  ],
  "the provider waits for interfaces to leave before it deletes": ["ec2:DescribeNetworkInterfaces"],
  "the provider empties a bucket that it may delete": ["s3:(DeleteObjectVersion|ListBucketVersions)"],
  "a service encrypts by the stack's key, in the name of who deploys": [
    "kms:(CreateGrant|Decrypt|DescribeKey|GenerateDataKey|GenerateDataKeyWithoutPlaintext)",
  ],
  "the account's first of its kind makes the service's role": ["iam:CreateServiceLinkedRole"],
  "a private endpoint's names are a hosted zone of AWS's": ["route53:AssociateVPCWithHostedZone"],
  "RDS keeps the master user's secret and rotates it": ["secretsmanager:RotateSecret"],
};

/** Types without a counterpart that has handlers: nothing is published to compare them with. */
const UNPUBLISHED = [
  "aws:acm/certificateValidation:CertificateValidation",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:route53/queryLog:QueryLog",
  "aws:route53/record:Record",
  "aws:secretsmanager/secretVersion:SecretVersion",
];

const publishedFor = (type: string) => PUBLISHED[COUNTERPARTS[type]?.schema ?? ""];
const actionsOf = (type: string) => new Set(PERMISSIONS[type]?.flatMap(({ actions }) => actions));
const granted = Object.keys(PERMISSIONS).flatMap((type) => [...actionsOf(type)]);
/** IAM compares names of actions without regard to case; AWS publishes some with a wildcard. */
const names = (pattern: string, action: string) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "i").test(action);

/** The actions that no reason covers, and the reasons' patterns that cover no action. */
function unexplained(actions: Iterable<string>, reasons: Readonly<Record<string, readonly string[]>>) {
  const all = [...new Set(actions)];
  const patterns = Object.values(reasons).flat();
  const covers = (pattern: string, action: string) => new RegExp(`^${pattern}$`).test(action);
  return {
    actions: all.filter((action) => !patterns.some((pattern) => covers(pattern, action))),
    reasons: patterns.filter((pattern) => !all.some((action) => covers(pattern, action))),
  };
}

describe("the deploying role, compared with what CloudFormation's handlers need", () => {
  const compared = Object.keys(PERMISSIONS).filter((type) => publishedFor(type) !== undefined);
  const publishedOf = (type: string) => Object.values(publishedFor(type) ?? {}).flat();

  it("compares every type that has a counterpart with handlers", () => {
    expect(
      Object.keys(PERMISSIONS)
        .filter((type) => !compared.includes(type))
        .sort(),
    ).toEqual(UNPUBLISHED);
    expect(compared.length).toBeGreaterThan(40);
  });

  it("lacks no published action but those that this deployment has no use for", () => {
    const lacking = compared.flatMap(publishedOf).filter((action) => !granted.some((own) => names(action, own)));
    expect(unexplained(lacking, WITHHELD)).toEqual({ actions: [], reasons: [] });
  });

  it("grants a type no action that is not published for it but those that the provider needs", () => {
    const beyond = compared.flatMap((type) =>
      [...actionsOf(type)].filter((own) => !publishedOf(type).some((action) => names(action, own))),
    );
    expect(unexplained(beyond, BEYOND)).toEqual({ actions: [], reasons: [] });
  });
});

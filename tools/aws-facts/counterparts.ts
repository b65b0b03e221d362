import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
// By its file: unit tests map the package itself to nothing, because Pulumi would load it for each of them.
import ts from "typescript/lib/typescript.js";

/** Where AWS publishes what a Pulumi resource type takes. */
export interface Counterpart {
  /** CloudFormation's resource type; undefined where it has none. */
  readonly schema?: string;
  /** The object inside of that schema, as a dotted path; its own top by default. */
  readonly within?: string;
  /** The API operation that makes the resource: service, operation and the member of its input, dotted. */
  readonly api?: readonly [service: string, operation: string, within?: string];
  /** Properties whose names differ, as dotted paths: Pulumi's, then the published one in the schema or the API. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Names that every type may have, and that are Pulumi's or the provider's own. */
export const PROVIDERS_OWN: Readonly<Record<string, string>> = {
  region: "chooses the provider's region",
  tags: "checked as tags",
  tagsAll: "the provider's own sum of tags",
  namePrefix: "the provider makes a name from it",
  skipDestroy: "only the provider's own deletion",
  forceDestroy: "only the provider's own deletion",
  triggers: "only the provider's own replacement",
};

const ENI_TARGETS = { networkInterfaceId: "NetworkInterfaceId" };
const RULE = { cidrIpv4: "CidrIp", cidrIpv6: "CidrIpv6", ipProtocol: "IpProtocol", securityGroupId: "GroupId" };
const STEP = {
  type: "Type",
  targetGroupArn: "TargetGroupArn",
  "redirect.statusCode": "RedirectConfig.StatusCode",
  "fixedResponse.contentType": "FixedResponseConfig.ContentType",
  "fixedResponse.statusCode": "FixedResponseConfig.StatusCode",
  "fixedResponse.messageBody": "FixedResponseConfig.MessageBody",
};
const actions = (pulumi: string, published: string) =>
  Object.fromEntries(Object.entries(STEP).map(([from, to]) => [`${pulumi}.${from}`, `${published}.${to}`]));

/** Each resource type that the program or the rehearsal knows, and its counterpart. */
export const COUNTERPARTS: Readonly<Record<string, Counterpart>> = {
  "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": { schema: "AWS::EC2::VPCCidrBlock" },
  "aws:ec2/vpc:Vpc": { schema: "AWS::EC2::VPC", api: ["ec2", "CreateVpc"] },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": { schema: "AWS::EC2::SecurityGroup" },
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": { schema: "AWS::EC2::NetworkAcl" },
  "aws:ec2/networkAcl:NetworkAcl": { schema: "AWS::EC2::NetworkAcl" },
  "aws:ec2/subnet:Subnet": { schema: "AWS::EC2::Subnet", api: ["ec2", "CreateSubnet"] },
  "aws:ec2/internetGateway:InternetGateway": { schema: "AWS::EC2::InternetGateway" },
  "aws:ec2/eip:Eip": { schema: "AWS::EC2::EIP", api: ["ec2", "AllocateAddress"] },
  "aws:ec2/natGateway:NatGateway": { schema: "AWS::EC2::NatGateway", api: ["ec2", "CreateNatGateway"] },
  "aws:ec2/routeTable:RouteTable": { schema: "AWS::EC2::RouteTable" },
  "aws:ec2/route:Route": { schema: "AWS::EC2::Route", api: ["ec2", "CreateRoute"], names: ENI_TARGETS },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { schema: "AWS::EC2::SubnetRouteTableAssociation" },
  "aws:ec2/securityGroup:SecurityGroup": {
    schema: "AWS::EC2::SecurityGroup",
    names: { name: "GroupName", description: "GroupDescription" },
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": { schema: "AWS::EC2::SecurityGroupIngress" },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    schema: "AWS::EC2::SecurityGroupIngress",
    names: { ...RULE, prefixListId: "SourcePrefixListId", referencedSecurityGroupId: "SourceSecurityGroupId" },
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    schema: "AWS::EC2::SecurityGroupEgress",
    names: {
      ...RULE,
      prefixListId: "DestinationPrefixListId",
      referencedSecurityGroupId: "DestinationSecurityGroupId",
    },
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": { schema: "AWS::EC2::VPCEndpoint", api: ["ec2", "CreateVpcEndpoint"] },
  "aws:ec2/flowLog:FlowLog": {
    schema: "AWS::EC2::FlowLog",
    api: ["ec2", "CreateFlowLogs"],
    names: { iamRoleArn: "DeliverLogsPermissionArn" },
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    api: ["ec2", "CreateLaunchTemplate", "LaunchTemplateData"],
    names: { "metadataOptions.httpEndpoint": "MetadataOptions.HttpEndpoint" },
  },
  "aws:kms/key:Key": {
    schema: "AWS::KMS::Key",
    api: ["kms", "CreateKey"],
    names: {
      customerMasterKeySpec: "KeySpec",
      deletionWindowInDays: "PendingWindowInDays",
      policy: "KeyPolicy",
      isEnabled: "Enabled",
    },
  },
  "aws:kms/alias:Alias": { schema: "AWS::KMS::Alias", names: { name: "AliasName" } },
  "aws:iam/role:Role": {
    schema: "AWS::IAM::Role",
    api: ["iam", "CreateRole"],
    names: { name: "RoleName", assumeRolePolicy: "AssumeRolePolicyDocument" },
  },
  "aws:iam/rolePolicy:RolePolicy": { schema: "AWS::IAM::RolePolicy", names: { name: "PolicyName", role: "RoleName" } },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    api: ["iam", "AttachRolePolicy"],
    names: { role: "RoleName" },
  },
  "aws:iam/policy:Policy": {
    schema: "AWS::IAM::ManagedPolicy",
    api: ["iam", "CreatePolicy"],
    names: { name: "PolicyName" },
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    schema: "AWS::IAM::OIDCProvider",
    api: ["iam", "CreateOpenIDConnectProvider"],
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    schema: "AWS::IAM::InstanceProfile",
    api: ["iam", "CreateInstanceProfile"],
    names: { name: "InstanceProfileName" },
  },
  "aws:cloudwatch/logGroup:LogGroup": { schema: "AWS::Logs::LogGroup", names: { name: "LogGroupName" } },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": { schema: "AWS::Logs::ResourcePolicy" },
  "aws:eks/cluster:Cluster": {
    schema: "AWS::EKS::Cluster",
    api: ["eks", "CreateCluster"],
    names: {
      "vpcConfig.subnetIds": "ResourcesVpcConfig.SubnetIds",
      "vpcConfig.securityGroupIds": "ResourcesVpcConfig.SecurityGroupIds",
      "encryptionConfig.resources": "EncryptionConfig.Resources",
      enabledClusterLogTypes: "logging.clusterLogging.types",
    },
  },
  "aws:eks/accessEntry:AccessEntry": {
    schema: "AWS::EKS::AccessEntry",
    names: { userName: "Username", kubernetesGroups: "KubernetesGroups" },
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": { api: ["eks", "AssociateAccessPolicy"] },
  "aws:eks/addon:Addon": {
    schema: "AWS::EKS::Addon",
    api: ["eks", "CreateAddon"],
    names: { resolveConflictsOnCreate: "ResolveConflicts", resolveConflictsOnUpdate: "ResolveConflicts" },
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": { schema: "AWS::EKS::PodIdentityAssociation" },
  "aws:rds/subnetGroup:SubnetGroup": {
    schema: "AWS::RDS::DBSubnetGroup",
    names: { name: "DBSubnetGroupName", description: "DBSubnetGroupDescription" },
  },
  "aws:rds/parameterGroup:ParameterGroup": {
    schema: "AWS::RDS::DBParameterGroup",
    names: { name: "DBParameterGroupName", "parameters.applyMethod": "rds.ApplyMethod" },
  },
  "aws:rds/instance:Instance": {
    schema: "AWS::RDS::DBInstance",
    api: ["rds", "CreateDBInstance"],
    names: {
      identifier: "DBInstanceIdentifier",
      instanceClass: "DBInstanceClass",
      username: "MasterUsername",
      maxAllocatedStorage: "MaxAllocatedStorage",
      backupWindow: "PreferredBackupWindow",
      maintenanceWindow: "PreferredMaintenanceWindow",
      iamDatabaseAuthenticationEnabled: "EnableIAMDatabaseAuthentication",
      performanceInsightsEnabled: "EnablePerformanceInsights",
      caCertIdentifier: "CACertificateIdentifier",
      enabledCloudwatchLogsExports: "EnableCloudwatchLogsExports",
      parameterGroupName: "DBParameterGroupName",
      customIamInstanceProfile: "CustomIAMInstanceProfile",
    },
  },
  "aws:elasticache/subnetGroup:SubnetGroup": {
    schema: "AWS::ElastiCache::SubnetGroup",
    names: { name: "CacheSubnetGroupName" },
  },
  "aws:elasticache/parameterGroup:ParameterGroup": {
    schema: "AWS::ElastiCache::ParameterGroup",
    names: { name: "CacheParameterGroupName", family: "CacheParameterGroupFamily" },
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    schema: "AWS::ElastiCache::ReplicationGroup",
    api: ["elasticache", "CreateReplicationGroup"],
    names: {
      description: "ReplicationGroupDescription",
      nodeType: "CacheNodeType",
      parameterGroupName: "CacheParameterGroupName",
      subnetGroupName: "CacheSubnetGroupName",
      maintenanceWindow: "PreferredMaintenanceWindow",
      preferredCacheClusterAzs: "PreferredCacheClusterAZs",
      numberCacheClusters: "NumCacheClusters",
      "logDeliveryConfigurations.destination": "LogDeliveryConfigurations.DestinationDetails",
    },
  },
  "aws:secretsmanager/secret:Secret": {
    schema: "AWS::SecretsManager::Secret",
    api: ["secretsmanager", "CreateSecret"],
    names: { replicas: "ReplicaRegions" },
  },
  "aws:secretsmanager/secretVersion:SecretVersion": { api: ["secretsmanager", "PutSecretValue"] },
  "aws:secretsmanager/secretRotation:SecretRotation": {
    schema: "AWS::SecretsManager::RotationSchedule",
    api: ["secretsmanager", "RotateSecret"],
  },
  "aws:secretsmanager/secretPolicy:SecretPolicy": { schema: "AWS::SecretsManager::ResourcePolicy" },
  "aws:lb/loadBalancer:LoadBalancer": {
    schema: "AWS::ElasticLoadBalancingV2::LoadBalancer",
    api: ["elbv2", "CreateLoadBalancer"],
    names: { loadBalancerType: "Type" },
  },
  "aws:lb/targetGroup:TargetGroup": {
    schema: "AWS::ElasticLoadBalancingV2::TargetGroup",
    api: ["elbv2", "CreateTargetGroup"],
    names: {
      "healthCheck.interval": "HealthCheckIntervalSeconds",
      "healthCheck.timeout": "HealthCheckTimeoutSeconds",
      "healthCheck.path": "HealthCheckPath",
      "healthCheck.port": "HealthCheckPort",
      "healthCheck.protocol": "HealthCheckProtocol",
      "healthCheck.enabled": "HealthCheckEnabled",
      "healthCheck.healthyThreshold": "HealthyThresholdCount",
      "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
      "healthCheck.matcher": "Matcher.HttpCode",
    },
  },
  "aws:lb/listener:Listener": {
    schema: "AWS::ElasticLoadBalancingV2::Listener",
    api: ["elbv2", "CreateListener"],
    names: actions("defaultActions", "DefaultActions"),
  },
  "aws:lb/listenerRule:ListenerRule": {
    schema: "AWS::ElasticLoadBalancingV2::ListenerRule",
    api: ["elbv2", "CreateRule"],
    names: actions("actions", "Actions"),
  },
  "aws:acm/certificate:Certificate": {
    schema: "AWS::CertificateManager::Certificate",
    api: ["acm", "RequestCertificate"],
  },
  "aws:acm/certificateValidation:CertificateValidation": {},
  "aws:wafv2/webAcl:WebAcl": {
    schema: "AWS::WAFv2::WebACL",
    api: ["wafv2", "CreateWebACL"],
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": { schema: "AWS::WAFv2::WebACLAssociation" },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": { schema: "AWS::WAFv2::LoggingConfiguration" },
  "aws:route53/zone:Zone": { schema: "AWS::Route53::HostedZone", api: ["route53", "CreateHostedZone"] },
  "aws:route53/record:Record": {
    schema: "AWS::Route53::RecordSet",
    names: { records: "ResourceRecords", zoneId: "HostedZoneId" },
  },
  "aws:route53/queryLog:QueryLog": { api: ["route53", "CreateQueryLoggingConfig"] },
  "aws:route53/keySigningKey:KeySigningKey": { schema: "AWS::Route53::KeySigningKey" },
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": { schema: "AWS::Route53::DNSSEC" },
  "aws:route53/healthCheck:HealthCheck": {
    schema: "AWS::Route53::HealthCheck",
    within: "HealthCheckConfig",
    names: { fqdn: "FullyQualifiedDomainName" },
  },
  "aws:s3/bucket:Bucket": { schema: "AWS::S3::Bucket", names: { bucket: "BucketName" } },
  "aws:s3/bucketPolicy:BucketPolicy": { schema: "AWS::S3::BucketPolicy" },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    schema: "AWS::S3::Bucket",
    within: "PublicAccessBlockConfiguration",
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    schema: "AWS::S3::Bucket",
    within: "BucketEncryption",
    names: {
      rules: "ServerSideEncryptionConfiguration",
      "rules.applyServerSideEncryptionByDefault.sseAlgorithm":
        "ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.SSEAlgorithm",
    },
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    schema: "AWS::S3::Bucket",
    within: "VersioningConfiguration",
    names: { "versioningConfiguration.status": "Status" },
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    schema: "AWS::S3::Bucket",
    within: "LifecycleConfiguration",
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    schema: "AWS::S3::Bucket",
    within: "OwnershipControls",
    names: { "rule.objectOwnership": "Rules.ObjectOwnership" },
  },
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    schema: "AWS::S3::Bucket",
    within: "ReplicationConfiguration",
  },
  "aws:lambda/function:Function": {
    schema: "AWS::Lambda::Function",
    api: ["lambda", "CreateFunction"],
    names: { name: "FunctionName" },
  },
  "aws:lambda/permission:Permission": {
    schema: "AWS::Lambda::Permission",
    api: ["lambda", "AddPermission"],
    names: { function: "FunctionName" },
  },
  "aws:sns/topic:Topic": { schema: "AWS::SNS::Topic", names: { name: "TopicName" } },
  "aws:sns/topicPolicy:TopicPolicy": { schema: "AWS::SNS::TopicPolicy", names: { policy: "PolicyDocument" } },
  "aws:sns/topicSubscription:TopicSubscription": {
    schema: "AWS::SNS::Subscription",
    api: ["sns", "Subscribe"],
    names: { topic: "TopicArn" },
  },
  "aws:cloudwatch/eventRule:EventRule": { schema: "AWS::Events::Rule", api: ["events", "PutRule"] },
  "aws:cloudwatch/eventTarget:EventTarget": {
    api: ["events", "PutTargets", "Targets"],
    names: { targetId: "Id", rule: "events.Rule" },
  },
  "aws:budgets/budget:Budget": {
    schema: "AWS::Budgets::Budget",
    within: "Budget",
    api: ["budgets", "CreateBudget", "Budget"],
    names: { name: "BudgetName" },
  },
  "aws:guardduty/detector:Detector": { schema: "AWS::GuardDuty::Detector", api: ["guardduty", "CreateDetector"] },
  "aws:cloudtrail/trail:Trail": {
    schema: "AWS::CloudTrail::Trail",
    api: ["cloudtrail", "CreateTrail"],
    names: { name: "TrailName", enableLogFileValidation: "EnableLogFileValidation", enableLogging: "IsLogging" },
  },
  "aws:cfg/recorder:Recorder": { schema: "AWS::Config::ConfigurationRecorder" },
  "aws:cfg/deliveryChannel:DeliveryChannel": { schema: "AWS::Config::DeliveryChannel" },
  "aws:cfg/recorderStatus:RecorderStatus": { api: ["config", "StartConfigurationRecorder"] },
  "aws:codebuild/project:Project": { schema: "AWS::CodeBuild::Project", api: ["codebuild", "CreateProject"] },
  "aws:codebuild/webhook:Webhook": { api: ["codebuild", "CreateWebhook"] },
};

/** What the installed `@pulumi/aws` accepts for a resource type: names, kinds and which are required, at any depth. */
export interface Shape {
  readonly kind: "string" | "number" | "boolean" | "list" | "map" | "object" | "any";
  readonly required?: boolean;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  /** Pairs of properties of which the provider takes at most one. */
  readonly apart?: readonly Pair[];
  /** Pairs of which the first, where it is given, needs the second. */
  readonly needs?: readonly Pair[];
}

type Pair = readonly [one: string, other: string];

const HOME = dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));
const DEPTH = 7;

/** Reads the arguments' interfaces from the package's own type declarations. */
export class PulumiArguments {
  readonly #inputs: ReadonlyMap<string, ts.InterfaceDeclaration>;

  constructor() {
    this.#inputs = namedInterfaces(join(HOME, "types", "input.d.ts"));
  }

  /** @throws when the package has no such type. */
  of(type: string): Shape {
    const [, path = "", name = ""] = type.split(":");
    const args = interfaces(join(HOME, `${path}.d.ts`)).get(`${name}Args`);
    if (args === undefined) throw new Error(`@pulumi/aws has no arguments for ${type}`);
    return this.#object(args, 0);
  }

  #object(declaration: ts.InterfaceDeclaration, depth: number): Shape {
    const members = declaration.members.filter(ts.isPropertySignature);
    const properties = members.map((member) => {
      const shape = this.#shape(member.type, depth);
      const required = member.questionToken === undefined;
      return [member.name.getText(), required ? { ...shape, required } : shape] as const;
    });
    return { kind: "object", properties: Object.fromEntries(properties), ...relationsIn(members) };
  }

  #shape(node: ts.TypeNode | undefined, depth: number): Shape {
    if (node === undefined) return { kind: "any" };
    if (ts.isUnionTypeNode(node)) {
      const members = node.types.filter((each) => each.kind !== ts.SyntaxKind.UndefinedKeyword);
      return this.#shape(members[0], depth);
    }
    if (ts.isParenthesizedTypeNode(node)) return this.#shape(node.type, depth);
    if (ts.isArrayTypeNode(node)) return { kind: "list", items: this.#shape(node.elementType, depth) };
    if (node.kind === ts.SyntaxKind.StringKeyword) return { kind: "string" };
    if (node.kind === ts.SyntaxKind.NumberKeyword) return { kind: "number" };
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return { kind: "boolean" };
    if (ts.isTypeLiteralNode(node)) return { kind: "map" };
    if (!ts.isTypeReferenceNode(node)) return { kind: "any" };
    const name = node.typeName.getText();
    if (name === "pulumi.Input") return this.#shape(node.typeArguments?.[0], depth);
    const inputs = name.startsWith("inputs.") ? this.#inputs.get(name.slice("inputs.".length)) : undefined;
    if (inputs !== undefined && depth < DEPTH) return this.#object(inputs, depth + 1);
    // Enumerations, ARNs and paths to other packages' types: text.
    return { kind: inputs === undefined ? "string" : "any" };
  }
}

const NAMES = "((?:the )?(?:`[\\w.]+`(?:, and a |, or |, and | and a | and | or | & |, )?)+)";
const APART = new RegExp(
  `(?:[Cc]onflicts with|Cannot be (?:set|specified|used) with) ${NAMES}|Cannot be (?:set|specified) if ${NAMES}(?: is| are) (?:set|provided|specified)`,
  "g",
);
const NEEDED = /Required (?:when|if) `(\w+)` is (?:set|specified|provided)(?! to)/g;

/** What the provider's documentation says between properties that stand beside each other. */
function relationsIn(members: readonly ts.PropertySignature[]): Pick<Shape, "apart" | "needs"> {
  const names = new Set(members.map((member) => member.name.getText()));
  const pairs = (pattern: RegExp) =>
    members.flatMap((member) => {
      const own = member.name.getText();
      const words = member.getFullText().replace(/\s*\n\s*\*\s?/g, " ");
      const named = [...words.matchAll(pattern)].flatMap(([, ...lists]) => lists.join(" ").match(/\w+/g) ?? []);
      return named.filter((name) => names.has(name) && name !== own).map((name): Pair => [name, own]);
    });
  const sorted = pairs(APART).map(([one, other]): Pair => (one < other ? [one, other] : [other, one]));
  const apart = [...new Map(sorted.map((pair) => [pair.join(), pair])).values()].sort();
  const needs = pairs(NEEDED);
  return { ...(apart.length > 0 && { apart }), ...(needs.length > 0 && { needs }) };
}

function interfaces(file: string): ReadonlyMap<string, ts.InterfaceDeclaration> {
  const source = parsed(file);
  return new Map(source.statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]));
}

/** The interfaces of a file of namespaces, as `rds.InstanceS3Import`. */
function namedInterfaces(file: string): ReadonlyMap<string, ts.InterfaceDeclaration> {
  const found = new Map<string, ts.InterfaceDeclaration>();
  for (const statement of parsed(file).statements) {
    if (ts.isInterfaceDeclaration(statement)) found.set(statement.name.text, statement);
    if (!ts.isModuleDeclaration(statement) || statement.body === undefined || !ts.isModuleBlock(statement.body))
      continue;
    for (const inner of statement.body.statements)
      if (ts.isInterfaceDeclaration(inner)) found.set(`${statement.name.text}.${inner.name.text}`, inner);
  }
  return found;
}

function parsed(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}

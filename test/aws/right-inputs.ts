import type { InputRecord } from "../../aws/inputs.ts";
import { DELIVERY_RIGHT } from "./delivery-inputs.ts";

const ACCOUNT = "111122223333";
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`;
const LOAD_BALANCER = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/sparki/0123456789abcdef`;
const LISTENER = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener/app/sparki/0123456789abcdef/0123456789abcdef`;
const TARGETS = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/sparki/0123456789abcdef`;
const CERTIFICATE = `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/0a1b2c3d-0000-1111-2222-333344445555`;
const WEB_ACL = `arn:aws:wafv2:us-east-1:${ACCOUNT}:regional/webacl/sparki/0a1b2c3d-0000-1111-2222-333344445555`;
const LOGS = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:`;

/** A policy document with one statement. */
export function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

const TRUST = policy({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });
const GRANT = policy({ Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki/*" });
const KEY_POLICY = policy({
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: "kms:*",
  Resource: "*",
});
export const VISIBLE = { cloudwatchMetricsEnabled: true, metricName: "sparki", sampledRequestsEnabled: true };

/** Inputs that AWS takes, one set for each type; each case of a test changes one thing in them. */
export const RIGHT: Readonly<Record<string, InputRecord>> = {
  "aws:ec2/vpc:Vpc": { cidrBlock: "10.40.0.0/16", enableDnsHostnames: true, enableDnsSupport: true },
  "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": {
    vpcId: "vpc-0a1b2c3d",
    cidrBlock: "100.64.0.0/16",
  },
  "aws:ec2/subnet:Subnet": {
    vpcId: "vpc-0a1b2c3d",
    cidrBlock: "10.40.0.0/20",
    availabilityZone: "us-east-1a",
    region: "us-east-1",
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": { vpcId: "vpc-0a1b2c3d" },
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": {
    defaultNetworkAclId: "acl-0a1b2c3d",
    ingress: [{ ruleNo: 100, action: "allow", protocol: "tcp", cidrBlock: "10.0.0.0/8", fromPort: 443, toPort: 443 }],
    egress: [{ ruleNo: 100, action: "allow", protocol: "-1", cidrBlock: "0.0.0.0/0", fromPort: 0, toPort: 0 }],
  },
  "aws:ec2/networkAcl:NetworkAcl": {
    vpcId: "vpc-0a1b2c3d",
    ingress: [{ ruleNo: 100, action: "deny", protocol: "6", ipv6CidrBlock: "::/0", fromPort: 22, toPort: 22 }],
  },
  "aws:ec2/internetGateway:InternetGateway": { vpcId: "vpc-0a1b2c3d" },
  "aws:ec2/eip:Eip": { domain: "vpc" },
  "aws:ec2/natGateway:NatGateway": { subnetId: "subnet-0a1b2c3d", allocationId: "eipalloc-0a1b2c3d" },
  "aws:ec2/routeTable:RouteTable": { vpcId: "vpc-0a1b2c3d" },
  "aws:ec2/route:Route": {
    routeTableId: "rtb-0a1b2c3d",
    destinationCidrBlock: "0.0.0.0/0",
    gatewayId: "igw-0a1b2c3d",
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { routeTableId: "rtb-0a1b2c3d", subnetId: "subnet-0a1b2c3d" },
  "aws:ec2/securityGroup:SecurityGroup": {
    name: "sparki-database",
    description: "PostgreSQL, from the cluster (only)",
    vpcId: "vpc-0a1b2c3d",
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": {
    type: "ingress",
    protocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrBlocks: ["10.0.0.0/8"],
    securityGroupId: "sg-0a1b2c3d",
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    securityGroupId: "sg-0a1b2c3d",
    ipProtocol: "tcp",
    fromPort: 5432,
    toPort: 5432,
    cidrIpv4: "10.40.0.0/16",
    description: "PostgreSQL from the network",
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    securityGroupId: "sg-0a1b2c3d",
    ipProtocol: "-1",
    referencedSecurityGroupId: "sg-1a1b2c3d",
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    vpcId: "vpc-0a1b2c3d",
    serviceName: "com.amazonaws.us-east-1.ecr.api",
    vpcEndpointType: "Interface",
    subnetIds: ["subnet-0a1b2c3d"],
    securityGroupIds: ["sg-0a1b2c3d"],
    privateDnsEnabled: true,
  },
  "aws:ec2/flowLog:FlowLog": {
    vpcId: "vpc-0a1b2c3d",
    trafficType: "ALL",
    logDestination: `${LOGS}flow`,
    iamRoleArn: role("flow-logs"),
    maxAggregationInterval: 60,
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    name: "sparki-nodes",
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
  },
  "aws:kms/key:Key": { description: "data", deletionWindowInDays: 30, enableKeyRotation: true, policy: KEY_POLICY },
  "aws:kms/alias:Alias": { name: "alias/sparki-data", targetKeyId: KEY },
  "aws:iam/role:Role": { name: "sparki-engine", assumeRolePolicy: TRUST, path: "/sparki/", maxSessionDuration: 3600 },
  "aws:iam/rolePolicy:RolePolicy": { name: "read", role: "sparki-engine", policy: GRANT },
  "aws:iam/policy:Policy": { name: "read", policy: GRANT },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    role: "sparki-engine",
    policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    url: "https://token.actions.githubusercontent.com",
    clientIdLists: ["sts.amazonaws.com"],
  },
  "aws:iam/instanceProfile:InstanceProfile": { name: "nodes", role: "nodes" },
  "aws:cloudwatch/logGroup:LogGroup": { name: "/sparki/prod/flow", retentionInDays: 365, kmsKeyId: KEY },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
    policyName: "route53",
    policyDocument: policy({
      Principal: { Service: "route53.amazonaws.com" },
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: `${LOGS}/aws/route53/*`,
    }),
  },
  "aws:eks/cluster:Cluster": {
    name: "sparki-prod",
    version: "1.35",
    roleArn: role("sparki-cluster"),
    bootstrapSelfManagedAddons: false,
    accessConfig: { authenticationMode: "API" },
    computeConfig: { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: role("sparki-nodes") },
    storageConfig: { blockStorage: { enabled: true } },
    kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true }, serviceIpv4Cidr: "172.20.0.0/16" },
    enabledClusterLogTypes: ["api", "audit"],
    encryptionConfig: { provider: { keyArn: KEY }, resources: ["secrets"] },
    upgradePolicy: { supportType: "STANDARD" },
    vpcConfig: {
      subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
    },
  },
  "aws:eks/accessEntry:AccessEntry": { clusterName: "sparki-prod", principalArn: role("platform"), type: "STANDARD" },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    clusterName: "sparki-prod",
    principalArn: role("platform"),
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "cluster" },
  },
  "aws:eks/addon:Addon": { clusterName: "sparki-prod", addonName: "metrics-server", addonVersion: "v0.7.2-eksbuild.1" },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    clusterName: "sparki-prod",
    namespace: "sparki-engine",
    serviceAccount: "sparki-engine",
    roleArn: role("engine"),
  },
  "aws:rds/subnetGroup:SubnetGroup": { name: "sparki", subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"] },
  "aws:rds/parameterGroup:ParameterGroup": {
    name: "sparki-prod",
    family: "postgres17",
    parameters: [{ name: "rds.force_ssl", value: "1" }],
  },
  "aws:rds/instance:Instance": {
    identifier: "sparki-prod-database",
    engine: "postgres",
    engineVersion: "17.6",
    instanceClass: "db.r7g.large",
    allocatedStorage: 100,
    maxAllocatedStorage: 1000,
    storageType: "gp3",
    storageEncrypted: true,
    kmsKeyId: KEY,
    username: "sparki",
    manageMasterUserPassword: true,
    dbName: "sparki",
    multiAz: true,
    backupRetentionPeriod: 14,
    backupWindow: "03:00-04:00",
    maintenanceWindow: "sun:05:00-sun:06:00",
    monitoringInterval: 60,
    monitoringRoleArn: role("monitoring"),
    enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
    finalSnapshotIdentifier: "sparki-prod-database-final",
    caCertIdentifier: "rds-ca-rsa2048-g1",
    vpcSecurityGroupIds: ["sg-0a1b2c3d"],
    dbSubnetGroupName: "sparki",
    port: 5432,
    region: "us-east-1",
  },
  "aws:elasticache/subnetGroup:SubnetGroup": { name: "sparki", subnetIds: ["subnet-0a1b2c3d"] },
  "aws:elasticache/parameterGroup:ParameterGroup": {
    name: "sparki-prod",
    family: "redis7",
    parameters: [{ name: "maxmemory-policy", value: "allkeys-lru" }],
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    replicationGroupId: "sparki-prod-cache",
    description: "cache",
    engine: "redis",
    engineVersion: "7.1",
    nodeType: "cache.r7g.large",
    numCacheClusters: 3,
    automaticFailoverEnabled: true,
    multiAzEnabled: true,
    atRestEncryptionEnabled: true,
    kmsKeyId: KEY,
    transitEncryptionEnabled: true,
    authToken: "0123456789abcdef0123",
    snapshotRetentionLimit: 7,
    snapshotWindow: "03:00-04:00",
    maintenanceWindow: "sun:05:00-sun:06:00",
    securityGroupIds: ["sg-0a1b2c3d"],
    subnetGroupName: "sparki",
    region: "us-east-1",
  },
  "aws:secretsmanager/secret:Secret": { name: "sparki/prod/cache", kmsKeyId: KEY, recoveryWindowInDays: 30 },
  "aws:secretsmanager/secretVersion:SecretVersion": {
    secretId: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:sparki-a1b2c3`,
    secretString: "{}",
  },
  "aws:secretsmanager/secretRotation:SecretRotation": {
    secretId: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:sparki-a1b2c3`,
    rotationRules: { automaticallyAfterDays: 30 },
  },
  "aws:secretsmanager/secretPolicy:SecretPolicy": {
    secretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:sparki-a1b2c3`,
    policy: policy({ Principal: { AWS: role("engine") }, Action: "secretsmanager:GetSecretValue", Resource: "*" }),
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    name: "sparki-prod",
    subnets: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    securityGroups: ["sg-0a1b2c3d"],
    desyncMitigationMode: "strictest",
    idleTimeout: 60,
    accessLogs: { bucket: "sparki-logs", enabled: true },
  },
  "aws:lb/targetGroup:TargetGroup": {
    name: "sparki-prod-engine",
    vpcId: "vpc-0a1b2c3d",
    port: 8080,
    protocol: "HTTP",
    targetType: "ip",
    deregistrationDelay: 30,
    healthCheck: { path: "/ready", interval: 10, timeout: 5, healthyThreshold: 2, matcher: "200" },
  },
  "aws:lb/listener:Listener": {
    loadBalancerArn: LOAD_BALANCER,
    port: 443,
    protocol: "HTTPS",
    certificateArn: CERTIFICATE,
    sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
    defaultActions: [
      { type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404", messageBody: "no" } },
    ],
  },
  "aws:lb/listenerRule:ListenerRule": {
    listenerArn: LISTENER,
    priority: 10,
    conditions: [{ pathPattern: { values: ["/api/*"] } }],
    actions: [{ type: "forward", targetGroupArn: TARGETS }],
  },
  "aws:acm/certificate:Certificate": { domainName: "prod.sparki.tools", validationMethod: "DNS" },
  "aws:acm/certificateValidation:CertificateValidation": { certificateArn: CERTIFICATE },
  "aws:wafv2/webAcl:WebAcl": {
    name: "sparki-prod",
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    visibilityConfig: VISIBLE,
    rules: [
      {
        name: "common",
        priority: 1,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" } },
        visibilityConfig: VISIBLE,
      },
      {
        name: "rate",
        priority: 2,
        action: { block: {} },
        statement: { rateBasedStatement: { limit: 2000, aggregateKeyType: "IP" } },
        visibilityConfig: VISIBLE,
      },
    ],
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": { webAclArn: WEB_ACL, resourceArn: LOAD_BALANCER },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    resourceArn: WEB_ACL,
    logDestinationConfigs: [`${LOGS}aws-waf-logs-sparki`],
  },
  "aws:route53/zone:Zone": { name: "prod.sparki.tools", comment: "production" },
  "aws:route53/record:Record": {
    zoneId: "Z0123456789ABCDEFGHIJ",
    name: "prod.sparki.tools",
    type: "A",
    aliases: [{ name: "lb.us-east-1.elb.amazonaws.com", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }],
  },
  "aws:route53/queryLog:QueryLog": {
    cloudwatchLogGroupArn: `${LOGS}/aws/route53/prod`,
    zoneId: "Z0123456789ABCDEFGHIJ",
  },
  "aws:route53/keySigningKey:KeySigningKey": {
    hostedZoneId: "Z0123456789ABCDEFGHIJ",
    keyManagementServiceArn: KEY,
    name: "sparki",
  },
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": { hostedZoneId: "Z0123456789ABCDEFGHIJ", signingStatus: "SIGNING" },
  "aws:route53/healthCheck:HealthCheck": {
    type: "HTTPS",
    fqdn: "prod.sparki.tools",
    port: 443,
    resourcePath: "/health",
    requestInterval: 30,
  },
  "aws:s3/bucket:Bucket": { bucket: "sparki-prod-logs" },
  "aws:s3/bucketPolicy:BucketPolicy": {
    bucket: "sparki-prod-logs",
    policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki-prod-logs/*" }),
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": { bucket: "sparki-prod-logs", blockPublicAcls: true },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    bucket: "sparki-prod-logs",
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY } }],
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    bucket: "sparki-prod-logs",
    versioningConfiguration: { status: "Enabled" },
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    bucket: "sparki-prod-logs",
    rules: [{ id: "old", status: "Enabled", filter: {}, expiration: { days: 365 } }],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    bucket: "sparki-prod-logs",
    rule: { objectOwnership: "BucketOwnerEnforced" },
  },
  "aws:lambda/function:Function": {
    name: "sparki",
    role: role("function"),
    runtime: "nodejs22.x",
    handler: "index.handler",
    timeout: 30,
  },
  "aws:lambda/permission:Permission": {
    action: "lambda:InvokeFunction",
    function: "sparki",
    principal: "secretsmanager.amazonaws.com",
  },
  ...DELIVERY_RIGHT,
};

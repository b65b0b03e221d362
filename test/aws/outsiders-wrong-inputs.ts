import type { InputRecord } from "../../aws/inputs.ts";
import {
  ACL,
  CACHE,
  CLUSTER,
  check,
  DATABASE,
  entry,
  inner,
  LISTENER,
  life,
  long,
  of,
  RULE,
  rule,
  TARGET,
  trust,
  type Wrong,
} from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const grant = (rest: object): InputRecord => ({ policy: policy(rest) });
const READ = { Action: "s3:GetObject", Resource: "arn:aws:s3:::sparki/*" };
const actions = (rest: InputRecord): InputRecord => ({ defaultActions: [rest] });
const fixed = (rest: InputRecord) => actions({ type: "fixed-response", fixedResponse: rest });
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });
const statement = (inside: InputRecord): InputRecord => rule({ statement: inside });
const BODY = { fieldToMatch: { body: {} }, textTransformations: [{ priority: 0, type: "NONE" }] };

/** Written by someone who had not seen the rules, from what AWS documents; what passed at first is refused by its kind. */
export const OUTSIDERS_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpc:Vpc", [
    ["a block with a host in it", { cidrBlock: "10.40.0.1/16" }, "cidrBlock"],
    ["a tenancy that there is not", { instanceTenancy: "shared" }, "instanceTenancy"],
    ["a block of 8 addresses", { cidrBlock: "10.40.0.0/29" }, "cidrBlock"],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    ["a block of 8 addresses", { cidrBlock: "10.40.0.0/29" }, "cidrBlock"],
    ["a zone by letter and by number", { availabilityZoneId: "use1-az1" }, "availabilityZoneId"],
    ["IPv6 alone without a block of it", { ipv6Native: true, cidrBlock: undefined }, "ipv6Native"],
    [
      "a kind of host name that there is not",
      { privateDnsHostnameTypeOnLaunch: "dns" },
      "privateDnsHostnameTypeOnLaunch",
    ],
  ]),
  ...of("aws:ec2/natGateway:NatGateway", [
    ["a public one without an address", { allocationId: undefined }, "allocationId"],
    ["a private one with a public address", { connectivityType: "private" }, "allocationId"],
    ["no address as its own", { privateIp: "10.0.0.300" }, "privateIp"],
  ]),
  ...of("aws:ec2/route:Route", [
    ["two targets", { natGatewayId: "nat-0a1b2c3d" }, "natGatewayId"],
    ["two destinations", { destinationIpv6CidrBlock: "::/0" }, "destinationIpv6CidrBlock"],
    [
      "IPv4 as an IPv6 destination",
      { destinationCidrBlock: undefined, destinationIpv6CidrBlock: "10.0.0.0/8" },
      "destinationIpv6CidrBlock",
    ],
  ]),
  ...of("aws:ec2/routeTableAssociation:RouteTableAssociation", [
    ["a subnet and a gateway", { gatewayId: "igw-0a1b2c3d" }, "gatewayId"],
  ]),
  ...of("aws:ec2/securityGroup:SecurityGroup", [
    ["a name like an id", { name: "sg-database" }, "name"],
    ["a name of 256 characters", { name: long(256) }, "name"],
    ["an empty description", { description: "" }, "description"],
  ]),
  ...of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", [
    ["ports in the wrong order", { fromPort: 5433 }, "toPort"],
    ["TCP without ports", { fromPort: undefined, toPort: undefined }, "fromPort"],
    ["a block and a group", { referencedSecurityGroupId: "sg-1a1b2c3d" }, "referencedSecurityGroupId"],
    ["nobody whom it lets in", { cidrIpv4: undefined }, "cidrIpv4"],
    ["IPv4 as IPv6", { cidrIpv4: undefined, cidrIpv6: "10.0.0.0/8" }, "cidrIpv6"],
    ["a protocol of an application", { ipProtocol: "http" }, "ipProtocol"],
    ["a block with a host in it", { cidrIpv4: "10.40.0.5/16" }, "cidrIpv4"],
  ]),
  ...of("aws:ec2/securityGroupRule:SecurityGroupRule", [
    ["a direction that there is not", { type: "inbound" }, "type"],
    [
      "itself and another group",
      { self: true, sourceSecurityGroupId: "sg-1a1b2c3d", cidrBlocks: undefined },
      "sourceSecurityGroupId",
    ],
  ]),
  ...of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", [
    ["rule 0", entry({ ruleNo: 0 }), "ingress[0].ruleNo"],
    ["rule 32767", entry({ ruleNo: 32767 }), "ingress[0].ruleNo"],
    ["an action that there is not", entry({ action: "permit" }), "ingress[0].action"],
    ["two blocks in one rule", entry({ ipv6CidrBlock: "::/0" }), "ingress[0].ipv6CidrBlock"],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a gateway with groups",
      { vpcEndpointType: "Gateway", serviceName: "com.amazonaws.us-east-1.s3" },
      "securityGroupIds",
    ],
    ["an interface with route tables", { routeTableIds: ["rtb-0a1b2c3d"] }, "routeTableIds"],
    ["a service of another region", { serviceName: "com.amazonaws.eu-west-9.ecr.api" }, "serviceName"],
    ["a policy that is not JSON", { policy: "allow all" }, "policy"],
  ]),
  ...of("aws:ec2/flowLog:FlowLog", [
    ["five minutes", { maxAggregationInterval: 300 }, "maxAggregationInterval"],
    ["two things to watch", { subnetId: "subnet-0a1b2c3d" }, "subnetId"],
    ["a bucket's kind and a log group", { logDestinationType: "s3" }, "logDestination"],
  ]),
  ...of("aws:kms/key:Key", [
    ["a symmetric key that signs", { keyUsage: "SIGN_VERIFY" }, "keyUsage"],
    [
      "rotation of an elliptic curve",
      { customerMasterKeySpec: "ECC_NIST_P256", keyUsage: "SIGN_VERIFY" },
      "enableKeyRotation",
    ],
    ["rotation every month", { rotationPeriodInDays: 30 }, "rotationPeriodInDays"],
    [
      "a policy longer than 32 KB",
      { policy: policy({ ...READ, Sid: "a", Principal: "*", Resource: long(33000) }) },
      "policy",
    ],
  ]),
  ...of("aws:kms/alias:Alias", [["a name of AWS's own", { name: "alias/aws/sparki" }, "name"]]),
  ...of("aws:iam/role:Role", [
    ["sessions of over 12 hours", { maxSessionDuration: 43201 }, "maxSessionDuration"],
    ["a name with a space", { name: "sparki engine" }, "name"],
    ["a description of 1,001 characters", { description: long(1001) }, "description"],
    ["a boundary by name", { permissionsBoundary: "sparki-boundary" }, "permissionsBoundary"],
    [
      "trust with a resource",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", Resource: "*" }),
      "assumeRolePolicy",
    ],
    [
      "trust for an action of S3",
      trust({ Principal: { Service: "ec2.amazonaws.com" }, Action: "s3:GetObject" }),
      "assumeRolePolicy",
    ],
    [
      "trust of a short account number",
      trust({ Principal: { AWS: "1111" }, Action: "sts:AssumeRole" }),
      "assumeRolePolicy",
    ],
  ]),
  ...of("aws:iam/rolePolicy:RolePolicy", [
    ["actions and all but actions", grant({ ...READ, NotAction: "s3:PutObject" }), "policy"],
    ["a statement's id with a hyphen", grant({ ...READ, Sid: "read-only" }), "policy"],
    [
      "an operator that there is not",
      grant({ ...READ, Condition: { StringEqualz: { "aws:PrincipalTag/a": "b" } } }),
      "policy",
    ],
    ["a resource by name", grant({ Action: "s3:GetObject", Resource: "sparki" }), "policy"],
    ["an action without a service", grant({ Action: "GetObject", Resource: "*" }), "policy"],
    [
      "two statements of one id",
      {
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [1, 2].map(() => ({ Effect: "Allow", Sid: "one", ...READ })),
        }),
      },
      "policy",
    ],
    ["no statement", { policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }) }, "policy"],
    [
      "an inline policy of over 10,240 characters",
      grant({
        Action: "s3:GetObject",
        Resource: Array.from({ length: 300 }, (_, index) => `arn:aws:s3:::sparki-${index}-${long(30)}/*`),
      }),
      "policy",
    ],
  ]),
  ...of("aws:iam/policy:Policy", [
    [
      "a managed policy of over 6,144 characters",
      grant({
        Action: "s3:GetObject",
        Resource: Array.from({ length: 150 }, (_, index) => `arn:aws:s3:::sparki-${index}-${long(30)}/*`),
      }),
      "policy",
    ],
  ]),
  ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", [
    ["a policy by name", { policyArn: "AmazonEKSClusterPolicy" }, "policyArn"],
    [
      "a policy of AWS's that there is not",
      { policyArn: "arn:aws:iam::aws:policy/AmazonEKSEverythingPolicy" },
      "policyArn",
    ],
  ]),
  ...of("aws:iam/openIdConnectProvider:OpenIdConnectProvider", [
    ["HTTP", { url: "http://token.actions.githubusercontent.com" }, "url"],
    ["a thumbprint of 39 digits", { thumbprintLists: ["a".repeat(39)] }, "thumbprintLists[0]"],
  ]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [
    ["a name with a star", { name: "/sparki/*" }, "name"],
    ["a month of 31 days", { retentionInDays: 31 }, "retentionInDays"],
    ["a class that there is not", { logGroupClass: "COLD" }, "logGroupClass"],
    ["a name and a prefix", { namePrefix: "/sparki/" }, "namePrefix"],
  ]),
  ...of("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", [
    [
      "a document of over 5,120 characters",
      {
        policyDocument: policy({
          Principal: { Service: "route53.amazonaws.com" },
          Action: "logs:PutLogEvents",
          Resource: Array.from(
            { length: 60 },
            (_, index) => `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/${index}/${long(60)}`,
          ),
        }),
      },
      "policyDocument",
    ],
  ]),
  ...of(CLUSTER, [
    ["a version with its patch", { version: "1.35.1" }, "version"],
    ["a log that there is not", { enabledClusterLogTypes: ["apiserver"] }, "enabledClusterLogTypes[0]"],
    [
      "encryption of what is no secret",
      inner(CLUSTER, "encryptionConfig", { resources: ["configmaps"] }),
      "encryptionConfig.resources",
    ],
    ["no way in", inner(CLUSTER, "vpcConfig", { endpointPrivateAccess: false }), "vpcConfig.endpointPrivateAccess"],
    [
      "a private network as a public one",
      inner(CLUSTER, "vpcConfig", { endpointPublicAccess: true, publicAccessCidrs: ["10.0.0.0/8"] }),
      "vpcConfig.publicAccessCidrs",
    ],
    [
      "a mode of access that there is not",
      { accessConfig: { authenticationMode: "IAM" } },
      "accessConfig.authenticationMode",
    ],
    [
      "services in a block that is too large",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "172.16.0.0/11" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "services in public addresses",
      inner(CLUSTER, "kubernetesNetworkConfig", { serviceIpv4Cidr: "8.8.0.0/16" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "IPv6 with a block of IPv4",
      inner(CLUSTER, "kubernetesNetworkConfig", { ipFamily: "ipv6" }),
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    [
      "a pool of nodes that there is not",
      inner(CLUSTER, "computeConfig", { nodePools: ["gpu"] }),
      "computeConfig.nodePools",
    ],
    ["a name of 101 characters", { name: long(101) }, "name"],
    ["one subnet", inner(CLUSTER, "vpcConfig", { subnetIds: ["subnet-0a1b2c3d"] }), "vpcConfig.subnetIds"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["nodes in a group", { type: "EC2_LINUX", kubernetesGroups: ["viewers"] }, "kubernetesGroups"],
    ["a user name of the system", { userName: "system:admin" }, "userName"],
    ["the group of nodes", { kubernetesGroups: ["system:nodes"] }, "kubernetesGroups"],
    ["a role with its session", { principalArn: `arn:aws:sts::${ACCOUNT}:assumed-role/platform/ann` }, "principalArn"],
  ]),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", [
    ["a policy of IAM", { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }, "policyArn"],
    [
      "the whole cluster and namespaces",
      { accessScope: { type: "cluster", namespaces: ["a"] } },
      "accessScope.namespaces",
    ],
    [
      "a policy that there is not",
      { policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSOwnerPolicy" },
      "policyArn",
    ],
  ]),
  ...of("aws:eks/addon:Addon", [
    ["a version without its build", { addonVersion: "0.7.2" }, "addonVersion"],
    ["settings that are no JSON or YAML object", { configurationValues: "[1" }, "configurationValues"],
    ["an add-on that there is not", { addonName: "metric-server" }, "addonName"],
  ]),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a namespace in capitals", { namespace: "Sparki" }, "namespace"],
    ["a role by name", { roleArn: "engine" }, "roleArn"],
  ]),
  ...of(DATABASE, [
    ["a name that begins with a digit", { identifier: "1sparki" }, "identifier"],
    ["a reserved user", { username: "admin" }, "username"],
    ["a database's name with a hyphen", { dbName: "spar-ki" }, "dbName"],
    ["a port below 1150", { port: 80 }, "port"],
    ["backups for 36 days", { backupRetentionPeriod: 36 }, "backupRetentionPeriod"],
    ["a window of ten minutes", { backupWindow: "03:00-03:10" }, "backupWindow"],
    ["a day that there is not", { maintenanceWindow: "son:05:00-son:06:00" }, "maintenanceWindow"],
    ["every 20 seconds", { monitoringInterval: 20 }, "monitoringInterval"],
    ["monitoring without a role", { monitoringRoleArn: undefined }, "monitoringRoleArn"],
    [
      "insights for 100 days",
      { performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 100 },
      "performanceInsightsRetentionPeriod",
    ],
    ["provisioned storage without IOPS", { storageType: "io2" }, "iops"],
    ["ten gigabytes", { allocatedStorage: 10 }, "allocatedStorage"],
    ["an engine by another name", { engine: "postgresql" }, "engine"],
    ["a licence of another engine", { licenseModel: "bring-your-own-license" }, "licenseModel"],
    ["a password with an at sign", { manageMasterUserPassword: undefined, password: "abc@defgh" }, "password"],
    ["a character set", { characterSetName: "UTF8" }, "characterSetName"],
    ["a time zone", { timezone: "UTC" }, "timezone"],
    [
      "advanced insights that are kept for a week",
      { databaseInsightsMode: "advanced", performanceInsightsEnabled: true, performanceInsightsRetentionPeriod: 7 },
      "performanceInsightsRetentionPeriod",
    ],
    ["more than 64 TiB", { allocatedStorage: 65537, maxAllocatedStorage: undefined }, "allocatedStorage"],
    ["a snapshot's name that ends with a hyphen", { finalSnapshotIdentifier: "final-" }, "finalSnapshotIdentifier"],
    ["IPv6 alone", { networkType: "IPV6" }, "networkType"],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["a parameter that there is not", { parameters: [{ name: "force_ssl", value: "1" }] }, "parameters[0].name"],
    [
      "a static parameter at once",
      { parameters: [{ name: "shared_buffers", value: "1000", applyMethod: "immediate" }] },
      "parameters[0].applyMethod",
    ],
    [
      "a word for a number",
      { parameters: [{ name: "max_connections", value: "many", applyMethod: "pending-reboot" }] },
      "parameters[0].value",
    ],
    ["a family of another engine", { family: "mysql8.0" }, "parameters[0].name"],
    ["a name in capitals", { name: "Sparki" }, "name"],
  ]),
  ...of("aws:rds/subnetGroup:SubnetGroup", [["AWS's own name", { name: "default" }, "name"]]),
  ...of(CACHE, [
    ["a name of 41 characters", { replicationGroupId: long(41) }, "replicationGroupId"],
    ["one node in several zones", { numCacheClusters: 1 }, "automaticFailoverEnabled"],
    ["seven nodes", { numCacheClusters: 7 }, "numCacheClusters"],
    ["a token without encryption", { transitEncryptionEnabled: false }, "transitEncryptionEnabled"],
    ["a token of 15 characters", { authToken: long(15) }, "authToken"],
    ["a version of Redis that there is not", { engineVersion: "8.0" }, "engineVersion"],
    ["a version of Valkey that there is not", { engine: "valkey", engineVersion: "6.2" }, "engineVersion"],
    ["a window of half an hour", { snapshotWindow: "03:00-03:30" }, "snapshotWindow"],
    ["nodes counted in two ways", { numNodeGroups: 2, replicasPerNodeGroup: 1 }, "numNodeGroups"],
    ["data on disks that the nodes do not have", { dataTieringEnabled: true }, "dataTieringEnabled"],
    ["a topic by name", { notificationTopicArn: "alerts" }, "notificationTopicArn"],
    [
      "logs as CSV",
      {
        logDeliveryConfigurations: [
          { destination: "/a", destinationType: "cloudwatch-logs", logFormat: "csv", logType: "slow-log" },
        ],
      },
      "logDeliveryConfigurations[0].logFormat",
    ],
  ]),
  ...of("aws:secretsmanager/secret:Secret", [
    ["a name with a space", { name: "sparki prod" }, "name"],
    ["31 days", { recoveryWindowInDays: 31 }, "recoveryWindowInDays"],
    ["a copy in its own region", { region: "us-east-1", replicas: [{ region: "us-east-1" }] }, "replicas"],
  ]),
  ...of("aws:secretsmanager/secretVersion:SecretVersion", [
    ["a text and bytes", { secretBinary: "YQ==" }, "secretString"],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "days and a schedule",
      { rotationRules: { automaticallyAfterDays: 30, scheduleExpression: "rate(10 days)" } },
      "rotationRules",
    ],
    ["every hour", { rotationRules: { scheduleExpression: "rate(1 hour)" } }, "rotationRules.scheduleExpression"],
    ["1,001 days", { rotationRules: { automaticallyAfterDays: 1001 } }, "rotationRules.automaticallyAfterDays"],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    ["a name of 33 characters", { name: long(33) }, "name"],
    ["a name that AWS keeps", { name: "internal-sparki" }, "name"],
    ["a name with an underscore", { name: "sparki_prod" }, "name"],
    ["an hour and a bit of silence", { idleTimeout: 4001 }, "idleTimeout"],
    ["one subnet", { subnets: ["subnet-0a1b2c3d"] }, "subnets"],
    ["subnets told twice", { subnetMappings: [{ subnetId: "subnet-0a1b2c3d" }] }, "subnetMappings"],
    ["IPv6 alone", { ipAddressType: "ipv6" }, "ipAddressType"],
    ["connections kept for 30 seconds", { clientKeepAlive: 30 }, "clientKeepAlive"],
    ["headers dropped", { xffHeaderProcessingMode: "drop" }, "xffHeaderProcessingMode"],
  ]),
  ...of(TARGET, [
    ["port 0", { port: 0 }, "port"],
    ["a version of HTTP that it does not speak", { protocolVersion: "HTTP3" }, "protocolVersion"],
    [
      "gRPC that is well by HTTP's code",
      { protocolVersion: "GRPC", healthCheck: { path: "/a", matcher: "200" } },
      "healthCheck.matcher",
    ],
    ["a check every four seconds", check({ interval: 4, timeout: 2 }), "healthCheck.interval"],
    ["a check that outlasts its interval", check({ interval: 5, timeout: 6 }), "healthCheck.timeout"],
    ["eleven checks", check({ healthyThreshold: 11 }), "healthCheck.healthyThreshold"],
    ["a code of 600", check({ matcher: "600" }), "healthCheck.matcher"],
    ["half a range of codes", check({ matcher: "200-" }), "healthCheck.matcher"],
    ["over an hour to leave", { deregistrationDelay: 3601 }, "deregistrationDelay"],
    [
      "a slow start with the fewest requests",
      { slowStart: 60, loadBalancingAlgorithmType: "least_outstanding_requests" },
      "slowStart",
    ],
    [
      "cookies of an application over TCP",
      { protocol: "TCP", healthCheck: undefined, stickiness: { type: "lb_cookie", enabled: true } },
      "stickiness.type",
    ],
    ["a balancer as the target of HTTP", { targetType: "alb" }, "protocol"],
    ["a name that ends with a hyphen", { name: "sparki-" }, "name"],
  ]),
  ...of(LISTENER, [
    ["HTTPS without a certificate", { certificateArn: undefined }, "certificateArn"],
    ["port 65536", { port: 65536 }, "port"],
    ["HTTP with a policy of TLS", { protocol: "HTTP", certificateArn: undefined }, "sslPolicy"],
    [
      "a code of 600",
      fixed({ contentType: "text/plain", statusCode: "600" }),
      "defaultActions[0].fixedResponse.statusCode",
    ],
    [
      "an answer of 1,025 characters",
      fixed({ contentType: "text/plain", statusCode: "404", messageBody: long(1025) }),
      "defaultActions[0].fixedResponse.messageBody",
    ],
    [
      "a redirect by 303",
      actions({ type: "redirect", redirect: { statusCode: "HTTP_303", port: "8443" } }),
      "defaultActions[0].redirect.statusCode",
    ],
    [
      "a redirect to port 99999",
      actions({ type: "redirect", redirect: { statusCode: "HTTP_301", port: "99999" } }),
      "defaultActions[0].redirect.port",
    ],
    ["an action without its part", actions({ type: "redirect" }), "defaultActions[0].redirect"],
    [
      "client certificates without who vouches for them",
      { mutualAuthentication: { mode: "verify" } },
      "mutualAuthentication.trustStoreArn",
    ],
    ["QUIC beside TLS", { alpnPolicy: "HTTP2Only" }, "alpnPolicy"],
  ]),
  ...of(RULE, [
    ["priority 0", { priority: 0 }, "priority"],
    ["no condition", { conditions: [] }, "conditions"],
    [
      "a host with a space",
      { conditions: [{ hostHeader: { values: ["a b.test"] } }] },
      "conditions[0].hostHeader.values",
    ],
    [
      "a method in small letters",
      { conditions: [{ httpRequestMethod: { values: ["get"] } }] },
      "conditions[0].httpRequestMethod.values",
    ],
    [
      "an address that is no block",
      { conditions: [{ sourceIp: { values: ["10.0.0.1"] } }] },
      "conditions[0].sourceIp.values",
    ],
    [
      "a path of 129 characters",
      { conditions: [{ pathPattern: { values: [`/${long(128)}`] } }] },
      "conditions[0].pathPattern.values",
    ],
    [
      "two kinds in one condition",
      { conditions: [{ pathPattern: { values: ["/a"] }, hostHeader: { values: ["a.test"] } }] },
      "conditions[0].pathPattern",
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["two stars", { domainName: "*.*.sparki.tools" }, "domainName"],
    ["an address", { domainName: "10.0.0.1" }, "domainName"],
    ["a key that there is not", { keyAlgorithm: "RSA_8192" }, "keyAlgorithm"],
    ["a star in the middle", { subjectAlternativeNames: ["a.*.sparki.tools"] }, "subjectAlternativeNames"],
    ["a name of 65 characters", { domainName: `${long(50)}.sparki.tools.ab` }, "domainName"],
    [
      "101 names",
      { subjectAlternativeNames: Array.from({ length: 101 }, (_, index) => `a${index}.sparki.tools`) },
      "subjectAlternativeNames",
    ],
  ]),
  ...of(ACL, [
    ["a scope that there is not", { scope: "GLOBAL" }, "scope"],
    ["two default actions", { defaultAction: { allow: {}, block: {} } }, "defaultAction.block"],
    [
      "nine requests",
      statement({ rateBasedStatement: { limit: 9, aggregateKeyType: "IP" } }),
      "rules[0].statement.rateBasedStatement.limit",
    ],
    [
      "an override of a rule of one's own",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { geoMatchStatement: { countryCodes: ["CH"] } },
      }),
      "rules[0].overrideAction",
    ],
    [
      "a country that there is not",
      statement({ geoMatchStatement: { countryCodes: ["UK"] } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],
    [
      "a time of 90 seconds",
      statement({ rateBasedStatement: { limit: 100, aggregateKeyType: "IP", evaluationWindowSec: 90 } }),
      "rules[0].statement.rateBasedStatement.evaluationWindowSec",
    ],
    [
      "a position that there is not",
      statement({ byteMatchStatement: { ...BODY, searchString: "a", positionalConstraint: "INCLUDES" } }),
      "rules[0].statement.byteMatchStatement.positionalConstraint",
    ],
    [
      "one statement in an and",
      statement({ andStatement: { statements: [{ geoMatchStatement: { countryCodes: ["CH"] } }] } }),
      "rules[0].statement.andStatement",
    ],
    [
      "an answer of 700",
      rule({
        action: { block: { customResponse: { responseCode: 700 } } },
        statement: { geoMatchStatement: { countryCodes: ["CH"] } },
      }),
      "rules[0].action.block.customResponse.responseCode",
    ],
    [
      "a set by name",
      statement({ ipSetReferenceStatement: { arn: "offices" } }),
      "rules[0].statement.ipSetReferenceStatement.arn",
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "a log group of another name",
      { logDestinationConfigs: [`arn:aws:logs:us-east-1:${ACCOUNT}:log-group:waf`] },
      "logDestinationConfigs",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    [
      "a network load balancer",
      { resourceArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/net/sparki/0123456789abcdef` },
      "resourceArn",
    ],
  ]),
  ...of("aws:route53/zone:Zone", [["a label of 64 characters", { name: `${long(64)}.tools` }, "name"]]),
  ...of("aws:route53/record:Record", [
    ["no time to live", { aliases: undefined, records: ["192.0.2.1"] }, "ttl"],
    ["an address of 256", plain("A", "256.1.1.1"), "records"],
    ["IPv4 in AAAA", plain("AAAA", "192.0.2.1"), "records"],
    ["mail without a preference", plain("MX", "mail.sparki.tools"), "records"],
    ["two names of one", plain("CNAME", "a.test", "b.test"), "records"],
    ["a service without a port", plain("SRV", "1 10 mail.sparki.tools"), "records"],
    [
      "a weight of 256",
      { setIdentifier: "a", weightedRoutingPolicies: [{ weight: 256 }] },
      "weightedRoutingPolicies[0].weight",
    ],
    [
      "two ways to route",
      {
        setIdentifier: "a",
        weightedRoutingPolicies: [{ weight: 1 }],
        latencyRoutingPolicies: [{ region: "us-east-1" }],
      },
      "weightedRoutingPolicies",
    ],
    ["a way to route without an identifier", { weightedRoutingPolicies: [{ weight: 1 }] }, "setIdentifier"],
    ["an alias with a time to live", { ttl: 60 }, "ttl"],
    [
      "a failover that is neither",
      { setIdentifier: "a", failoverRoutingPolicies: [{ type: "MAIN" }] },
      "failoverRoutingPolicies[0].type",
    ],
  ]),
  ...of("aws:route53/healthCheck:HealthCheck", [
    ["every 20 seconds", { requestInterval: 20 }, "requestInterval"],
    ["eleven failures", { failureThreshold: 11 }, "failureThreshold"],
    ["a text to find, without one", { type: "HTTPS_STR_MATCH" }, "searchString"],
    ["a path over TCP", { type: "TCP" }, "resourcePath"],
  ]),
  ...of("aws:route53/keySigningKey:KeySigningKey", [
    ["a name of two letters", { name: "ab" }, "name"],
    ["a status that there is not", { status: "DISABLED" }, "status"],
  ]),
  ...of("aws:s3/bucket:Bucket", [
    ["capitals", { bucket: "Sparki-logs" }, "bucket"],
    ["two dots in a row", { bucket: "sparki..logs" }, "bucket"],
    ["a suffix that AWS keeps", { bucket: "sparki-s3alias" }, "bucket"],
    ["two characters", { bucket: "ab" }, "bucket"],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    ["0 days", life({ expiration: { days: 0 } }), "rules[0].expiration.days"],
    [
      "a cheaper class after ten days",
      life({ transitions: [{ days: 10, storageClass: "STANDARD_IA" }] }),
      "rules[0].transitions[0].days",
    ],
    ["days and a date", life({ expiration: { days: 3, date: "2030-01-01T00:00:00Z" } }), "rules[0].expiration.days"],
    ["nothing to do", life({ expiration: undefined }), "rules[0].expiration"],
    [
      "a class that there is not",
      life({ transitions: [{ days: 90, storageClass: "COLD" }] }),
      "rules[0].transitions[0].storageClass",
    ],
  ]),
  ...of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", [
    [
      "a key of KMS for S3's own",
      {
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: "AES256",
              kmsMasterKeyId: `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`,
            },
          },
        ],
      },
      "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ],
  ]),
  ...of("aws:s3/bucketOwnershipControls:BucketOwnershipControls", [
    ["an owner that there is not", { rule: { objectOwnership: "BucketOwner" } }, "rule.objectOwnership"],
  ]),
  ...of("aws:lambda/function:Function", [
    ["over 15 minutes", { timeout: 901 }, "timeout"],
    ["100 MB", { memorySize: 100 }, "memorySize"],
    ["a runtime that has ended", { runtime: "nodejs12.x" }, "runtime"],
    ["no handler", { handler: undefined }, "handler"],
    [
      "a variable that AWS sets",
      { environment: { variables: { AWS_REGION: "eu-west-1" } } },
      "environment.variables.AWS_REGION",
    ],
    [
      "six layers",
      { layers: Array.from({ length: 6 }, (_, index) => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:a:${index + 1}`) },
      "layers",
    ],
    ["a processor that there is not", { architectures: ["x86"] }, "architectures[0]"],
  ]),
  ...of("aws:lambda/permission:Permission", [
    ["an account of 11 digits", { sourceAccount: "11112222333" }, "sourceAccount"],
  ]),
];

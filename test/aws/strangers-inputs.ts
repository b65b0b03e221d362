import type { InputRecord } from "../../aws/inputs.ts";
import type { RightRow } from "./further-right-inputs.ts";
import { CACHE, CLUSTER, DATABASE, LISTENER, life, of, RULE, rule, TARGET, type Wrong } from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const AUTHORITY = `arn:aws:acm-pca:us-east-1:${ACCOUNT}:certificate-authority/0a1b2c3d-0000-1111-2222-333344445555`;
const grant = (rest: object): InputRecord => ({ policy: policy({ Action: "s3:GetObject", Resource: "*", ...rest }) });
const endpoint = (name: string): InputRecord => ({ serviceName: `com.amazonaws.us-east-1.${name}` });
const parameter = (name: string, value: string): InputRecord => ({
  parameters: [{ name, value, applyMethod: "pending-reboot" }],
});
const plain = (type: string, ...records: string[]): InputRecord => ({ type, aliases: undefined, ttl: 60, records });

/** Of the list of someone who had not read the rules: what was let through at first, and what tells most. */
export const STRANGERS_WRONG: readonly Wrong[] = [
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    ["the registry by its service's name", endpoint("ecr"), "serviceName"],
    ["the registry's third endpoint", endpoint("ecr.registry"), "serviceName"],
    ["CloudWatch by its product's name", endpoint("cloudwatch"), "serviceName"],
    ["load balancing by its client's name", endpoint("elbv2"), "serviceName"],
    [
      "a record type that has a hyphen",
      { dnsOptions: { dnsRecordIpType: "dual-stack" } },
      "dnsOptions.dnsRecordIpType",
    ],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    [
      "groups by name and by id",
      { securityGroupNames: ["a"], vpcSecurityGroupIds: ["sg-0a1b2c3d"] },
      "vpcSecurityGroupIds",
    ],
  ]),
  ...of("aws:rds/parameterGroup:ParameterGroup", [
    ["a level that RDS sets by logical replication", parameter("wal_level", "logical"), "parameters[0].name"],
    ["the archive, which is RDS's own", parameter("archive_mode", "on"), "parameters[0].name"],
  ]),
  ...of(DATABASE, [
    ["the option group of another major version", { optionGroupName: "default:postgres-16" }, "optionGroupName"],
    ["the parameters of another major version", { parameterGroupName: "default.postgres16" }, "parameterGroupName"],
    [
      "throughput over a quarter of the IOPS",
      { allocatedStorage: 500, iops: 12000, storageThroughput: 4000 },
      "storageThroughput",
    ],
  ]),
  ...of(CACHE, [
    [
      "zones that are fewer than its nodes",
      { preferredCacheClusterAzs: ["us-east-1a", "us-east-1b"] },
      "preferredCacheClusterAzs",
    ],
  ]),
  ...of("aws:acm/certificate:Certificate", [
    ["a private authority and a proof by DNS", { certificateAuthorityArn: AUTHORITY }, "validationMethod"],
  ]),
  ...of("aws:wafv2/webAcl:WebAcl", [
    [
      "a body of JSON without what to look at in it",
      rule({
        statement: {
          byteMatchStatement: {
            searchString: "x",
            positionalConstraint: "CONTAINS",
            fieldToMatch: { jsonBody: { matchScope: "ALL" } },
            textTransformations: [{ priority: 0, type: "NONE" }],
          },
        },
      }),
      "rules[0].statement.byteMatchStatement.fieldToMatch.jsonBody.matchPattern",
    ],
  ]),
  ...of("aws:wafv2/webAclAssociation:WebAclAssociation", [
    [
      "a stage of an HTTP API",
      { resourceArn: "arn:aws:apigateway:us-east-1::/apis/abc123/stages/prod" },
      "resourceArn",
    ],
  ]),
  ...of("aws:lambda/function:Function", [
    ["Go's own runtime, which has ended", { runtime: "go1.x" }, "runtime"],
    ["a runtime on the first Amazon Linux", { runtime: "provided" }, "runtime"],
  ]),
  ...of(TARGET, [
    [
      "slow start beside the least requests",
      { slowStart: 60, loadBalancingAlgorithmType: "least_outstanding_requests" },
      "slowStart",
    ],
  ]),
  ...of(LISTENER, [
    ["a certificate that a role stands for", { certificateArn: `arn:aws:iam::${ACCOUNT}:role/x` }, "certificateArn"],
  ]),
  ...of(RULE, [
    [
      "a host with its port",
      { conditions: [{ hostHeader: { values: ["a.test:8080"] } }] },
      "conditions[0].hostHeader.values[0]",
    ],
  ]),
  ...of("aws:route53/record:Record", [
    ["a mark that begins a label", { name: "-a.sparki.tools" }, "name"],
    ["a blank that is not coded", { name: "a b.sparki.tools" }, "name"],
    ["a mail server without its rank", plain("MX", "mail.sparki.tools"), "records"],
  ]),
  ...of("aws:ec2/launchTemplate:LaunchTemplate", [
    ["a market of no name", { instanceMarketOptions: { marketType: "on-demand" } }, "instanceMarketOptions.marketType"],
  ]),
  ...of("aws:iam/policy:Policy", [
    [
      "a set's operator that is half of two",
      grant({ Condition: { "ForAllValue:StringEquals": { "aws:TagKeys": "a" } } }),
      "policy",
    ],
    ["a resource of any service", grant({ Resource: "arn:aws:*:::a/*" }), "policy"],
  ]),
  ...of(CLUSTER, [
    [
      "16 networks of nodes elsewhere",
      {
        remoteNetworkConfig: {
          remoteNodeNetworks: { cidrs: Array.from({ length: 16 }, (_, index) => `10.${100 + index}.0.0/16`) },
        },
      },
      "remoteNetworkConfig.remoteNodeNetworks.cidrs",
    ],
  ]),
  ...of(CACHE, [
    [
      "parameters of cluster mode without failover",
      { parameterGroupName: "default.redis7.cluster.on", automaticFailoverEnabled: false, multiAzEnabled: false },
      "automaticFailoverEnabled",
    ],
  ]),
  ...of(LISTENER, [
    [
      "a classic load balancer",
      { loadBalancerArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/sparki` },
      "loadBalancerArn",
    ],
  ]),
  ...of("aws:wafv2/webAcl:WebAcl", [
    [
      "AWS's group by a vendor of another name",
      rule({
        action: undefined,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "Amazon", name: "AWSManagedRulesCommonRuleSet" } },
      }),
      "rules[0].statement.managedRuleGroupStatement.vendorName",
    ],
  ]),
  ...of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", [
    [
      "101 hidden fields",
      { redactedFields: Array.from({ length: 101 }, (_, index) => ({ singleHeader: { name: `h${index}` } })) },
      "redactedFields",
    ],
  ]),
  ...of("aws:route53/record:Record", [
    [
      "401 values",
      plain("A", ...Array.from({ length: 401 }, (_, index) => `203.0.${Math.floor(index / 250)}.${index % 250}`)),
      "records",
    ],
  ]),
  ...of("aws:s3/bucketPolicy:BucketPolicy", [
    [
      "an action on the account",
      { policy: policy({ Principal: "*", Action: "s3:ListAllMyBuckets", Resource: "arn:aws:s3:::sparki-prod-logs" }) },
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "instant retrieval after one zone",
      life({
        transitions: [
          { days: 30, storageClass: "ONEZONE_IA" },
          { days: 90, storageClass: "GLACIER_IR" },
        ],
      }),
      "rules[0].transitions",
    ],
  ]),
];

/** What someone who had not read the rules knew to be right; nine kinds of these were refused at first. */
export const STRANGERS_RIGHT: readonly RightRow[] = [
  [
    "aws:iam/policy:Policy",
    "an action in another case",
    { policy: policy({ Action: "S3:getobject", Resource: "arn:aws:s3:::a/*" }) },
  ],
  [
    "aws:iam/policy:Policy",
    "an action that only another service's list has",
    { policy: policy({ Action: "notaservice:Foo", Resource: "*" }) },
  ],
  [DATABASE, "the engine's own option group", { optionGroupName: "default:postgres-17" }],
  [
    DATABASE,
    "both of the engine's own groups",
    { optionGroupName: "default:postgres-17", parameterGroupName: "default.postgres17" },
  ],
  ["aws:route53/record:Record", "a name with a code for a star", { name: "a\\052b.sparki.tools" }],
  [
    "aws:route53/record:Record",
    "a name of a part of a reverse zone",
    { name: "5.0/26.2.0.192.in-addr.arpa", ...plain("PTR", "a.sparki.tools") },
  ],
  ["aws:route53/zone:Zone", "a part of a reverse zone", { name: "0/26.2.0.192.in-addr.arpa" }],
  ["aws:route53/zone:Zone", "a private zone of one label", { name: "internal", vpcs: [{ vpcId: "vpc-0a1b2c3d" }] }],
  ["aws:route53/record:Record", "a mail server that there is not", plain("MX", "0 .")],
  [
    "aws:acm/certificate:Certificate",
    "a private authority alone",
    { certificateAuthorityArn: AUTHORITY, validationMethod: undefined },
  ],
  [
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "a stage of a REST API",
    { resourceArn: "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/prod" },
  ],
  [
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "an API of AppSync",
    { resourceArn: `arn:aws:appsync:us-east-1:${ACCOUNT}:apis/abcdefghijklmnopqrstuvwxyz` },
  ],
  [
    "aws:rds/parameterGroup:ParameterGroup",
    "logical replication by RDS's own switch",
    parameter("rds.logical_replication", "1"),
  ],
  [
    "aws:rds/parameterGroup:ParameterGroup",
    "a formula",
    parameter("max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)"),
  ],
  ...[
    "ecr.api",
    "ecr.dkr",
    "ecr-public",
    "monitoring",
    "sagemaker.runtime",
    "airflow.api",
    "elasticloadbalancing",
    "kms-fips",
    "s3tables",
  ].map((name): RightRow => ["aws:ec2/vpcEndpoint:VpcEndpoint", `the endpoint of ${name}`, endpoint(name)]),
  [
    "aws:iam/policy:Policy",
    "both of the sets' operators",
    grant({
      Condition: {
        "ForAllValues:StringLike": { "aws:TagKeys": "a*" },
        "ForAnyValue:StringEqualsIfExists": { "aws:TagKeys": "ab" },
      },
    }),
  ],
  [
    CACHE,
    "parameters of cluster mode",
    {
      numCacheClusters: undefined,
      numNodeGroups: 2,
      replicasPerNodeGroup: 1,
      parameterGroupName: "default.redis7.cluster.on",
    },
  ],
  [
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "the archive after one zone",
    life({
      transitions: [
        { days: 30, storageClass: "ONEZONE_IA" },
        { days: 90, storageClass: "GLACIER" },
      ],
    }),
  ],
  [
    "aws:iam/policy:Policy",
    "regions by a pattern of one character",
    grant({ Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-?:111122223333:function:a*" }),
  ],
  ["aws:lambda/function:Function", "no concurrency kept for it", { reservedConcurrentExecutions: -1 }],
  [
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "a tag without a value",
    life({ filter: { tag: { key: "old", value: "" } } }),
  ],
  [
    "aws:s3/bucketPolicy:BucketPolicy",
    "another bucket's logs",
    {
      policy: policy({
        Principal: { Service: "logging.s3.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: "arn:aws:s3:::sparki-prod-logs/*",
        Condition: { ArnLike: { "aws:SourceArn": "arn:aws:s3:::sparki-prod-assets" } },
      }),
    },
  ],
  ["aws:lambda/function:Function", "a runtime of its own", { runtime: "provided.al2023", handler: "bootstrap" }],
];

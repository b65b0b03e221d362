import type { InputRecord } from "../../aws/inputs.ts";
import {
  ACL,
  CACHE,
  CLUSTER,
  DATABASE,
  inner,
  LISTENER,
  long,
  of,
  RULE,
  rule,
  TARGET,
  type Wrong,
} from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`;
const TAGGED = [
  ["a tag's key that RDS keeps", { tags: { "rds:owner": "a" } }, "tags.rds:owner"],
  ["a tag's value that RDS keeps", { tags: { owner: "rds:a" } }, "tags.owner"],
  ["a tag's value that AWS keeps", { tags: { owner: "aws:a" } }, "tags.owner"],
  ["such a value in capitals", { tags: { owner: "AWS:a" } }, "tags.owner"],
] as const;
const ENTERING = [
  ["a role whose name is too long", { principalArn: role(long(65)) }, "principalArn"],
  ["a role without a name", { principalArn: role("platform/") }, "principalArn"],
  ["a user whose name is too long", { principalArn: `arn:aws:iam::${ACCOUNT}:user/a/${long(65)}` }, "principalArn"],
] as const;
const grant = (rest: object): InputRecord => ({ policy: policy({ Action: "s3:GetObject", Resource: "*", ...rest }) });
const when = (condition: object) => grant({ Condition: condition });
const vpcConfig = (change: InputRecord) => inner(CLUSTER, "vpcConfig", change);
const ladder = (rest: InputRecord): InputRecord => ({
  rules: [{ id: "old", status: "Enabled", filter: {}, ...rest }],
});

/**
 * Written by someone who attacked preview from outside, of names, tags and numbers that AWS documents: of 371 inputs of one
 * resource those of names and tags passed at first, and are refused by their kind.
 */
export const ATTACKERS_WRONG: readonly Wrong[] = [
  ...["aws:rds/instance:Instance", "aws:rds/subnetGroup:SubnetGroup", "aws:rds/parameterGroup:ParameterGroup"].flatMap(
    (type) => of(type, TAGGED),
  ),
  ...of("aws:secretsmanager/secret:Secret", [
    ["a tag's value that AWS keeps", { tags: { owner: "aws:a" } }, "tags.owner"],
    ["a name with a space", { name: "a b" }, "name"],
    ["a copy in its own region", { region: "us-east-1", replicas: [{ region: "us-east-1" }] }, "replicas"],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", ENTERING),
  ...of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", ENTERING),
  ...of("aws:eks/podIdentityAssociation:PodIdentityAssociation", [
    ["a role whose name is too long", { roleArn: role(long(65)) }, "roleArn"],
    ["a namespace in capitals", { namespace: "Sparki" }, "namespace"],
  ]),
  ...of("aws:iam/role:Role", [
    [
      "a boundary whose name is too long",
      { permissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/${long(129)}` },
      "permissionsBoundary",
    ],
    ["a path without an end", { path: `/${long(512)}/` }, "path"],
  ]),
  ...of(CLUSTER, [
    ["a role whose name is too long", { roleArn: role(long(65)) }, "roleArn"],
    ["one subnet", vpcConfig({ subnetIds: ["subnet-0a1b2c3d"] }), "vpcConfig.subnetIds"],
    [
      "no endpoint at all",
      vpcConfig({ endpointPrivateAccess: false, endpointPublicAccess: false }),
      "vpcConfig.endpointPrivateAccess",
    ],
    ["logs of one kind twice", { enabledClusterLogTypes: ["api", "api"] }, "enabledClusterLogTypes"],
  ]),
  ...of("aws:iam/rolePolicy:RolePolicy", [
    ["a day that is none", when({ DateLessThan: { "aws:CurrentTime": "tomorrow" } }), "policy"],
    ["an address that is none", when({ IpAddress: { "aws:SourceIp": "10.0.0.300/8" } }), "policy"],
    ["a number that is none", when({ NumericLessThan: { "aws:MultiFactorAuthAge": "soon" } }), "policy"],
    ["an operator that there is not", when({ StringMatches: { "aws:PrincipalArn": "a" } }), "policy"],
    ["an action of a service by a part of its name", grant({ Action: "s*:GetObject" }), "policy"],
    ["an id with a dash", grant({ Sid: "a-b" }), "policy"],
  ]),
  ...of(DATABASE, [
    [
      "a window that ends before it began, over the backup",
      { backupWindow: "23:30-00:30", maintenanceWindow: "mon:00:00-mon:01:00" },
      "backupWindow",
    ],
    ["a maintenance of more than a day", { maintenanceWindow: "sun:05:00-mon:06:00" }, "maintenanceWindow"],
    ["an hour that there is not", { backupWindow: "24:00-25:00" }, "backupWindow"],
    ["a user whom PostgreSQL keeps", { username: "pg_monitor" }, "username"],
    ["a name that PostgreSQL keeps", { dbName: "template0" }, "dbName"],
    ["throughput of a small volume", { storageThroughput: 500 }, "storageThroughput"],
    ["a volume for logs beside gp3", { dedicatedLogVolume: true }, "dedicatedLogVolume"],
  ]),
  ...of(CACHE, [
    ["a snapshot's window of 59 minutes", { snapshotWindow: "03:00-03:59" }, "snapshotWindow"],
    [
      "a window over midnight, over maintenance",
      { snapshotWindow: "23:30-00:30", maintenanceWindow: "mon:00:00-mon:01:00" },
      "snapshotWindow",
    ],
    ["an id that begins with a digit", { replicationGroupId: "1a" }, "replicationGroupId"],
  ]),
  ...of(TARGET, [
    [
      "an answer as late as the next question",
      inner(TARGET, "healthCheck", { interval: 5, timeout: 5 }),
      "healthCheck.timeout",
    ],
    [
      "a range of answers that runs backwards",
      inner(TARGET, "healthCheck", { matcher: "299-200" }),
      "healthCheck.matcher",
    ],
    ["a cookie of AWS's own", { stickiness: { type: "app_cookie", cookieName: "AWSALB" } }, "stickiness.cookieName"],
  ]),
  ...of(LISTENER, [
    [
      "a certificate of another region",
      { certificateArn: `arn:aws:acm:eu-west-1:${ACCOUNT}:certificate/0a1b2c3d-0000-1111-2222-333344445555` },
      "certificateArn",
    ],
  ]),
  ...of(RULE, [
    ["seven wildcards", { conditions: [{ pathPattern: { values: ["/*a*b*c*d*e*f*g"] } }] }, "conditions"],
    [
      "a method in small letters",
      { conditions: [{ httpRequestMethod: { values: ["get"] } }] },
      "conditions[0].httpRequestMethod.values",
    ],
  ]),
  ...of(ACL, [
    [
      "an answer below 200",
      rule({ action: { block: { customResponse: { responseCode: 199 } } } }),
      "rules[0].action.block.customResponse.responseCode",
    ],
    [
      "a country that there is not",
      rule({ statement: { geoMatchStatement: { countryCodes: ["ZZ"] } } }),
      "rules[0].statement.geoMatchStatement.countryCodes[0]",
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "an end before the move",
      ladder({ expiration: { days: 30 }, transitions: [{ days: 60, storageClass: "GLACIER" }] }),
      "rules[0].expiration",
    ],
    ["a day that begins at ten", ladder({ expiration: { date: "2027-01-01T10:00:00Z" } }), "rules[0].expiration.date"],
  ]),
  ...of("aws:kms/key:Key", [
    ["a turn of 89 days", { rotationPeriodInDays: 89 }, "rotationPeriodInDays"],
    [
      "turns of a key that does not turn",
      { enableKeyRotation: false, rotationPeriodInDays: 365 },
      "rotationPeriodInDays",
    ],
  ]),
  ...of("aws:rds/instance:Instance", [["a key by an alias with a space", { kmsKeyId: "alias/a b" }, "kmsKeyId"]]),
  ...of("aws:cloudwatch/logGroup:LogGroup", [["a key by its alias", { kmsKeyId: `alias/${long(3)}` }, "kmsKeyId"]]),
  ...of("aws:kms/alias:Alias", [
    ["another alias for its key", { targetKeyId: KEY.replace(":key/", ":alias/") }, "targetKeyId"],
  ]),
];

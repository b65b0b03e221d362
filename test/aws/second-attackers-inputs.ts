import type { InputRecord } from "../../aws/inputs.ts";
import type { RightRow } from "./further-right-inputs.ts";
import { ACL, CACHE, DATABASE, life, of, RULE, rule, type Wrong } from "./input-changes.ts";
import { policy } from "./right-inputs.ts";

const ACCOUNT = "111122223333";
const ROOT = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
const RECORD = "aws:route53/record:Record";
const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";
const TOPIC = "aws:sns/topic:Topic";
const CERTIFICATE = "aws:acm/certificate:Certificate";
const PARAMETERS = "aws:rds/parameterGroup:ParameterGroup";
const trust = (principal: object): InputRecord => ({
  assumeRolePolicy: policy({ Principal: principal, Action: "sts:AssumeRole" }),
});
const keyPolicy = (statement: object): InputRecord => ({
  policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: ROOT, Action: "kms:*", Resource: "*" },
      { Effect: "Allow", ...statement },
    ],
  }),
});
const expression = (regexString: string): InputRecord =>
  rule({
    statement: {
      regexMatchStatement: {
        regexString,
        fieldToMatch: { uriPath: {} },
        textTransformations: [{ priority: 0, type: "NONE" }],
      },
    },
  });
const redirect = (rest: InputRecord): InputRecord => ({
  actions: [{ type: "redirect", redirect: { statusCode: "HTTP_301", ...rest } }],
});
const alias = (zoneId: string): InputRecord => ({
  aliases: [{ name: "lb.us-east-1.elb.amazonaws.com", zoneId, evaluateTargetHealth: true }],
});
const connections = (value: string): InputRecord => ({
  parameters: [{ name: "max_connections", value, applyMethod: "pending-reboot" }],
});
const filter = (filterPolicy: object): InputRecord => ({ filterPolicy: JSON.stringify(filterPolicy) });
const STATEMENT = "rules[0].statement.regexMatchStatement.regexString";

/**
 * Of 1194 inputs of a second attacker, who had seen the rules' subjects and none of the lists here, those that passed at first
 * and that AWS is known to refuse, with their like; 92 of 100 had been refused.
 */
export const SECOND_ATTACKERS_WRONG: readonly Wrong[] = [
  ...of("aws:iam/role:Role", [
    ["a path that AWS keeps for its own roles", { path: "/aws-service-role/eks.amazonaws.com/" }, "path"],
    ["such a path of what AWS signs people in by", { path: "/aws-reserved/sso.amazonaws.com/" }, "path"],
    [
      "trust in a role whose name is too long",
      trust({ AWS: `arn:aws:iam::${ACCOUNT}:role/${"a".repeat(65)}` }),
      "assumeRolePolicy",
    ],
    ["trust in a role without a name", trust({ AWS: `arn:aws:iam::${ACCOUNT}:role/platform/` }), "assumeRolePolicy"],
    [
      "trust in every session of a role",
      trust({ AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/*` }),
      "assumeRolePolicy",
    ],
    [
      "trust in a user of S3's",
      trust({ CanonicalUser: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" }),
      "assumeRolePolicy",
    ],
    [
      "trust in a service of a region that there is not",
      trust({ Service: "ec2.us-east-9.amazonaws.com" }),
      "assumeRolePolicy",
    ],
  ]),
  ...of("aws:kms/key:Key", [
    [
      "a service of a region that there is not",
      keyPolicy({ Principal: { Service: "logs.us-east-9.amazonaws.com" }, Action: "kms:Encrypt", Resource: "*" }),
      "policy",
    ],
    ["a policy that is on nothing", { policy: policy({ Principal: ROOT, Action: "kms:*" }) }, "policy"],
    [
      "a policy that is on another service's things",
      { policy: policy({ Principal: ROOT, Action: "kms:*", Resource: "arn:aws:s3:::a" }) },
      "policy",
    ],
  ]),
  ...of(DATABASE, [
    [
      "fewer IOPS than half of io1's storage",
      { storageType: "io1", allocatedStorage: 5000, maxAllocatedStorage: 6000, iops: 1000 },
      "iops",
    ],
  ]),
  ...of(PARAMETERS, [
    ["a formula of a variable that RDS has not", connections("{DBInstanceMemory/9531392}"), "parameters[0].value"],
    [
      "a formula of a function that RDS has not",
      connections("MIN({DBInstanceClassMemory/9531392},5000)"),
      "parameters[0].value",
    ],
    ["a formula with one brace", connections("{DBInstanceClassMemory/9531392"), "parameters[0].value"],
  ]),
  ...of(CACHE, [
    [
      "TLS that is preferred before Redis 7",
      { engineVersion: "6.2", transitEncryptionMode: "preferred" },
      "transitEncryptionMode",
    ],
  ]),
  ...of(RULE, [
    ["a redirect to where it came from", redirect({}), "actions[0].redirect.protocol"],
    ["the same, spelled out", redirect({ host: "#{host}", path: "/#{path}" }), "actions[0].redirect.protocol"],
  ]),
  ...of(RECORD, [
    ["an alias to a load balancer in a zone of nobody's", alias("Z0123456789ABCDEFGHIJ"), "aliases[0].zoneId"],
    ["an alias to it in the zone of network load balancers", alias("Z26RNL4JYFTOTI"), "aliases[0].zoneId"],
    [
      "a string of SPF that is too long",
      { aliases: undefined, type: "SPF", ttl: 60, records: ["a".repeat(256)] },
      "records",
    ],
  ]),
  ...of(CERTIFICATE, [
    ["a name of AWS's own", { domainName: "sparki.us-east-1.elb.amazonaws.com" }, "domainName"],
    ["another one beside", { subjectAlternativeNames: ["d1.cloudfront.net"] }, "subjectAlternativeNames"],
  ]),
  ...of(ACL, [
    ["a back reference", expression("(a)b\\1"), STATEMENT],
    ["a named back reference", expression("(?P<n>a)\\k{n}"), STATEMENT],
    ["an atomic group", expression("(?>ab)c"), STATEMENT],
    ["a possessive quantifier", expression("[a-z]++b"), STATEMENT],
    ["a possessive count", expression("a{2,3}+"), STATEMENT],
    ["recursion", expression("a(?R)?b"), STATEMENT],
    ["a control verb", expression("a(*SKIP)b"), STATEMENT],
    ["a start of the match", expression("a\\Kb"), STATEMENT],
  ]),
  ...of(TOPIC, [
    ["deduplication of what is in no order", { contentBasedDeduplication: true }, "contentBasedDeduplication"],
    ["a delivery policy that is no JSON", { deliveryPolicy: "{" }, "deliveryPolicy"],
    ["an archive of what is in no order", { archivePolicy: '{"MessageRetentionPeriod":"30"}' }, "archivePolicy"],
    ["an archive that is no JSON", { name: "a.fifo", fifoTopic: true, archivePolicy: "30 days" }, "archivePolicy"],
    ["a throughput of what is in no order", { fifoThroughputScope: "Topic" }, "fifoThroughputScope"],
    ["a third version of signatures", { signatureVersion: 3 }, "signatureVersion"],
    ["a trace that is on", { tracingConfig: "On" }, "tracingConfig"],
    [
      "a policy on another service's actions",
      { policy: policy({ Principal: ROOT, Action: "sqs:SendMessage", Resource: "*" }) },
      "policy",
    ],
  ]),
  ...of("aws:sns/topicPolicy:TopicPolicy", [
    [
      "a policy on another service's actions",
      { policy: policy({ Principal: ROOT, Action: ["sns:Publish", "s3:PutObject"], Resource: "*" }) },
      "policy",
    ],
  ]),
  ...of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", [
    [
      "a day on which objects go into two classes",
      life({
        transitions: [
          { days: 90, storageClass: "GLACIER" },
          { days: 90, storageClass: "DEEP_ARCHIVE" },
        ],
      }),
      "rules[0].transitions",
    ],
  ]),
  ...of(SUBSCRIPTION, [
    ["raw messages by mail", { protocol: "email", endpoint: "a@b.co", rawMessageDelivery: true }, "rawMessageDelivery"],
    ["a filter of six keys", filter({ a: ["1"], b: ["1"], c: ["1"], d: ["1"], e: ["1"], f: ["1"] }), "filterPolicy"],
    ["a filter that compares with a text", filter({ a: "1" }), "filterPolicy"],
    ["a list for a filter", filter(["a"]), "filterPolicy"],
    ["a telephone of three digits", { protocol: "sms", endpoint: "555" }, "endpoint"],
    ["a telephone of letters", { protocol: "sms", endpoint: "1-800-FLOWERS" }, "endpoint"],
  ]),
];

/** What AWS takes although it is much like the above. */
export const SECOND_ATTACKERS_RIGHT: readonly RightRow[] = [
  ["aws:iam/role:Role", "a path of one's own that begins like AWS's", { path: "/aws-services/" }],
  ["aws:iam/role:Role", "trust in a role with a path", trust({ AWS: `arn:aws:iam::${ACCOUNT}:role/a/b/ci` })],
  [
    "aws:iam/role:Role",
    "trust in one session of a role",
    trust({ AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/run` }),
  ],
  ["aws:iam/role:Role", "trust in a service of a region", trust({ Service: "ec2.us-west-2.amazonaws.com" })],
  [
    DATABASE,
    "half of io1's storage in IOPS",
    { storageType: "io1", allocatedStorage: 5000, maxAllocatedStorage: 6000, iops: 2500 },
  ],
  [PARAMETERS, "a formula of RDS's", connections("LEAST({DBInstanceClassMemory/9531392},5000)")],
  [PARAMETERS, "a sum of formulas", connections("GREATEST({DBInstanceVCPU*64},{DBInstanceClassMemory/9531392})")],
  [CACHE, "TLS that is preferred since Redis 7", { engineVersion: "7.1", transitEncryptionMode: "preferred" }],
  [CACHE, "TLS that is required before it", { engineVersion: "6.2", transitEncryptionMode: "required" }],
  [RULE, "a redirect to another host", redirect({ host: "www.sparki.tools" })],
  [CERTIFICATE, "a name that only begins like one of AWS's", { domainName: "amazonaws.com.sparki.tools" }],
  [ACL, "escaped signs, and signs in a class", expression("(?i)a\\++[*+?+]+b(?:c|d)(?!e)\\d{2}")],
  [ACL, "a backslash before a digit", expression("a\\\\1")],
  [TOPIC, "deduplication of a FIFO topic", { name: "a.fifo", fifoTopic: true, contentBasedDeduplication: true }],
  [
    TOPIC,
    "an archive and a throughput of a FIFO topic",
    {
      ...{ name: "a.fifo", fifoTopic: true, fifoThroughputScope: "MessageGroup" },
      ...{ archivePolicy: '{"MessageRetentionPeriod":"30"}', signatureVersion: 2, tracingConfig: "Active" },
    },
  ],
  [
    "aws:sns/topicPolicy:TopicPolicy",
    "SNS's actions in capitals",
    { policy: policy({ Principal: ROOT, Action: ["SNS:Publish", "sns:Subscribe"], Resource: "*" }) },
  ],
  [SUBSCRIPTION, "an empty filter", filter({})],
  [SUBSCRIPTION, "a filter with cases", filter({ $or: [{ a: ["1"] }, { b: [{ prefix: "x" }] }], c: ["1"] })],
  [SUBSCRIPTION, "a telephone", { protocol: "sms", endpoint: "+1 555 555 0100" }],
];

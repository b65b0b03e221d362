import { leastPrivilege } from "../../policies/least-privilege.ts";
import { document } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/cache-AbCdEf";
const everyKey = "arn:aws:kms:us-east-1:111122223333:key/*";
const policy = example("aws:iam/rolePolicy:RolePolicy", {
  policy: document({ Action: ["secretsmanager:GetSecretValue"], Resource: [secret] }),
});
const allowing = (statement: Record<string, unknown>) => policy.with({ policy: document(statement) });
const onEverything = (...actions: string[]) => allowing({ Action: actions, Resource: "*" });
const stopped = Object.fromEntries(
  [
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "iam:PassRole",
    "sts:AssumeRole",
    "s3:GetObject",
    "ec2:RunInstances",
  ].map((action) => [`${action} on everything`, ["policy", onEverything(action)] as const]),
);

proves(leastPrivilege, {
  passes: {
    "named actions on named things": policy,
    "looking at everything": onEverything("ec2:DescribeSubnets", "eks:List*", "ecr:GetAuthorizationToken"),
    "what AWS ties to no thing": onEverything("cloudwatch:PutMetricData"),
    "keys named by alias": allowing({
      Action: "kms:Decrypt",
      Resource: everyKey,
      Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/sparki-prod-secrets" } },
    }),
    "a document that only the update knows": policy.from("policy"),
  },
  stops: {
    ...stopped,
    "a whole service": ["policy", allowing({ Action: "s3:*", Resource: "arn:aws:s3:::bucket" })],
    "everything of one thing": ["policy", allowing({ Action: "*", Resource: secret })],
    "all but some actions": ["policy", allowing({ NotAction: "iam:*", Resource: secret })],
    "all but some things": ["policy", allowing({ Action: "s3:PutObject", NotResource: secret })],
    "every key": ["policy", allowing({ Action: "kms:Decrypt", Resource: everyKey })],
    "every secret": [
      "policy",
      allowing({ Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:us-east-1:1:secret:*" }),
    ],
    "a second statement": [
      "policy",
      policy.with({
        policy: JSON.stringify({
          Statement: [
            { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/x" },
            { Effect: "Allow", Action: "s3:PutObject", Resource: "*" },
          ],
        }),
      }),
    ],
  },
});

import {
  keyGuarded,
  keyRotates,
  leastPrivilege,
  noFullAccess,
  repositoriesLeastAccess,
  rolesTrustByName,
} from "../../policies/identity.ts";
import { document, key, role } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const anybody = { Principal: { AWS: "*" }, Action: "kms:Decrypt", Resource: "*" };
  const ofTheAccount = { StringEquals: { "kms:CallerAccount": "111122223333" } };
  const keyPolicy = example("aws:kms/keyPolicy:KeyPolicy", {
    policy: document({ Principal: { AWS: "111122223333" } }),
  });

  proves(keyGuarded, {
    passes: {
      "a key for its account": [key, keyPolicy],
      "AWS's default window, 30 days": key.without("deletionWindowInDays"),
      "anybody of the account": key.with({ policy: document({ ...anybody, Condition: ofTheAccount }) }),
      "a policy that only the update knows": key.from("policy"),
      "nobody, said of everybody": key.with({
        policy: JSON.stringify({ Statement: [{ Effect: "Deny", Principal: "*", Action: "kms:*", Resource: "*" }] }),
      }),
    },
    stops: {
      "a key gone in a week": ["deletionWindowInDays", key.with({ deletionWindowInDays: 7 })],
      "a key without a policy": ["policy", key.without("policy")],
      "a key for anybody": ["policy", key.with({ policy: document(anybody) })],
      "a key for anybody, said shortly": ["policy", key.with({ policy: document({ ...anybody, Principal: "*" }) })],
      "a key policy for anybody": ["policy", keyPolicy.with({ policy: document(anybody) })],
    },
  });
}

proves(keyRotates, {
  passes: {
    "a key that rotates": key,
    "a key that rotates more often": key.with({ rotationPeriodInDays: 90 }),
    "a key that signs, which AWS cannot rotate": key.with({ keyUsage: "SIGN_VERIFY" }).without("enableKeyRotation"),
  },
  stops: {
    "a key that does not": ["enableKeyRotation", key.with({ enableKeyRotation: false })],
    "a key that leaves it to AWS": ["enableKeyRotation", key.without("enableKeyRotation")],
    "a key that rotates every other year": ["rotationPeriodInDays", key.with({ rotationPeriodInDays: 730 })],
    "what preview cannot know": ["enableKeyRotation", key.from("enableKeyRotation")],
  },
});

{
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
}

{
  const named = document({
    Action: ["logs:PutLogEvents"],
    Resource: "arn:aws:logs:us-east-1:111122223333:log-group:x",
  });
  const full = document({ Action: "*", Resource: "*" });
  const policy = example("aws:iam/policy:Policy", { policy: named });
  const rolePolicy = example("aws:iam/rolePolicy:RolePolicy", { policy: named });
  const attachment = example("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
    policyArn: "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
  });
  const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";

  proves(noFullAccess, {
    passes: {
      "rights by name": [role, policy, rolePolicy, attachment],
      "a document that only the update knows": rolePolicy.from("policy"),
      "a policy of the same stack": [policy, attachment.from("policyArn", policy)],
      "everything of one thing, and one thing of everything, which are another control's": [
        policy.with({ policy: document({ Action: "*", Resource: "arn:aws:s3:::bucket" }) }),
        rolePolicy.with({ policy: document({ Action: "s3:GetObject", Resource: "*" }) }),
      ],
      "everything refused": policy.with({
        policy: JSON.stringify({ Statement: { Effect: "Deny", Action: "*", Resource: "*" } }),
      }),
    },
    stops: {
      "everything in a policy": ["policy", policy.with({ policy: full })],
      "everything in a role's policy": ["policy", rolePolicy.with({ policy: full })],
      "everything in a role": ["policy", role.with({ inlinePolicies: [{ name: "all", policy: full }] })],
      "everything by another name": ["policy", policy.with({ policy: document({ Action: ["*:*"], Resource: ["*"] }) })],
      "the administrator's rights": ["policyArn", attachment.with({ policyArn: administrator })],
      "power over everything but people": [
        "policyArn",
        attachment.with({ policyArn: "arn:aws:iam::aws:policy/PowerUserAccess" }),
      ],
      "nothing attached": ["policyArn", attachment.without("policyArn")],
      "the administrator's rights in a role": ["managedPolicyArns", role.with({ managedPolicyArns: [administrator] })],
    },
  });
}

{
  const github = "token.actions.githubusercontent.com";
  const provider = `arn:aws:iam::111122223333:oidc-provider/${github}`;
  const main = "repo:alexarno/sparki:ref:refs/heads/main";
  const trusting = (sub: string | undefined, aud = "sts.amazonaws.com", operator = "StringEquals") =>
    role.with({
      assumeRolePolicy: document({
        Principal: { Federated: provider },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { [operator]: { ...(sub === undefined ? {} : { [`${github}:sub`]: sub }), [`${github}:aud`]: aud } },
      }),
    });
  const condition = "assumeRolePolicy.Condition";
  const anybody = (Principal: unknown) =>
    role.with({ assumeRolePolicy: document({ Principal, Action: "sts:AssumeRole" }) });

  proves(rolesTrustByName, {
    passes: {
      "a service": role,
      "one branch": trusting(main),
      "one environment": trusting("repo:alexarno/sparki:environment:production"),
      "trust that only the update knows": role.from("assumeRolePolicy"),
    },
    stops: {
      everybody: ["assumeRolePolicy.Principal", anybody("*")],
      "every account": ["assumeRolePolicy.Principal", anybody({ AWS: ["*"] })],
      "every repository": [condition, trusting("repo:*")],
      "every repository of an owner": [condition, trusting("repo:alexarno/*:ref:refs/heads/main")],
      "every branch": [condition, trusting("repo:alexarno/sparki:*")],
      "every branch of a kind": [condition, trusting("repo:alexarno/sparki:ref:refs/heads/*")],
      "a pull request of anybody": [condition, trusting("repo:alexarno/sparki:pull_request")],
      "any token of GitHub's": [condition, trusting(undefined)],
      "a token for somebody else": [condition, trusting(main, "https://github.com/alexarno")],
      "a pattern instead of a name": [condition, trusting(main, "sts.amazonaws.com", "StringLike")],
    },
  });
}

{
  const repository = example("aws:ecr/repository:Repository", { name: "sparki" });
  const lifecycle = example("aws:ecr/lifecyclePolicy:LifecyclePolicy", {}).from("repository", repository);
  const deploy = { Principal: { AWS: "arn:aws:iam::111122223333:role/deploy" }, Action: ["ecr:PutImage"] };
  const access = example("aws:ecr/repositoryPolicy:RepositoryPolicy", { policy: document(deploy) });

  proves(repositoriesLeastAccess, {
    passes: {
      "a repository with a lifecycle and named users": [repository, lifecycle, access],
      "access that only the update knows": access.from("policy"),
    },
    stops: {
      "a repository that only grows": ["lifecycle", repository],
      "a repository for everybody": [
        "policy.Principal",
        access.with({ policy: document({ ...deploy, Principal: "*" }) }),
      ],
      "everything for one": ["policy.Action", access.with({ policy: document({ ...deploy, Action: "ecr:*" }) })],
      "everything of everything for one": [
        "policy.Action",
        access.with({ policy: document({ ...deploy, Action: "*" }) }),
      ],
    },
  });
}

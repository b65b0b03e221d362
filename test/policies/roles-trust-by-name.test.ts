import { rolesTrustByName } from "../../policies/roles-trust-by-name.ts";
import { document, role } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

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

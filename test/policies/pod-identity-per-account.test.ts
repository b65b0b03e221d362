import { podIdentityPerAccount } from "../../policies/pod-identity-per-account.ts";
import { role, vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const engine = example("aws:eks/podIdentityAssociation:PodIdentityAssociation", {
  serviceAccount: "engine",
  roleArn: "arn:aws:iam::111122223333:role/engine",
});
const web = engine.named("web").with({ serviceAccount: "web" });

proves(podIdentityPerAccount, {
  passes: {
    "a role for each account": [
      role,
      role.named("other"),
      engine.from("roleArn", role),
      web.from("roleArn", role.named("other")),
    ],
    "a role from outside the stack": engine,
  },
  stops: {
    "two accounts under one role": [
      "roleArn is its own",
      [role, engine.from("roleArn", role), web.from("roleArn", role)],
    ],
    "the default account": ["serviceAccount", engine.with({ serviceAccount: "default" })],
    "no account": ["serviceAccount", engine.without("serviceAccount")],
    "no role at all": ["roleArn", engine.without("roleArn")],
    "no role": ["roleArn", engine.with({ roleArn: "" })],
    "a role that is something else": ["roleArn", [vpc, engine.from("roleArn", vpc)]],
  },
});

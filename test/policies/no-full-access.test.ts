import { noFullAccess } from "../../policies/no-full-access.ts";
import { document, role } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const named = document({ Action: ["logs:PutLogEvents"], Resource: "arn:aws:logs:us-east-1:111122223333:log-group:x" });
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

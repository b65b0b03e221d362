import { statementsOf } from "./judging/iam-document.ts";
import { isPinned } from "./judging/oidc-trust.ts";
import { each, type Policy } from "./policy.ts";

export const rolesTrustByName: Policy = {
  name: "roles-trust-by-name",
  control: "S53",
  reason: "A role that trusts every repository of a CI service can be taken by anybody with an account there.",
  fix: "Pin the token's sub to repo:OWNER/NAME:ref:refs/heads/BRANCH or :environment:NAME, and its aud, by StringEquals.",
  each: [
    each("aws:iam/role:Role", ({ props }, demand) => {
      const trusted = () => statementsOf(props.assumeRolePolicy).filter(({ allows }) => allows);
      demand(
        "assumeRolePolicy.Principal",
        () => !trusted().some(({ principals }) => principals.AWS?.includes("*")),
        "update",
      );
      demand("assumeRolePolicy.Condition", () => trusted().every(isPinned), "update");
    }),
  ],
};

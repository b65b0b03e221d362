import { serviceAccountsWithoutTokens } from "../../policies/service-accounts-without-tokens.ts";
import { deployment, podSpec } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const account = thing("kubernetes:core/v1:ServiceAccount", { automountServiceAccountToken: false });
const named = "spec.template.spec.serviceAccountName";
const of = (pod: Record<string, unknown>) => deployment(podSpec({ pod }));

proves(serviceAccountsWithoutTokens, {
  passes: { "an account and a pod without a token": [account, deployment()] },
  stops: {
    "an account whose pods get a token": [
      "automountServiceAccountToken",
      account.with({ automountServiceAccountToken: true }),
    ],
    "an account that leaves it to Kubernetes": [
      "automountServiceAccountToken",
      account.without("automountServiceAccountToken"),
    ],
    "a pod of the default account": [named, of({ serviceAccountName: "default" })],
    "a pod of no account": [named, of({ serviceAccountName: undefined })],
    "a pod that gets a token": [
      "spec.template.spec.automountServiceAccountToken",
      of({ automountServiceAccountToken: true }),
    ],
  },
});

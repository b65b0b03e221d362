import { keyGuarded } from "../../policies/key-guarded.ts";
import { document, key } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const anybody = { Principal: { AWS: "*" }, Action: "kms:Decrypt", Resource: "*" };
const ofTheAccount = { StringEquals: { "kms:CallerAccount": "111122223333" } };
const keyPolicy = example("aws:kms/keyPolicy:KeyPolicy", { policy: document({ Principal: { AWS: "111122223333" } }) });

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

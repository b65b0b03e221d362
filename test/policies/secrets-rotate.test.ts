import { secretsRotate } from "../../policies/secrets-rotate.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const secret = example("aws:secretsmanager/secret:Secret", { name: "sparki/prod/cache" });
const rotation = example("aws:secretsmanager/secretRotation:SecretRotation", {
  rotationRules: { automaticallyAfterDays: 90 },
}).from("secretId", secret);
const days = "rotationRules.automaticallyAfterDays";
const other = secret.named("other");

proves(secretsRotate, {
  passes: { "a secret that rotates": [secret, rotation] },
  stops: {
    "a secret that does not": ["rotation", secret],
    "rotation of another secret": ["rotation", [secret, other, rotation.from("secretId", other)]],
    "rotation once in a hundred days": [
      days,
      [secret, rotation.with({ rotationRules: { automaticallyAfterDays: 100 } })],
    ],
    "rotation by a schedule that nobody judged": [days, [secret, rotation.with({ rotationRules: {} })]],
    "rotation without rules": [days, [secret, rotation.without("rotationRules")]],
  },
});

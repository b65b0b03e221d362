import { secretsRotate } from "../../policies/secrets-rotate.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const secret = example("aws:secretsmanager/secret:Secret", { name: "sparki/prod/cache" });
const rotation = example("aws:secretsmanager/secretRotation:SecretRotation", {
  rotationRules: { automaticallyAfterDays: 90 },
}).from("secretId", secret);
const since = (day: string) =>
  example("random:index/randomPassword:RandomPassword", { length: 48, keepers: { since: day } });
const valueFrom = (password: ReturnType<typeof since>) =>
  example("aws:secretsmanager/secretVersion:SecretVersion", {}).from("secretId", secret).from("secretString", password);
/** By the unit tests' fixed day, which the engine does not know. */
const TODAY = "2026-11-23";
const judgedThen = (day: string) => ({ stack: generated(day), config: { owner: "platform-engineering" } });
const generated = (day: string) => [secret, valueFrom(since(day)), since(day)];
const days = "rotationRules.automaticallyAfterDays";
const other = secret.named("other");

proves(secretsRotate, {
  passes: {
    "a secret that rotates": [secret, rotation],
    "a secret of a password that was generated today": judgedThen(TODAY),
    "a secret of a password that was generated 90 days ago": judgedThen("2026-08-25"),
  },
  stops: {
    "a secret that does not": ["rotation", secret],
    "a password that was generated 91 days ago": ["rotation", generated("2026-08-24")],
    "a password of a day to come": ["rotation", generated("2999-01-01")],
    "a password of no day": ["rotation", [secret, valueFrom(since("x")), since("x")]],
    "a password that is kept for ever": [
      "rotation",
      [secret, valueFrom(since(TODAY).without("keepers")), since(TODAY).without("keepers")],
    ],
    "a fresh password of another secret": [
      "rotation",
      [secret, other, valueFrom(since(TODAY)).from("secretId", other), since(TODAY), rotation.from("secretId", other)],
    ],
    "a value that no password is in": [
      "rotation",
      [secret, valueFrom(since(TODAY)).from("secretString", other), other, rotation.from("secretId", other)],
    ],
    "rotation of another secret": ["rotation", [secret, other, rotation.from("secretId", other)]],
    "rotation once in a hundred days": [
      days,
      [secret, rotation.with({ rotationRules: { automaticallyAfterDays: 100 } })],
    ],
    "rotation by a schedule that nobody judged": [days, [secret, rotation.with({ rotationRules: {} })]],
    "rotation without rules": [days, [secret, rotation.without("rotationRules")]],
  },
});

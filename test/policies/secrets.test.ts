import {
  noPlainSecrets,
  noSecretInChartValues,
  secretsEncryptedWithCustomerKey,
  secretsRotate,
} from "../../policies/secrets.ts";
import { database, key, release, vpc } from "../support/policy-examples.ts";
import { example, KEY_ARN, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const group = thing("aws:cloudwatch/logGroup:LogGroup", {
    name: "x",
    tags: { url: "https://prod.sparki.tools/a:b@c" },
  });

  // Joined here, so that no scanner takes the examples for real ones.
  const secrets: Record<string, string> = {
    "an access key": ["AKIA", "IOSFODNN7EXAMPLE"].join(""),
    "a private key": ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" "),
    "a GitHub token": ["ghp", "a".repeat(36)].join("_"),
    "a GitHub fine-grained token": ["github_pat", "a".repeat(50)].join("_"),
    "a Slack token": ["xoxb", "123456789012-abcdef"].join("-"),
    "a Slack webhook": ["https://hooks.slack.com", "services", "T000"].join("/"),
    "a signed token": ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w"].join("."),
    "a password in an address": ["postgres://sparki", "hunter2@database:5432/sparki"].join(":"),
  };
  const stopped = Object.entries(secrets).map(([title, text]) => [
    title,
    ["tags.note", group.with({ tags: { note: text } })] as const,
  ]);

  proves(noPlainSecrets, {
    passes: {
      "what has none": [group, database, release],
      "what only the update knows": group.from("tags"),
      "the places made for them": [
        thing("aws:secretsmanager/secretVersion:SecretVersion", { secretString: secrets["a private key"] }),
        thing("kubernetes:core/v1:Secret", { stringData: { address: secrets["a Slack webhook"] } }),
        thing("random:index/randomPassword:RandomPassword", { result: secrets["an access key"] }),
        thing("pulumi:providers:kubernetes", { kubeconfig: secrets["a private key"] }),
      ],
    },
    stops: {
      ...Object.fromEntries(stopped),
      "one deep inside": [
        "values.clients.1.url",
        release.with({ values: { clients: [{}, { url: secrets["a password in an address"] }] } }),
      ],
      "a database's own password": ["password", database.with({ password: "hunter2" })],
      "a password that AWS does not manage": ["manageMasterUserPassword", database.without("manageMasterUserPassword")],
    },
  });
}

proves(noSecretInChartValues, {
  passes: {
    "a secret's ARN": release,
    "a secret that is left empty": release.with({ values: { database: { password: "" } } }),
    "a switch with a secret's name": release.with({ values: { automountServiceAccountToken: false } }),
    "values that only the update knows": [database, release.from("values", database)],
    "no values": release.without("values"),
  },
  stops: {
    "a password": ["values.database.password", release.with({ values: { database: { password: "hunter2" } } })],
    "a token in a list": ["values.clients.0.token", release.with({ values: { clients: [{ token: "hunter2" }] } })],
    "a key": ["values.apiKey", release.with({ values: { apiKey: "hunter2" } })],
    "values in a file, which nobody judges": [
      "valueYamlFiles",
      release.with({ valueYamlFiles: [] }).from("valueYamlFiles"),
    ],
  },
});

{
  const secret = example("aws:secretsmanager/secret:Secret", { kmsKeyId: KEY_ARN });
  const master = "masterUserSecretKmsKeyId";

  proves(secretsEncryptedWithCustomerKey, {
    passes: {
      "secrets under a customer key": [secret, database],
      "secrets under a key of the same stack": [key, secret.from("kmsKeyId", key), database.from(master, key)],
    },
    stops: {
      "a secret under AWS's key": ["kmsKeyId", secret.without("kmsKeyId")],
      "a secret under AWS's key by name": ["kmsKeyId", secret.with({ kmsKeyId: "alias/aws/secretsmanager" })],
      "a key that is something else": ["kmsKeyId", [vpc, secret.from("kmsKeyId", vpc)]],
      "a master password under AWS's key": [master, database.without(master)],
      "a master password under something else": [master, [vpc, database.from(master, vpc)]],
    },
  });
}

{
  const secret = example("aws:secretsmanager/secret:Secret", { name: "sparki/prod/cache" });
  const rotation = example("aws:secretsmanager/secretRotation:SecretRotation", {
    rotationRules: { automaticallyAfterDays: 90 },
  }).from("secretId", secret);
  const since = (day: string) =>
    example("random:index/randomPassword:RandomPassword", { length: 48, keepers: { since: day } });
  const valueFrom = (password: ReturnType<typeof since>) =>
    example("aws:secretsmanager/secretVersion:SecretVersion", {})
      .from("secretId", secret)
      .from("secretString", password);

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
        [
          secret,
          other,
          valueFrom(since(TODAY)).from("secretId", other),
          since(TODAY),
          rotation.from("secretId", other),
        ],
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
}

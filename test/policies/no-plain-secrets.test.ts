import { noPlainSecrets } from "../../policies/no-plain-secrets.ts";
import { database, release } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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

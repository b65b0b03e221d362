import { secretsEncryptedWithCustomerKey } from "../../policies/secrets-encrypted-with-customer-key.ts";
import { database, key, vpc } from "../support/policy-examples.ts";
import { example, KEY_ARN } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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

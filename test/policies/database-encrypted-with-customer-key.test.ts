import { databaseEncryptedWithCustomerKey } from "../../policies/database-encrypted-with-customer-key.ts";
import { database, key, vpc } from "../support/policy-examples.ts";
import { AWS_KEY } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseEncryptedWithCustomerKey, {
  passes: {
    "a database under a customer key": database,
    "a database under a key of the same stack": [key, database.from("kmsKeyId", key)],
  },
  stops: {
    "a database that is not encrypted": ["storageEncrypted", database.with({ storageEncrypted: false })],
    "a database that does not say": ["storageEncrypted", database.without("storageEncrypted")],
    "encryption that preview cannot know": ["storageEncrypted", database.from("storageEncrypted")],
    "a database under no named key": ["kmsKeyId", database.without("kmsKeyId")],
    "a database under AWS's own key": ["kmsKeyId", database.with({ kmsKeyId: AWS_KEY })],
    "a key that comes from something else": ["kmsKeyId", [vpc, database.from("kmsKeyId", vpc)]],
  },
});

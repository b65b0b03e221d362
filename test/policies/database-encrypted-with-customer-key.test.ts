import { databaseEncryptedWithCustomerKey } from "../../policies/database-encrypted-with-customer-key.ts";
import { AWS_KEY, example, KEY_ARN } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const key = example("aws:kms/key:Key", {});
const vpc = example("aws:ec2/vpc:Vpc", {});
const database = example("aws:rds/instance:Instance", { storageEncrypted: true, kmsKeyId: KEY_ARN });

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

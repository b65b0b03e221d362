import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const databaseEncryptedWithCustomerKey: Policy = {
  name: "database-encrypted-with-customer-key",
  control: "S22",
  reason: "A disk or a snapshot that leaves the account stays unreadable only under a key that we hold.",
  fix: "Set storageEncrypted: true and kmsKeyId to the data key's ARN.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("storageEncrypted", () => props.storageEncrypted === true);
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
  ],
};

import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const cacheEncryptedWithCustomerKey: Policy = {
  name: "cache-encrypted-with-customer-key",
  control: "S35",
  reason: "Snapshots and swap of the cache hold what users sent.",
  fix: "Set atRestEncryptionEnabled: true and kmsKeyId to the data key's ARN.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("atRestEncryptionEnabled", () => [true, "true"].includes(props.atRestEncryptionEnabled ?? false));
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
  ],
};

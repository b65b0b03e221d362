import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const secretsEncryptedWithCustomerKey: Policy = {
  name: "secrets-encrypted-with-customer-key",
  control: "S55",
  reason: "Under AWS's own key, whoever may read a secret may also decrypt it; ours asks a second time.",
  fix: "Set kmsKeyId (masterUserSecretKmsKeyId on a database) to the secrets key's ARN.",
  each: [
    each("aws:secretsmanager/secret:Secret", ({ props }, demand) => {
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("masterUserSecretKmsKeyId", () => isCustomerKey(props.masterUserSecretKmsKeyId), FROM_A_KEY);
    }),
  ],
};

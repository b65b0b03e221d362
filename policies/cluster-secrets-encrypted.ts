import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const clusterSecretsEncrypted: Policy = {
  name: "cluster-secrets-encrypted",
  control: "S11",
  reason: "Encryption must be there from creation: what etcd held before stays readable in its backups.",
  fix: "Set encryptionConfigKeyArn to the cluster key's ARN.",
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      const provider = () => props.encryptionConfig?.provider;
      demand("encryptionConfig.provider.keyArn", () => isCustomerKey(provider()?.keyArn), FROM_A_KEY);
      const resources = () => props.encryptionConfig?.resources ?? [];
      demand("encryptionConfig.resources", () => resources().includes("secrets"), FROM_A_KEY);
    }),
  ],
};

import { clusterSecretsEncrypted } from "../../policies/cluster-secrets-encrypted.ts";
import { cluster, key, vpc } from "../support/policy-examples.ts";
import { KEY_ARN } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const keyArn = "encryptionConfig.provider.keyArn";
const resources = ["secrets"];

proves(clusterSecretsEncrypted, {
  passes: {
    "secrets under a customer key": cluster,
    "secrets under a key of the same stack": [key, cluster.from("encryptionConfig", key)],
  },
  stops: {
    "a cluster without encryption": [[keyArn, "encryptionConfig.resources"], cluster.without("encryptionConfig")],
    "a key that comes from something else": [
      [keyArn, "encryptionConfig.resources"],
      [vpc, cluster.from("encryptionConfig", vpc)],
    ],
    "encryption of nothing": [
      "encryptionConfig.resources",
      cluster.with({ encryptionConfig: { provider: { keyArn: KEY_ARN }, resources: [] } }),
    ],
    "AWS's own key": [keyArn, cluster.with({ encryptionConfig: { provider: { keyArn: "alias/aws/eks" }, resources } })],
    "no key's name": [keyArn, cluster.with({ encryptionConfig: { provider: { keyArn: "" }, resources } })],
  },
});

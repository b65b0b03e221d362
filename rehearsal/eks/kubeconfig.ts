import type { Properties } from "../provider/properties.ts";

/**
 * The kubeconfig of a simulated cluster. The real component's user asks the AWS command line for a token; off AWS
 * the token itself is the user, so the whole is a secret.
 */
export function kubeconfigOf(cluster: { endpoint: string; certificateAuthority: string; token: string }): Properties {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "kubernetes",
        cluster: { server: cluster.endpoint, "certificate-authority-data": cluster.certificateAuthority },
      },
    ],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    "current-context": "aws",
    users: [{ name: "aws", user: { token: cluster.token } }],
  };
}

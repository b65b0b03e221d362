import { text } from "../aws/values.ts";
import type { Registered, Registrar } from "../provider/monitor.ts";
import { hasUnknown, type Properties } from "../provider/properties.ts";

/** The cluster's kubeconfig with its administrator's token; undefined while a preview does not know the cluster yet. */
export async function kubeconfigFor(
  monitor: Registrar,
  provider: string | undefined,
  { outputs }: Registered,
): Promise<Properties | undefined> {
  const [endpoint, certificateAuthority, name] = ["endpoint", "certificateAuthority.data", "name"].map((path) =>
    text(outputs, path),
  );
  if (endpoint === undefined || certificateAuthority === undefined || hasUnknown([endpoint, certificateAuthority]))
    return undefined;
  const { token } = await monitor.invoke("aws:eks/getClusterAuth:getClusterAuth", { name: name ?? "" }, provider);
  return kubeconfigOf({ endpoint, certificateAuthority, token: typeof token === "string" ? token : "" });
}

/**
 * The kubeconfig of a simulated cluster. The real component's user asks the AWS command line for a token; off AWS
 * the token itself is the user, so the whole is a secret.
 */
function kubeconfigOf(cluster: { endpoint: string; certificateAuthority: string; token: string }): Properties {
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

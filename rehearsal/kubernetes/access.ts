import { parse } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../services.ts";

const kubeconfigSchema = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }))
    .min(1),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })).min(1),
});

/** How to reach the API server that a kubeconfig names; throws when it holds no token, as one of a real cluster does. */
export function accessOf(kubeconfig: string): ClusterAccess {
  const parsed = kubeconfigSchema.safeParse(parse(kubeconfig));
  const cluster = parsed.data?.clusters[0]?.cluster;
  const user = parsed.data?.users[0]?.user;
  if (cluster === undefined || user === undefined) {
    throw new Error(
      "the provider's kubeconfig has no server, certificate authority and token; expected the rehearsal's",
    );
  }
  return {
    endpoint: cluster.server,
    certificateAuthorityPem: Buffer.from(cluster["certificate-authority-data"], "base64").toString(),
    token: user.token,
  };
}

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { KubernetesApi } from "../cluster/api.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess } from "../services.ts";
import { Objects } from "./objects.ts";
import { Releases } from "./release.ts";

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

export interface KubernetesProviderOptions {
  readonly processes: Processes;
  /** The helm binary's absolute path. */
  readonly helm: string;
  readonly projectDirectory: string;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
}

/** What the provider does in one cluster. */
export interface ConnectedCluster {
  readonly objects: Objects;
  readonly releases: Releases;
}

/** The clusters that provider instances were configured with, by kubeconfig. */
export class Clusters {
  readonly #options: KubernetesProviderOptions;
  readonly #connected = new Map<string, ConnectedCluster>();
  readonly #apis: KubernetesApi[] = [];

  constructor(options: KubernetesProviderOptions) {
    this.#options = options;
  }

  at(kubeconfig: string): ConnectedCluster {
    const known = this.#connected.get(kubeconfig) ?? this.#connect(kubeconfig);
    this.#connected.set(kubeconfig, known);
    return known;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apis.splice(0).map((api) => api.close()));
    this.#connected.clear();
  }

  /** Helm wants the kubeconfig as a file; only its owner may read it. */
  #connect(kubeconfig: string): ConnectedCluster {
    const api = new KubernetesApi(accessOf(kubeconfig));
    this.#apis.push(api);
    const digest = createHash("sha256").update(kubeconfig).digest("hex").slice(0, 12);
    const kubeconfigFile = join(this.#options.processes.runDirectory, `kubeconfig-${digest}`);
    writeFileSync(kubeconfigFile, kubeconfig, { mode: 0o600 });
    return { objects: new Objects(api), releases: new Releases({ ...this.#options, api, kubeconfigFile }) };
  }
}

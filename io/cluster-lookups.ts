import { CoreV1Api } from "@kubernetes/client-node";
import { z } from "zod";
import type { Amounts } from "../shared/quantity.ts";
import type { AwsLookups } from "./aws-lookups.ts";
import { type ClusterWarning, clusterWarning, type PodLook, podLook, usageIn } from "./cluster-pods.ts";
import { KubernetesClient } from "./kubernetes.ts";

/** The newest revision of a Helm release. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** Helm's own word, such as `deployed` or `pending-upgrade`. */
  readonly status: string;
}

/** Questions to the cluster; undefined answers mean that there is no cluster. */
export interface ClusterLookups {
  helmReleases(namespaces: readonly string[]): Promise<readonly HelmRelease[] | undefined>;
  /** Pods that are not on their way out. */
  pods(namespace: string): Promise<readonly PodLook[] | undefined>;
  /** What Kubernetes warned of, newest first. */
  warnings(namespace: string): Promise<readonly ClusterWarning[] | undefined>;
  /** A pod's last log lines, at most 200. */
  logLines(namespace: string, pod: string): Promise<readonly string[] | undefined>;
  /** What each pod uses now, by its name; "unmeasured" where the cluster has no metrics API. */
  usage(namespace: string): Promise<ReadonlyMap<string, Amounts> | "unmeasured" | undefined>;
}

const clusterSchema = z.object({
  endpoint: z.string(),
  certificateAuthorities: z.array(z.object({ data: z.string() })),
});
const authSchema = z.object({ token: z.string() });

/** The stack's cluster, found and entered with the AWS credentials alone: no state and no kubeconfig is needed. */
export function openClusterLookups(aws: AwsLookups, clusterName: string): ClusterLookups {
  let connected: Promise<KubernetesClient | undefined> | undefined;
  const client = () => {
    connected ??= connect(aws, clusterName);
    return connected;
  };
  return {
    helmReleases: async (namespaces) => {
      const found = await client();
      if (found === undefined) return undefined;
      const lists = await Promise.all(namespaces.map((namespace) => releasesIn(found, namespace)));
      return lists.flat();
    },
    pods: async (namespace) => (await (await client())?.listPods(namespace, ""))?.map(podLook),
    warnings: async (namespace) => {
      const found = await client();
      return found === undefined ? undefined : warningsIn(found, namespace);
    },
    logLines: async (namespace, pod) => (await client())?.logLines(namespace, pod),
    usage: async (namespace) => {
      const found = await client();
      return found === undefined ? undefined : ((await usageIn(found, namespace)) ?? "unmeasured");
    },
  };
}

async function connect(aws: AwsLookups, name: string): Promise<KubernetesClient | undefined> {
  const cluster = await aws.find("eks/getCluster", { name }, clusterSchema);
  if (cluster === undefined) return undefined;
  const auth = await aws.find("eks/getClusterAuth", { name }, authSchema);
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name,
        cluster: { server: cluster.endpoint, "certificate-authority-data": cluster.certificateAuthorities[0]?.data },
      },
    ],
    users: [{ name, user: { token: auth?.token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  return new KubernetesClient(JSON.stringify(kubeconfig));
}

async function warningsIn(client: KubernetesClient, namespace: string): Promise<ClusterWarning[]> {
  const core = client.api(CoreV1Api);
  const { items } = await core.listNamespacedEvent({ namespace, fieldSelector: "type=Warning" });
  return items.map(clusterWarning).sort((left, right) => right.lastAt - left.lastAt);
}

/** Helm keeps each revision as a Secret whose labels say all that is asked here. */
async function releasesIn(client: KubernetesClient, namespace: string): Promise<HelmRelease[]> {
  const core = client.api(CoreV1Api);
  const { items } = await core.listNamespacedSecret({ namespace, labelSelector: "owner=helm" });
  const newest = new Map<string, HelmRelease>();
  for (const { metadata } of items) {
    const { name = "", version = "0", status = "unknown" } = metadata?.labels ?? {};
    const revision = Number(version);
    if (revision >= (newest.get(name)?.revision ?? 0)) newest.set(name, { name, namespace, revision, status });
  }
  return [...newest.values()];
}

import {
  BatchV1Api,
  CoreV1Api,
  type CoreV1Event,
  CustomObjectsApi,
  type V1ContainerStatus,
  type V1Job,
  type V1Pod,
  type V1PodStatus,
  type V1Secret,
} from "@kubernetes/client-node";
import { z } from "zod";
import { decodeRelease, liveRevision, type StoredRelease } from "../records/stored-release.ts";
import type { Amounts } from "../shared/quantity.ts";
import { amountsOf } from "../shared/quantity.ts";
import type { AwsLookups } from "./aws-lookups.ts";
import { stateOfJob } from "./cluster-job.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { containerOf, heldBy, isRefusal, listedIn, seenIn } from "./kubernetes-call.ts";

/** The newest revision of a Helm release. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** Helm's own word, such as `deployed` or `pending-upgrade`. */
  readonly status: string;
  /** When its operation began, in seconds since 1970. */
  readonly since: number;
}

/** A Job of the cluster, and how it stands. */
export interface ClusterJob {
  readonly name: string;
  readonly namespace: string;
  /** Of its first container. */
  readonly image: string;
  readonly state: "running" | "succeeded" | "failed";
}

/** Questions to the cluster, and one act on Helm's records; undefined answers mean that there is no cluster. */
export interface ClusterLookups {
  helmReleases(namespaces: readonly string[]): Promise<readonly HelmRelease[] | undefined>;
  /**
   * Removes Helm's record of an operation that never ended, and nothing that the operation made: the next one takes that
   * over. Answers false, and removes nothing, where the record has changed or gone since it was read.
   */
  forgetOperation(release: HelmRelease): Promise<boolean>;
  /** The Jobs there; one whose pod can never start has failed. */
  jobs(namespaces: readonly string[]): Promise<readonly ClusterJob[] | undefined>;
  /** Of every Helm release what is installed. */
  installed(namespaces: readonly string[]): Promise<readonly StoredRelease[] | undefined>;
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
  status: z.string().default(""),
  endpoint: z.string().default(""),
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
    forgetOperation: async (release) => {
      const found = await client();
      return found !== undefined && removeRevision(found, release);
    },
    jobs: async (namespaces) => {
      const found = await client();
      if (found === undefined) return undefined;
      return (await Promise.all(namespaces.map((namespace) => jobsIn(found, namespace)))).flat();
    },
    installed: async (namespaces) => {
      const found = await client();
      if (found === undefined) return undefined;
      return (await Promise.all(namespaces.map((namespace) => installedIn(found, namespace)))).flat();
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
  const kubeconfig = await clusterKubeconfig(aws, name);
  return kubeconfig === undefined ? undefined : new KubernetesClient(kubeconfig);
}

/** A kubeconfig with a token that the AWS credentials give, good for some minutes; undefined without a cluster. */
export async function clusterKubeconfig(aws: AwsLookups, name: string): Promise<string | undefined> {
  const cluster = await aws.find("eks/getCluster", { name }, clusterSchema);
  // One that EKS is still making answers nowhere yet, and one that it deletes nowhere any more.
  if (cluster === undefined || cluster.endpoint === "" || cluster.status === "DELETING") return undefined;
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
  return JSON.stringify(kubeconfig);
}

async function warningsIn(client: KubernetesClient, namespace: string): Promise<ClusterWarning[]> {
  const core = client.api(CoreV1Api);
  const items = listedIn(await core.listNamespacedEvent({ namespace, fieldSelector: "type=Warning" }), "EventList");
  return items.map(clusterWarning).sort((left, right) => right.lastAt - left.lastAt);
}

/** Helm keeps each revision as a Secret. */
async function revisionsIn(client: KubernetesClient, namespace: string): Promise<readonly V1Secret[]> {
  const core = client.api(CoreV1Api);
  return listedIn(await core.listNamespacedSecret({ namespace, labelSelector: "owner=helm" }), "SecretList");
}

async function installedIn(client: KubernetesClient, namespace: string): Promise<StoredRelease[]> {
  const revisions = (await revisionsIn(client, namespace)).flatMap(({ data }) =>
    data?.release === undefined ? [] : [decodeRelease(data.release)],
  );
  const newestFirst = revisions.sort((one, other) => other.revision - one.revision);
  const names = new Set(newestFirst.map(({ name }) => name));
  return [...names].flatMap((name) => liveRevision(newestFirst.filter((each) => each.name === name)) ?? []);
}

/** The labels of a revision say all that is asked here. */
async function releasesIn(client: KubernetesClient, namespace: string): Promise<HelmRelease[]> {
  const items = await revisionsIn(client, namespace);
  const newest = new Map<string, HelmRelease>();
  for (const { metadata } of items) {
    const { name = "", version = "0", status = "unknown" } = metadata?.labels ?? {};
    const revision = Number(version);
    const since = (metadata?.creationTimestamp?.getTime() ?? 0) / 1000;
    if (revision >= (newest.get(name)?.revision ?? 0)) newest.set(name, { name, namespace, revision, status, since });
  }
  return [...newest.values()];
}

async function jobsIn(client: KubernetesClient, namespace: string): Promise<ClusterJob[]> {
  const items = listedIn(await client.api(BatchV1Api).listNamespacedJob({ namespace }), "JobList");
  return Promise.all(items.map((job) => jobLook(client, job)));
}

async function jobLook(client: KubernetesClient, job: V1Job): Promise<ClusterJob> {
  const { metadata: { name = "", namespace = "" } = {}, spec } = job;
  const image = spec?.template.spec?.containers[0]?.image ?? "";
  return { name, namespace, image, state: await stateOfJob(client, job) };
}

/** Only as it was read: a helm that lives would have changed it. */
async function removeRevision(client: KubernetesClient, release: HelmRelease): Promise<boolean> {
  const { namespace, revision, status } = release;
  const core = client.api(CoreV1Api);
  const labelSelector = `owner=helm,name=${release.name},version=${revision},status=${status}`;
  const [found] = listedIn(await core.listNamespacedSecret({ namespace, labelSelector }), "SecretList");
  const { name, uid, resourceVersion } = found?.metadata ?? {};
  if (name === undefined || uid === undefined || resourceVersion === undefined) return false;
  try {
    await core.deleteNamespacedSecret({ name, namespace, body: { preconditions: { uid, resourceVersion } } });
    return true;
  } catch (error) {
    if (isRefusal(error, [404, 409])) return false;
    throw error;
  }
}

/** A pod as far as it says why it is not well. */
export interface PodLook {
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why its container does not run now, or which of its readiness gates keeps it out. */
  readonly waiting: string | undefined;
  /** Why its container ended the last time. */
  readonly ended: string | undefined;
  /** When that was, in seconds since 1970. */
  readonly endedAt: number | undefined;
  /** Why its node evicted it or gave it up: another pod has taken its place. */
  readonly gone?: string;
  readonly limits: Amounts;
}

/** Something that Kubernetes warns of. */
interface ClusterWarning {
  /** `Pod/engine-fleet-abc` */
  readonly about: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** Seconds since 1970. */
  readonly lastAt: number;
}

const usageSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      containers: z.array(z.object({ usage: z.record(z.string(), z.string()) })),
    }),
  ),
});

/** A pod of the API, as far as it says why it is not well. */
export function podLook(pod: V1Pod): PodLook {
  const { metadata, spec, status } = pod;
  const container = containerOf(pod);
  const limited = spec?.containers.find(({ name }) => name === container?.name) ?? spec?.containers[0];
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    phase: status?.phase ?? "Unknown",
    ready: status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false,
    restarts: container?.restartCount ?? 0,
    waiting: waitingOf(container) ?? heldBy(pod),
    ended: endedOf(container),
    endedAt: endedAt(container) ?? disruptedAt(status),
    ...goneOf(status),
    limits: amountsOf(limited?.resources?.limits ?? {}),
  };
}

/** A pod as a whole that failed by its own containers, or by its Job's deadline, says no such reason. */
function goneOf(status: V1PodStatus | undefined): Pick<PodLook, "gone"> {
  const { phase, reason = "", message = "" } = status ?? {};
  if (phase !== "Failed" || reason === "" || reason === "DeadlineExceeded") return {};
  return { gone: [reason, message.trim()].filter(Boolean).join(": ") };
}

function disruptedAt(status: V1PodStatus | undefined): number | undefined {
  const at = status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.lastTransitionTime;
  return at === undefined ? undefined : new Date(at).getTime() / 1000;
}

function waitingOf(container: V1ContainerStatus | undefined): string | undefined {
  const waiting = container?.state?.waiting;
  return waiting?.reason ? [waiting.reason, waiting.message].filter(Boolean).join(": ") : undefined;
}

function endedOf(container: V1ContainerStatus | undefined): string | undefined {
  const ended = container?.lastState?.terminated ?? container?.state?.terminated;
  return ended === undefined ? undefined : `${ended.reason ?? "ended"}, exit code ${ended.exitCode}`;
}

function endedAt(container: V1ContainerStatus | undefined): number | undefined {
  const finished = (container?.lastState?.terminated ?? container?.state?.terminated)?.finishedAt;
  return finished === undefined ? undefined : new Date(finished).getTime() / 1000;
}

function clusterWarning(event: CoreV1Event): ClusterWarning {
  const { involvedObject, reason = "", message = "" } = event;
  const { at, times } = seenIn(event);
  return {
    about: `${involvedObject.kind}/${involvedObject.name}`,
    reason,
    message,
    count: times,
    lastAt: at,
  };
}

/** What each pod uses now; undefined where the cluster does not measure it (no metrics API). */
async function usageIn(client: KubernetesClient, namespace: string): Promise<ReadonlyMap<string, Amounts> | undefined> {
  const api = client.api(CustomObjectsApi);
  const group = { group: "metrics.k8s.io", version: "v1beta1", plural: "pods" };
  try {
    const { items } = usageSchema.parse(await api.listNamespacedCustomObject({ ...group, namespace }));
    return new Map(items.map(({ metadata, containers }) => [metadata.name, amountsOf(containers[0]?.usage ?? {})]));
  } catch (error) {
    if (isRefusal(error, [404])) return undefined;
    throw error;
  }
}

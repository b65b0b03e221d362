import { PassThrough } from "node:stream";
import {
  type ApiConstructor,
  type ApiType,
  AppsV1Api,
  CoreV1Api,
  type CoreV1Event,
  createConfiguration,
  KubeConfig,
  Log,
  type SecurityAuthentication,
  ServerConfiguration,
  type V1ContainerStatus,
  type V1Deployment,
  type V1DeploymentStatus,
  type V1Pod,
} from "@kubernetes/client-node";
import type { HealthSample, PodSnapshot, RolloutSnapshot } from "../gates/health.ts";
import { redacted } from "../shared/text/secrets.ts";
import { terminalLines } from "../shared/text/visible.ts";
import { within } from "./clock.ts";
import { turns } from "./http.ts";
import { containerOf, heldBy, isRefusal, limitedCall, listedIn, refusalOf, seenIn } from "./kubernetes-call.ts";
import { findingsIn, LOG_BYTES, LOG_LINES, logLinesIn } from "./pod-log.ts";

/** A login asks AWS for a token, which takes seconds. */
const LOGIN_SECONDS = 60;
/** A Job's own deadline and a little more. */
const LOG_FOLLOW_SECONDS = 660;
/** A log's lines are read without a pause: of many at once, the last would wait longer for it than for the API. */
const LOGS_AT_ONCE = 4;
const LOG_READ = { tailLines: LOG_LINES, limitBytes: LOG_BYTES } as const;

/** The cluster as the gates, the jobs and the reports see it; no call takes longer than 10 seconds, or than the signal lets it. */
export class KubernetesClient {
  readonly #config: KubeConfig;
  readonly #signal: AbortSignal | undefined;
  readonly #core: CoreV1Api;
  readonly #apps: AppsV1Api;
  readonly #inTurn = turns(LOGS_AT_ONCE);

  constructor(kubeconfig: string, signal?: AbortSignal) {
    this.#config = new KubeConfig();
    this.#config.loadFromString(kubeconfig);
    this.#signal = signal;
    this.#core = this.api(CoreV1Api);
    this.#apps = this.api(AppsV1Api);
  }

  /** One group of the API, its calls limited as all are. */
  api<T extends ApiType>(group: ApiConstructor<T>): T {
    const baseServer = new ServerConfiguration(this.#config.getCurrentCluster()?.server ?? "", {});
    const promiseMiddleware = [limitedCall(this.#signal)];
    return new group(createConfiguration({ baseServer, authMethods: { default: this.#login() }, promiseMiddleware }));
  }

  /** The kubeconfig's own login: a program that it names may ask a person, or never end. */
  #login(): SecurityAuthentication {
    const config = this.#config;
    return {
      getName: () => config.getName(),
      applySecurityAuthentication: (context) =>
        within(
          config.applySecurityAuthentication(context),
          LOGIN_SECONDS,
          "the kubeconfig's login command did not respond",
        ),
    };
  }

  /** Rejects unless the API lets in who asks. */
  async enter(): Promise<void> {
    listedIn(await this.#core.listNamespace({ limit: 1 }), "NamespaceList", { isPart: true });
  }

  /** One check at a Helm release's Deployment and the pods of its current template. */
  async sampleHealth(namespace: string, release: string): Promise<HealthSample> {
    const [deployments, pods] = await Promise.all([
      this.#apps.listNamespacedDeployment({ namespace, fieldSelector: `metadata.name=${release}` }),
      this.listPods(namespace, `app.kubernetes.io/instance=${release}`),
    ]);
    const [deployment] = listedIn(deployments, "DeploymentList");
    const isCurrent = await this.#isCurrent(namespace, release, deployment);
    // A pod that its node gave up stays in the list, and another one has taken its place.
    const current = pods.filter((pod) => isCurrent(pod) && (!hasEnded(pod) || evictionOf(pod) !== undefined));
    const warnings = current.every(isReady) ? [] : await this.#warnings(namespace);
    return {
      rollout: deployment === undefined ? undefined : rolloutOf(deployment),
      pods: await Promise.all(current.map((pod) => this.#snapshot(namespace, pod, warnings))),
    };
  }

  /** Whether a pod is of the Deployment's current template: a chart may change, and the release's name with it or not. */
  async #isCurrent(namespace: string, release: string, deployment: V1Deployment | undefined) {
    const labelSelector = `app.kubernetes.io/instance=${release}`;
    const sets = listedIn(await this.#apps.listNamespacedReplicaSet({ namespace, labelSelector }), "ReplicaSetList");
    const revision = deployment?.metadata?.annotations?.[REVISION];
    const newest = sets.find((set) => revision !== undefined && set.metadata?.annotations?.[REVISION] === revision);
    const hash = newest?.metadata?.labels?.[TEMPLATE_HASH];
    const releaseId = deployment?.spec?.template.metadata?.labels?.["sparki.tools/release"];
    return ({ metadata }: V1Pod): boolean => {
      if (hash !== undefined) return metadata?.labels?.[TEMPLATE_HASH] === hash;
      return metadata?.labels?.["sparki.tools/release"] === releaseId;
    };
  }

  /** What the cluster warned of about pods, the oldest first; words that cannot be read are none. */
  async #warnings(namespace: string, about = "involvedObject.kind=Pod"): Promise<readonly CoreV1Event[]> {
    const fieldSelector = `type=Warning,${about}`;
    try {
      const items = listedIn(await this.#core.listNamespacedEvent({ namespace, fieldSelector }), "EventList");
      return items.toSorted((one, other) => seenIn(one).at - seenIn(other).at);
    } catch {
      return [];
    }
  }

  /** What the cluster last warned of about an object, without credentials; undefined where it has not, or cannot be read. */
  async lastWarning(namespace: string, kind: string, name: string): Promise<string | undefined> {
    const about = `involvedObject.kind=${kind},involvedObject.name=${name}`;
    const last = (await this.#warnings(namespace, about)).at(-1);
    return last && warningText(last);
  }

  /** Pods that are not on their way out. */
  async listPods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
    const pods = listedIn(await this.#core.listNamespacedPod({ namespace, labelSelector }), "PodList");
    return pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  }

  /** Whether a Helm release has a pod that serves. */
  async hasReadyPods(namespace: string, release: string): Promise<boolean> {
    return (await this.listPods(namespace, `app.kubernetes.io/instance=${release}`)).some(isReady);
  }

  /** Digests of the images that run in a release's ready pods, each once. */
  async runningDigests(namespace: string, release: string): Promise<string[]> {
    const pods = await this.listPods(namespace, `app.kubernetes.io/instance=${release}`);
    const digests = pods.filter(isReady).map((pod) => digestOf(pod) ?? "unknown");
    return [...new Set(digests)].sort();
  }

  /** The pod's last log lines, at most 2,000, without credentials; empty when it has none yet. Rejects when they cannot be read. */
  logLines(namespace: string, pod: string): Promise<string[]> {
    return this.#readLog(namespace, pod, logLinesIn);
  }

  #readLog<T>(namespace: string, pod: string, read: (text: string) => T): Promise<T> {
    return this.#inTurn(async () => {
      try {
        return read(await this.#core.readNamespacedPodLog({ namespace, name: pod, ...LOG_READ }));
      } catch (error) {
        // A container that never ran has no log, nor has a pod that has gone; what matters then is why it waits.
        if (isRefusal(error, [400, 404])) return read("");
        throw new Error(`the log of ${pod} cannot be read: ${refusalOf(error)}`, { cause: error });
      }
    });
  }

  /** Streams a container's log, without credentials, into `sink` until the container ends, or for so many seconds; rejects when it cannot be opened. */
  async followLog(
    namespace: string,
    pod: string,
    container: string,
    sink: NodeJS.WritableStream,
    limitSeconds = LOG_FOLLOW_SECONDS,
  ): Promise<void> {
    const through = new PassThrough({ encoding: "utf8" });
    // What is cut off says so on the answer's own stream, where no one else listens.
    through.once("pipe", (answer) => answer.on("error", () => through.end()));
    const opening = new Log(this.#config).log(namespace, pod, container, through, { follow: true });
    const opened = await within(opening, LOGIN_SECONDS, `the log of ${pod} did not open`);
    const end = () => opened.abort();
    const timer = setTimeout(end, limitSeconds * 1000);
    this.#signal?.addEventListener("abort", end, { once: true });
    try {
      for await (const text of terminalLines(through)) sink.write(text);
    } catch {
      // A log that breaks off has ended.
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", end);
    }
  }

  async #snapshot(namespace: string, pod: V1Pod, events: readonly CoreV1Event[]): Promise<PodSnapshot> {
    const name = pod.metadata?.name ?? "";
    const status = containerOf(pod);
    const hasLog = status?.state?.running || status?.lastState?.terminated;
    const found = hasLog ? await this.#readLog(namespace, name, findingsIn) : findingsIn("");
    const waiting = status?.state?.waiting;
    return {
      name,
      ready: isReady(pod),
      imageDigest: digestOf(pod),
      restarts: status?.restartCount ?? 0,
      warnings: events.filter(({ involvedObject }) => involvedObject.name === name).map(warningText),
      waiting: waiting?.reason ? { reason: waiting.reason, message: waiting.message ?? "" } : undefined,
      ended: endedOf(status),
      evicted: evictionOf(pod),
      held: heldBy(pod),
      ...found,
    };
  }
}

function warningText({ message = "", reason = "" }: CoreV1Event): string {
  return redacted(message || reason);
}

const REVISION = "deployment.kubernetes.io/revision";
const TEMPLATE_HASH = "pod-template-hash";

function rolloutOf(deployment: V1Deployment): RolloutSnapshot {
  const { metadata, spec, status } = deployment;
  return {
    observed: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
    desired: spec?.replicas ?? 1,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    total: status?.replicas ?? 0,
    refusal: refusalIn(status),
  };
}

/** What the cluster says that makes no pods, for a quota or a rule of its namespace for one. */
function refusalIn(status: V1DeploymentStatus | undefined): string | undefined {
  const failure = status?.conditions?.find((each) => each.type === "ReplicaFailure" && each.status === "True");
  return failure && redacted([failure.reason, failure.message].filter(Boolean).join(": "));
}

/** How a container ended the last time, with what its runtime said of it. */
function endedOf(container: V1ContainerStatus | undefined): string | undefined {
  const ended = container?.lastState?.terminated ?? container?.state?.terminated;
  if (ended === undefined) return undefined;
  return redacted(
    [`${ended.reason ?? "Error"}, exit code ${ended.exitCode}`, ended.message].filter(Boolean).join(": "),
  );
}

/** Whether nothing of the pod runs any more, nor ever will. */
function hasEnded({ status }: V1Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

/** Why the kubelet evicted the pod for what it did itself; undefined for one that went because its node was short of something. */
function evictionOf({ status }: V1Pod): string | undefined {
  const { reason, message = "" } = status ?? {};
  const isOwn = reason === "Evicted" && /exceed/i.test(message) && !/\bthe node (?:was|had)\b/i.test(message);
  return isOwn ? redacted(message.trim()) : undefined;
}

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/**
 * The digest that a pod's image is named by: nothing else can run. Of several names of one image a runtime reports any, and for
 * one without a name the digest of its config.
 */
function digestOf(pod: V1Pod): string | undefined {
  const status = containerOf(pod);
  const named = pod.spec?.containers.find(({ name }) => name === status?.name)?.image;
  const texts = [named, status?.imageID, status?.image];
  return texts.flatMap((text) => /@(sha256:[0-9a-f]{64})/.exec(text ?? "")?.[1] ?? [])[0];
}

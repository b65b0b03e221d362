import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchV1Api, CoreV1Api, CustomObjectsApi, NetworkingV1Api } from "@kubernetes/client-node";
import { messageOf } from "../shared/deploy-error.ts";
import { CLASSES } from "./cache-tokens.ts";
import { type Job, runJob } from "./cluster-job.ts";
import {
  answersIn,
  type CacheQuestionsJob,
  cacheAnswersIn,
  cacheQuestionsJob,
  liveTokenClass,
  outagesIn,
  type QuestionsJob,
  questionsJob,
  questionsPolicy,
  type WatchJob,
  watchJob,
} from "./copy-questions.ts";
import { jobFailure, NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { unlessGone } from "./kubernetes-call.ts";
import type { Answer, ReachWatch } from "./restored-copies.ts";

interface Admission {
  readonly kubeconfig: string;
  /** Of the Job whose pod is let in. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Lets this address, of the pod that asks, and no other one to the server. */
  admit(address: string): Promise<void>;
}

const POD_MILLISECONDS = 1_000;

/** Lets the Job's pod in once it has an address; resolves then, or when the signal aborts. */
async function admission({ kubeconfig, name, signal, admit }: Admission): Promise<void> {
  const client = new KubernetesClient(kubeconfig, signal);
  while (!signal.aborted) {
    const [pod] = await client.listPods(NAMESPACE, `job-name=${name}`);
    const address = pod?.status?.podIP;
    if (address !== undefined && address !== "") return admit(address);
    await sleep(POD_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

interface Asking extends QuestionsJob, Omit<Admission, "name"> {}

/** Runs the Job in the cluster, lets its pod in once it has an address, and resolves with what was answered. */
export async function askInCluster({ kubeconfig, signal, admit, ...job }: Asking): Promise<Answer[]> {
  const admitted = { kubeconfig, name: job.name, signal, admit };
  return askByJob(admitted, questionsJob(job), (log) => answersIn(log, job.questions));
}

/** The same for any Job whose log has the answers: `read` takes them out of it. */
async function askByJob(own: Admission, job: Job, read: (log: string) => Answer[]): Promise<Answer[]> {
  const { kubeconfig, name, signal } = own;
  const log = new PassThrough();
  const told = text(log);
  const ended = new AbortController();
  const admitted = admission({ ...own, signal: AbortSignal.any([signal, ended.signal]) });
  const refused = new Promise<never>((_, reject) => admitted.catch(reject));
  try {
    const failure = await Promise.race([runJob(kubeconfig, job, log, signal), refused]);
    log.end();
    const answers = read(await told);
    if (failure === undefined || answers.length > 0) return answers;
    throw jobFailure(name, failure);
  } finally {
    ended.abort();
    log.end();
  }
}

interface Watching extends WatchJob, Pick<Admission, "signal" | "admit"> {
  /** Made anew for each call: a token is good for some minutes, and an upgrade takes longer. */
  kubeconfig(): Promise<string>;
}

const REACH_SECONDS = 300;

/** Runs the Job that connects again and again; resolves once the server has answered it. It is deleted in every case. */
export async function watchInCluster(asked: Watching): Promise<ReachWatch> {
  const { kubeconfig, signal, admit, ...job } = asked;
  const { name } = job;
  const own = await kubeconfig();
  const client = new KubernetesClient(own, signal);
  const remove = async () => {
    const batch = new KubernetesClient(await kubeconfig()).api(BatchV1Api);
    await unlessGone(batch.deleteNamespacedJob({ name, namespace: NAMESPACE, propagationPolicy: "Background" }));
  };
  try {
    await client.api(BatchV1Api).createNamespacedJob({ namespace: NAMESPACE, body: watchJob(job) });
    await admission({ kubeconfig: own, name, signal, admit });
    await untilReached(client, name, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    end: async () => {
      try {
        const { lines, phase } = await watched(new KubernetesClient(await kubeconfig()), name);
        const outages = outagesIn(lines, Date.now() / 1000);
        if (phase === "Running" && outages !== undefined) return outages;
        throw jobFailure(name, `its pod is ${phase ?? "gone"}, and it was to connect until now`);
      } finally {
        await remove().catch((error: unknown) => {
          throw jobFailure(name, `it is not deleted: ${messageOf(error)}`);
        });
      }
    },
  };
}

async function watched(client: KubernetesClient, name: string) {
  const [pod] = await client.listPods(NAMESPACE, `job-name=${name}`);
  const lines = pod?.metadata?.name === undefined ? [] : await client.logLines(NAMESPACE, pod.metadata.name);
  return { lines, phase: pod?.status?.phase };
}

async function untilReached(client: KubernetesClient, name: string, signal: AbortSignal): Promise<void> {
  const end = Date.now() + REACH_SECONDS * 1_000;
  while (Date.now() < end) {
    signal.throwIfAborted();
    const { lines } = await watched(client, name);
    if (outagesIn(lines, 0) !== undefined) return;
    await sleep(POD_MILLISECONDS, undefined, { signal });
  }
  throw jobFailure(name, `it did not reach the server within ${REACH_SECONDS} s`);
}

interface CacheAsking extends CacheQuestionsJob, Omit<Admission, "name"> {}

/**
 * Runs the Job in the cluster, lets its pod in once it has an address, and resolves with what was answered; what it needs
 * there, a network policy and the token, is deleted in every case.
 */
export async function askCacheInCluster(asked: CacheAsking): Promise<Answer[]> {
  const { kubeconfig, signal, admit, ...job } = asked;
  const client = new KubernetesClient(kubeconfig, signal);
  // Of a command that was killed.
  await removeCacheJob(client, job.name);
  try {
    await prepareCacheJob(client, job);
    const own = { kubeconfig, name: job.name, signal, admit };
    return await askByJob(own, cacheQuestionsJob(job), (log) => cacheAnswersIn(log, job.questions));
  } finally {
    await removeCacheJob(new KubernetesClient(kubeconfig), job.name);
  }
}

async function prepareCacheJob(client: KubernetesClient, job: CacheQuestionsJob): Promise<void> {
  const { name, token } = job;
  const place = { namespace: NAMESPACE };
  await client.api(NetworkingV1Api).createNamespacedNetworkPolicy({
    ...place,
    body: questionsPolicy(job),
  });
  if (token === undefined) {
    const body = liveTokenClass(job);
    await client.api(CustomObjectsApi).createNamespacedCustomObject({ ...CLASSES, ...place, body });
    return;
  }
  const metadata = { name, namespace: NAMESPACE, labels: { "sparki.tools/drill": "cache" } };
  await client.api(CoreV1Api).createNamespacedSecret({ ...place, body: { metadata, stringData: { token } } });
}

async function removeCacheJob(client: KubernetesClient, name: string): Promise<void> {
  const place = { namespace: NAMESPACE, name };
  await unlessGone(client.api(NetworkingV1Api).deleteNamespacedNetworkPolicy(place));
  await unlessGone(client.api(CoreV1Api).deleteNamespacedSecret(place));
  await unlessGone(client.api(CustomObjectsApi).deleteNamespacedCustomObject({ ...CLASSES, ...place }));
}

import { CoreV1Api, CustomObjectsApi, NetworkingV1Api } from "@kubernetes/client-node";
import {
  type CacheQuestionsJob,
  cacheAnswersIn,
  cacheQuestionsJob,
  liveTokenClass,
  questionsPolicy,
} from "./cache-questions.ts";
import { CLASSES } from "./cache-tokens.ts";
import { type Admission, askByJob } from "./cluster-questions.ts";

import { NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { unlessGone } from "./kubernetes-call.ts";
import type { Answer } from "./restored-copies.ts";

interface Asking extends CacheQuestionsJob, Pick<Admission, "kubeconfig" | "signal" | "admit"> {}

/**
 * Runs the Job in the cluster, lets its pod in once it has an address, and resolves with what was answered; what it needs
 * there, a network policy and the token, is deleted in every case.
 */
export async function askCacheInCluster(asked: Asking): Promise<Answer[]> {
  const { kubeconfig, signal, admit, ...job } = asked;
  const client = new KubernetesClient(kubeconfig, signal);
  // Of a command that was killed.
  await remove(client, job.name);
  try {
    await prepare(client, job);
    const own = { kubeconfig, name: job.name, signal, admit };
    return await askByJob(own, cacheQuestionsJob(job), (log) => cacheAnswersIn(log, job.questions));
  } finally {
    await remove(new KubernetesClient(kubeconfig), job.name);
  }
}

async function prepare(client: KubernetesClient, job: CacheQuestionsJob): Promise<void> {
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

async function remove(client: KubernetesClient, name: string): Promise<void> {
  const place = { namespace: NAMESPACE, name };
  await unlessGone(client.api(NetworkingV1Api).deleteNamespacedNetworkPolicy(place));
  await unlessGone(client.api(CoreV1Api).deleteNamespacedSecret(place));
  await unlessGone(client.api(CustomObjectsApi).deleteNamespacedCustomObject({ ...CLASSES, ...place }));
}

import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { CustomObjectsApi, NetworkingV1Api } from "@kubernetes/client-node";
import {
  answersIn,
  CLASSES,
  NAME,
  type TokenAnswers,
  type TokensAsked,
  tokensClass,
  tokensJob,
  tokensPolicy,
} from "./cache-tokens.ts";
import { runJob } from "./cluster-job.ts";
import { jobFailure, NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { unlessGone } from "./kubernetes-call.ts";

interface Asking extends TokensAsked {
  readonly kubeconfig: string;
  readonly signal: AbortSignal;
}

/**
 * Asks Redis with the secret's present token and the one before, from a Job in the cluster; what it needs there (the Job, a
 * network policy and a SecretProviderClass) is deleted in every case. Rejects when the cluster cannot be asked.
 */
export async function askWithTokens(asked: Asking): Promise<TokenAnswers> {
  const { kubeconfig, signal } = asked;
  const client = new KubernetesClient(kubeconfig, signal);
  // Of a command that was killed.
  await remove(client);
  try {
    await client
      .api(NetworkingV1Api)
      .createNamespacedNetworkPolicy({ namespace: NAMESPACE, body: tokensPolicy(asked) });
    const place = { ...CLASSES, namespace: NAMESPACE };
    await client.api(CustomObjectsApi).createNamespacedCustomObject({ ...place, body: tokensClass(asked) });
    const log = new PassThrough();
    const told = text(log);
    const failure = await runJob(kubeconfig, tokensJob(asked), log, signal);
    log.end();
    if (failure === undefined) return answersIn(await told);
    throw jobFailure(NAME, failure);
  } finally {
    await remove(new KubernetesClient(kubeconfig));
  }
}

async function remove(client: KubernetesClient): Promise<void> {
  const [network, custom] = [client.api(NetworkingV1Api), client.api(CustomObjectsApi)];
  const place = { namespace: NAMESPACE, name: NAME };
  await unlessGone(network.deleteNamespacedNetworkPolicy(place));
  await unlessGone(custom.deleteNamespacedCustomObject({ ...CLASSES, ...place }));
}

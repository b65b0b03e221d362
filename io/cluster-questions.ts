import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { runJob } from "./cluster-job.ts";
import type { Answer } from "./database-copies.ts";
import { answersIn, type QuestionsJob, questionsJob } from "./database-questions.ts";
import { jobFailure, NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";

interface Asking extends QuestionsJob {
  readonly kubeconfig: string;
  readonly signal: AbortSignal;
  /** Lets this address, of the pod that asks, and no other one to the server. */
  admit(address: string): Promise<void>;
}

/** Runs the Job in the cluster, lets its pod in once it has an address, and resolves with what was answered. */
export async function askInCluster({ kubeconfig, signal, admit, ...job }: Asking): Promise<Answer[]> {
  const log = new PassThrough();
  const told = text(log);
  const ended = new AbortController();
  const admitted = admission({ kubeconfig, name: job.name, signal: AbortSignal.any([signal, ended.signal]), admit });
  const refused = new Promise<never>((_, reject) => admitted.catch(reject));
  try {
    const failure = await Promise.race([runJob(kubeconfig, questionsJob(job), log, signal), refused]);
    log.end();
    const answers = answersIn(await told, job.questions);
    if (failure === undefined || answers.length > 0) return answers;
    throw jobFailure(job.name, failure);
  } finally {
    ended.abort();
    log.end();
  }
}

const POD_MILLISECONDS = 1_000;

async function admission({
  kubeconfig,
  name,
  signal,
  admit,
}: Pick<Asking, "kubeconfig" | "name" | "signal" | "admit">) {
  const client = new KubernetesClient(kubeconfig, signal);
  while (!signal.aborted) {
    const [pod] = await client.listPods(NAMESPACE, `job-name=${name}`);
    const address = pod?.status?.podIP;
    if (address !== undefined && address !== "") return admit(address);
    await sleep(POD_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

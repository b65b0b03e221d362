import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type Job, runJob } from "./cluster-job.ts";
import { answersIn, type QuestionsJob, questionsJob } from "./database-questions.ts";
import { jobFailure, NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";
import type { Answer } from "./restored-copies.ts";

export interface Admission {
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
export async function askByJob(own: Admission, job: Job, read: (log: string) => Answer[]): Promise<Answer[]> {
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

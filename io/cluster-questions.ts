import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type Admission, admission } from "./admission.ts";
import { runJob } from "./cluster-job.ts";
import { answersIn, type QuestionsJob, questionsJob } from "./database-questions.ts";
import { jobFailure } from "./engine-job.ts";
import type { Answer } from "./restored-copies.ts";

interface Asking extends QuestionsJob, Omit<Admission, "name"> {}

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

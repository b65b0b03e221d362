import { setTimeout as sleep } from "node:timers/promises";
import { BatchV1Api, type V1Job, type V1Pod } from "@kubernetes/client-node";
import { mayStillStart } from "../gates/health.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { listedIn, unlessGone, whileAway } from "./kubernetes-call.ts";

/** A Job as the Kubernetes API takes it. */
export type Job = V1Job;

const POLL_MILLISECONDS = 250;
/** Time that the API may take beyond the Job's own deadline to report its end. */
const GRACE_SECONDS = 60;
/** How long the end of a log may come after the end of its Job. */
const LOG_SECONDS = 5;
/** How often the cluster is asked what keeps a pod from starting. */
const WARNINGS_SECONDS = 5;
/** The kubelet's reasons why a container never started and, after several tries, never will. */
const HOPELESS = new Set(["ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);

/** One Job on its way to its end. */
interface Run {
  readonly client: KubernetesClient;
  readonly batch: BatchV1Api;
  readonly job: V1Job;
  readonly name: string;
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
  ended: boolean;
  /** Why no pod of it has started, when last asked: its pods, and what they waited for, go with its deadline. */
  unstarted?: string | undefined;
}

/**
 * Runs a Job to its end, its log streamed into `log`; resolves with why it failed, or undefined when it succeeded. One of
 * the same name that still runs is waited for instead, one that has ended is removed. Why its pod never started is told in
 * the cluster's own words. Rejects when the API refuses, is away for a minute, or the signal aborts: then the Job runs on,
 * to its own deadline.
 */
export async function runJob(
  kubeconfig: string,
  job: Job,
  log: NodeJS.WritableStream,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const client = new KubernetesClient(kubeconfig, signal);
  const { name = "", namespace = "" } = job.metadata ?? {};
  const batch = client.api(BatchV1Api);
  const run: Run = { client, batch, job, name, namespace, signal, ended: false };
  const patiently = <T>(ask: () => Promise<T>) => whileAway(ask, signal);
  await patiently(() => removeEnded(run));
  await patiently(() => createUnlessRunning(run));
  const logged = streamLog(run, log);
  // Awaited below; until then nobody may call it unhandled.
  logged.catch(() => undefined);
  try {
    return await endOf(run);
  } finally {
    run.ended = true;
    await Promise.race([logged, sleep(LOG_SECONDS * 1_000, undefined, { ref: false })]);
  }
}

/** A Job's template cannot change: one that has ended makes room for its next run. */
async function removeEnded(run: Run): Promise<void> {
  const { batch, name, namespace } = run;
  const existing = await find(run);
  if (existing === undefined || isRunning(existing)) return;
  await unlessGone(batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Foreground" }));
  const deadline = Date.now() + GRACE_SECONDS * 1_000;
  while ((await find(run)) !== undefined) {
    if (Date.now() > deadline) throw new Error(`the previous job ${name} was not removed within ${GRACE_SECONDS} s`);
    await pause(run);
  }
}

/** A Job that still runs was started by a command that did not live to see its end: it is waited for, not doubled. */
async function createUnlessRunning(run: Run): Promise<void> {
  const { batch, namespace, job } = run;
  if ((await find(run)) === undefined) await batch.createNamespacedJob({ namespace, body: job });
}

async function find({ batch, name, namespace }: Run): Promise<V1Job | undefined> {
  const items = listedIn(
    await batch.listNamespacedJob({ namespace, fieldSelector: `metadata.name=${name}` }),
    "JobList",
  );
  return items[0];
}

/** Only these end a Job: others, such as SuccessCriteriaMet, come before them, while its pods still end. */
const ENDS: ReadonlySet<string> = new Set(["Complete", "Failed"]);

function isRunning({ metadata, status }: V1Job): boolean {
  const hasEnded = status?.conditions?.some((each) => ENDS.has(each.type) && each.status === "True");
  return !metadata?.deletionTimestamp && hasEnded !== true;
}

/** How long a Job is waited for, and its log followed. */
function limitOf({ spec }: V1Job): number {
  return (spec?.activeDeadlineSeconds ?? 600) + GRACE_SECONDS;
}

/** Why the Job failed; undefined when it succeeded. */
async function endOf(run: Run): Promise<string | undefined> {
  const limitSeconds = limitOf(run.job);
  const deadline = Date.now() + limitSeconds * 1_000;
  let asked = Number.NEGATIVE_INFINITY;
  while (Date.now() < deadline) {
    const current = await whileAway(() => find(run), run.signal);
    if (current === undefined) return "it was deleted while it ran";
    for (const condition of current.status?.conditions ?? []) {
      if (condition.status !== "True") continue;
      if (condition.type === "Complete") return undefined;
      if (condition.type === "Failed") return `${condition.reason}: ${condition.message}${await whyWaiting(run)}`;
    }
    const pod = await whileAway(() => findPod(run), run.signal);
    const stuck = await whileAway(() => whyStuck(run, pod), run.signal);
    if (stuck !== undefined) return stuck;
    if (hasStarted(pod)) run.unstarted = undefined;
    else if (Date.now() - asked >= WARNINGS_SECONDS * 1_000) {
      asked = Date.now();
      run.unstarted = await whyUnstarted(run, pod);
    }
    await pause(run);
  }
  return `it did not end within ${limitSeconds} s${await whyWaiting(run)}`;
}

/** How a Job stands; one whose pod can never start has failed. */
export async function stateOfJob(client: KubernetesClient, job: V1Job): Promise<"running" | "succeeded" | "failed"> {
  if (job.status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True")) return "succeeded";
  const { name = "", namespace = "" } = job.metadata ?? {};
  const isStuck = async () => isHopeless(waitingOf(await findPod({ client, name, namespace })));
  return isRunning(job) && !(await isStuck()) ? "running" : "failed";
}

function isHopeless(waiting: { readonly reason?: string; readonly message?: string } | undefined): boolean {
  const { reason, message = "" } = waiting ?? {};
  return reason !== undefined && HOPELESS.has(reason) && !mayStillStart({ reason, message });
}

/** Why no pod of the Job can ever start, which no waiting fixes; the Job is removed, so that the next run starts again. */
async function whyStuck({ batch, name, namespace }: Run, pod: V1Pod | undefined): Promise<string | undefined> {
  const waiting = waitingOf(pod);
  if (waiting === undefined || !isHopeless(waiting)) return undefined;
  await unlessGone(batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Background" }));
  return `${waiting.reason}: ${waiting.message ?? ""}`;
}

function hasStarted(pod: V1Pod | undefined): boolean {
  return pod?.status?.phase !== undefined && pod.status.phase !== "Pending";
}

/** In the cluster's own words: why it makes no pod, takes none, or does not start the one that it has. */
async function whyUnstarted({ client, name, namespace }: Run, pod: V1Pod | undefined): Promise<string | undefined> {
  const own = pod?.metadata?.name;
  const said = await client.lastWarning(namespace, own === undefined ? "Job" : "Pod", own ?? name);
  return said && `${own === undefined ? "it had no pod" : "its pod had not started"}: ${said}`;
}

async function whyWaiting(run: Run): Promise<string> {
  // Only words: that the Job has failed is known already.
  const waiting = waitingOf(await findPod(run).catch(() => undefined));
  if (waiting?.reason && waiting.reason !== "ContainerCreating")
    return ` (${waiting.reason}: ${waiting.message ?? ""})`;
  return run.unstarted === undefined ? "" : `; ${run.unstarted}`;
}

async function findPod({ client, name, namespace }: Pick<Run, "client" | "name" | "namespace">) {
  const [pod] = await client.listPods(namespace, `job-name=${name}`);
  return pod;
}

function waitingOf(pod: V1Pod | undefined) {
  return pod?.status?.containerStatuses?.[0]?.state?.waiting;
}

async function streamLog(run: Run, log: NodeJS.WritableStream): Promise<void> {
  const { client, job, namespace } = run;
  const container = job.spec?.template.spec?.containers[0]?.name ?? "";
  for (;;) {
    const pod = await whileAway(() => findPod(run), run.signal);
    if (pod?.metadata?.name !== undefined && hasStarted(pod))
      return client.followLog(namespace, pod.metadata.name, container, log, limitOf(job));
    // Checked once more after the end: a pod that has not started by then never will.
    if (run.ended) return;
    await pause(run);
  }
}

function pause({ signal }: Run): Promise<void> {
  return sleep(POLL_MILLISECONDS, undefined, signal === undefined ? {} : { signal });
}

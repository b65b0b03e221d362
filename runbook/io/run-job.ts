/**
 * Runs one Job to its end; the program's `command` resources call it with `{"kubeconfig", "job"}` on stdin.
 * Exit 0 when the Job succeeded; 1 with the reason when it failed or did not end within its own deadline.
 */
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchV1Api, type V1Job } from "@kubernetes/client-node";
import { KubernetesClient } from "./kubernetes.ts";

const POLL_MILLISECONDS = 250;
/** Time that the API may take beyond the Job's own deadline to report its end. */
const GRACE_SECONDS = 60;
/** The kubelet's reasons why a container never started and, after several tries, never will. */
const HOPELESS = new Set(["ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);

const { kubeconfig, job } = JSON.parse(await text(process.stdin)) as { kubeconfig: string; job: V1Job };
const client = new KubernetesClient(kubeconfig);
const batch = client.config.makeApiClient(BatchV1Api);
const name = job.metadata?.name ?? "";
const namespace = job.metadata?.namespace ?? "";

await removeEnded();
await createUnlessRunning();
let ended = false;
const logged = streamLogs();
const failure = await endOfJob();
ended = true;
await Promise.race([logged, sleep(5_000, undefined, { ref: false })]);
if (failure !== undefined) {
  process.stderr.write(`job ${namespace}/${name} failed: ${failure}\n`);
  process.exitCode = 1;
}

/** A Job's template cannot change: one that has ended makes room for its next run. */
async function removeEnded(): Promise<void> {
  const existing = await find();
  if (existing === undefined || isRunning(existing)) return;
  await batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Foreground" });
  const deadline = Date.now() + GRACE_SECONDS * 1_000;
  while ((await find()) !== undefined) {
    if (Date.now() > deadline) throw new Error(`the previous job ${name} was not removed within ${GRACE_SECONDS} s`);
    await sleep(POLL_MILLISECONDS);
  }
}

/** A Job that still runs was started by an update that did not live to see its end: it is waited for, not doubled. */
async function createUnlessRunning(): Promise<void> {
  if ((await find()) === undefined) await batch.createNamespacedJob({ namespace, body: job });
}

async function find(): Promise<V1Job | undefined> {
  const { items } = await batch.listNamespacedJob({ namespace, fieldSelector: `metadata.name=${name}` });
  return items[0];
}

function isRunning(existing: V1Job): boolean {
  return !existing.metadata?.deletionTimestamp && !existing.status?.conditions?.some(({ status }) => status === "True");
}

/** Why the Job failed; undefined when it succeeded. */
async function endOfJob(): Promise<string | undefined> {
  const limitSeconds = (job.spec?.activeDeadlineSeconds ?? 600) + GRACE_SECONDS;
  const deadline = Date.now() + limitSeconds * 1_000;
  while (Date.now() < deadline) {
    const current = await find();
    if (current === undefined) return "it was deleted while it ran";
    for (const condition of current.status?.conditions ?? []) {
      if (condition.status !== "True") continue;
      if (condition.type === "Complete") return undefined;
      if (condition.type === "Failed") return `${condition.reason}: ${condition.message}${await whyWaiting()}`;
    }
    const stuck = await whyStuck();
    if (stuck !== undefined) return stuck;
    await sleep(POLL_MILLISECONDS);
  }
  return `it did not end within ${limitSeconds} s${await whyWaiting()}`;
}

/** Why no pod of the Job can ever start, which no waiting mends; the Job is removed, so that the next run starts anew. */
async function whyStuck(): Promise<string | undefined> {
  const waiting = await findWaiting();
  if (waiting?.reason === undefined || !HOPELESS.has(waiting.reason)) return undefined;
  await batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Background" });
  return `${waiting.reason}: ${waiting.message ?? ""}`;
}

async function whyWaiting(): Promise<string> {
  const waiting = await findWaiting();
  return waiting?.reason ? ` (${waiting.reason}: ${waiting.message ?? ""})` : "";
}

async function findWaiting() {
  const pods = await client.listPods(namespace, `job-name=${name}`);
  return pods[0]?.status?.containerStatuses?.[0]?.state?.waiting;
}

async function streamLogs(): Promise<void> {
  for (;;) {
    const [pod] = await client.listPods(namespace, `job-name=${name}`);
    const phase = pod?.status?.phase;
    if (pod?.metadata?.name !== undefined && phase !== undefined && phase !== "Pending") {
      await client.followLog(
        namespace,
        pod.metadata.name,
        job.spec?.template.spec?.containers[0]?.name ?? "",
        process.stdout,
      );
      return;
    }
    // Looked at once more after the end: a pod that has not started by then never will.
    if (ended) return;
    await sleep(POLL_MILLISECONDS);
  }
}

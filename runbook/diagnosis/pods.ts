import type { PodLook } from "../../io/cluster-lookups.ts";
import type { Clock } from "../../shared/clock.ts";
import { type Finding, fail, pass, skipped, warn } from "../preflight/check.ts";
import { type DiagnosisContext, type Examination, SERVED } from "./examination.ts";

const HOUR = 3600;
/** Of a limit; memory beyond it is close to being killed for it, CPU beyond it is slowed down. */
const MAX_USED_RATIO = 0.9;
const MOST_SHOWN = 5;

export const pods: Examination = {
  id: "pods",
  topics: ["database", "errors", "latency"],
  title: "Pods",
  timeLimitSeconds: 45,
  run: async ({ clock, cluster }) => {
    const lists = await Promise.all(SERVED.map((namespace) => cluster.pods(namespace)));
    const all = lists.flatMap((list) => list ?? []);
    const found = all.filter(({ phase, gone }) => phase !== "Succeeded" && gone === undefined);
    const given = all.filter((pod) => pod.gone !== undefined && endedWithinHour(pod, clock));
    if (found.length === 0) return fail("no pod runs", "npx sparki preflight, then npx sparki deploy");
    const sick = found.filter(({ ready }) => !ready);
    const ended = found.filter((pod) => pod.restarts > 0 && endedWithinHour(pod, clock));
    const evidence = [...new Set([...sick, ...ended, ...given])].map(describe);
    const [worst] = [sick, ended, given].flat();
    const next = `kubectl describe pod ${worst?.name} -n ${worst?.namespace}`;
    if (sick.length > 0) return { ...fail(`${sick.length} of ${found.length} pods are not ready`, next), evidence };
    if (ended.length > 0)
      return { ...warn(`${ended.length} of ${found.length} pods were restarted in the last hour`, next), evidence };
    if (given.length > 0)
      return {
        ...warn(`${given.length} pods were evicted, or given up by their nodes, in the last hour`, next),
        evidence,
      };
    return pass(`${found.length} pods are ready, none was restarted in the last hour`);
  },
};

/** What ended before that says nothing about now. */
function endedWithinHour({ endedAt }: PodLook, { now }: Pick<Clock, "now">): boolean {
  return endedAt === undefined || now() - endedAt < HOUR;
}

function describe({ name, waiting, ended, restarts, phase, gone }: PodLook): string {
  if (gone !== undefined) return `${name}: ${gone}`;
  const why = [waiting, ended && `last ended: ${ended}`].filter(Boolean).join("; ") || phase;
  return `${name}, ${restarts} restarts: ${why}`;
}

/** What an autoscaler says that cannot ask how busy its pods are. */
const WITHOUT_METRICS = new Set([
  "FailedGetResourceMetric",
  "FailedComputeMetricsReplicas",
  "FailedGetContainerResourceMetric",
]);

export const warnings: Examination = {
  id: "events",
  topics: ["errors"],
  title: "Cluster events",
  timeLimitSeconds: 45,
  run: async ({ clock, cluster }) => {
    const [lists, pods, usage] = await Promise.all([
      Promise.all(SERVED.map((namespace) => cluster.warnings(namespace))),
      Promise.all(SERVED.map((namespace) => cluster.pods(namespace))),
      Promise.all(SERVED.map((namespace) => cluster.usage(namespace))),
    ]);
    // An autoscaler without a metrics API keeps the number of pods: no user notices, and `resources` says so.
    const isUnmeasured = usage.every((each) => each === undefined || each === "unmeasured");
    const sick = pods.flatMap((list) => list ?? []).filter(({ ready, gone }) => !ready && gone === undefined);
    const all = lists
      .flatMap((list) => list ?? [])
      .filter(({ lastAt, reason }) => clock.now() - lastAt < HOUR && !(isUnmeasured && WITHOUT_METRICS.has(reason)));
    const recent = all.filter(
      ({ about }) => !about.startsWith("Pod/") || sick.some(({ name }) => about.endsWith(`/${name}`)),
    );
    const over = all.length === 0 ? "" : `, except for ${all.length} things about pods that are ready now, or gone`;
    if (recent.length === 0) return pass(`Kubernetes had no warnings in the last hour${over}`);
    const evidence = recent
      .slice(0, MOST_SHOWN)
      .map(({ about, reason, message, count }) => `${about}, ${count} times: ${reason}: ${message}`);
    const next = "kubectl get events -A --field-selector type=Warning --sort-by .lastTimestamp";
    return { ...warn(`Kubernetes warned of ${recent.length} things in the last hour`, next), evidence };
  },
};

export const resources: Examination = {
  id: "resources",
  topics: ["errors", "latency"],
  title: "Limits and usage",
  timeLimitSeconds: 45,
  run: async (context) => {
    const findings = await Promise.all(SERVED.map((namespace) => judge(context, namespace)));
    return (
      findings.find(({ status }) => status === "fail") ??
      findings.find(({ status }) => status === "warn") ??
      findings[0] ??
      skipped("no pod is running")
    );
  },
};

async function judge({ clock, cluster }: DiagnosisContext, namespace: string): Promise<Finding> {
  const [found = [], usage] = await Promise.all([cluster.pods(namespace), cluster.usage(namespace)]);
  const next = `kubectl top pods -n ${namespace}; raise the limits in apps/charts, or find the leak`;
  const killed = found.filter((pod) => pod.ended?.startsWith("OOMKilled") && endedWithinHour(pod, clock));
  if (killed.length > 0)
    return {
      ...fail(`${killed.length} pods ran out of memory in the last hour`, next),
      evidence: killed.map(describe),
    };
  if (usage === undefined || usage === "unmeasured")
    return skipped("the cluster has no metrics API, so usage cannot be read");
  const tight = found.flatMap(({ name, limits }) => {
    const used = usage.get(name);
    return [tightness(name, "memory", used?.bytes, limits.bytes), tightness(name, "CPU", used?.cores, limits.cores)];
  });
  const evidence = tight.flatMap((each) => each ?? []);
  if (evidence.length > 0) return { ...warn(`${evidence.length} limits are almost reached`, next), evidence };
  return pass(`every pod is below ${MAX_USED_RATIO * 100} % of its limits`);
}

function tightness(
  name: string,
  what: string,
  used: number | undefined,
  limit: number | undefined,
): string | undefined {
  if (used === undefined || limit === undefined || used / limit <= MAX_USED_RATIO) return undefined;
  return `${name}: ${Math.round((100 * used) / limit)} % of its ${what}`;
}

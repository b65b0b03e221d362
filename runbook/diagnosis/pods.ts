import type { PodLook } from "../../io/cluster-lookups.ts";
import { LOG_BYTES, LOG_LINES, readPodLog, unreachableIn } from "../../io/pod-log.ts";
import type { Clock } from "../../shared/clock.ts";
import { type Finding, fail, pass, skipped, warn } from "../preflight/check.ts";
import { type DiagnosisContext, type Examination, SERVED, type Topic } from "./examination.ts";

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
      // A metrics API that is there and does not answer keeps nobody from what the cluster warns of.
      Promise.all(SERVED.map((namespace) => cluster.usage(namespace).catch(() => "unanswered"))),
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

const SLOW_MILLISECONDS = 1000;
const MOST_CHARACTERS = 160;

/** Lines from before say little about now. */
const RECENT_SECONDS = 900;

export interface Line {
  readonly pod: string;
  readonly namespace: string;
  readonly text: string;
}

/** What was found in the logs that can be read. */
export interface RecentLines {
  readonly lines: readonly Line[];
  /** Of how many seconds every log was read whole: where a pod logs much, its newest lines reach back less far. */
  readonly reachSeconds: number;
  /** Throws where a log could not be read: what was not found may be in that one. */
  assertComplete(): void;
}

type Logs = readonly PromiseSettledResult<readonly Line[]>[];

/** By the context, and so once for all that is looked at together; then by the namespace. */
const read = new WeakMap<object, Map<string, Promise<Logs>>>();

/** The logs of a namespace's pods, each of which is asked for once. */
function logsIn({ cluster }: DiagnosisContext, namespace: string): Promise<Logs> {
  const known = read.get(cluster) ?? new Map<string, Promise<Logs>>();
  read.set(cluster, known);
  const logs = known.get(namespace) ?? readLogs(cluster, namespace);
  known.set(namespace, logs);
  return logs;
}

async function readLogs(cluster: DiagnosisContext["cluster"], namespace: string): Promise<Logs> {
  const pods = (await cluster.pods(namespace)) ?? [];
  return Promise.allSettled(
    pods.map(async ({ name }) => {
      const lines = (await cluster.logLines(namespace, name)) ?? [];
      return lines.map((text): Line => ({ pod: name, namespace, text }));
    }),
  );
}

/** The last log lines of the pods in the namespaces, none of them older than `seconds`; a line without a time counts. */
async function recentLines(
  context: DiagnosisContext,
  seconds = RECENT_SECONDS,
  namespaces: readonly string[] = SERVED,
): Promise<RecentLines> {
  const { clock } = context;
  const logs = (await Promise.all(namespaces.map((namespace) => logsIn(context, namespace)))).flat();
  const since = clock.now() - seconds;
  const all = logs.flatMap((log) => (log.status === "fulfilled" ? log.value : []));
  return {
    reachSeconds: Math.min(
      seconds,
      ...logs.map((log) => (log.status === "fulfilled" ? reachOf(log.value, clock.now()) : seconds)),
    ),
    lines: all.filter(({ text }) => (timeOf(text) ?? since) >= since),
    assertComplete: () => {
      for (const log of logs) if (log.status === "rejected") throw log.reason;
    },
  };
}

/**
 * A log that is not longer than what is read of one was read whole; how far back lines without a time reach is not known.
 * Where the bytes were too many, the API left out the newest of them.
 */
function reachOf(lines: readonly Line[], now: number): number {
  const bytes = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0);
  if (bytes >= LOG_BYTES) return 0;
  if (lines.length < LOG_LINES) return Number.POSITIVE_INFINITY;
  const oldest = lines.map(({ text }) => timeOf(text)).find((time) => time !== undefined);
  return oldest === undefined ? 0 : Math.max(0, now - oldest);
}

/** What "not found" is worth where the lines that were read reach back less far than was asked for. */
function short(reachSeconds: number, count: number): Finding | undefined {
  if (reachSeconds >= RECENT_SECONDS) return undefined;
  const reason = `not known: the ${count} newest log lines reach back ${Math.floor(reachSeconds)} s of 15 minutes only`;
  return warn(reason, "count them in Kibana, which has every line: level: ERROR, the last 15 minutes");
}

function timeOf(text: string): number | undefined {
  const milliseconds = Date.parse(/"ts":\s*"([^"]+)"/.exec(text)?.[1] ?? "");
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

export const errorLines: Examination = {
  id: "error-lines",
  topics: ["database", "errors"],
  title: "ERROR log lines",
  timeLimitSeconds: 60,
  run: async (context) => {
    const { lines, reachSeconds, assertComplete } = await recentLines(context);
    const found = lines.filter(({ text }) => isError(text));
    if (found.length === 0) assertComplete();
    if (lines.length === 0) return skipped("no pod has logged anything for 15 minutes");
    if (found.length === 0)
      return short(reachSeconds, lines.length) ?? pass(`none in the ${lines.length} newest log lines of 15 minutes`);
    const kinds = [...Map.groupBy(found, ({ text }) => kindOf(text))].sort(
      ([, one], [, other]) => other.length - one.length,
    );
    const evidence = kinds.slice(0, MOST_SHOWN).map(([kind, all]) => `${all.length} times: ${shortened(kind)}`);
    const [worst] = kinds[0]?.[1] ?? [];
    const next = `kubectl logs ${worst?.pod} -n ${worst?.namespace} --tail=100`;
    return {
      ...fail(`${found.length} of ${lines.length} log lines are errors${within(reachSeconds)}`, next),
      evidence,
    };
  },
};

function within(reachSeconds: number): string {
  return reachSeconds >= RECENT_SECONDS
    ? ""
    : `; the lines reach back ${Math.floor(reachSeconds)} s only, so there may be more`;
}

function isError(text: string): boolean {
  const { errorLines: own, outages } = readPodLog([text]);
  return own.length + outages.length > 0;
}

export const slowQueries: Examination = {
  id: "slow-queries",
  topics: ["database", "latency"],
  title: "Slow work in the logs",
  timeLimitSeconds: 60,
  run: async (context) => {
    const { lines, reachSeconds, assertComplete } = await recentLines(context);
    const slow = lines.map((line) => ({ ...line, milliseconds: durationOf(line.text) }));
    const found = slow.filter(({ milliseconds }) => milliseconds > SLOW_MILLISECONDS);
    if (found.length === 0) assertComplete();
    if (lines.length === 0) return skipped("no pod has logged anything for 15 minutes");
    if (found.length === 0)
      return (
        short(reachSeconds, lines.length) ??
        pass(`none of ${lines.length} log lines has duration_ms > ${SLOW_MILLISECONDS}`)
      );
    const slowest = found.toSorted((one, other) => other.milliseconds - one.milliseconds);
    const evidence = slowest.slice(0, MOST_SHOWN).map(({ text }) => shortened(text));
    const next = `in Kibana: duration_ms > ${SLOW_MILLISECONDS}; for a query: EXPLAIN (ANALYZE, BUFFERS) on a restored copy`;
    return {
      ...fail(`${found.length} of ${lines.length} log lines have duration_ms > ${SLOW_MILLISECONDS}`, next),
      evidence,
    };
  },
};

function durationOf(text: string): number {
  return Number(/"duration_ms":\s*([0-9.]+)/.exec(text)?.[1] ?? 0);
}

/** A line without what differs from one occurrence to the next. */
function kindOf(text: string): string {
  return text
    .replace(/"ts":"[^"]*",?/, "")
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…")
    .replace(/("duration_ms":)[0-9.]+/, "$1…");
}

export function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

/** Pods that cannot reach a server say so again and again. */
const SAID_SECONDS = 300;

interface Server {
  readonly dependency: "database" | "cache";
  readonly topics: readonly Topic[];
  /** How an error line names the server where the application sets no `dependency`. */
  readonly named: RegExp;
  readonly next: (context: DiagnosisContext) => string;
}

/**
 * What the engine's pods themselves say of a server they need: every readiness probe of a pod connects to it, so this is
 * a connection from each pod, made all the time, and needs no `exec`.
 */
const words = ({ dependency, topics, named, next }: Server): Examination => ({
  id: `${dependency}-words`,
  topics,
  title: `What pods log about the ${dependency}`,
  timeLimitSeconds: 60,
  run: async (context) => {
    const found = (await context.cluster.pods("sparki-engine")) ?? [];
    const pods = found.filter(({ phase }) => phase !== "Succeeded");
    if (pods.length === 0) return skipped("no pod of the engine runs");
    const { lines, assertComplete } = await recentLines(context, SAID_SECONDS, ["sparki-engine"]);
    const newest = new Map(
      lines.filter((line) => isAbout(line, dependency, named)).map((line) => [line.pod, line.text]),
    );
    if (newest.size === 0) assertComplete();
    if (newest.size === 0) return pass(`none of ${pods.length} pods says that it cannot reach the ${dependency}`);
    const evidence = [...newest].slice(0, MOST_SHOWN).map(([pod, text]) => `${pod}: ${shortened(text)}`);
    const told = `${newest.size} of ${pods.length} pods said in the last 5 minutes that they cannot reach the ${dependency}`;
    return { ...fail(told, next(context)), evidence };
  },
});

function isAbout({ text }: Line, dependency: string, named: RegExp): boolean {
  return unreachableIn(text) === dependency || readPodLog([text]).errorLines.some((line) => named.test(line));
}

export const databaseWords = words({
  dependency: "database",
  topics: ["database", "errors"],
  named: /postgres|:5432\b/i,
  next: ({ stack, config: { contacts } }) =>
    `aws rds describe-events --duration 60 --source-type db-instance --source-identifier sparki-${stack}-database; ` +
    `ask ${contacts.database.mention} in ${contacts.database.channel}`,
});

export const cacheWords = words({
  dependency: "cache",
  topics: ["errors", "latency"],
  named: /redis|:6379\b/i,
  next: ({ stack, config: { contacts } }) =>
    `aws elasticache describe-events --duration 60 --source-type replication-group --source-identifier sparki-${stack}-cache; ` +
    `ask ${contacts.database.mention} in ${contacts.database.channel}`,
});

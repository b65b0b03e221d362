import { LOG_BYTES, LOG_LINES, readPodLog, unreachableIn } from "../../io/pod-log.ts";
import { type Finding, fail, pass, skipped, warn } from "../preflight/check.ts";
import { type DiagnosisContext, type Examination, SERVED, type Topic } from "./examination.ts";

const SLOW_MILLISECONDS = 1000;
const MOST_SHOWN = 5;
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

import type { Reading } from "../../gates/objective.ts";
import type { PodLook } from "../../io/cluster-lookups.ts";
import type { Series } from "../../io/prometheus.ts";
import type { DiagnosisContext, Examination } from "../../runbook/diagnosis/examination.ts";
import type { Finding } from "../../runbook/preflight/check.ts";
import type { Clock } from "../../shared/clock.ts";
import { fakeCluster, fakeContext, NOW } from "./preflight.ts";

/** What a query that contains the text answers: a number, series by their labels, or a reading that is none. */
export type MetricAnswers = Readonly<Record<string, number | readonly Series[] | Reading<readonly Series[]>>>;

/** A context of a diagnosis in which nothing runs and nothing answers, but for what a test gives it. */
export function diagnosisContext(
  changes: Parameters<typeof fakeContext>[0] & { metrics?: MetricAnswers } = {},
): DiagnosisContext {
  const { metrics = {}, ...parts } = changes;
  return {
    ...fakeContext({ clock: standing, ...parts }),
    metrics: { instant: async (query) => answerOf(metrics, query) },
  };
}

/** Time does not pass: no look is ever too late. */
const standing: Clock = { now: () => NOW, sleep: () => new Promise(() => {}) };

function answerOf(metrics: MetricAnswers, query: string): Reading<readonly Series[]> {
  const key = Object.keys(metrics)
    .filter((each) => query.includes(each))
    .sort((one, other) => other.length - one.length)[0];
  const found = key === undefined ? undefined : metrics[key];
  if (found === undefined) return { kind: "no-data" };
  if (typeof found === "number") return { kind: "value", value: [{ labels: {}, points: [[0, found]] }] };
  return "kind" in found ? found : { kind: "value", value: found };
}

/** A pod that is well, but for what a test says. */
export function podNamed(name: string, changes: Partial<PodLook> = {}): PodLook {
  const limits = { cores: 1, bytes: 1_000 };
  const well = { phase: "Running", ready: true, restarts: 0, waiting: undefined, ended: undefined, endedAt: undefined };
  return { name, namespace: "sparki-engine", ...well, limits, ...changes };
}

/** A cluster with these pods of the engine, and their log lines by the pod's name. */
export function clusterOf(pods: readonly PodLook[], logs: Readonly<Record<string, readonly string[]>> = {}) {
  const isEngine = (namespace: string) => namespace === "sparki-engine";
  return fakeCluster({
    pods: async (namespace) => (isEngine(namespace) ? pods : []),
    logLines: async (_, pod) => logs[pod] ?? [],
    usage: async () => "unmeasured",
    warnings: async () => [],
  });
}

/** Runs one examination to its finding. */
export function examine(examination: Examination, context: DiagnosisContext): Promise<Finding> {
  return examination.run(context, new AbortController().signal);
}

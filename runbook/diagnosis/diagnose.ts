import { z } from "zod";
import { EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { safeText } from "../../shared/text/visible.ts";
import { type EndedCheck, fail, findingLines, pass, runSideBySide, skipped } from "../preflight/check.ts";
import { jsonRequest, stormCheck } from "../preflight/storm.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { databaseAccess, databaseConnections, databaseErrors, databaseName, secretsPresent } from "./database.ts";
import type { DiagnosisContext, Examination, Topic } from "./examination.ts";
import { cacheWords, databaseWords, errorLines, pods, resources, shortened, slowQueries, warnings } from "./pods.ts";
import { cacheAnswer, cacheHits, databaseAnswer, errorRate, slowRoutes } from "./requests.ts";

/** What a diagnosis came to; also the document of `--json`. */
export interface Diagnosis {
  readonly stack: string;
  readonly topics: readonly Topic[];
  /** 4 when nothing wrong was seen, but something could not be checked. */
  readonly exitCode: ExitCodeOf<"done" | "refused" | "outside">;
  /** The first wrong thing that nothing else that is wrong explains; null when nothing is wrong. */
  readonly likelyCause: EndedCheck | null;
  /** Everything that was checked, causes before what they cause. */
  readonly symptoms: readonly EndedCheck[];
  readonly seconds: number;
}

/** Runs every examination of the topics side by side; rejects only when aborted. */
export async function diagnose(
  context: DiagnosisContext,
  { topics, examinations }: { readonly topics: readonly Topic[]; readonly examinations: readonly Examination[] },
  screen: Screen,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const start = context.clock.now();
  const chosen = examinations.filter((each) => each.topics.some((topic) => topics.includes(topic)));
  const symptoms = await runSideBySide("diagnosis", chosen, context, { screen, signal });
  const seen = (status: EndedCheck["status"]) =>
    symptoms.find((each) => each.status === status && each.isBlind !== true);
  const failed = symptoms.find(({ status }) => status === "fail");
  // What nobody could look at explains nothing, unless there is nothing else.
  const likelyCause = seen("fail") ?? failed ?? seen("warn") ?? null;
  const seconds = context.clock.now() - start;
  return {
    stack: context.stack,
    topics,
    exitCode: EXIT[seen("fail") !== undefined ? "refused" : failed !== undefined ? "outside" : "done"].code,
    likelyCause,
    symptoms,
    seconds,
  };
}

/** The diagnosis for a person: the likely cause first, with what it rests on and the next command. */
export function diagnosisText({ likelyCause, symptoms, topics, seconds, stack }: Diagnosis, paint: Paint): string {
  const others = symptoms.filter((symptom) => symptom !== likelyCause);
  const wrong = others.filter(({ status }) => status === "fail" || status === "warn");
  const fine = others.filter(({ status }) => status === "pass" || status === "skipped");
  return `${[
    ...section(
      paint.strong(likelyCause?.isBlind === true ? "Could not be checked" : "Likely cause"),
      likelyCause === null ? [] : [likelyCause],
      paint,
    ),
    ...section("Also wrong, possibly as a consequence", wrong, paint),
    ...section("Checked", fine, paint),
    "",
    `${verdict(likelyCause)} on ${stack} (${topics.join(", ")}), in ${duration(seconds)}.`,
  ].join("\n")}\n`;
}

function section(title: string, symptoms: readonly EndedCheck[], paint: Paint): string[] {
  return symptoms.length === 0 ? [] : ["", title, ...symptoms.flatMap((symptom) => findingLines(symptom, paint))];
}

function verdict(likelyCause: EndedCheck | null): string {
  if (likelyCause === null) return "No problem was found";
  if (likelyCause.isBlind === true) return "No problem was found, but not everything could be checked,";
  return likelyCause.status === "fail" ? "Something is wrong" : "Something deviates from normal";
}

const MOST_SHOWN = 5;

const WINDOW_MINUTES = 15;

const SLOW_MILLISECONDS = 1000;

const servicesSchema = z.object({ data: z.array(z.string()).nullable() });

const tracesSchema = z.object({
  data: z.array(
    z.object({ traceID: z.string(), spans: z.array(z.object({ operationName: z.string(), duration: z.number() })) }),
  ),
});

const searchSchema = z.object({ hits: z.object({ hits: z.array(z.object({ _source: z.looseObject({}) })) }) });

function examination(topics: readonly Topic[], check: Parameters<typeof stormCheck>[0]): Examination {
  const { id, title, timeLimitSeconds, run } = stormCheck(check);
  return { id, title, topics, timeLimitSeconds, run };
}

export const traces = examination(["errors"], {
  id: "traces",
  service: "jaegerQueryUrl",
  title: "Traces with errors",
  proves: `No trace of Sparki has an error in the last ${WINDOW_MINUTES} minutes.`,
  judge: async (jaeger, { clock }) => {
    const { data } = await jaeger.read("/api/services", servicesSchema);
    const own = (data ?? []).filter((name) => name.startsWith("sparki") && name !== "sparki-preflight");
    if (own.length === 0) return skipped("Jaeger has no service of Sparki");
    const [end, tags] = [Math.round(clock.now() * 1e6), JSON.stringify({ error: "true" })];
    const found = await Promise.all(
      own.map(async (service) => {
        const query = { service, tags, limit: "20", start: `${end - WINDOW_MINUTES * 60e6}`, end: `${end}` };
        const answer = await jaeger.read(`/api/traces?${new URLSearchParams(query)}`, tracesSchema);
        return answer.data.map((trace) => ({ service, ...trace }));
      }),
    );
    const all = found.flat();
    if (all.length === 0) return pass(`none of ${own.join(", ")} in the last ${WINDOW_MINUTES} minutes`);
    const evidence = all.slice(0, MOST_SHOWN).map(({ service, traceID, spans: [span] }) => {
      return `${service} ${span?.operationName}, ${Math.round((span?.duration ?? 0) / 1000)} ms: ${jaeger.url}/trace/${traceID}`;
    });
    const told = `${all.length} traces had errors in the last ${WINDOW_MINUTES} minutes`;
    return {
      ...fail(told, `open ${jaeger.url}/trace/${all[0]?.traceID}: its first red span is where it began`),
      evidence,
    };
  },
});

export const slowSearch = examination(["database", "latency"], {
  id: "slow-search",
  service: "elasticsearchUrl",
  title: "Slow work in Elasticsearch",
  proves: `No log line of Sparki has duration_ms > ${SLOW_MILLISECONDS} in the last ${WINDOW_MINUTES} minutes.`,
  judge: async (elasticsearch, { config }) => {
    const range = [{ duration_ms: { gt: SLOW_MILLISECONDS } }, { "@timestamp": { gte: `now-${WINDOW_MINUTES}m` } }];
    const filter = [{ query_string: { query: "*sparki*" } }, ...range.map((each) => ({ range: each }))];
    const query = { size: MOST_SHOWN, sort: [{ duration_ms: "desc" }], query: { bool: { filter } } };
    const { hits } = await elasticsearch.read("/_search", searchSchema, jsonRequest(query));
    if (hits.hits.length === 0)
      return pass(`no line of the last ${WINDOW_MINUTES} minutes has duration_ms > ${SLOW_MILLISECONDS}`);
    const evidence = hits.hits.map(({ _source }) => shortened(safeText(JSON.stringify(_source))));
    const next = `in Kibana${config.storm.kibanaUrl === undefined ? "" : ` (${config.storm.kibanaUrl})`}: duration_ms > ${SLOW_MILLISECONDS}`;
    return {
      ...fail(`lines of the last ${WINDOW_MINUTES} minutes have duration_ms > ${SLOW_MILLISECONDS}`, next),
      evidence,
    };
  },
});

/**
 * The troubleshooting guide, causes before what they cause: the first that is wrong is the likeliest cause of the others.
 * A server that is away takes the pods' readiness with it, so what pods say of their servers comes before the pods.
 */
export const EXAMINATIONS: readonly Examination[] = [
  secretsPresent,
  databaseName,
  databaseAccess,
  databaseWords,
  cacheWords,
  resources,
  pods,
  databaseConnections,
  databaseAnswer,
  databaseErrors,
  cacheAnswer,
  slowQueries,
  slowSearch,
  cacheHits,
  traces,
  warnings,
  errorLines,
  errorRate,
  slowRoutes,
];

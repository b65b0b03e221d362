import { z } from "zod";
import type { Objective } from "../../gates/objective.ts";
import type { HttpAnswer } from "../../io/http.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { safeText } from "../../shared/text/visible.ts";
import { TRACK_KINDS } from "../../stacks/services.ts";
import { type EndedCheck, fail, findingLines, pass, runSideBySide, skipped, warn } from "../preflight/check.ts";
import { secrets } from "../preflight/checks/secrets.ts";
import { jsonRequest, stormCheck } from "../preflight/storm.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { type DiagnosisContext, type Examination, numberOf, seriesOf, type Topic } from "./examination.ts";
import { cacheWords, databaseWords, errorLines, pods, resources, shortened, slowQueries, warnings } from "./pods.ts";

/** Of series, lines and traces. */
const MOST_SHOWN = 5;

const PORT = 5432;
const MAX_USED_RATIO = 0.9;
const MAX_FAILED_RATIO = 0.01;

const instanceSchema = z.object({ address: z.string(), vpcSecurityGroups: z.array(z.string()) });
const clusterSchema = z.object({ vpcConfig: z.object({ clusterSecurityGroupId: z.string() }) });
const rulesSchema = z.object({ ids: z.array(z.string()) });
const ruleSchema = z.object({
  isEgress: z.boolean(),
  fromPort: z.number().nullish(),
  toPort: z.number().nullish(),
  referencedSecurityGroupId: z.string().nullish(),
});

function findInstance({ aws, stack }: DiagnosisContext) {
  return aws.find("rds/getInstance", { dbInstanceIdentifier: `sparki-${stack}-database` }, instanceSchema);
}

export const secretsPresent: Examination = {
  id: "secrets",
  topics: ["database", "errors"],
  title: "Secrets",
  timeLimitSeconds: secrets.timeLimitSeconds,
  run: (context, signal) => secrets.run(context, signal),
};

export const databaseName: Examination = {
  id: "database-name",
  topics: ["database"],
  title: "Database name",
  timeLimitSeconds: 30,
  run: async (context) => {
    const instance = await findInstance(context);
    const describe = `aws rds describe-db-instances --db-instance-identifier sparki-${context.stack}-database`;
    if (instance === undefined) return fail("there is no database", describe);
    const addresses = await context.names.addressesOf(instance.address);
    if (addresses.length > 0) return pass(`${instance.address} is ${addresses.join(", ")}`);
    return fail(`${instance.address} has no address: the instance is not up`, describe);
  },
};

export const databaseAccess: Examination = {
  id: "database-access",
  topics: ["database"],
  title: "Database security group",
  timeLimitSeconds: 45,
  run: async (context) => {
    const { aws, stack } = context;
    const [instance, cluster] = await Promise.all([
      findInstance(context),
      aws.find("eks/getCluster", { name: `sparki-${stack}` }, clusterSchema),
    ]);
    if (instance === undefined || cluster === undefined) return skipped("there is no database or no cluster");
    const pods = cluster.vpcConfig.clusterSecurityGroupId;
    const groups = instance.vpcSecurityGroups;
    if (await letsIn(context, groups, pods)) return pass(`${groups.join(", ")} lets ${pods} in on port ${PORT}`);
    return fail(
      `${groups.join(", ")} does not let the cluster's pods (${pods}) in on port ${PORT}`,
      `pulumi refresh --stack ${stack}, then deploy; who changed it: aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=${groups[0]}`,
    );
  },
};

async function letsIn({ aws }: DiagnosisContext, groups: readonly string[], peer: string): Promise<boolean> {
  const filters = [{ name: "group-id", values: groups }];
  const listed = await aws.find("vpc/getSecurityGroupRules", { filters }, rulesSchema);
  const looks = (listed?.ids ?? []).map((securityGroupRuleId) =>
    aws.find("vpc/getSecurityGroupRule", { securityGroupRuleId }, ruleSchema),
  );
  return (await Promise.all(looks)).some(
    (rule) =>
      rule !== undefined &&
      !rule.isEgress &&
      rule.referencedSecurityGroupId === peer &&
      (rule.fromPort ?? 0) <= PORT &&
      PORT <= (rule.toPort ?? 65_535),
  );
}

export const databaseConnections: Examination = {
  id: "database-connections",
  topics: ["database", "latency"],
  title: "Database connections",
  timeLimitSeconds: 20,
  run: async ({ metrics, stack }) => {
    const series = `namespace="sparki-engine",stack="${stack}"`;
    const [active, most, waiting] = await Promise.all([
      numberOf(metrics, `sum(database_connections{${series},state="active"})`),
      numberOf(metrics, `sum(database_connections_max{${series}})`),
      numberOf(metrics, `sum(database_connection_waiters{${series}})`),
    ]);
    if (active === undefined || most === undefined || most === 0)
      return skipped("the engine's metrics have no data on its connections");
    const told = `${active} of ${most} connections are in use, ${waiting ?? 0} requests wait for one`;
    const next =
      "npx sparki rollback if they grew with the newest release; otherwise find the statement that holds them";
    if (active / most > MAX_USED_RATIO) return fail(told, next);
    return waiting === undefined || waiting === 0 ? pass(told) : warn(told, next);
  },
};

export const databaseErrors: Examination = {
  id: "database-errors",
  topics: ["database", "errors"],
  title: "Failed queries",
  timeLimitSeconds: 20,
  run: async ({ metrics, stack }) => {
    const rate = (more: string) =>
      `sum(rate(database_queries_total{namespace="sparki-engine",stack="${stack}"${more}}[5m]))`;
    const ratio = await numberOf(metrics, `(${rate(',result="error"')} or vector(0)) / (${rate("")} > 0)`);
    if (ratio === undefined) return skipped("the engine's metrics have no data on its queries");
    const told = `${(ratio * 100).toFixed(2)} % of queries failed in the last 5 minutes`;
    const next = "kubectl logs -n sparki-engine -l app.kubernetes.io/name=sparki-engine --tail=100 | grep ERROR";
    return ratio > MAX_FAILED_RATIO ? fail(told, next) : pass(told);
  },
};

const MIN_HIT_RATIO = 0.5;

const NO_NAME = /ENOTFOUND|ENODATA/;

interface Asked {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly topics: readonly Topic[];
  readonly next: string;
}

/** Asks each track through the entrance, the way that users' requests take; a pod answers only once its server has. */
const answered = ({ path, next, ...named }: Asked): Examination => ({
  ...named,
  timeLimitSeconds: 20,
  run: async ({ config, http }, signal) => {
    const url = `https://${config.domain}${path}`;
    const answers = await Promise.all(
      TRACK_KINDS.map(async (track) => {
        const headers = { ...SYNTHETIC, "x-sparki-track": track };
        return { track, answer: await http(url, { headers, timeoutSeconds: 15, signal }) };
      }),
    );
    if (answers.every(({ answer }) => !answer.answered && NO_NAME.test(answer.error))) throw unnamed(config.domain);
    const told = `${url}: ${answers.map(({ track, answer }) => `${track} ${said(answer)}`).join(", ")}`;
    const bad = answers.flatMap(({ answer }) => (answer.answered && answer.status !== 200 ? [answer.body.trim()] : []));
    if (answers.every(({ answer }) => answer.answered && answer.status === 200)) return pass(told);
    return { ...fail(told, next), evidence: bad.filter(Boolean).map((body) => safeText(body).slice(0, 160)) };
  },
});

/** Whatever is behind a name that does not resolve was not asked. */
function unnamed(domain: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${domain} does not resolve`, {
    hint: `nslookup ${domain}; npx sparki history, for whether a release was ever promoted`,
  });
}

function said(answer: HttpAnswer): string {
  if (!answer.answered) return `did not answer (${answer.error})`;
  return `answered ${answer.status} in ${Math.round(answer.seconds * 1000)} ms`;
}

export const databaseAnswer = answered({
  id: "database-answer",
  title: "A request that needs the database",
  path: "/api/projects",
  topics: ["database", "errors"],
  next: "kubectl logs -n sparki-engine -l app.kubernetes.io/name=sparki-engine --tail=100",
});

export const cacheAnswer = answered({
  id: "cache-answer",
  title: "A request that needs the cache",
  path: "/api/cache/health",
  topics: ["errors", "latency"],
  next: "kubectl logs -n sparki-engine -l app.kubernetes.io/name=sparki-engine --tail=100",
});

export const cacheHits: Examination = {
  id: "cache-hits",
  topics: ["latency"],
  title: "Cache hit ratio",
  timeLimitSeconds: 20,
  run: async ({ metrics, stack }) => {
    const reads = (result: string) =>
      `sum(rate(cache_commands_total{namespace="sparki-engine",stack="${stack}",result=~"${result}"}[5m]))`;
    const ratio = await numberOf(metrics, `(${reads("hit")} or vector(0)) / (${reads("hit|miss")} > 0)`);
    if (ratio === undefined) return skipped("the engine's metrics have no data on its cache");
    const told = `${Math.round(ratio * 100)} % of reads were hits in the last 5 minutes`;
    return ratio < MIN_HIT_RATIO
      ? warn(
          `${told}; expected at least ${MIN_HIT_RATIO * 100} %`,
          "a release with new keys starts with a low ratio: check again in 10 minutes",
        )
      : pass(told);
  },
};

export const errorRate: Examination = {
  id: "error-rate",
  topics: ["errors"],
  title: "Error rate by route",
  timeLimitSeconds: 20,
  run: async ({ config, metrics, stack }) => {
    const rate = (more: string) =>
      `sum by (namespace, route) (rate(http_requests_total{stack="${stack}",synthetic="false"${more}}[5m]))`;
    // A route without a failed request has no series of them: it counts as 0, so that no data means no requests.
    const series = await seriesOf(metrics, `(${rate(',status=~"5.."')} or 0 * ${rate("")}) / (${rate("")} > 0)`);
    if (series.length === 0) return skipped("no user request was measured in the last 5 minutes");
    const limit = limitOf(config.objectives);
    const evidence = worstFirst(series, (value) => `${(value * 100).toFixed(2)} % answered 5xx`);
    const worst = Math.max(...series.map(({ points }) => points[0]?.[1] ?? 0));
    const told = `up to ${(worst * 100).toFixed(2)} % of a route's requests failed; the objective is ${limit * 100} %`;
    if (worst <= limit) return pass(told);
    return { ...fail(told, "npx sparki rollback if it began with the newest release"), evidence };
  },
};

function limitOf(objectives: readonly Objective[]): number {
  return objectives.find(({ kind }) => kind.type === "errors")?.maxRatio ?? 0;
}

export const slowRoutes: Examination = {
  id: "slow-routes",
  topics: ["latency"],
  title: "P99 by route",
  timeLimitSeconds: 20,
  run: async ({ config, metrics, stack }) => {
    const objective = slowest(config.objectives);
    if (objective === undefined) return skipped("no objective covers latency");
    const { seconds, maxRatio } = objective;
    const rate = (le: string) =>
      `sum by (namespace, route) (rate(http_request_duration_seconds_bucket{stack="${stack}",synthetic="false",le=~"${le}"}[5m]))`;
    // A quantile never exceeds the histogram's largest bound; the requests over the limit can be counted with any bounds.
    const quick = rate(`${String(seconds).replace(".", "[.]")}([.]0)?`);
    const series = await seriesOf(metrics, `clamp_min(1 - ${quick} / (${rate("[+]Inf")} > 0), 0)`);
    if (series.length === 0) return skipped(`no user request was measured against ${seconds} s in the last 5 minutes`);
    const worst = Math.max(...series.map(({ points }) => points[0]?.[1] ?? 0));
    const told = `up to ${(worst * 100).toFixed(2)} % of a route's requests took longer than ${seconds} s; the objective is ${maxRatio * 100} %`;
    if (worst <= maxRatio) return pass(told);
    const evidence = worstFirst(series, (value) => `${(value * 100).toFixed(2)} % took longer than ${seconds} s`);
    return { ...fail(told, "npx sparki rollback if it began with the newest release"), evidence };
  },
};

/** The objective with the longest duration. */
function slowest(objectives: readonly Objective[]): { seconds: number; maxRatio: number } | undefined {
  return objectives
    .flatMap(({ kind, maxRatio }) => (kind.type === "slowerThan" ? [{ seconds: kind.seconds, maxRatio }] : []))
    .toSorted((one, other) => other.seconds - one.seconds)[0];
}

function worstFirst(series: Awaited<ReturnType<typeof seriesOf>>, tell: (value: number) => string): string[] {
  return series
    .map(({ labels, points }) => ({ route: `${labels.namespace} ${labels.route}`, value: points[0]?.[1] ?? 0 }))
    .sort((one, other) => other.value - one.value)
    .slice(0, MOST_SHOWN)
    .map(({ route, value }) => `${route}: ${tell(value)}`);
}

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

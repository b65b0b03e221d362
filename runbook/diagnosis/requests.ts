import type { Objective } from "../../gates/objective.ts";
import type { HttpAnswer } from "../../io/http.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { safeText } from "../../shared/text/visible.ts";
import { TRACK_KINDS } from "../../stacks/services.ts";
import { fail, pass, skipped, warn } from "../preflight/check.ts";
import type { Examination, Topic } from "./examination.ts";
import { numberOf, seriesOf } from "./examination.ts";

const MIN_HIT_RATIO = 0.5;
const MOST_SHOWN = 5;

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

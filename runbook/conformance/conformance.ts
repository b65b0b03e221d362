import type { HttpAnswer } from "../../io/http.ts";
import { REQUESTS, STATUS } from "../../io/prometheus-counts.ts";
import { SCRAPER_LABELS } from "../../io/scraped-once.ts";
import { bounded } from "../../shared/text/visible.ts";
import { listSchema } from "../verify/checks/test-project.ts";
import type { CONTRACT, PointId } from "./contract.ts";
import {
  DURATIONS,
  growth,
  type ObservationOptions,
  type Observed,
  Observer,
  OURS,
  type Probes,
  type Sample,
  SCRAPES_COUNT,
  type Sent,
  USERS,
} from "./observation.ts";
import { type Conformance, type Found, type Judge, judgedPoints, unknown, wrong } from "./report.ts";

export interface ConformanceOptions extends ObservationOptions {
  /** Durations in seconds that must be bounds of the histogram. */
  readonly limits: readonly number[];
  /** The database or the cache was stopped: only what holds then is checked. */
  readonly away: boolean;
}

/**
 * Checks a running process point by point. What no URL shows, or what could not be told this time, is `not checked` and
 * never counts as passed. Throws SPARKI_OUTSIDE where nothing answers at the URL.
 */
export async function checkConformance(options: ConformanceOptions): Promise<Conformance> {
  const { clock, service, url } = options;
  const start = clock.now();
  const observer = new Observer(options);
  const probes = await observer.probes();
  const judge = options.away ? awayJudge(probes) : judgeOf(await observer.all(probes), options.limits);
  const judged = judgedPoints(service, options.away ? "away" : "url", judge);
  return { url, service, ...judged, seconds: clock.now() - start };
}

function awayJudge({ health, ready }: Probes): Judge {
  return ({ id, seen, checkedBy }) => {
    if (id === "alive-without") return answering(health, 200);
    if (id === "unready-without")
      return ready.answered && ready.status < 400 ? wrong(`${said(ready)}; expected 503`) : said(ready);
    if (seen === "image") return unknown(checkedBy);
    if (seen === "registry") return unknown(BY_IMAGE);
    return unknown("the database or the cache is stopped: run it again without --away once it is back");
  };
}

function judgeOf(observed: Observed, limits: readonly number[]): Judge {
  const judges: Readonly<Partial<Record<PointId, JudgeObserved>>> = JUDGES;
  return ({ id, seen, checkedBy }) =>
    judges[id]?.(observed, limits) ?? unknown(seen === "registry" ? BY_IMAGE : checkedBy);
}

const BY_IMAGE = "npx sparki conformance IMAGE";

type JudgeObserved = (observed: Observed, limits: readonly number[]) => Found;

type UrlPointId = Extract<(typeof CONTRACT)[number], { readonly seen: "url" }>["id"];

/** Each point that a URL shows, judged by what was observed alone. */
const JUDGES: Readonly<Record<UrlPointId, JudgeObserved>> = {
  health: ({ probes }) => answering(probes.health, 200),
  ready: ({ probes }) => answering(probes.ready, 200),
  "gate-paths": ({ users: { answers } }) => {
    const bad = answers.filter(([, answer]) => !answer.answered || answer.status !== 200);
    if (bad.length > 0) return wrong([...new Map(bad)].map(([path, answer]) => `${path} ${said(answer)}`).join("; "));
    return `${unique(answers.map(([path]) => path)).join(", ")} answered 200`;
  },
  projects: ({ users: { answers } }) => {
    const [, answer] = answers.find(([path]) => path === "/api/projects") ?? [];
    if (answer?.answered !== true || answer.status !== 200) return unknown("/api/projects did not answer 200");
    const projects = projectsIn(answer.body);
    return projects === undefined ? wrong(`/api/projects ${said(answer)}`) : `a list of ${projects}`;
  },
  "unknown-path": ({ service, strange: { answers } }) => {
    const isGood = (status: number) => (service === "engine" ? status === 404 : status < 500);
    const asked = answers.filter(([path]) => path.includes("sparki-conformance-"));
    const bad = asked.find(([, answer]) => !answer.answered || !isGood(answer.status));
    return bad === undefined ? said(asked[0]?.[1]) : wrong(`${bad[0]} ${said(bad[1])}`);
  },
  "release-header": ({ probes, users }) => {
    const answers = [["/health", probes.health] as const, ...users.answers];
    const releases = answers.flatMap(([path, answer]) =>
      answer.answered ? [[path, String(answer.headers["x-sparki-release"] ?? "")] as const] : [],
    );
    const without = releases.find(([, release]) => release === "");
    if (without !== undefined) return wrong(`${without[0]} has no header x-sparki-release`);
    const different = unique(releases.map(([, release]) => release));
    if (different.length !== 1) return wrong(`answers carry ${different.length} releases: ${different.join(", ")}`);
    return `release ${different[0]}`;
  },
  metrics: ({ metrics: { answer, problem, samples } }) => {
    if (problem !== undefined) return wrong(`/metrics ${problem}`);
    const type = answer.answered ? String(answer.headers["content-type"] ?? "") : "";
    if (!METRICS_TYPE.test(type)) return wrong(`/metrics has the content-type "${type}"`);
    return `${samples.length} series in ${milliseconds(answer)}`;
  },
  "requests-counted": counted("users", (users, sent) => {
    const grown = growth(users, REQUESTS, USERS);
    if (grown !== sent) return wrong(`${REQUESTS}{synthetic="false"} grew by ${grown} after ${sent} requests`);
    return `${grown} of ${sent} requests`;
  }),
  "request-status": measured((observed) => {
    const { metrics, noise, strange, users } = observed;
    const series = metrics.samples.filter(({ metric }) => metric === REQUESTS);
    const untold = series.find(({ labels }) => !STATUS.test(labels.status ?? ""));
    if (series.length === 0) return wrong(`/metrics has no ${REQUESTS}`);
    if (untold !== undefined) return wrong(`status is ${JSON.stringify(untold.labels.status) ?? "missing"}`);
    const statuses = unique(series.map(({ labels }) => labels.status ?? "")).sort();
    const missing = [users, strange].flatMap(uncountedClasses);
    if (noise === undefined && missing.length > 0) return wrong(missing.join("; "));
    return `status is ${statuses.join(", ")}`;
  }),
  "synthetic-apart": counted("synthetic", (synthetic, sent) => {
    const metrics = [REQUESTS, `${DURATIONS}_count`];
    for (const metric of metrics) {
      const [users, ours] = [growth(synthetic, metric, USERS), growth(synthetic, metric, OURS)];
      if (users !== 0) return wrong(`${metric}{synthetic="false"} grew by ${users} after ${sent} synthetic requests`);
      if (ours !== sent) return wrong(`${metric}{synthetic="true"} grew by ${ours} after ${sent} synthetic requests`);
    }
    return `${sent} of ${sent} requests`;
  }),
  "probes-uncounted": measured(probesUncounted),
  "bounded-routes": measured(({ metrics: { samples }, marks }) => {
    const named = [REQUESTS, `${DURATIONS}_count`, `${DURATIONS}_bucket`];
    const routed = samples.filter(({ metric }) => named.includes(metric));
    const without = routed.find(({ labels }) => (labels.route ?? "") === "");
    if (routed.length === 0) return wrong(`/metrics has neither ${REQUESTS} nor ${DURATIONS}`);
    if (without !== undefined) return wrong(`a series of ${without.metric} has no label route`);
    for (const { metric, labels } of samples)
      for (const [name, value] of Object.entries(labels))
        if (marks.some((mark) => value.includes(mark))) return wrong(`${metric} has a path as ${name}: ${value}`);
    const routes = unique(routed.map(({ labels }) => labels.route ?? ""));
    return `${routes.length} routes: ${routes.sort().join(", ")}`;
  }),
  "durations-counted": counted("users", (users, sent) => {
    const [count, all] = [
      growth(users, `${DURATIONS}_count`, USERS),
      growth(users, `${DURATIONS}_bucket`, ({ le, synthetic }) => boundOf(le) === Infinity && synthetic === "false"),
    ];
    if (count !== sent) return wrong(`${DURATIONS}_count{synthetic="false"} grew by ${count} after ${sent} requests`);
    if (all !== sent) return wrong(`${DURATIONS}_bucket{le="+Inf"} grew by ${all} after ${sent} requests`);
    return `${sent} of ${sent} requests`;
  }),
  "duration-limits": measured(({ metrics: { samples } }, limits) => {
    const counters = [...Map.groupBy(bucketsIn(samples), ({ labels: { le: _, ...own } }) => JSON.stringify(own))];
    if (counters.length === 0) return wrong(`/metrics has no ${DURATIONS}_bucket`);
    for (const [own, buckets] of counters) {
      const bounds = new Set(buckets.map(({ labels }) => boundOf(labels.le)));
      const missing = [...limits, Infinity].filter((limit) => !bounds.has(limit));
      if (missing.length > 0) return wrong(`${own} has no bucket for ${missing.join(", ")} (seconds)`);
    }
    return `${counters.length} counters have the bounds ${limits.join(", ")}`;
  }),
  "metric-numbers": measured(({ metrics: { samples } }) => {
    const read = samples.filter(({ metric }) => READ.test(metric));
    const bad = read.find(
      ({ metric, value }) =>
        !Number.isFinite(value) || value < 0 || (OBJECTIVES.test(metric) && !Number.isSafeInteger(value)),
    );
    return bad === undefined ? `${read.length} values` : wrong(`${bad.metric} is ${bad.value}`);
  }),
  "scraper-labels": measured(({ metrics: { samples } }) => {
    const own: readonly string[] = [...SCRAPER_LABELS, "instance"];
    for (const { metric, labels } of samples.filter(({ metric: name }) => OBJECTIVES.test(name))) {
      const found = own.find((name) => labels[name] !== undefined);
      if (found !== undefined) return wrong(`${metric} has the label ${found}="${labels[found]}"`);
    }
    return "none";
  }),
  "database-metrics": measured(({ metrics: { samples } }) =>
    having(samples, [
      ["database_connections", { state: /^active$/ }],
      ["database_connections_max", {}],
      ["database_connection_waiters", {}],
      ["database_queries_total", { result: /^(?:ok|error)$/ }],
      ["database_query_duration_seconds_bucket", { statement: /./, le: /./ }],
    ]),
  ),
  "cache-metrics": measured(({ metrics: { samples } }) =>
    having(samples, [
      ["cache_commands_total", { result: /^(?:hit|miss|ok|error)$/ }],
      ["cache_command_duration_seconds_bucket", { le: /./ }],
    ]),
  ),
};

const METRICS_TYPE = /^(?:text\/plain|application\/openmetrics-text)\s*(?:;|$)/i;
const OBJECTIVES = new RegExp(`^(?:${REQUESTS}|${DURATIONS}_(?:bucket|count))$`);
const READ = new RegExp(
  `^(?:${REQUESTS}|(?:${DURATIONS}|database_query_duration_seconds|cache_command_duration_seconds)_(?:bucket|count|sum)|` +
    "database_connections|database_connections_max|database_connection_waiters|database_queries_total|cache_commands_total)$",
);

function probesUncounted(observed: Observed, limits: readonly number[]): Found {
  if (observed.countsScrapes) return wrong(SCRAPES_COUNT);
  const judge = counted("probed", (probed, sent) => {
    const most = Math.max(...[REQUESTS, `${DURATIONS}_count`].map((metric) => growth(probed, metric, USERS)));
    return most === 0 ? `none of ${sent} counted` : wrong(`${most} of ${sent} probes are counted as users' requests`);
  });
  return judge(observed, limits);
}

/** Judged only where /metrics can be read. */
function measured(judge: JudgeObserved): JudgeObserved {
  return (observed, limits) =>
    observed.metrics.problem === undefined ? judge(observed, limits) : unknown(`/metrics ${observed.metrics.problem}`);
}

/** Judged only where the counts are of our own requests, and by those that were answered. */
function counted(kind: "users" | "synthetic" | "probed", judge: (sent: Sent, count: number) => Found): JudgeObserved {
  return measured((observed) => {
    const sent = observed[kind];
    const count = sent.answers.filter(([, answer]) => answer.answered).length;
    if (observed.noise !== undefined) return unknown(observed.noise);
    return count === 0 ? unknown("none of the requests was answered") : judge(sent, count);
  });
}

function answering(answer: HttpAnswer, expected: number): Found {
  return answer.answered && answer.status === expected ? said(answer) : wrong(`${said(answer)}; expected ${expected}`);
}

function said(answer: HttpAnswer | undefined): string {
  if (answer === undefined) return "was not asked";
  if (!answer.answered) return answer.error;
  const body = answer.status === 200 ? "" : `: ${bounded(answer.body.trim(), LONGEST_LINE)}`;
  return `answered ${answer.status} in ${milliseconds(answer)}${body === ": " ? "" : body}`;
}

function milliseconds({ seconds }: HttpAnswer): string {
  return `${Math.round(seconds * 1000)} ms`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** Classes of statuses that were answered more often than they are counted. */
function uncountedClasses(sent: Sent): string[] {
  const classes = sent.answers.flatMap(([, answer]) => (answer.answered ? [`${answer.status}`.charAt(0)] : []));
  return unique(classes).flatMap((first) => {
    const answered = classes.filter((other) => other === first).length;
    const grown = growth(sent, REQUESTS, ({ status }) => status?.charAt(0) === first);
    const isAny = growth(sent, REQUESTS) > 0;
    return grown === 0 && isAny ? [`${answered} answers of ${first}xx are counted under another status`] : [];
  });
}

function bucketsIn(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ metric }) => metric === `${DURATIONS}_bucket`);
}

/** Prometheus writes the same bound as 5 or 5.0. */
function boundOf(le: string | undefined): number {
  return le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN);
}

/** The first of these that no series is, or whose series have another label than one of those allowed. */
function having(
  samples: readonly Sample[],
  wanted: readonly (readonly [string, Readonly<Record<string, RegExp>>])[],
): Found {
  for (const [metric, labels] of wanted) {
    const isMeant = ({ labels: own }: Sample) =>
      Object.entries(labels).every(([name, value]) => value.test(own[name] ?? ""));
    if (!samples.some((sample) => sample.metric === metric && isMeant(sample))) {
      const found = samples.filter((sample) => sample.metric === metric).map((sample) => JSON.stringify(sample.labels));
      const instead = found.length === 0 ? "none of it" : unique(found).slice(0, 3).join(", ");
      const asked = Object.entries(labels).map(([name, value]) => `${name}=~"${value.source}"`);
      return wrong(`${metric}{${asked.join(",")}} is missing; found ${instead}`);
    }
  }
  return `${wanted.length} of ${wanted.length} metrics`;
}

/** How many projects the list has; undefined where it is none. */
function projectsIn(body: string): number | undefined {
  try {
    const { data } = listSchema.safeParse(JSON.parse(body));
    return data === undefined ? undefined : (Array.isArray(data) ? data : data.projects).length;
  } catch {
    return undefined;
  }
}

const LONGEST_LINE = 120;

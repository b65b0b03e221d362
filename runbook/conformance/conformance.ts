import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Http, HttpAnswer, HttpRequest } from "../../io/http.ts";
import { SCRAPER_LABELS } from "../../io/scraped-once.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine, safeText } from "../../shared/text/visible.ts";
import { type ServiceName, serviceOf } from "../../stacks/services.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { CONTRACT, type Point, type PointId, pointsOf, TIME_LIMITS } from "./contract.ts";
import { readExposition, type Sample } from "./exposition.ts";

/** What one point of the contract came to. */
export interface PointResult {
  readonly id: string;
  readonly status: "pass" | "fail" | "not checked";
  readonly required: string;
  readonly neededBy: string;
  /** What was found; of what was not checked, why not, or how to. */
  readonly found: string;
}

/** All points of a service's contract; also the document of `--json`. */
export interface Conformance {
  readonly url: string;
  readonly service: ServiceName;
  readonly outcome: "conforms" | "not proven" | "does not conform";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held">;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly notChecked: number;
  readonly points: readonly PointResult[];
}

export interface ConformanceOptions {
  /** An origin: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly service: ServiceName;
  /** Durations in seconds that must be bounds of the histogram. */
  readonly limits: readonly number[];
  /** The database or the cache was stopped: only what holds then is checked. */
  readonly away: boolean;
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly say: (text: string) => void;
}

/**
 * Checks a running process point by point. What no URL shows, or what could not be told this time, is `not checked` and
 * never counts as passed. Throws SPARKI_OUTSIDE where nothing answers at the URL.
 */
export async function checkConformance(options: ConformanceOptions): Promise<Conformance> {
  const { clock, service, url } = options;
  const start = clock.now();
  const asker = new Asker(options);
  const probes = await asker.probes();
  const judge = options.away ? awayJudge(probes) : judgeOf(await observe(asker, probes));
  const points = pointsOf(service).map((point) => resultOf(point, judge(point)));
  const count = (status: PointResult["status"]) => points.filter((point) => point.status === status).length;
  const isUnproven = points.some(({ status }, index) => {
    const seen = pointsOf(service)[index]?.seen;
    return status === "not checked" && seen === (options.away ? "away" : "url");
  });
  const [passed, failed, notChecked] = [count("pass"), count("fail"), count("not checked")];
  const end = failed > 0 ? ENDS.failed : isUnproven ? ENDS.unproven : ENDS.passed;
  return { url, service, ...end, seconds: clock.now() - start, passed, failed, notChecked, points };
}

const ENDS = {
  passed: { outcome: "conforms", exitCode: EXIT.done.code },
  unproven: { outcome: "not proven", exitCode: EXIT.held.code },
  failed: { outcome: "does not conform", exitCode: EXIT.refused.code },
} as const;

/** What is wrong, or why it is not known; a text alone is what was found and is well. */
type Found = string | { readonly wrong: string } | { readonly unknown: string };

type Judge = (point: Point & { readonly id: PointId }) => Found;

function resultOf({ id, required, neededBy }: Point, found: Found): PointResult {
  const told = (text: string) => bounded(oneLine(safeText(text)), LONGEST_FOUND);
  if (typeof found === "string") return { id, status: "pass", required, neededBy, found: told(found) };
  if ("wrong" in found) return { id, status: "fail", required, neededBy, found: told(found.wrong) };
  return { id, status: "not checked", required, neededBy, found: told(found.unknown) };
}

const LONGEST_FOUND = 400;

const wrong = (text: string): Found => ({ wrong: text });
const unknown = (text: string): Found => ({ unknown: text });

/** The answers to the two probes. */
interface Probes {
  readonly health: HttpAnswer;
  readonly ready: HttpAnswer;
}

/** Requests that were answered, and the counts before and after them. */
interface Sent {
  readonly answers: readonly (readonly [path: string, answer: HttpAnswer])[];
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

interface Observed {
  readonly service: ServiceName;
  readonly limits: readonly number[];
  readonly probes: Probes;
  readonly metrics: Scrape;
  /** Requests of users, of our own, to the probes, and to what is not there. */
  readonly users: Sent;
  readonly synthetic: Sent;
  readonly probed: Sent;
  readonly strange: Sent;
  /** What stands in the paths that are not there. */
  readonly marks: readonly string[];
  /** Why counts say nothing of our requests; undefined where they do. */
  readonly noise: string | undefined;
  /** Each scrape counts as a user's request. */
  readonly countsScrapes: boolean;
}

interface Scrape {
  readonly answer: HttpAnswer;
  readonly samples: readonly Sample[];
  /** Why there are no samples. */
  readonly problem: string | undefined;
}

const REQUESTS = "http_requests_total";
const DURATIONS = "http_request_duration_seconds";
const USERS = { synthetic: "false" } as const;
const OURS = { synthetic: "true" } as const;
const SYNTHETIC = { "x-sparki-synthetic": "1" } as const;
/** As Prometheus asks. */
const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9";
const TIMES = 2;
const PROBES = 5;
const REQUEST_SECONDS = 10;
/** A server may count a request a moment after it has answered it. */
const SETTLED_SECONDS = 3;
const LOOK_SECONDS = 0.25;
const QUIET_SECONDS = 1;

/** Sends the requests of a check to the one origin, follows no redirect, and waits for each no longer than its limit. */
class Asker {
  readonly #options: ConformanceOptions;

  constructor(options: ConformanceOptions) {
    this.#options = options;
  }

  get options(): ConformanceOptions {
    return this.#options;
  }

  ask(path: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    const { http, signal, url } = this.#options;
    signal.throwIfAborted();
    return http(`${url}${path}`, { timeoutSeconds: REQUEST_SECONDS, ...request, signal });
  }

  async probes(): Promise<Probes> {
    this.#options.say("/health and /ready");
    const [health, ready] = await Promise.all([
      this.ask("/health", { timeoutSeconds: TIME_LIMITS.health }),
      this.ask("/ready", { timeoutSeconds: TIME_LIMITS.ready }),
    ]);
    if (health.answered || ready.answered) return { health, ready };
    throw new DeployError("SPARKI_OUTSIDE", `nothing answers at ${this.#options.url}: ${health.error}`, {
      hint: "kubectl port-forward -n sparki-engine deploy/engine-one-box 8080:8080; then npx sparki conformance http://127.0.0.1:8080",
    });
  }

  async scrape(): Promise<Scrape> {
    const request = { headers: { accept: ACCEPT }, timeoutSeconds: TIME_LIMITS.metrics };
    const answer = await this.ask("/metrics", request);
    if (!answer.answered) return { answer, samples: [], problem: answer.error };
    if (answer.status !== 200) return { answer, samples: [], problem: `answered ${answer.status}` };
    const read = readExposition(answer.body);
    if (read.kind === "samples") return { answer, samples: read.samples, problem: undefined };
    const line = bounded(read.line, LONGEST_LINE);
    return { answer, samples: [], problem: `has a line that is not of Prometheus's format: ${line}` };
  }

  pause(seconds: number): Promise<void> {
    return this.#options.clock.sleep(seconds, this.#options.signal);
  }

  /** Sends requests one after the other, then waits until all of them are counted, or for as long as that may take. */
  async send(before: readonly Sample[], requests: readonly Request[], isAwaited = true): Promise<Sent> {
    const answers: [string, HttpAnswer][] = [];
    for (const { path, ...request } of requests) answers.push([path, await this.ask(path, request)]);
    const sent = answers.filter(([, answer]) => answer.answered).length;
    const isCounted = (after: readonly Sample[]) =>
      [REQUESTS, `${DURATIONS}_count`].every((metric) => growth({ before, after }, metric) >= sent);
    for (let waited = 0; ; waited += LOOK_SECONDS) {
      if (!isAwaited) await this.pause(2 * LOOK_SECONDS);
      const { samples: after } = await this.scrape();
      if (!isAwaited || isCounted(after) || waited >= SETTLED_SECONDS) return { answers, before, after };
      await this.pause(LOOK_SECONDS);
    }
  }
}

type Request = HttpRequest & { readonly path: string };

const LONGEST_LINE = 120;

async function observe(asker: Asker, probes: Probes): Promise<Observed> {
  const { limits, say, service } = asker.options;
  const paths = serviceOf(service).entrance?.traffic ?? [];
  const twice = Array.from({ length: TIMES }, () => paths.map((path): Request => ({ path }))).flat();
  say("/metrics, while nobody is to ask");
  await asker.pause(LOOK_SECONDS);
  const quiet = [await asker.scrape(), await asker.scrape(), await asker.scrape()];
  await asker.pause(QUIET_SECONDS);
  quiet.push(await asker.scrape());
  say("users' requests");
  const users = await asker.send(quiet.at(-1)?.samples ?? [], twice);
  say("synthetic requests");
  const marked = twice.map((request): Request => ({ ...request, headers: SYNTHETIC }));
  const synthetic = await asker.send(users.after, marked);
  say("probes");
  const asked = Array.from({ length: PROBES }, (): Request[] => [{ path: "/health" }, { path: "/ready" }]).flat();
  const probed = await asker.send(synthetic.after, asked, false);
  say("what is not there");
  const marks = [randomUUID(), randomUUID()];
  const strange = await asker.send(probed.after, strangeTo(service, marks));
  await asker.pause(QUIET_SECONDS);
  const metrics = await asker.scrape();
  const grown = [...quiet, metrics].map(({ samples }) => samples);
  const told = { metrics, users, synthetic, probed, strange };
  return { service, limits, probes, marks, ...told, ...noiseIn(grown, strange.after) };
}

/** What no server has, each with a mark of its own in the path. */
function strangeTo(service: ServiceName, marks: readonly string[]): Request[] {
  if (service !== "engine") return marks.map((mark) => ({ path: `/sparki-conformance-${mark}` }));
  return marks.flatMap((mark): Request[] => [
    { path: `/api/sparki-conformance-${mark}` },
    { path: `/api/projects/${mark}/detect`, method: "POST" },
  ]);
}

/** Whether counts grew without a request of ours: between the first scrapes, and from the last requests to the end. */
function noiseIn(
  scrapes: readonly (readonly Sample[])[],
  lastRequests: readonly Sample[],
): Pick<Observed, "countsScrapes" | "noise"> {
  const [first = [], second = [], third = [], fourth = [], end = []] = scrapes;
  const grown = [
    [first, second],
    [second, third],
    [third, fourth],
    [lastRequests, end],
  ].map(([before = [], after = []]) => growth({ before, after }, REQUESTS, USERS));
  const countsScrapes = grown.every((more) => more === 1);
  const most = Math.max(...grown);
  if (countsScrapes) return { countsScrapes, noise: "each scrape of /metrics is counted as a user's request" };
  const advice = "ask one process that nobody else uses";
  return {
    countsScrapes,
    noise: most > 0 ? `others ask this server too: ${most} requests were counted meanwhile; ${advice}` : undefined,
  };
}

type Labels = Readonly<Record<string, string>>;

/** How much the series with these labels have grown together; those that are new began at 0. */
function growth(
  { before, after }: Pick<Sent, "before" | "after">,
  metric: string,
  labels: Labels | ((labels: Labels) => boolean) = {},
): number {
  const isMeant =
    typeof labels === "function"
      ? labels
      : (own: Labels) => Object.entries(labels).every(([name, value]) => own[name] === value);
  const total = (samples: readonly Sample[]) =>
    samples.reduce((sum, sample) => (sample.metric === metric && isMeant(sample.labels) ? sum + sample.value : sum), 0);
  return total(after) - total(before);
}

function awayJudge({ health, ready }: Probes): Judge {
  return ({ id, seen, checkedBy }) => {
    if (id === "alive-without") return answering(health, 200);
    if (id === "unready-without")
      return ready.answered && ready.status < 400 ? wrong(`${said(ready)}; expected 503`) : said(ready);
    if (seen === "image") return unknown(checkedBy);
    return unknown("the database or the cache is away: run again without --away once it is back");
  };
}

function judgeOf(observed: Observed): Judge {
  return (point) => {
    if (point.seen !== "url") return unknown(point.checkedBy);
    const judge = Object.hasOwn(JUDGES, point.id) ? ofUrl(point.id) : undefined;
    return judge?.(observed) ?? unknown(point.checkedBy);
  };
}

type UrlPointId = Extract<(typeof CONTRACT)[number], { readonly seen: "url" }>["id"];

function ofUrl(id: PointId): ((observed: Observed) => Found) | undefined {
  const judges: Readonly<Partial<Record<PointId, (observed: Observed) => Found>>> = JUDGES;
  return judges[id];
}

/** Each point that a URL shows, judged by what was observed alone. */
const JUDGES: Readonly<Record<UrlPointId, (observed: Observed) => Found>> = {
  health: ({ probes }) => answering(probes.health, 200),
  ready: ({ probes }) => answering(probes.ready, 200),
  "gate-paths": ({ users: { answers } }) => {
    const bad = answers.filter(([, answer]) => !answer.answered || answer.status !== 200);
    if (bad.length > 0) return wrong(unique(bad.map(([path, answer]) => `${path} ${said(answer)}`)).join("; "));
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
  "requests-counted": counted(({ users }) => {
    const sent = sentIn(users);
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
  "synthetic-apart": counted(({ synthetic }) => {
    const sent = sentIn(synthetic);
    const metrics = [REQUESTS, `${DURATIONS}_count`];
    for (const metric of metrics) {
      const [users, ours] = [growth(synthetic, metric, USERS), growth(synthetic, metric, OURS)];
      if (users !== 0) return wrong(`${metric}{synthetic="false"} grew by ${users} after ${sent} synthetic requests`);
      if (ours !== sent) return wrong(`${metric}{synthetic="true"} grew by ${ours} after ${sent} synthetic requests`);
    }
    return `${sent} of ${sent} requests`;
  }),
  "probes-uncounted": measured((observed) => {
    const { countsScrapes, noise, probed } = observed;
    if (countsScrapes) return wrong("each scrape of /metrics is counted as a user's request");
    if (noise !== undefined) return unknown(noise);
    const grown = [REQUESTS, `${DURATIONS}_count`].map((metric) => growth(probed, metric, USERS));
    const most = Math.max(...grown);
    const sent = sentIn(probed);
    return most === 0 ? `none of ${sent} counted` : wrong(`${most} of ${sent} probes are counted as users' requests`);
  }),
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
  "durations-counted": counted(({ users }) => {
    const sent = sentIn(users);
    const [count, all] = [
      growth(users, `${DURATIONS}_count`, USERS),
      growth(users, `${DURATIONS}_bucket`, ({ le, synthetic }) => boundOf(le) === Infinity && synthetic === "false"),
    ];
    if (count !== sent) return wrong(`${DURATIONS}_count{synthetic="false"} grew by ${count} after ${sent} requests`);
    if (all !== sent) return wrong(`${DURATIONS}_bucket{le="+Inf"} grew by ${all} after ${sent} requests`);
    return `${sent} of ${sent} requests`;
  }),
  "duration-limits": measured(({ metrics: { samples }, limits }) => {
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

/** A status of HTTP, or its class, as `io/prometheus-counts.ts` takes it. */
const STATUS = /^[1-5](?:\d\d|xx)$/i;
const METRICS_TYPE = /^(?:text\/plain|application\/openmetrics-text)\s*(?:;|$)/i;
const OBJECTIVES = new RegExp(`^(?:${REQUESTS}|${DURATIONS}_(?:bucket|count))$`);
const READ = new RegExp(
  `^(?:${REQUESTS}|(?:${DURATIONS}|database_query_duration_seconds|cache_command_duration_seconds)_(?:bucket|count|sum)|` +
    "database_connections|database_connections_max|database_connection_waiters|database_queries_total|cache_commands_total)$",
);

/** Judged only where /metrics can be read. */
function measured(judge: (observed: Observed) => Found): (observed: Observed) => Found {
  return (observed) =>
    observed.metrics.problem === undefined ? judge(observed) : unknown(`/metrics ${observed.metrics.problem}`);
}

/** Judged only where the counts are of our own requests. */
function counted(judge: (observed: Observed) => Found): (observed: Observed) => Found {
  return measured((observed) => (observed.noise === undefined ? judge(observed) : unknown(observed.noise)));
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

function sentIn({ answers }: Sent): number {
  return answers.filter(([, answer]) => answer.answered).length;
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
      const instead = found.length === 0 ? "nothing of it" : unique(found).slice(0, 3).join(", ");
      const asked = Object.entries(labels).map(([name, value]) => `${name}=~"${value.source}"`);
      return wrong(`${metric}{${asked.join(",")}} is missing; found ${instead}`);
    }
  }
  return `${wanted.length} of ${wanted.length} metrics`;
}

const projectsSchema = z.array(z.object({ id: z.string(), name: z.string() }));
const listSchema = z.union([projectsSchema, z.object({ projects: projectsSchema })]);

/** How many projects the list has; undefined where it is none. */
function projectsIn(body: string): number | undefined {
  try {
    const { data } = listSchema.safeParse(JSON.parse(body));
    return data === undefined ? undefined : (Array.isArray(data) ? data : data.projects).length;
  } catch {
    return undefined;
  }
}

const MARKS = { pass: "✓", fail: "✗", "not checked": "-" } as const;

/** The points as people read them, those that fail with who needs them, and how many were checked. */
export function conformanceText({ points, url, service, seconds, ...counts }: Conformance, paint: Paint): string {
  const width = Math.max(...points.map(({ id }) => id.length)) + 2;
  const lines = points.flatMap(({ id, status, required, neededBy, found }) => {
    const line = `  ${MARKS[status]} ${id.padEnd(width)}${status === "not checked" ? `not checked: ${found}` : found}`;
    if (status === "pass") return [line];
    if (status === "not checked") return [paint.dim(line)];
    const below = " ".repeat(width + 4);
    return [paint.bad(line), `${below}required: ${required}`, `${below}needed by: ${neededBy}`];
  });
  const { passed, failed, notChecked, outcome } = counts;
  const colour = outcome === "conforms" ? paint.good : paint.bad;
  const end = `${service} at ${url}: ${colour(outcome)}, as far as a URL shows`;
  const summary = `${passed} passed, ${failed} failed, ${notChecked} not checked by a URL, in ${duration(seconds)}`;
  return `${inColumns([...lines, "", end, summary].join("\n"))}\n`;
}

/** All of the contract as people read it. */
export function contractText(paint: Paint): string {
  const points: readonly Point[] = CONTRACT;
  const lines = points.flatMap(({ id, seen, of, required, neededBy, checkedBy }) => [
    `${paint.strong(id)}: ${of.join(", ")}${seen === "image" ? "; not seen by a URL" : ""}`,
    `  required   ${required}`,
    `  needed by  ${neededBy}`,
    `  checked    ${checkedBy}`,
  ]);
  return `${inColumns(lines.join("\n"))}\n`;
}

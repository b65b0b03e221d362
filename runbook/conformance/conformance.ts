import { randomUUID } from "node:crypto";
import type { Http, HttpAnswer, HttpRequest } from "../../io/http.ts";
import { REQUESTS, STATUS } from "../../io/prometheus-counts.ts";
import { SCRAPER_LABELS } from "../../io/scraped-once.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { bounded } from "../../shared/text/visible.ts";
import { type ServiceName, serviceOf } from "../../stacks/services.ts";
import { listSchema } from "../verify/checks/application.ts";
import { type CONTRACT, type PointId, TIME_LIMITS } from "./contract.ts";
import { type Conformance, type Found, type Judge, judgedPoints, unknown, wrong } from "./report.ts";

/** Which process is observed, and by what means. */
interface ObservationOptions {
  /** An origin: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly service: ServiceName;
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly say: (text: string) => void;
}

/** The answers to the two probes. */
interface Probes {
  readonly health: HttpAnswer;
  readonly ready: HttpAnswer;
}

/** Requests of one kind, and the metrics before and after them. */
interface Sent {
  readonly answers: readonly (readonly [path: string, answer: HttpAnswer])[];
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/** All that a running process showed. */
interface Observed {
  readonly service: ServiceName;
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

/** The application's histogram of how long requests took, in seconds. */
const DURATIONS = "http_request_duration_seconds";
/** The labels of users' requests, and of our own. */
const USERS = { synthetic: "false" } as const;
const OURS = { synthetic: "true" } as const;
const SCRAPES_COUNT = "each scrape of /metrics is counted as a user's request";

/** As Prometheus asks. */
const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9";
const TIMES = 2;
const PROBES = 5;
const REQUEST_SECONDS = 10;
/** A server may count a request a moment after it has answered it. */
const SETTLED_SECONDS = 3;
const LOOK_SECONDS = 0.25;
const QUIET_SECONDS = 1;

const LONGEST_LINE = 120;

type Request = HttpRequest & { readonly path: string };

/** Asks one process what shows whether it conforms: follows no redirect, and waits for no answer longer than its limit. */
class Observer {
  readonly #options: ObservationOptions;
  /** Paths that did not answer once: each further request would wait for as long again. */
  readonly #silent = new Set<string>();
  /** The first scrape that could not be read: what follows would be compared with nothing. */
  #unreadable: Scrape | undefined;

  constructor(options: ObservationOptions) {
    this.#options = options;
  }

  /** Throws SPARKI_OUTSIDE where neither probe is answered. */
  async probes(): Promise<Probes> {
    this.#options.say("/health and /ready");
    const [health, ready] = await Promise.all([
      this.#ask("/health", { timeoutSeconds: TIME_LIMITS.health }),
      this.#ask("/ready", { timeoutSeconds: TIME_LIMITS.ready }),
    ]);
    if (health.answered || ready.answered) return { health, ready };
    throw new DeployError("SPARKI_OUTSIDE", `nothing answers at ${this.#options.url}: ${health.error}`, {
      hint: "kubectl port-forward -n sparki-engine deploy/engine-one-box 8080:8080; then npx sparki conformance http://127.0.0.1:8080",
    });
  }

  /** Sends requests of each kind, a few seconds long. */
  async all(probes: Probes): Promise<Observed> {
    const { say, service } = this.#options;
    const paths = serviceOf(service).entrance?.traffic ?? [];
    const twice = Array.from({ length: TIMES }, () => paths.map((path): Request => ({ path }))).flat();
    say("/metrics, while it should receive no requests");
    const quiet = await this.#quiet();
    say("users' requests");
    const users = await this.#send(quiet.at(-1) ?? [], twice);
    say("synthetic requests");
    const marked = twice.map((request): Request => ({ ...request, headers: SYNTHETIC }));
    const synthetic = await this.#send(users.after, marked);
    say("probes");
    const asked = Array.from({ length: PROBES }, (): Request[] => [{ path: "/health" }, { path: "/ready" }]).flat();
    const probed = await this.#send(synthetic.after, asked, false);
    say("what is not there");
    const marks = [randomUUID(), randomUUID()];
    const strange = await this.#send(probed.after, strangeTo(service, marks));
    await this.#pause(QUIET_SECONDS);
    const metrics = await this.#scrape();
    const noise = noiseIn([...quiet, strange.after, metrics.samples]);
    return { service, probes, metrics, users, synthetic, probed, strange, marks, ...noise };
  }

  async #ask(path: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    const { http, signal, url } = this.#options;
    const answer = await http(`${url}${path}`, { timeoutSeconds: REQUEST_SECONDS, ...request, signal });
    signal.throwIfAborted();
    if (!answer.answered) this.#silent.add(path);
    return answer;
  }

  async #scrape(): Promise<Scrape> {
    if (this.#unreadable !== undefined) return this.#unreadable;
    const request = { headers: { accept: ACCEPT }, timeoutSeconds: TIME_LIMITS.metrics };
    const scrape = scrapeIn(await this.#ask("/metrics", request));
    if (scrape.problem !== undefined) this.#unreadable = scrape;
    return scrape;
  }

  /** What is counted while we ask for nothing but that: three times at once, and once more later. */
  async #quiet(): Promise<(readonly Sample[])[]> {
    await this.#pause(LOOK_SECONDS);
    const scrapes = [await this.#scrape(), await this.#scrape(), await this.#scrape()];
    await this.#pause(QUIET_SECONDS);
    return [...scrapes, await this.#scrape()].map(({ samples }) => samples);
  }

  #pause(seconds: number): Promise<void> {
    return this.#options.clock.sleep(seconds, this.#options.signal);
  }

  /** Sends requests one after the other, then waits until all of them are counted, or for as long as that may take. */
  async #send(before: readonly Sample[], requests: readonly Request[], isAwaited = true): Promise<Sent> {
    const answers: [string, HttpAnswer][] = [];
    for (const { path, ...request } of requests)
      if (!this.#silent.has(path)) answers.push([path, await this.#ask(path, request)]);
    const sent = answers.filter(([, answer]) => answer.answered).length;
    const isCounted = (after: readonly Sample[]) =>
      [REQUESTS, `${DURATIONS}_count`].every((metric) => growth({ before, after }, metric) >= sent);
    for (let waited = 0; ; waited += LOOK_SECONDS) {
      if (!isAwaited) await this.#pause(2 * LOOK_SECONDS);
      const { samples: after, problem } = await this.#scrape();
      const isOver = !isAwaited || problem !== undefined || waited >= SETTLED_SECONDS;
      if (isOver || isCounted(after)) return { answers, before, after };
      await this.#pause(LOOK_SECONDS);
    }
  }
}

function scrapeIn(answer: HttpAnswer): Scrape {
  if (!answer.answered) return { answer, samples: [], problem: answer.error };
  if (answer.status !== 200) return { answer, samples: [], problem: `answered ${answer.status}` };
  const read = readExposition(answer.body);
  if (read.kind === "samples") return { answer, samples: read.samples, problem: undefined };
  const line = bounded(read.line, LONGEST_LINE);
  return { answer, samples: [], problem: `has a line that is not in Prometheus's format: ${line}` };
}

/** What no server has, each with a mark of its own in the path. */
function strangeTo(service: ServiceName, marks: readonly string[]): Request[] {
  if (service !== "engine") return marks.map((mark) => ({ path: `/sparki-conformance-${mark}` }));
  return marks.flatMap((mark): Request[] => [
    { path: `/api/sparki-conformance-${mark}` },
    { path: `/api/projects/${mark}/detect`, method: "POST" },
  ]);
}

/** Whether counts changed without a request of ours: between the first scrapes, and from the last requests to the end. */
function noiseIn(scrapes: readonly (readonly Sample[])[]): Pick<Observed, "countsScrapes" | "noise"> {
  const [first = [], second = [], third = [], fourth = [], last = [], end = []] = scrapes;
  const pairs = [
    { before: first, after: second },
    { before: second, after: third },
    { before: third, after: fourth },
    { before: last, after: end },
  ];
  const grown = pairs.map((pair) => growth(pair, REQUESTS, USERS));
  const countsScrapes = grown.every((more) => more === 1);
  if (countsScrapes) return { countsScrapes, noise: SCRAPES_COUNT };
  // Not a number is no noise: it is judged.
  const change = grown.find((more) => more > 0 || more < 0);
  const noise = `this server receives other requests too, or several processes answer here: the count of users' requests changed by ${change} meanwhile; expected one process that receives no other requests`;
  return { countsScrapes, noise: change === undefined ? undefined : noise };
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

/** One series' value in what `/metrics` answers. */
interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a text in Prometheus's format says, or the first line that is none of that format. */
type Exposition =
  | { readonly kind: "samples"; readonly samples: readonly Sample[] }
  | { readonly kind: "unreadable"; readonly line: string };

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*`;
/** A name, labels, a value, and perhaps a time and an exemplar. */
const SAMPLE = new RegExp(
  String.raw`^(?<metric>${NAME})\s*(?:\{(?<labels>(?:${LABEL},)*(?:${LABEL})?)\})?\s+(?<value>\S+)(?:\s+[-+.\deE]+)?(?:\s+#\s.*)?\s*$`,
);
const EACH_LABEL = new RegExp(`${LABEL}(?:,|$)`, "g");
const NUMBER = /^[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf|nan)$/i;

const LONGEST_SAMPLE = 16_000;

/** Reads Prometheus's text format and OpenMetrics; Prometheus drops all of an answer that has one unreadable line. */
export function readExposition(text: string): Exposition {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const sample = line.length > LONGEST_SAMPLE ? undefined : sampleIn(line);
    if (sample === undefined) return { kind: "unreadable", line };
    samples.push(sample);
  }
  return { kind: "samples", samples };
}

function sampleIn(line: string): Sample | undefined {
  const { metric, labels = "", value = "" } = SAMPLE.exec(line)?.groups ?? {};
  if (metric === undefined || !NUMBER.test(value)) return undefined;
  const pairs = [...labels.matchAll(EACH_LABEL)].map(
    ([, name = "", quoted = ""]) => [name, unescaped(quoted)] as const,
  );
  return { metric, labels: Object.fromEntries(pairs), value: numberIn(value) };
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function numberIn(text: string): number {
  const infinite = /^([-+]?)inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

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
  const judges: Readonly<Partial<Record<PointId, JudgeSaid>>> = { ...JUDGES, "keep-alive": keepAlive };
  return ({ id, seen, checkedBy }) =>
    judges[id]?.(observed, limits) ?? unknown(seen === "registry" ? BY_IMAGE : checkedBy);
}

const BY_IMAGE = "npx sparki conformance IMAGE";

type JudgeObserved = (observed: Observed, limits: readonly number[]) => Found;
/** Of what a server may say, or not. */
type JudgeSaid = (...asked: Parameters<JudgeObserved>) => Found | undefined;

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

/** How long the load balancer keeps a connection that is idle. */
const BALANCER_IDLE_SECONDS = 60;

/** Node's servers say so, and close one after 5 s unless they are told otherwise; undefined where a server says nothing. */
function keepAlive({ probes }: Observed): Found | undefined {
  const says = [probes.health, probes.ready].flatMap((answer) =>
    answer.answered ? (/\btimeout=(\d+)/i.exec(String(answer.headers["keep-alive"] ?? ""))?.[1] ?? []) : [],
  );
  const [seconds] = says.map(Number);
  if (seconds === undefined) return undefined;
  return seconds > BALANCER_IDLE_SECONDS
    ? `it says that it keeps an idle connection for ${seconds} s`
    : wrong(
        `it says that it closes a connection that is idle for ${seconds} s; expected more than ${BALANCER_IDLE_SECONDS}`,
      );
}

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

import { randomUUID } from "node:crypto";
import type { Http, HttpAnswer, HttpRequest } from "../../io/http.ts";
import { REQUESTS } from "../../io/prometheus-counts.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { bounded } from "../../shared/text/visible.ts";
import { type ServiceName, serviceOf } from "../../stacks/services.ts";
import { TIME_LIMITS } from "./contract.ts";

/** Which process is observed, and by what means. */
export interface ObservationOptions {
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
export interface Probes {
  readonly health: HttpAnswer;
  readonly ready: HttpAnswer;
}

/** Requests of one kind, and the metrics before and after them. */
export interface Sent {
  readonly answers: readonly (readonly [path: string, answer: HttpAnswer])[];
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/** All that a running process showed. */
export interface Observed {
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
export const DURATIONS = "http_request_duration_seconds";
/** The labels of users' requests, and of our own. */
export const USERS = { synthetic: "false" } as const;
export const OURS = { synthetic: "true" } as const;
export const SCRAPES_COUNT = "each scrape of /metrics is counted as a user's request";

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
export class Observer {
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
export function growth(
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
export interface Sample {
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

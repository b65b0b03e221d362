import { paceOf } from "../../gates/live/pace.ts";
import { releaseCounts } from "../../gates/live/release-slo.ts";
import { NO_TRAFFIC } from "../../gates/traffic.ts";
import type { Finding } from "../../runbook/preflight/check.ts";
import type { Verification, VerifyContext } from "../../runbook/verify/verification.ts";
import type { Clock } from "../../shared/clock.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { ServiceName } from "../../stacks/services.ts";
import { fakeClock } from "./fake-clock.ts";
import { configWith, fakeContext, type HttpAnswers, NOW } from "./preflight.ts";
import { type Counted, fakePrometheus } from "./prometheus.ts";

const SITE = "https://prod.sparki.tools";

/** What the site answers when all is well, by the start of `METHOD url`. */
export const WELL: HttpAnswers = {
  [`GET ${SITE}/`]: { body: "<html>" },
  [`GET ${SITE}/health`]: {},
  [`GET ${SITE}/api/projects`]: { body: [] },
  [`GET ${SITE}/api/cache/health`]: { body: { set: true, get: true } },
  [`POST ${SITE}/api/projects`]: { status: 201, body: { id: "p1", name: "sparki-verify" } },
  [`POST ${SITE}/api/projects/p1/detect`]: { body: { id: "d1", status: "finished" } },
  [`DELETE ${SITE}/api/projects/p1`]: {},
};

export interface VerifyParts extends Partial<Omit<VerifyContext, "counts" | "http" | "balancer">> {
  /** Over `WELL`. */
  readonly web?: HttpAnswers;
  readonly counted?: readonly Counted[];
  readonly metrics?: Parameters<typeof fakePrometheus>[2];
  /** How far back Prometheus's samples go. @default as far as anyone asks */
  readonly reachSeconds?: number;
  readonly config?: StackConfig;
  readonly clock?: Clock;
}

export interface FakeVerify extends VerifyContext {
  /** `METHOD url` of each request that was made. */
  readonly asked: () => readonly string[];
  /** How often synthetic traffic was started, and stopped. */
  readonly trafficStarts: () => readonly [starts: number, stops: number];
  readonly said: readonly string[];
}

/** A release that is live and well, but for what a test changes; there is no traffic unless it counts some. */
export function fakeVerify({ web = {}, counted, metrics, reachSeconds, ...parts }: VerifyParts = {}): FakeVerify {
  const config = parts.config ?? configWith({});
  const clock = parts.clock ?? fakeClock(NOW);
  const { http, requests } = fakeContext({ web: { ...WELL, ...web }, clock });
  const up = { labels: { stack: "prod", release: config.release.id }, requests: 0 };
  const prometheus = fakePrometheus([up, ...(counted ?? [])], NOW, metrics, reachSeconds);
  const said: string[] = [];
  return {
    stack: "prod",
    config,
    clock,
    http,
    balancer: http,
    tokens: {},
    names: { addressesOf: async () => ["203.0.113.7"] },
    loadBalancer: "sparki-prod.elb.amazonaws.com",
    certificateOf: () => Promise.reject(new Error("no certificate in this test")),
    podsOf: async ({ workload, kind }) => podsOf(config, workload, kind === "fleet" ? config[workload].replicas : 1),
    runJob: async () => undefined,
    say: (line) => said.push(line),
    counts: releaseCounts(prometheus, { stack: "prod", config }, clock.now),
    pace: paceOf(config.gate, {}),
    timeScale: 1,
    ...countedTraffic(),
    ...parts,
    asked: () => requests.map(({ method = "GET", url }) => `${method} ${url.replace(SITE, "")}`),
    said,
  };
}

/** So many ready pods of the config's release. */
export function podsOf(config: StackConfig, workload: ServiceName, count: number, image?: string) {
  const digest = (image ?? config.release.images[workload]).split("@")[1];
  const pod = (index: number) => ({
    name: `${workload}-${index}`,
    ready: true,
    imageDigest: digest,
    restarts: 0,
    waiting: undefined,
    errorLines: [],
    outages: [],
  });
  const rollout = { observed: true, desired: count, updated: count, available: count, total: count };
  return { rollout, pods: Array.from({ length: count }, (_, index) => pod(index)) };
}

function countedTraffic(): Pick<FakeVerify, "traffic" | "trafficStarts"> {
  let [starts, stops] = [0, 0];
  return {
    traffic: () => ({
      start: () => {
        starts++;
      },
      stop: async () => {
        stops++;
      },
      counts: () => NO_TRAFFIC,
    }),
    trafficStarts: () => [starts, stops],
  };
}

/** Runs one check to its finding. */
export function lookAt(check: Verification | undefined, context: VerifyContext): Promise<Finding> {
  if (check === undefined) throw new Error("there is no such check");
  return check.run(context, new AbortController().signal);
}

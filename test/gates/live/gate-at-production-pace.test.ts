import { levelsOf, requestsToPass } from "../../../gates/bounds.ts";
import { DEFAULT_ERROR_RATE } from "../../../gates/gate.ts";
import { runSloGate, type TrafficSource } from "../../../gates/live/gate-runner.ts";
import { paceOf } from "../../../gates/live/pace.ts";
import { NO_COUNTS } from "../../../gates/objective.ts";
import { NO_TRAFFIC } from "../../../gates/traffic.ts";
import { systemClock } from "../../../io/clock.ts";
import { openNetwork } from "../../../io/network.ts";
import { syntheticTraffic } from "../../../io/synthetic.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { type HttpServer, serveHttp } from "../../support/http-server.ts";
import { rawConfig } from "../../support/stack-config.ts";

const config = parseConfig(rawConfig("prod"), "prod");
const pace = paceOf(config.gate, {}, 2);
const { lookEverySeconds, deadlineSeconds, syntheticRequestsPerSecond: requestsPerSecond } = pace;
const settings = { gate: "engine one-box", objectives: config.objectives, lookEverySeconds, deadlineSeconds };

describe("production's pace", () => {
  it("makes the requests that prove a clean release in one minute", () => {
    const needed = requestsToPass(NO_COUNTS, 0.001, levelsOf(DEFAULT_ERROR_RATE, 1));
    expect({ needed, requestsPerSecond }).toEqual({ needed: 3_546, requestsPerSecond: 60 });
    expect(needed / requestsPerSecond).toBeLessThan(60);
  });

  it("lets a healthy one-box pass beside its fleet in under 75 s", async () => {
    const clock = fakeClock();
    const source: TrafficSource = {
      start: () => {},
      stop: async () => {},
      counts: () => ({ ...NO_TRAFFIC, requests: Math.floor(clock.now() * requestsPerSecond) }),
    };
    const results = await runSloGate({
      ...settings,
      clock,
      sources: { synthetic: source },
      fleet: { synthetic: source },
    });
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
    expect(clock.now()).toBe(60);
  });
});

describe("a 5 % spike at production's pace", () => {
  let server: HttpServer;
  let answered = 0;
  let firstBadAt: number | undefined;

  /** Good at first; then every twentieth answer is a 500. */
  beforeAll(async () => {
    server = await serveHttp((_, response) => {
      answered++;
      const isBad = answered > 100 && answered % 20 === 0;
      if (isBad) firstBadAt ??= systemClock.now();
      response.writeHead(isBad ? 500 : 200).end();
    });
  });
  afterAll(() => server.close());

  it("is failed within 15 s of its first bad response, in real time", async () => {
    const network = openNetwork({});
    const concurrency = pace.syntheticConcurrency;
    const synthetic = syntheticTraffic(network, { urls: [server.url], requestsPerSecond, concurrency });
    const results = await runSloGate({ ...settings, clock: systemClock, sources: { synthetic } });
    const seconds = systemClock.now() - (firstBadAt ?? 0);
    await network.close();
    expect(results[0]).toMatchObject({ objective: "errors", verdict: "fail" });
    expect(seconds).toBeLessThan(15);
  });
});

import { createServer, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { openNetwork } from "../../io/network.ts";
import { syntheticTraffic } from "../../io/synthetic.ts";

const network = openNetwork({});
const seen: { url: string | undefined; track: unknown; synthetic: unknown }[] = [];
const served = new WeakSet<object>();
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const { "x-sparki-track": track, "x-sparki-synthetic": synthetic } = incoming.headers;
    const isFirst = !served.has(incoming.socket);
    served.add(incoming.socket);
    seen.push({ url: incoming.url, track, synthetic });
    if (incoming.url === "/broken") outgoing.statusCode = 503;
    if (incoming.url?.startsWith("/forbidden")) outgoing.statusCode = 403;
    if (incoming.url === "/forbidden-by-the-balancer") outgoing.setHeader("server", "awselb/2.0");
    if (incoming.url === "/broken-at-first" && isFirst) outgoing.statusCode = 503;
    if (incoming.url === "/timed") outgoing.setHeader("server-timing", "cache;desc=miss, app;dur=1200.5");
    if (incoming.url === "/hanging") return;
    if (incoming.url === "/closing" || (incoming.url === "/closing-between" && !isFirst)) {
      incoming.socket.destroy();
      return;
    }
    if (incoming.url === "/cut-off") {
      outgoing.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => outgoing.destroy(), 5);
      return;
    }
    if (incoming.url === "/dripping") {
      setInterval(() => outgoing.write("."), 50).unref();
      return;
    }
    const isSlowFirst = incoming.url === "/slow-at-first" && isFirst;
    setTimeout(() => outgoing.end("ok"), isSlowFirst ? 1_500 : incoming.url === "/slow" ? 150 : 0);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});

afterAll(async () => {
  await network.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function run(urls: string[], seconds: number, requestsPerSecond: number, concurrency = 64, timeoutSeconds = 10) {
  const traffic = syntheticTraffic(network, {
    urls,
    requestsPerSecond,
    concurrency,
    timeoutSeconds,
    headers: { "x-sparki-track": "one-box" },
  });
  traffic.start();
  // On a busy machine the connections take their time to open; only then is there something to count.
  const limit = performance.now() + 120_000;
  while (traffic.counts().requests === 0 && traffic.problem() === undefined && performance.now() < limit)
    await delay(5);
  await delay(seconds * 1000);
  const result = { ...traffic.counts(), failures: traffic.failures(), problem: traffic.problem() };
  await traffic.stop();
  expect(traffic.counts().requests).toBe(result.requests);
  return result;
}

describe("syntheticTraffic", () => {
  it("asks the URLs in turn at the configured rate, marked as synthetic", async () => {
    const start = performance.now();
    const counts = await run([`${base}/a`, `${base}/b`], 1, 60);
    const seconds = (performance.now() - start) / 1000;
    expect(counts.requests).toBeGreaterThan(30);
    // A busy machine ends late, and the rate holds for as long as it lasts.
    expect(counts.requests).toBeLessThanOrEqual(60 * seconds + 2);
    expect(counts.errors).toBe(0);
    expect(new Set(seen.map(({ url }) => url))).toEqual(new Set(["/a", "/b"]));
    expect(seen.every(({ track, synthetic }) => track === "one-box" && synthetic === "1")).toBe(true);
  });

  it("counts failed answers and slow ones", async () => {
    const counts = await run([`${base}/broken`, `${base}/slow`], 1, 100);
    expect(counts.errors).toBeGreaterThan(20);
    expect(counts.over100ms).toBeGreaterThan(20);
    // On a busy machine a failed answer may be slow as well.
    expect(counts.errors + counts.over100ms).toBeGreaterThanOrEqual(counts.requests);
    expect(counts.errors).toBeLessThan(counts.requests);
    expect(counts.over1s).toBe(0);
  });

  it("takes the time that the server says it took, where it is to be timed by that", async () => {
    const [own, servers] = [false, true].map((isServerTimed) =>
      syntheticTraffic(network, { urls: [`${base}/timed`], requestsPerSecond: 100, isServerTimed }),
    );
    for (const traffic of [own, servers]) traffic?.start();
    const limit = performance.now() + 120_000;
    const isCounted = () => [own, servers].every((traffic) => (traffic?.counts().requests ?? 0) >= 5);
    while (!isCounted() && performance.now() < limit) await delay(5);
    for (const traffic of [own, servers]) await traffic?.stop();
    const { requests = 0, over1s } = servers?.counts() ?? {};
    expect(over1s).toBe(requests);
    expect(own?.counts().over1s).toBeLessThan(own?.counts().requests ?? 0);
  });

  it("counts a connection that fails as an error, with its reason", async () => {
    const counts = await run(["http://127.0.0.1:1/"], 0.3, 100);
    expect(counts.errors).toBe(counts.requests);
    expect(counts.failures).toEqual({ "connect ECONNREFUSED 127.0.0.1:1": counts.requests });
  });

  it("sends again what a connection that was closed in between never answered, as users' browsers do", async () => {
    // One connection, which answers its first request and breaks off at its second.
    const counts = await run([`${base}/closing-between`], 0.5, 100, 1);
    expect(counts.requests).toBeGreaterThan(0);
    expect(counts).toMatchObject({ errors: 0, failures: {} });
  });

  it("counts what no connection answers as an error", async () => {
    const counts = await run([`${base}/closing`], 0.3, 100);
    expect(counts.requests).toBeGreaterThan(0);
    expect(counts.errors).toBe(counts.requests);
  });

  it("counts an answer that is cut off as an error", async () => {
    const counts = await run([`${base}/cut-off`], 0.3, 100);
    expect(counts.requests).toBeGreaterThan(5);
    expect(counts.errors).toBe(counts.requests);
  });

  it("counts what the release forbids, and not what the load balancer's firewall turns away", async () => {
    const forbidden = await run([`${base}/forbidden`], 0.3, 100);
    expect(forbidden.requests).toBeGreaterThan(5);
    expect(forbidden).toMatchObject({ errors: forbidden.requests, problem: undefined });
    const turnedAway = await run([`${base}/forbidden-by-the-balancer`], 0.3, 100);
    expect(turnedAway).toMatchObject({ requests: 0, errors: 0 });
    expect(turnedAway.problem).toMatch(/firewall rejects the gate's own requests \(\d+ so far\)/);
  });

  it("leaves the time that opening a connection takes out of the count", async () => {
    const counts = await run([`${base}/slow-at-first`], 0.6, 200, 8);
    expect(counts.requests).toBeGreaterThan(20);
    // A busy machine takes its time for any answer, but no second and a half.
    expect(counts.over1s).toBe(0);
  });

  it("does not count how opening a connection ends", async () => {
    const counts = await run([`${base}/broken-at-first`], 0.6, 200, 8);
    expect(counts.requests).toBeGreaterThan(20);
    expect(counts.errors).toBe(0);
  });

  it("counts nothing that was sent after a request that is still in flight", async () => {
    const counts = await run([`${base}/a`, `${base}/a`, `${base}/a`, `${base}/hanging`], 0.5, 100);
    expect(counts).toMatchObject({ requests: 3, errors: 0 });
  });

  it.each(["hanging", "dripping"])(
    "gives a %s request up after its time, and then counts it and what came after",
    async (path) => {
      const counts = await run([`${base}/a`, `${base}/${path}`], 1.5, 20, 64, 0.5);
      expect(counts.requests).toBeGreaterThan(8);
      expect(Math.abs(counts.errors - counts.requests / 2)).toBeLessThanOrEqual(1);
      expect(counts.over100ms).toBeGreaterThanOrEqual(counts.errors);
      expect(Object.keys(counts.failures)).toEqual(["no answer within 0.5 s"]);
    },
  );

  it("keeps within its concurrency", async () => {
    const counts = await run([`${base}/slow`], 0.5, 1_000, 4);
    expect(counts.requests).toBeGreaterThan(4);
    expect(counts.requests).toBeLessThanOrEqual(16);
  });
});

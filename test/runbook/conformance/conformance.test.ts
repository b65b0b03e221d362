import { request } from "../../../io/http.ts";
import { type Network, openNetwork } from "../../../io/network.ts";
import { json } from "../../../rehearsal/app/server.ts";
import { checkConformance, readExposition } from "../../../runbook/conformance/conformance.ts";
import { CONTRACT } from "../../../runbook/conformance/contract.ts";
import { conformanceText } from "../../../runbook/conformance/report.ts";
import { conformanceDocument } from "../../../runbook/report/document.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { contractServer, type Wrong } from "../../support/contract-server.ts";
import { fakeClock } from "../../support/fake-clock.ts";

let network: Network;
beforeAll(() => {
  network = openNetwork({});
});
afterAll(() => network.close());

async function check(wrong: Wrong, { away = false, limits = [0.1, 1, 5] } = {}) {
  const server = await contractServer(wrong);
  try {
    return await checkConformance({
      url: server.url.replace(/\/$/, ""),
      service: "engine",
      limits,
      away,
      http: (url, options) => request(network, url, options),
      clock: fakeClock(),
      signal: new AbortController().signal,
      say: () => undefined,
    });
  } finally {
    await server.close();
  }
}

const failedIn = ({ points }: Awaited<ReturnType<typeof check>>) =>
  points.filter(({ status }) => status === "fail").map(({ id, found }) => `${id}: ${found}`);

const LABELS = 'method="GET",route="/",status="200",synthetic="false"';

/** An answer of its own at one path. */
const at =
  (path: string, status: number, value: unknown): NonNullable<Wrong["answer"]> =>
  (asked, right) =>
    asked.startsWith(path) ? json(status, value) : right;
const without = (pattern: RegExp) => (text: string) => text.replace(pattern, "");

/** For each point that a URL shows: what is wrong, and what is then said. */
const WRONG: Readonly<Record<string, readonly [Wrong, RegExp]>> = {
  health: [{ answer: at("/health", 500, {}) }, /^answered 500 in \d+ ms: \{\}; expected 200$/],
  ready: [{ answer: at("/ready", 503, { reason: "waiting" }) }, /^answered 503 .*waiting.*; expected 200$/],
  "gate-paths": [{ answer: at("/api/cache/health", 500, {}) }, /^\/api\/cache\/health answered 500/],
  projects: [{ answer: at("/api/projects", 200, { projects: [{ id: 1 }] }) }, /^\/api\/projects answered 200/],
  "unknown-path": [{ answer: at("/api/sparki-", 200, {}) }, /^\/api\/sparki-conformance-\S+ answered 200/],
  "release-header": [
    { headers: (path) => (path === "/api/projects" ? { "x-sparki-release": "2026.11.0" } : {}) },
    /^answers carry 2 releases: 2026\.11\.1, 2026\.11\.0$/,
  ],
  metrics: [
    { headers: (path): Record<string, string> => (path === "/metrics" ? { "content-type": "text/html" } : {}) },
    /^\/metrics has the content-type "text\/html"$/,
  ],
  "requests-counted": [
    {
      metrics: (text) =>
        text.replace(
          /^(http_requests_total\{.*"\/api\/projects",.*"false"\} )(\d+)$/gm,
          (_, series, count) => `${series}${2 * count}`,
        ),
    },
    /grew by 6 after 4 requests$/,
  ],
  "request-status": [
    { counted: (sample, path) => (isProbe(path) ? [] : [{ ...sample, status: 200 }]) },
    /4xx are counted under another status/,
  ],
  "synthetic-apart": [
    { counted: (sample, path) => (isProbe(path) ? [] : [{ ...sample, synthetic: false }]) },
    /\{synthetic="false"\} grew by 4 after 4 synthetic requests$/,
  ],
  "probes-uncounted": [
    { counted: (sample, path) => (path === "/metrics" ? [] : [sample]) },
    /^10 of 10 probes are counted/,
  ],
  "bounded-routes": [
    { counted: (sample, path) => (isProbe(path) ? [] : [{ ...sample, route: path }]) },
    /has a path as route: \/api\/sparki-conformance-/,
  ],
  "durations-counted": [
    {
      metrics: (text) => text.replace(/^(http_request_duration_seconds_bucket\{le="\+Inf",.*"false"\} )\d+$/gm, "$10"),
    },
    /\{le="\+Inf"\} grew by 0 after 4 requests$/,
  ],
  "duration-limits": [
    { metrics: without(/^http_request_duration_seconds_bucket\{le="0\.1",route="other".*\n/gm) },
    /"route":"other".* has no bucket for 0\.1 \(seconds\)$/,
  ],
  "metric-numbers": [
    { metrics: (text) => text.replace(/^database_connections_max .*$/m, "database_connections_max NaN") },
    /^database_connections_max is NaN$/,
  ],
  "scraper-labels": [
    { metrics: (text) => text.replaceAll("http_requests_total{", 'http_requests_total{service="engine",') },
    /^http_requests_total has the label service="engine"$/,
  ],
  "database-metrics": [
    { metrics: without(/^database_connections\{state="active"\}.*\n/m) },
    /^database_connections\{state.* is missing; found \{"state":"idle"\}$/,
  ],
  "cache-metrics": [
    { metrics: without(/^cache_commands_total.*\n/gm) },
    /^cache_commands_total\{.* is missing; found none of it$/,
  ],
};

const isProbe = (path: string) => /^\/(health|ready|metrics)$/.test(path);

describe("checkConformance", () => {
  it("passes an engine that keeps every point that a URL shows, and calls all others not checked", async () => {
    const report = await check({});
    expect(failedIn(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "conforms", exitCode: 0, failed: 0, passed: Object.keys(WRONG).length });
    const unchecked = report.points.filter(({ status }) => status === "not checked").map(({ id }) => id);
    const unseen = CONTRACT.filter(({ of, seen }) => seen !== "url" && of.some((name) => name === "engine"));
    expect(unchecked).toEqual(unseen.map(({ id }) => id));
    expect(conformanceDocument.parse(report)).toEqual(report);
  });

  it("has a wrong engine for every point that a URL shows", () => {
    expect(Object.keys(WRONG)).toEqual(CONTRACT.filter(({ seen }) => seen === "url").map(({ id }) => id));
  });

  it.each(Object.entries(WRONG))("fails %s alone where that alone is wrong", async (id, [wrong, found]) => {
    const report = await check(wrong);
    expect(failedIn(report)).toEqual([expect.stringMatching(new RegExp(`^${id}: `))]);
    expect(report.points.find((point) => point.id === id)?.found).toMatch(found);
    expect(report).toMatchObject({ outcome: "does not conform", exitCode: 1, failed: 1 });
  });

  it("fails an objective's limit that no bucket has", async () => {
    expect(failedIn(await check({}, { limits: [0.3] }))).toEqual([expect.stringMatching(/no bucket for 0\.3/)]);
  });

  // https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1124,
  // https://github.com/OpenCTI-Platform/opencti/issues/17648
  it.each([
    ["timeout=5", "fail", "it says that it closes a connection that is idle for 5 s; expected more than 60"],
    [
      "timeout=60, max=1000",
      "fail",
      "it says that it closes a connection that is idle for 60 s; expected more than 60",
    ],
    ["max=1000, timeout=61", "pass", "it says that it keeps an idle connection for 61 s"],
    ["max=1000", "not checked", "open a connection, send a request, wait 65 s and send another on it"],
  ])("believes a server that says how long it keeps an idle connection: %s", async (header, status, found) => {
    const report = await check({ headers: () => ({ "keep-alive": header }) });
    expect(report.points.find(({ id }) => id === "keep-alive")).toMatchObject({
      status,
      found: expect.stringContaining(found),
    });
    expect(report.exitCode).toBe(status === "fail" ? 1 : 0);
  });

  it("waits for a path that never answers no longer than its limit, once, and judges the others", async () => {
    const report = await check({ silent: "/health" });
    expect(failedIn(report)).toEqual(["health: no answer within 2 s; expected 200"]);
    expect(report.passed).toBe(17);
  });

  it("waits for /metrics that never answers once, and calls what it would show not checked", async () => {
    const report = await check({ silent: "/metrics" });
    expect(failedIn(report)).toEqual(["metrics: /metrics no answer within 5 s"]);
    expect(report.passed).toBe(6);
  });

  it("calls counts not checked where they roll back, as those of several processes do", async () => {
    let scrapes = 0;
    const metrics = (text: string) => (scrapes++ % 2 === 0 ? `${text}http_requests_total{${LABELS}} 3\n` : text);
    const report = await check({ metrics });
    expect(failedIn(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "not proven", exitCode: 3 });
  });

  it("fails probes-uncounted where a scrape itself is counted", async () => {
    const report = await check({
      counted: (sample, path) => (/health$|ready$/.test(path) && isProbe(path) ? [] : [sample]),
    });
    expect(failedIn(report)).toEqual([expect.stringMatching(/^probes-uncounted: each scrape/)]);
  });

  it("calls counts not checked, and the engine not proven, where others ask it too", async () => {
    const report = await check({ others: true });
    expect(failedIn(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "not proven", exitCode: 3 });
    const told = report.points.filter(({ found }) => found.startsWith("this server receives other requests too, "));
    expect(told.map(({ id }) => id)).toEqual([
      "requests-counted",
      "synthetic-apart",
      "probes-uncounted",
      "durations-counted",
    ]);
  });

  it.each([
    ["cannot be read", { metrics: () => "http_requests_total one\n" }, /line that is not in Prometheus's format/],
    ["does not exist", { answer: at("/metrics", 404, {}) }, /answered 404/],
  ] as const)("calls what /metrics would show not checked where it %s", async (_, wrong, found) => {
    const report = await check(wrong);
    expect(failedIn(report)).toEqual([expect.stringMatching(found)]);
    expect(report.passed).toBe(6);
  });
});

describe("checkConformance while the database is away", () => {
  const unready = at("/ready", 503, { status: "not ready" });

  it("passes an engine that is alive and not ready, and calls everything else not checked", async () => {
    const report = await check({ answer: unready }, { away: true });
    expect(report).toMatchObject({ outcome: "conforms", exitCode: 0, passed: 2, failed: 0 });
  });

  it.each([
    ["unready-without", undefined],
    [
      "alive-without",
      (path: string, right: ReturnType<typeof json>) => (path === "/health" ? json(503, {}) : unready(path, right)),
    ],
  ] as const)("fails %s alone where that alone is wrong", async (id, answer) => {
    const report = await check(answer === undefined ? {} : { answer }, { away: true });
    expect(failedIn(report)).toEqual([expect.stringMatching(new RegExp(`^${id}: `))]);
  });
});

describe("conformanceText", () => {
  it("says how many points were checked, and of a failed one who needs it", async () => {
    const { paint } = plainScreen(process.stderr);
    const text = conformanceText(await check({ answer: at("/health", 500, {}) }), paint);
    expect(text).toMatch(/\n17 passed, 1 failed, 34 not checked by a URL, in /);
    expect(text).toMatch(/✗ health .*\n\s+required: `GET \/health`/);
    expect(text).toContain("engine at http://127.0.0.1:");
    expect(text).toContain("needed by: The startup and liveness probes");
  });
});

describe("readExposition", () => {
  it("reads names, labels with quotes in them, values and times, and leaves comments out", () => {
    const text = [
      "# HELP a Counts.",
      'a_total{route="/a\\"b\\\\c\\nd",le="+Inf",} 12 1700000000',
      "b 1.5e-3",
      "c +Inf",
      "d NaN",
      'e_bucket{le="1.0"} 3 # {trace_id="x"} 0.5 1700000000.123',
      "",
      "# EOF",
    ].join("\n");
    expect(readExposition(text)).toEqual({
      kind: "samples",
      samples: [
        { metric: "a_total", labels: { route: '/a"b\\c\nd', le: "+Inf" }, value: 12 },
        { metric: "b", labels: {}, value: 0.0015 },
        { metric: "c", labels: {}, value: Number.POSITIVE_INFINITY },
        { metric: "d", labels: {}, value: Number.NaN },
        { metric: "e_bucket", labels: { le: "1.0" }, value: 3 },
      ],
    });
  });

  it.each(["<html>", "a", "a one", "a{b=c} 1", 'a{b="c} 1', "1a 1", "a 0x10"])(
    "names the line %s as unreadable",
    (line) => {
      expect(readExposition(`b 1\n${line}\nc 1`)).toEqual({ kind: "unreadable", line });
    },
  );

  it("takes no longer for a line that ends in the middle of its labels", () => {
    for (const unit of ['b="c" , ', " ", "\\", '"']) {
      const line = `a{${unit.repeat(15_000 / unit.length)}`;
      const start = performance.now();
      expect(readExposition(line).kind).toBe("unreadable");
      expect(readExposition(`a${line.slice(2)} `).kind).toBe("unreadable");
      expect(performance.now() - start).toBeLessThan(20_000);
    }
  });
});

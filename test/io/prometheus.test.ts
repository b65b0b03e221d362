import { createServer, type Server } from "node:http";
import { openNetwork } from "../../io/network.ts";
import { growthSince, openPrometheus, type Point, pastBeside } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";

const network = openNetwork({});
let server: Server;
let url: string;
/** What the server answers to a query, by a part of it; anything else is an empty result. */
let answers: ReadonlyMap<RegExp, { status?: number; headers?: Record<string, string>; text?: string; body?: unknown }>;

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://server");
    const query = searchParams.get("query") ?? "";
    const resultType = pathname.endsWith("query_range") || query.endsWith("s]") ? "matrix" : "vector";
    const found = [...answers].find(([pattern]) => pattern.test(query))?.[1];
    outgoing.statusCode = found?.status ?? 200;
    for (const [name, value] of Object.entries(found?.headers ?? {})) outgoing.setHeader(name, value);
    outgoing.end(found?.text ?? JSON.stringify(found?.body ?? answer([])).replace('"asked"', `"${resultType}"`));
  });
  // Large answers are made in this very process: a connection would count as idle for longer than the default 5 s.
  server.keepAliveTimeout = 0;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});

afterAll(async () => {
  await network.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

beforeEach(() => {
  answers = new Map();
});

/** An answer of the kind that was asked for. */
function answer(result: unknown) {
  return { status: "success", data: { resultType: "asked", result } };
}

/** A series at one time. */
function value(labels: Record<string, string>, at: number, shown: number) {
  return { metric: labels, value: [at, String(shown)] };
}

function series(labels: Record<string, string>, ...points: Point[]) {
  return { metric: labels, values: points.map(([at, value]) => [at, String(value).replace(/Infinity/, "+Inf")]) };
}

describe("openPrometheus", () => {
  it("reads each series' value", async () => {
    answers = new Map([[/up/, { body: answer([{ metric: { job: "engine" }, value: [100, "1"] }]) }]]);
    expect(await openPrometheus(network, url).instant("up")).toEqual({
      kind: "value",
      value: [{ labels: { job: "engine" }, points: [[100, 1]] }],
    });
  });

  it("tells no data, NaN, a refused query and an unreachable server apart", async () => {
    answers = new Map([
      [/nan/, { body: answer([{ metric: { __name__: "nan", pod: "a" }, value: [100, "NaN"] }]) }],
      [/bad/, { status: 400, body: { status: "error", errorType: "bad_data", error: "parse error" } }],
    ]);
    const prometheus = openPrometheus(network, url);
    expect(await prometheus.instant("nothing")).toEqual({ kind: "no-data" });
    expect(await prometheus.instant("nan")).toEqual({ kind: "not-a-number", reason: 'nan{pod="a"}' });
    expect(await prometheus.instant("bad")).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("parse error"),
    });
    expect(await openPrometheus(network, "http://127.0.0.1:1").instant("up")).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  const whole = answer([{ metric: {}, value: [100, "1"] }]);
  const MIXED = "PromQL warning: encountered a mix of histograms and floats for aggregation";
  it.each([
    ["a warning of a store", { ...whole, warnings: ["remote_read: 500 Internal Server Error"] }],
    [
      "a warning among annotations",
      { ...whole, warnings: ["PromQL info: metric might not be a counter", "partial response"] },
    ],
    ["a warning that is one text", { ...whole, warnings: "store timed out" }],
    ["a warning that is no text", { ...whole, warnings: [{ toString: null }] }],
    ["a warning in many lists", `{"status":"success","data":{},"warnings":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
    ["PromQL's word for samples that it left out", { ...whole, warnings: [MIXED] }],
    ["such a word among its lesser ones", { ...whole, infos: ["PromQL info: ignored histograms in a range"] }],
    ["an error beside the data", { ...whole, error: "store timed out", errorType: "timeout" }],
    ["a mark", { ...whole, isPartial: true }],
    ["a mark that is a text", { ...whole, isPartial: "true" }],
    ["a mark of another name", { ...whole, partialResponse: true }],
    ["a mark in the data", { ...whole, data: { ...whole.data, isPartial: true } }],
    ["no result", { status: "success", data: {} }],
    ["half of its text", '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"val'],
  ])("never takes an answer with %s for whole (W15)", async (_, body) => {
    answers = new Map([[/up/, typeof body === "string" ? { text: body } : { body }]]);
    expect(await openPrometheus(network, url).instant("up")).toMatchObject({ kind: "unreachable" });
  });

  it.each<[string, unknown, string]>([
    ["a sample without a value", [{ metric: {}, value: [100] }], "value"],
    ["a value that is null", [{ metric: {}, value: [100, null] }], "value"],
    ["a value that is empty", [{ metric: {}, value: [100, ""] }], "value"],
    ["a value that is a word", [{ metric: {}, value: [100, "many"] }], "value"],
    ["a time that is no number", [{ metric: {}, value: ["soon", "1"] }], "value"],
    ["a series that is null", [{ metric: {}, value: [100, "1"] }, null], "result.1"],
    ["a native histogram", [{ metric: {}, histogram: [100, { count: "7", sum: "1" }] }], "value"],
    ["a scalar", [100, "1"], "result.0"],
  ])("never takes an answer with %s for whole, and says where", async (_, result, where) => {
    answers = new Map([[/up/, { body: answer(result) }]]);
    const reading = await openPrometheus(network, url).instant("up");
    expect(reading).toMatchObject({ kind: "unreachable" });
    expect(reading.kind === "unreachable" ? reading.reason : "").toContain(where);
  });

  const ranges: Record<string, (url: string) => Promise<unknown>> = {
    samples: (base) => openPrometheus(network, base).samples("up", 60, 120),
    range: (base) => openPrometheus(network, base).range("up", 60, 120, 30),
  };
  it.each<[string, keyof typeof ranges, unknown, string]>([
    ["a sample that is none", "samples", [{ metric: {}, values: [[90, "1"], "gone"] }], "values.1"],
    ["a series without samples", "samples", [{ metric: {}, values: [] }], "values"],
    [
      "native histograms beside samples",
      "samples",
      [{ metric: {}, values: [[90, "1"]], histograms: [[95, {}]] }],
      "histograms",
    ],
    ["a number in hex", "samples", [{ metric: {}, values: [[90, "0x10"]] }], "values.0"],
    ["a number behind a blank", "samples", [{ metric: {}, values: [[90, " 5"]] }], "values.0"],
    ["the values of one time", "samples", [{ metric: {}, value: [90, "1"] }], "values"],
    ["one series twice", "range", [series({ a: "1", b: "2" }, [90, 1]), series({ b: "2", a: "1" }, [90, 1])], "twice"],
    ["samples out of their order", "samples", [series({}, [110, 5], [100, 4])], "100 after 110"],
    ["two samples of one time", "samples", [series({}, [110, 5], [110, 4])], "110 after 110"],
    ["samples of the future", "samples", [series({}, [110, 5], [4_000, 9])], "4000, outside"],
    ["samples from before what was asked", "samples", [series({}, [20, 5])], "20, outside"],
    ["steps that are finer than asked", "range", [series({}, [60, 5], [70, 5], [80, 5])], "70, within a step"],
  ])("never takes an answer over a time with %s for whole, and says where", async (_, kind, result, where) => {
    answers = new Map([[/up/, { body: answer(result) }]]);
    const reading = await ranges[kind]?.(url);
    expect(reading).toMatchObject({ kind: "unreachable", reason: expect.stringContaining(where) });
  });

  it("takes steps that begin at their multiples, as where answers are kept", async () => {
    answers = new Map([[/up/, { body: answer([series({}, [45, 5], [75, 6], [105, 7])]) }]]);
    expect(await ranges.range?.(url)).toMatchObject({ kind: "value" });
  });

  it.each(["matrix", "scalar", undefined, [[]]])("refuses a result of the type %j for one time", async (resultType) => {
    answers = new Map([[/up/, { body: { status: "success", data: { resultType, result: [] } } }]]);
    const reading = await openPrometheus(network, url).instant("up");
    expect(reading).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("expected a vector") });
  });

  it.each<[string, string]>([
    ["a page that opens its title again and again", `<html>${"<title".repeat(100_000)}`],
    [
      "a million results that are none",
      `{"status":"success","data":{"resultType":"vector","result":[${"1,".repeat(1e6)}1]}}`,
    ],
    ["an error of a million signs", JSON.stringify({ status: "error", error: "x".repeat(1e6) })],
    ["a label of a million signs", JSON.stringify(answer([{ metric: { pod: "y".repeat(1e6) }, value: [1, "NaN"] }]))],
  ])("says in a moment, and in a line, what is wrong with %s", async (_, text) => {
    answers = new Map([[/up/, { text }]]);
    const began = performance.now();
    const reading = await openPrometheus(network, url).instant("up");
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(reading.kind).toMatch(/unreachable|not-a-number/);
    expect(JSON.stringify(reading).length).toBeLessThan(500);
  });

  it.each<[string, number, Record<string, string>, string, string]>([
    [
      "a page to log in",
      200,
      { "content-type": "text/html" },
      "<html><head><title>Sign in - SSO</title>",
      'a page "Sign in - SSO"',
    ],
    [
      "an error page without a title",
      502,
      { "content-type": "text/html" },
      "<h1>Bad Gateway</h1>",
      "502: an HTML page",
    ],
    [
      "a redirect",
      302,
      { location: "https://sso.test/login?next=%2Fapi&token=abc" },
      "",
      "302: a redirect to https://sso.test/login",
    ],
    [
      "a redirect with a password",
      302,
      { location: "https://ann:abc@sso.test/login" },
      "",
      "302: a redirect to https://sso.test/login",
    ],
    ["a success under another status", 206, {}, JSON.stringify(whole), "206"],
    ["nothing", 200, {}, "", "200: nothing"],
  ])("says what answered in place of Prometheus: %s", async (_, status, headers, text, said) => {
    answers = new Map([[/up/, { status, headers, text }]]);
    const reading = await openPrometheus(network, url).instant("up");
    expect(reading).toMatchObject({ kind: "unreachable", reason: expect.stringContaining(said) });
    expect(JSON.stringify(reading)).not.toMatch(/abc|<h/);
  });

  it("gives up an answer that does not end, by its size or by the time", async () => {
    const endless = createServer((incoming, outgoing) => {
      const isSlow = incoming.url?.includes("slow") === true;
      const more = () => {
        if (outgoing.destroyed) return;
        if (isSlow) setTimeout(() => outgoing.write(" ", more), 20);
        else outgoing.write(" ".repeat(1 << 20), more);
      };
      more();
    });
    await new Promise<void>((listening) => endless.listen(0, "127.0.0.1", listening));
    const address = endless.address();
    const own = openNetwork({});
    try {
      const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
      expect(await openPrometheus(own, base).instant("up")).toMatchObject({
        kind: "unreachable",
        reason: expect.stringContaining("more than 64 MiB"),
      });
      expect(await openPrometheus(own, base, { timeoutSeconds: 0.3 }).instant("slow")).toMatchObject({
        kind: "unreachable",
        reason: expect.stringContaining("no answer within 0.3 s"),
      });
    } finally {
      await own.close();
      endless.closeAllConnections();
      endless.close();
    }
  });

  it.each([
    { ...whole, infos: ["PromQL info: metric might not be a counter"] },
    { ...whole, warnings: ["PromQL info: metric might not be a counter, name does not end in _total"] },
    { ...whole, infos: ["PromQL info: input to histogram_quantile needed to be fixed for monotonicity"] },
    { ...whole, warnings: [] },
    { ...whole, warnings: null, isPartial: false },
  ])("takes PromQL's own annotations for no lack of data: %j (W15)", async (body) => {
    answers = new Map([[/up/, { body }]]);
    expect(await openPrometheus(network, url).instant("up")).toMatchObject({ kind: "value" });
  });

  it("asks for ranges with their step", async () => {
    answers = new Map([[/^up$/, { body: answer([series({}, [0, 1], [15, 0])]) }]]);
    const reading = await openPrometheus(network, url).range("up", 0, 15, 15);
    expect(reading).toMatchObject({
      kind: "value",
      value: [
        {
          points: [
            [0, 1],
            [15, 0],
          ],
        },
      ],
    });
  });
});

describe("growthSince", () => {
  it.each<[string, Point[], number]>([
    [
      "a steady counter",
      [
        [90, 5],
        [110, 8],
        [120, 12],
      ],
      7,
    ],
    [
      "a series that appears after the start, from zero",
      [
        [110, 3],
        [120, 4],
      ],
      4,
    ],
    [
      "a reset, after which the counter begins again",
      [
        [90, 5],
        [110, 8],
        [120, 2],
      ],
      5,
    ],
    [
      "a reset before the start",
      [
        [80, 50],
        [90, 5],
        [110, 6],
      ],
      1,
    ],
    ["nothing since the start", [[90, 5]], 0],
    ["no samples", [], 0],
  ])("counts %s", (_, points, growth) => {
    expect(growthSince({ labels: {}, points }, 100, () => "born")).toBe(growth);
  });

  it("starts at what a series shows first where nobody looked before", () => {
    const points: Point[] = [
      [110, 50_000],
      [120, 50_004],
      [130, 1],
    ];
    expect(growthSince({ labels: {}, points }, 100, () => "unseen")).toBe(5);
  });

  it("is not known of a pod that was missed, but where it was seen before the start (W112)", () => {
    const missed = () => "missed" as const;
    expect(growthSince({ labels: {}, points: [[110, 50_000]] }, 100, missed)).toBeUndefined();
    const seen: Point[] = [
      [90, 50_000],
      [110, 50_004],
    ];
    expect(growthSince({ labels: {}, points: seen }, 100, missed)).toBe(4);
  });
});

describe("pastBeside", () => {
  const up = (namespace: string, ...points: Point[]) => ({ labels: { namespace }, points });
  const pod = (name: string, ...points: Point[]) => ({ labels: { namespace: "engine", pod: name }, points });
  const others = pod("b", [10, 1], [40, 1], [70, 1], [85, 1], [100, 1]);
  const options = { lookbackSeconds: 60, since: 60, known: [] };

  it.each<[string, ReturnType<typeof up>[], string]>([
    ["a target of the namespace answered shortly before", [up("engine", [85, 1], [100, 1])], "born"],
    ["it answered too long before", [up("engine", [10, 1], [100, 1])], "unseen"],
    ["no scrape of it was answered", [up("engine", [70, 0], [85, 0], [100, 1])], "unseen"],
    ["only another namespace answered", [up("web", [85, 1]), up("engine", [100, 1])], "unseen"],
    ["nothing was scraped", [], "unseen"],
  ])("when %s", (_, scrapes, past) => {
    expect(pastBeside(scrapes, options)({ namespace: "engine" }, 100)).toBe(past);
  });

  it.each<[string, ReturnType<typeof pod>[], ReturnType<typeof pod>[], string]>([
    ["answered shortly before, for another series", [pod("a", [85, 1], [100, 1]), others], [], "born"],
    ["is new among others that are scraped", [pod("a", [100, 1]), others], [], "born"],
    ["was missed for longer than a sample counts", [pod("a", [10, 1], [100, 1]), others], [], "missed"],
    ["was known long before and missed since", [pod("a", [100, 1]), others], [pod("a")], "missed"],
    ["did not answer, and was known before", [pod("a", [70, 0], [85, 0], [100, 1]), others], [pod("a")], "missed"],
    ["is another one than was known", [pod("a", [100, 1]), others], [pod("c")], "born"],
  ])("when the pod %s (W112)", (_, scrapes, known, past) => {
    expect(pastBeside(scrapes, { ...options, known })({ namespace: "engine", pod: "a" }, 100)).toBe(past);
  });

  it("takes all for born that a pod shows which answered since the start, however long ago", () => {
    const scrapes = [pod("a", [61, 1], [200, 1])];
    expect(pastBeside(scrapes, options)({ namespace: "engine", pod: "a" }, 200)).toBe("born");
  });
});

describe("prometheusCounts", () => {
  const objectives = [
    { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 },
    { name: "slow", kind: { type: "slowerThan", seconds: 1 }, maxRatio: 0.05 },
  ] as const;
  const options = { labels: { release: "r2", track: "one-box", synthetic: "false" }, now: () => 130 };

  const scraped = [series({ pod: "a" }, [95, 1], [110, 1], [125, 1])];

  function serve(requests: unknown[], buckets: unknown[], up: unknown[] = scraped) {
    answers = new Map([
      [/^up/, { body: answer(up) }],
      [/http_requests_total/, { body: answer(requests) }],
      [/http_request_duration_seconds_bucket/, { body: answer(buckets) }],
    ]);
  }

  it("cannot use counts among which one pod's were missed, and names it (W112)", async () => {
    serve(
      [series({ status: "200", pod: "a" }, [90, 1], [125, 9]), series({ status: "200", pod: "b" }, [125, 50_000])],
      [],
    );
    answers = new Map([[/^max by \(namespace, pod\)/, { body: answer([value({ pod: "b" }, 0, 1)]) }], ...answers]);
    expect(await prometheusCounts(openPrometheus(network, url), options).countsSince(objectives, 100)).toEqual({
      kind: "unreachable",
      reason: "b was not scraped for over 5 minutes, and what it answered then is not known",
    });
  });

  const counted = [
    series({ status: "200", pod: "a" }, [90, 100], [125, 180]),
    series({ status: "503", pod: "a" }, [125, 2]),
    series({ status: "404", pod: "b" }, [100, 0], [125, 18]),
  ];

  it("counts errors and slow requests since the gate began, over all pods", async () => {
    serve(counted, [
      series({ le: "1.0", pod: "a" }, [90, 100], [125, 190]),
      series({ le: "+Inf", pod: "a" }, [90, 100], [125, 200]),
    ]);
    expect(await prometheusCounts(openPrometheus(network, url), options).countsSince(objectives, 100)).toEqual({
      kind: "value",
      value: { errors: { requests: 100, bad: 2 }, slow: { requests: 100, bad: 10 } },
    });
  });

  /** The errors and requests since 100, of series of one pod that are only told apart by who scraped them. */
  const countedFrom = async (...requests: unknown[]) => {
    serve(requests, []);
    const source = prometheusCounts(openPrometheus(network, url), options);
    const reading = await source.countsSince(objectives.slice(0, 1), 100);
    return reading.kind === "value" ? reading.value.errors : reading;
  };

  const bucket = (le: string, pod: string, ...points: Point[]) => series({ le, pod }, ...points);
  it.each<[string, unknown[], unknown[], string]>([
    [
      "a counter is infinite",
      [series({ status: "200", pod: "a" }, [90, 1], [125, Number.POSITIVE_INFINITY])],
      [],
      "errors",
    ],
    [
      "a counter is infinite before it begins again",
      [series({ status: "200", pod: "a" }, [90, Number.POSITIVE_INFINITY], [125, 9])],
      [],
      "errors",
    ],
    ["a counter is below zero", [series({ status: "200", pod: "a" }, [90, 1], [125, -7])], [], "errors"],
    ["a counter comes from below zero", [series({ status: "200", pod: "a" }, [90, -7], [125, 9])], [], "errors"],
    ["a counter has a part of an error", [series({ status: "500", pod: "a" }, [90, 0], [125, 0.4])], [], "errors"],
    [
      "requests have no status, as where it is relabelled",
      [series({ code: "500", pod: "a" }, [90, 1], [125, 9])],
      [],
      "status",
    ],
    ["a status is a word", [series({ status: "error", pod: "a" }, [90, 1], [125, 9])], [], '"error"'],
    [
      "fewer requests took any time than took a second",
      counted,
      [bucket("1", "a", [90, 0], [125, 20]), bucket("+Inf", "a", [90, 0], [125, 10])],
      "slow",
    ],
    [
      "one pod of two has the bucket",
      counted,
      [
        bucket("1", "a", [90, 0], [125, 20]),
        bucket("+Inf", "a", [90, 0], [125, 20]),
        bucket("+Inf", "b", [90, 0], [125, 5]),
      ],
      "slow",
    ],
    [
      "one pod of two has no count of all",
      counted,
      [
        bucket("1", "a", [90, 0], [125, 20]),
        bucket("+Inf", "a", [90, 0], [125, 20]),
        bucket("1", "b", [90, 0], [125, 5]),
      ],
      "slow",
    ],
  ])("cannot use counts where %s", async (_, requests, buckets, said) => {
    serve(requests, buckets);
    const reading = await prometheusCounts(openPrometheus(network, url), options).countsSince(objectives, 100);
    expect(reading).toMatchObject({ kind: "not-a-number", reason: expect.stringContaining(said) });
  });

  it.each<[string, Record<string, string>]>([
    ["another release", { release: "r1" }],
    ["synthetic requests", { synthetic: "true" }],
  ])("cannot use counts that say that they are of %s", async (_, labels) => {
    const other = await countedFrom(series({ status: "200", pod: "a", ...labels }, [90, 1], [125, 9]));
    expect(other).toMatchObject({ kind: "unreachable", reason: expect.stringContaining(Object.values(labels).join()) });
  });

  it("counts as many series and samples as an answer can hold", async () => {
    const source = prometheusCounts(openPrometheus(network, url), options);
    const counted = () => source.countsSince(objectives.slice(0, 1), 100);
    const pods = Array.from({ length: 130_000 }, (_, index) => ({ status: "200", pod: `pod-${index}` }));
    serve(
      pods.map((labels) => series(labels, [125, 1])),
      [],
    );
    expect(await counted()).toMatchObject({ value: { errors: { requests: expect.any(Number), bad: 0 } } });
    const byJob = (job: string, from: number) => {
      const values = pods.map((_, index) => [from + index / 1e5, String(index)]);
      return { metric: { status: "200", pod: "a", job }, values };
    };
    serve([byJob("a", 110), byJob("b", 112)], []);
    expect(await counted()).toMatchObject({ kind: "value" });
  });

  it.each<[string, unknown[]]>([
    ["infinitely long ago", [{ metric: {}, value: [130, "-Inf"] }]],
    ["the beginning of time", [{ metric: {}, value: [130, "0"] }]],
    ["the future", [{ metric: {}, value: [130, "9000"] }]],
    ["two times", [value({ a: "1" }, 130, 100), value({ a: "2" }, 130, 110)]],
  ])("does not say how far back samples go where they are said to begin at %s", async (_, result) => {
    answers = new Map([[/^min_over_time/, { body: answer(result) }]]);
    const reach = await prometheusCounts(openPrometheus(network, url), { ...options, now: () => 5_000 }).reachOver(900);
    expect(reach).toMatchObject({ kind: "not-a-number" });
  });

  it("never adds up steps in which a counter is said to shrink", async () => {
    serve([series({ status: "200" }, [-770, -4], [130, 9])], []);
    const reading = await prometheusCounts(openPrometheus(network, url), options).countsOver(objectives, 1_800);
    expect(reading).toMatchObject({ kind: "not-a-number" });
  });

  it("takes the class of a status as good as the status", async () => {
    serve([series({ status: "2xx", pod: "a" }, [90, 0], [125, 9]), series({ status: "5XX", pod: "a" }, [125, 2])], []);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives.slice(0, 1), 100)).toMatchObject({
      value: { errors: { requests: 11, bad: 2 } },
    });
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["two jobs", { job: "engine" }, { job: "kubernetes-pods" }],
    ["two jobs under two addresses", { job: "a", instance: "10.0.0.1:8080" }, { job: "b", instance: "engine-1:8080" }],
    [
      "a service monitor and a pod monitor",
      { endpoint: "http", service: "engine" },
      { endpoint: "metrics", container: "engine" },
    ],
    ["two Prometheus of a pair", { prometheus_replica: "0" }, { prometheus_replica: "1" }],
  ])("counts a pod once that is scraped by %s (W03)", async (_, one, other) => {
    const pod = { status: "500", namespace: "sparki-engine", pod: "a" };
    const counted = await countedFrom(
      series({ ...pod, ...one }, [90, 100], [110, 150], [125, 180]),
      series({ ...pod, ...other }, [91, 102], [111, 152], [126, 181]),
      series({ ...pod, pod: "b", ...one }, [90, 0], [125, 7]),
    );
    // What the first had seen to its end, and of the second what came after it.
    expect(counted).toEqual({ requests: 81 + 7, bad: 81 + 7 });
  });

  it.each(["receive_replica", "site", "ha.replica"])(
    "counts a pod once that two servers scrape which only a label %s tells apart, by the targets' own scrapes",
    async (name) => {
      const pod = { namespace: "sparki-engine", pod: "a" };
      const of = (replica: string, labels: Record<string, string>, ...points: [number, number][]) =>
        series({ ...pod, ...labels, [name]: replica }, ...points);
      serve(
        [of("0", { status: "500" }, [90, 100], [125, 180]), of("1", { status: "500" }, [91, 102], [126, 181])],
        [
          of("1", { le: "1" }, [91, 50], [126, 100]),
          of("0", { le: "1" }, [92, 50], [125, 100]),
          of("0", { le: "+Inf" }, [90, 100], [125, 180]),
        ],
        [of("0", {}, [95, 1], [125, 1]), of("1", {}, [96, 1], [126, 1])],
      );
      const source = prometheusCounts(openPrometheus(network, url), options);
      expect(await source.countsSince(objectives, 100)).toEqual({
        kind: "value",
        value: { errors: { requests: 81, bad: 81 }, slow: { requests: 80, bad: 30 } },
      });
    },
  );

  it("keeps apart what an application itself tells apart, by a label that its one target has too", async () => {
    const pod = { namespace: "sparki-engine", pod: "a" };
    serve(
      [
        series({ ...pod, status: "200", version: "v1" }, [90, 0], [125, 5]),
        series({ ...pod, status: "200", version: "v2" }, [90, 0], [125, 7]),
      ],
      [],
      [series({ ...pod, version: "v1" }, [95, 1], [125, 1])],
    );
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives.slice(0, 1), 100)).toMatchObject({
      value: { errors: { requests: 12, bad: 0 } },
    });
  });

  it("counts no request of before, where a second job begins to scrape a pod (W03)", async () => {
    const pod = { status: "200", namespace: "sparki-engine", pod: "a" };
    const counted = await countedFrom(
      series({ ...pod, job: "old" }, [90, 50_000], [110, 50_010], [125, 50_020]),
      series({ ...pod, job: "new" }, [112, 50_011], [126, 50_021]),
    );
    expect(counted).toEqual({ requests: 21, bad: 0 });
  });

  it("goes on where a series ended that was relabelled (W03)", async () => {
    const pod = { status: "200", namespace: "sparki-engine", pod: "a" };
    const counted = await countedFrom(
      series({ ...pod, job: "old" }, [90, 50_000], [105, 50_010]),
      series({ ...pod, job: "new" }, [110, 50_015], [125, 50_030]),
    );
    expect(counted).toEqual({ requests: 30, bad: 0 });
  });

  it("counts what comes after a restart, whoever scrapes", async () => {
    const pod = { status: "200", namespace: "sparki-engine", pod: "a" };
    const counted = await countedFrom(
      series({ ...pod, job: "one" }, [90, 100], [105, 110], [125, 5]),
      series({ ...pod, job: "two" }, [91, 101], [106, 110], [124, 4]),
    );
    expect(counted).toEqual({ requests: 15, bad: 0 });
  });

  it("tells targets without a pod's name apart by their address", async () => {
    const target = { status: "200", job: "engine" };
    const counted = await countedFrom(
      series({ ...target, instance: "10.0.0.1:80" }, [90, 10], [125, 20]),
      series({ ...target, instance: "10.0.0.2:80" }, [90, 10], [125, 20]),
    );
    expect(counted).toEqual({ requests: 20, bad: 0 });
  });

  it("says that samples are stale, with their age, where nobody looks any more", async () => {
    serve([series({ status: "200" }, [10, 1], [20, 2])], [], [series({ pod: "a" }, [10, 1], [25, 1])]);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives, 5)).toEqual({ kind: "stale", ageSeconds: 105 });
  });

  it("takes counts for a part only while a pod of the release answers no scrape: it may be the one that fails", async () => {
    const a = { release: "r2", track: "one-box", pod: "a" };
    const b = { ...a, pod: "b" };
    const requests = [
      series({ status: "200", pod: "a" }, [10, 1], [125, 9]),
      series({ status: "200", pod: "b" }, [10, 4]),
    ];
    const count = async (...up: unknown[]) => {
      serve(requests, [], up);
      const source = prometheusCounts(openPrometheus(network, url), options);
      return source.countsSince(objectives.slice(0, 1), 5);
    };
    const seen = series(a, [5, 1], [10, 1], [125, 1]);
    const value = { errors: { requests: 13, bad: 0 } };
    const partial = (seconds: number) => ({
      ...{ kind: "partial", value },
      reason: `b has answered no scrape for ${seconds} s, and what it answers users is not known`,
    });
    expect(await count(seen, series(b, [5, 1], [10, 1], [40, 0], [125, 0]))).toEqual(partial(120));
    // Asked from the start, and never heard.
    expect(await count(seen, series(b, [5, 0], [125, 0]))).toEqual(partial(125));
    for (const other of [
      series(b, [5, 1], [80, 1], [125, 0]),
      series(b, [5, 1], [10, 1], [40, 0]),
      series({ ...b, release: "r1" }, [5, 1], [10, 1], [125, 0]),
    ])
      expect(await count(seen, other)).toEqual({ kind: "value", value });
    const other = series({ ...b, job: "other" }, [5, 1], [120, 1]);
    expect(await count(seen, series({ ...b, job: "one" }, [5, 0], [125, 0]), other)).toEqual({ kind: "value", value });
  });

  it("counts what a pod that is gone had counted, where nobody asks those that are there", async () => {
    serve([series({ status: "500", pod: "gone" }, [10, 1], [20, 2])], [], [series({ pod: "a" }, [5, 1], [125, 1])]);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives.slice(0, 1), 5)).toEqual({
      kind: "value",
      value: { errors: { requests: 2, bad: 2 } },
    });
  });

  it("never takes a missing bucket for no slow requests", async () => {
    serve(counted, [series({ le: "0.1" }, [125, 4]), series({ le: "+Inf" }, [125, 4])]);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives, 100)).toMatchObject({
      kind: "not-a-number",
      reason: expect.stringContaining('"slow"'),
    });
  });

  it("asks only for the selected requests", async () => {
    const chosen = /^http_requests_total\{release="r2",track="one-box",synthetic="false"\}\[/;
    answers = new Map([
      [/^up/, { body: answer(scraped) }],
      [chosen, { body: answer([series({ status: "200" }, [125, 7])]) }],
    ]);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives.slice(0, 1), 100)).toEqual({
      kind: "value",
      value: { errors: { requests: 7, bad: 0 } },
    });
  });

  it("names the buckets that the objectives lack", async () => {
    answers = new Map([
      [
        /^count by \(le\)/,
        {
          body: answer([
            { metric: { le: "5" }, value: [1, "1"] },
            { metric: { le: "+Inf" }, value: [1, "1"] },
          ]),
        },
      ],
    ]);
    expect(await prometheusCounts(openPrometheus(network, url), options).missingBuckets(objectives)).toEqual({
      kind: "value",
      value: [1],
    });
  });

  it("starts at what it sees first after an outage, and not at the pods' births", async () => {
    const tenDays = (status: string, ...values: [number, number]) =>
      series({ status, pod: "a" }, [115, values[0]], [125, values[1]]);
    serve([tenDays("200", 864_000, 864_095), tenDays("500", 40, 45)], [], [series({ pod: "a" }, [115, 1], [125, 1])]);
    const source = prometheusCounts(openPrometheus(network, url), options);
    expect(await source.countsSince(objectives.slice(0, 1), 100)).toEqual({
      kind: "value",
      value: { errors: { requests: 100, bad: 5 } },
    });
  });

  it("adds up hours by what Prometheus says of their parts", async () => {
    serve(
      [series({ status: "500" }, [-770, 3], [130, 7.2]), series({ status: "200" }, [-770, 0], [130, 989.8])],
      [series({ le: "1" }, [130, 990]), series({ le: "+Inf" }, [130, 1_000])],
    );
    expect(await prometheusCounts(openPrometheus(network, url), options).countsOver(objectives, 1_800)).toEqual({
      kind: "value",
      value: { errors: { requests: 1_000, bad: 10 }, slow: { requests: 1_000, bad: 10 } },
    });
  });

  it("tells hours without requests from a Prometheus that scrapes nothing, or no longer", async () => {
    const source = prometheusCounts(openPrometheus(network, url), options);
    const over = () => source.countsOver(objectives, 1_800);
    serve([], []);
    expect(await over()).toEqual({ kind: "no-data" });
    serve([], [], [series({}, [10, 1], [25, 1])]);
    expect(await over()).toEqual({ kind: "stale", ageSeconds: 105 });
    serve([], [], [series({}, [110, 1], [125, 0])]);
    expect(await over()).toMatchObject({ kind: "unreachable" });
    answers = new Map();
    expect(await over()).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("is scraped") });
  });

  it("has no data only where the release is scraped, and is blind elsewhere", async () => {
    const up = (value: number) => {
      answers = new Map([
        [/^up\{release="r2",track="one-box"\}\[300s\]$/, { body: answer([series({}, [125, value])]) }],
      ]);
    };
    const source = prometheusCounts(openPrometheus(network, url), options);
    up(1);
    expect(await source.countsSince(objectives, 100)).toEqual({ kind: "no-data" });
    up(0);
    expect(await source.countsSince(objectives, 100)).toEqual({
      kind: "unreachable",
      reason: 'no target up{release="r2",track="one-box"} is scraped',
    });
    answers = new Map();
    expect(await source.countsSince(objectives, 100)).toMatchObject({ kind: "unreachable" });
  });
});

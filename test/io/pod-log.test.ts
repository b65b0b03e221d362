import { findingsIn, logLinesIn, readPodLog } from "../../io/pod-log.ts";

const line = (fields: Readonly<Record<string, unknown>>) => JSON.stringify({ ts: "2026-11-23T12:00:00Z", ...fields });

describe("logLinesIn", () => {
  it("gives the lines without the empty ones and without credentials", () => {
    const text = "listening on 5000\n\nERROR postgres://sparki:hunter2@db:5432/sparki refused\n";
    expect(logLinesIn(text)).toEqual(["listening on 5000", "ERROR postgres://[secret]@db:5432/sparki refused"]);
  });
});

describe("readPodLog", () => {
  it("finds errors, and requests that were answered with one, in whatever format", () => {
    const bad = [
      line({ level: "ERROR", msg: "request failed", status: 500 }),
      line({ level: "INFO", msg: "request", status: 503 }),
      "2026-11-23 12:00:00 ERROR out of memory",
    ];
    const good = [line({ level: "INFO", msg: "request", status: 200, duration_ms: 500 }), "listening on 5000"];
    expect(readPodLog([...good, ...bad])).toEqual({ errorLines: bad, outages: [] });
  });

  it("tells a server that was away from the release's own errors", () => {
    const own = line({ level: "ERROR", msg: "request failed", status: 500, reason: "internal error" });
    const away = { level: "ERROR", msg: "request failed", status: 503, reason: "ECONNREFUSED", dependency: "cache" };
    expect(readPodLog([line(away), own])).toEqual({
      errorLines: [own],
      outages: ["the cache cannot be reached: ECONNREFUSED"],
    });
  });

  it.each(['ERROR "dependency": broken', '{"dependency":7,"level":"ERROR"}'])("takes %s for an error", (text) => {
    expect(readPodLog([text])).toEqual({ errorLines: [text], outages: [] });
  });
});

describe("findingsIn", () => {
  const away = line({ level: "WARN", dependency: "cache", reason: "ECONNREFUSED" });
  const quiet = Array.from({ length: 100 }, (_, index) =>
    line({ level: "INFO", msg: `answered ${index}`, status: 200 }),
  );

  it.each([
    ["nothing in a healthy pod's log", []],
    ["an error among good lines", ["ERROR out of memory"]],
    ["a request that was answered with one", [line({ level: "INFO", status: 503 })]],
    ["a server that was away", [away]],
    ["an error whose level is written with an escape", [String.raw`{"level":"\u0045RROR","msg":"x"}`]],
    ["an error whose level has a hidden character", ["ER\u200bROR out of memory"]],
    ["an error that is encoded as in an address", ["%45RROR out of memory"]],
    ["an error without its credentials", ["ERROR postgres://sparki:hunter2@db:5432/sparki refused"]],
  ])("finds %s, as who reads every line does", (_, remarkable) => {
    const text = [...quiet, ...remarkable, ...quiet].join("\n");
    const expected = readPodLog(logLinesIn(text));
    expect(findingsIn(text)).toEqual(expected);
    expect(expected.errorLines.length + expected.outages.length).toBe(remarkable.length);
  });
});

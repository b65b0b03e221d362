import type { Check } from "../../../../runbook/preflight/check.ts";
import {
  commandCenter,
  elasticsearch,
  kibana,
  logsArrive,
  logstash,
} from "../../../../runbook/preflight/checks/observability.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const at = (check: Check, request: string, answer: object) =>
  look(check, fakeContext({ web: { [request.replace(" ", " https://")]: answer } }));
const STORM = "storm.sparki.tools";

describe.each([
  ["elasticsearch", elasticsearch, `GET elasticsearch.${STORM}/_cluster/health`, "the cluster is "],
  ["logstash", logstash, `GET logstash.${STORM}/`, "it is "],
] as const)("%s", (_, check, request, words) => {
  it("passes when it is green", async () => {
    expect(await at(check, request, { body: { status: "green" } })).toMatchObject({ status: "pass" });
  });

  it("warns when it is yellow, and fails when it is red", async () => {
    expect(await at(check, request, { body: { status: "yellow" } })).toMatchObject({ status: "warn" });
    expect(await at(check, request, { body: { status: "red" } })).toMatchObject({
      status: "fail",
      reason: `${words}red`,
    });
  });

  it("cannot look when it answers an error", async () => {
    await expect(at(check, request, { status: 502 })).rejects.toThrow("answered 502");
  });
});

describe("logsArrive", () => {
  const newest = (...times: string[]) => ({
    body: { hits: { hits: times.map((time) => ({ _source: { "@timestamp": time } })) } },
  });
  const request = `POST elasticsearch.${STORM}/_search`;

  it("passes with the age of the newest line", async () => {
    expect(await at(logsArrive, request, newest("2026-11-23T11:58:30Z"))).toEqual({
      status: "pass",
      reason: "the newest line is 1.5 minutes old",
    });
  });

  it("takes a line from a clock ahead of ours as new", async () => {
    const { reason } = await at(logsArrive, request, newest("2026-11-23T12:00:30Z"));
    expect(reason).toBe("the newest line is 0.0 minutes old");
  });

  it.each([
    [
      "the newest line is old",
      newest("2026-11-23T11:00:00Z"),
      "the newest line is 60 minutes old; expected at most 15",
    ],
    ["there is no line", newest(), "no log line was found"],
  ])("fails when %s", async (_, answer, reason) => {
    expect(await at(logsArrive, request, answer)).toMatchObject({ status: "fail", reason });
  });
});

describe("kibana", () => {
  const overall = (status: object) =>
    at(kibana, `GET kibana.${STORM}/api/status`, { body: { status: { overall: status } } });

  it.each([[{ level: "available" }], [{ state: "green" }]])("passes for %j", async (status) => {
    expect(await overall(status)).toMatchObject({ status: "pass" });
  });

  it.each([
    [{ level: "degraded" }, "it is degraded"],
    [{ state: "red" }, "it is red"],
  ])("fails for %j", async (status, reason) => {
    expect(await overall(status)).toMatchObject({ status: "fail", reason });
  });
});

describe("commandCenter", () => {
  it("passes when it answers, and fails with what it answers else", async () => {
    const request = `GET command-center.${STORM}/health`;
    expect(await at(commandCenter, request, {})).toMatchObject({ status: "pass" });
    expect(await at(commandCenter, request, { status: 500 })).toMatchObject({
      status: "fail",
      reason: `https://command-center.${STORM}/health answered 500`,
    });
  });
});

import { slowSearch, traces } from "../../../runbook/diagnosis/diagnose.ts";
import { diagnosisContext, examine } from "../../support/diagnosis.ts";
import { configWith } from "../../support/preflight.ts";

const JAEGER = "https://jaeger-query.storm.sparki.tools";
const { storm } = configWith({});
const { elasticsearchUrl: ELASTICSEARCH } = storm;
const without = diagnosisContext({ config: configWith({ storm: { prometheusUrl: "https://p.example" } }) });

describe("traces", () => {
  const jaeger = (services: readonly string[] | null, found: readonly object[] = []) =>
    diagnosisContext({
      config: configWith({ storm: { ...storm, jaegerQueryUrl: JAEGER } }),
      web: {
        [`GET ${JAEGER}/api/services`]: { body: { data: services } },
        [`GET ${JAEGER}/api/traces`]: { body: { data: found } },
      },
    });

  it("passes when no service of Sparki has a trace with an error", async () => {
    expect(await examine(traces, jaeger(["sparki-engine", "sparki-preflight", "other"]))).toEqual({
      status: "pass",
      reason: "none of sparki-engine in the last 15 minutes",
    });
  });

  it("fails with the traces and where to open them", async () => {
    const trace = { traceID: "abc", spans: [{ operationName: "GET /api/projects", duration: 1_500_000 }] };
    expect(await examine(traces, jaeger(["sparki-engine"], [trace]))).toEqual({
      status: "fail",
      reason: "1 traces had errors in the last 15 minutes",
      fix: expect.stringContaining(`open ${JAEGER}/trace/abc`),
      evidence: [`sparki-engine GET /api/projects, 1500 ms: ${JAEGER}/trace/abc`],
    });
  });

  it("is skipped where Jaeger has no service of Sparki, or no address is configured", async () => {
    expect(await examine(traces, jaeger(null))).toMatchObject({ status: "skipped" });
    expect(await examine(traces, without)).toMatchObject({ reason: "no sparki:storm.jaegerQueryUrl is configured" });
  });
});

describe("slowSearch", () => {
  const elasticsearch = (...found: object[]) =>
    diagnosisContext({
      web: {
        [`POST ${ELASTICSEARCH}/_search`]: { body: { hits: { hits: found.map((_source) => ({ _source })) } } },
      },
    });

  it("passes when no line is found", async () => {
    expect(await examine(slowSearch, elasticsearch())).toEqual({
      status: "pass",
      reason: "no line of the last 15 minutes has duration_ms > 1000",
    });
  });

  it("fails with the lines, and the search for Kibana", async () => {
    expect(await examine(slowSearch, elasticsearch({ msg: "query", duration_ms: 4200 }))).toMatchObject({
      status: "fail",
      reason: "lines of the last 15 minutes have duration_ms > 1000",
      fix: "in Kibana (https://kibana.storm.sparki.tools): duration_ms > 1000",
      evidence: ['{"msg":"query","duration_ms":4200}'],
    });
  });

  it("is skipped where no address is configured", async () => {
    expect(await examine(slowSearch, without)).toMatchObject({ status: "skipped" });
  });
});

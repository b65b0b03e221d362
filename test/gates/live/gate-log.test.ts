import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult } from "../../../gates/gate.ts";
import { GateLog, readGateLog } from "../../../gates/live/gate-log.ts";

const look = { seconds: 1, requests: 4000, bad: 0, lower: 0, upper: 0.0008 };
const result: GateResult = {
  gate: "engine fleet",
  phase: "fleet",
  service: "engine",
  track: "fleet",
  kind: "objective",
  objective: "errors",
  verdict: "pass",
  requests: 4000,
  bad: 0,
  measured: 0,
  limit: 0.001,
  lower: 0,
  upper: 0.0008,
  needed: 0,
  synthetic: 4000,
  reason: "0 of 4000 requests bad",
};

describe("GateLog", () => {
  const folder = mkdtempSync(join(tmpdir(), "sparki-gate-log-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("keeps every look in the log's file, and only the last result for the stack's outputs", () => {
    const file = join(folder, "gates.jsonl");
    const log = new GateLog({ SPARKI_GATE_LOG: file });
    log.add([
      { ...result, looks: [look] },
      { ...result, objective: "pods" },
    ]);
    log.add([{ ...result, gate: "web fleet" }]);
    expect(log.results).toEqual([result, { ...result, objective: "pods" }, { ...result, gate: "web fleet" }]);
    expect(readGateLog(file)).toEqual([{ ...result, looks: [look] }, ...log.results.slice(1)]);
  });

  it("keeps no secret, control or command to CI that the cluster's words hold, in the file or in the outputs", () => {
    const file = join(folder, "hostile.jsonl");
    const log = new GateLog({ SPARKI_GATE_LOG: file });
    const words =
      "::error::x\u001b[2J\u202e db: postgres://sparki:hunter2hunter2@db/x ghp_0123456789abcdefghijABCDEFGHIJ012345";
    log.add([{ ...result, reason: words, words, looks: [look] }]);
    const expected = ": :error::x db: postgres://[secret]@db/x [secret]";
    expect(readGateLog(file)).toEqual([{ ...result, reason: expected, words: expected, looks: [look] }]);
    expect(log.results).toEqual([{ ...result, reason: expected, words: expected }]);
  });

  it("writes nothing under plain pulumi, and reads nothing where no gate ran", () => {
    const log = new GateLog({});
    log.add([result]);
    expect(log.results).toEqual([result]);
    expect(readGateLog(join(folder, "none.jsonl"))).toEqual([]);
  });
});

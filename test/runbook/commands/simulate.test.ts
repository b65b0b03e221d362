import { Writable } from "node:stream";
import { simulate } from "../../../runbook/commands/simulate.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";

async function run(options: Record<string, string>, signal = new AbortController().signal) {
  let report = "";
  const stderr = new Writable({
    write: (chunk, _, done) => {
      report += chunk;
      done();
    },
  });
  const ports = {
    stdout: openOutput(stderr),
    stderr: openOutput(stderr),
    clock: fakeClock(),
    env: {},
    cwd: "/",
    signal,
  };
  return { ...(await simulate.run({ args: [], options, ports })), report };
}

describe("simulate", () => {
  it("prints each decider at each ratio, where the gate is not ahead, and the sources", async () => {
    const { exitCode, json, report } = await run({ streams: "60", seed: "1" });
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      streams: 60,
      missed: [],
      rows: expect.arrayContaining([expect.objectContaining({ decider: "Flagger" })]),
    });
    expect(report).toMatch(/^ratio +decider +passes +fails +undecided +wrong +requests +time$/m);
    expect(report).toMatch(/^0 % +sparki +100\.0 % +0\.0 % +0\.0 % +0\.0 % +3550 +177\.5 s$/m);
    expect(report).toMatch(/^not ahead at 0\.2 %: Argo Rollouts answers sooner/m);
    expect(report).toContain("https://docs.flagger.app/");
    expect(report.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([
    [{ streams: "0" }, "from 1 to 1000000"],
    [{ streams: "many" }, "from 1 to 1000000"],
    [{ streams: "1.5" }, "from 1 to 1000000"],
    [{ streams: "1000001" }, "from 1 to 1000000"],
    [{ streams: "1e9" }, "from 1 to 1000000"],
    [{ seed: "-1" }, "0 or more"],
    [{ seed: "" }, "0 or more"],
  ])("refuses %j", async (change, range) => {
    await expect(run({ streams: "1", seed: "1", ...change })).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringContaining(`expected a whole number, ${range}`),
    });
  });

  it("ends soon once it is interrupted, and says that nothing was changed", async () => {
    await expect(run({ streams: "1000000", seed: "1" }, AbortSignal.abort())).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("interrupted; it changes nothing"),
    });
  });
});

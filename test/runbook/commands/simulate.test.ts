import { Writable } from "node:stream";
import { simulate } from "../../../runbook/commands/simulate.ts";
import { fakeClock } from "../../support/fake-clock.ts";

async function run(options: Record<string, string>) {
  let report = "";
  const stderr = new Writable({
    write: (chunk, _, done) => {
      report += chunk;
      done();
    },
  });
  const ports = { stdout: stderr, stderr, clock: fakeClock(), env: {}, cwd: "/", signal: new AbortController().signal };
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
    expect(report).toMatch(/^true ratio +decider +passes +fails +undecided +wrong +median requests +median time$/m);
    expect(report).toMatch(/^0 % +sparki +100\.0 % +0\.0 % +0\.0 % +0\.0 % +3550 +177\.5 s$/m);
    expect(report).toMatch(/^not ahead at 0\.2 %: Argo Rollouts answers sooner/m);
    expect(report).toContain("https://docs.flagger.app/");
  });

  it.each([{ streams: "0" }, { streams: "many" }, { seed: "-1" }, { streams: "1.5" }])("refuses %j", async (change) => {
    await expect(run({ streams: "1", seed: "1", ...change })).rejects.toThrow(/expected a whole number/);
  });
});

import type { GateResult, Verdict } from "../../../gates/gate.ts";
import { judgeSideBySide } from "../../../gates/live/track-gate.ts";
import type { Track } from "../../../stacks/services.ts";

const engine: Track = { workload: "engine", kind: "fleet" };
const web: Track = { workload: "web", kind: "fleet" };
const ofVerdict = (gate: string, verdict: Verdict): GateResult => ({
  gate,
  kind: "objective",
  objective: "availability",
  verdict,
  reason: "as told",
  requests: 0,
  bad: 0,
  lower: 0,
  upper: 1,
  limit: 0.001,
  needed: 0,
  measured: null,
  synthetic: 0,
});
const never = (signal: AbortSignal) =>
  new Promise<GateResult[]>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const going = new AbortController().signal;

describe("judgeSideBySide", () => {
  it("begins with every track before the first has ended, and keeps their order", async () => {
    const begun: string[] = [];
    const first = Promise.withResolvers<void>();
    const results = await judgeSideBySide([engine, web], going, async ({ workload }) => {
      begun.push(workload);
      if (workload === "web") first.resolve();
      else await first.promise;
      return [ofVerdict(workload, "pass")];
    });
    expect(begun).toEqual(["engine", "web"]);
    expect(results.map(({ gate }) => gate)).toEqual(["engine", "web"]);
  });

  it("asks two tracks at a time, and none after one that did not pass", async () => {
    const third: Track = { workload: "engine", kind: "one-box" };
    const begun: string[] = [];
    const open = { now: 0, most: 0 };
    const judge = (verdict: Verdict) => async (track: Track) => {
      begun.push(`${track.workload} ${track.kind}`);
      open.now += 1;
      open.most = Math.max(open.most, open.now);
      await new Promise(setImmediate);
      open.now -= 1;
      return [ofVerdict(track.workload, verdict)];
    };
    expect(await judgeSideBySide([engine, web, third], going, judge("pass"))).toHaveLength(3);
    expect(open.most).toBe(2);
    begun.length = 0;
    expect(await judgeSideBySide([engine, web, third], going, judge("inconclusive"))).toHaveLength(2);
    expect(begun).toEqual(["engine fleet", "web fleet"]);
  });

  it("ends with the first that fails, and says nothing of what it ended", async () => {
    const results = await judgeSideBySide([engine, web], going, async ({ workload }, signal) =>
      workload === "web" ? [ofVerdict("web", "fail")] : never(signal),
    );
    expect(results).toEqual([ofVerdict("web", "fail")]);
  });

  it("waits for the others where one cannot be proven", async () => {
    const results = await judgeSideBySide([engine, web], going, async ({ workload }) => {
      if (workload === "engine") return [ofVerdict("engine", "inconclusive")];
      await new Promise(setImmediate);
      return [ofVerdict("web", "fail")];
    });
    expect(results.map(({ verdict }) => verdict)).toEqual(["inconclusive", "fail"]);
  });

  it("throws what a gate could not do, and ends the others", async () => {
    const ended: string[] = [];
    const judging = judgeSideBySide([engine, web], going, async ({ workload }, signal) => {
      if (workload === "engine") throw new Error("no cluster");
      return never(signal).finally(() => ended.push(workload));
    });
    await expect(judging).rejects.toThrow("no cluster");
    await new Promise(setImmediate);
    expect(ended).toEqual(["web"]);
  });

  it("throws when the update is interrupted", async () => {
    const controller = new AbortController();
    const judging = judgeSideBySide([engine, web], controller.signal, (_, signal) => never(signal));
    controller.abort(new Error("interrupted by SIGINT"));
    await expect(judging).rejects.toThrow("interrupted by SIGINT");
  });
});

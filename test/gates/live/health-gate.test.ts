import type { HealthSample } from "../../../gates/health.ts";
import { type HealthGate, runHealthGate, type WatchedPods } from "../../../gates/live/health-gate.ts";
import { idleClock } from "../../support/fake-clock.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const pod = {
  name: "engine-1",
  ready: true,
  imageDigest: DIGEST,
  restarts: 0,
  waiting: undefined,
  errorLines: [],
  outages: [],
};
const HEALTHY: HealthSample = {
  rollout: { observed: true, desired: 1, updated: 1, available: 1, total: 1 },
  pods: [pod],
};
const STARTING: HealthSample = { ...HEALTHY, pods: [{ ...pod, ready: false, imageDigest: undefined }] };

function gate({ sample = async () => HEALTHY, ...change }: Partial<HealthGate> & Partial<WatchedPods>): HealthGate {
  return {
    gate: "engine one-box",
    pods: { expected: { digest: DIGEST, minReplicas: 1 }, sample },
    probes: [],
    deadlineSeconds: 60,
    clock: idleClock(),
    onProgress: () => {},
    ...change,
  };
}

/** Rejects when the signal aborts. */
function aborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

describe("runHealthGate", () => {
  it("waits while pods start, then passes", async () => {
    const samples = [STARTING, STARTING, HEALTHY];
    const progress: string[] = [];
    const results = await runHealthGate(
      gate({ sample: async () => samples.shift() ?? HEALTHY, onProgress: (text) => progress.push(text) }),
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(["pass"]);
    expect(progress).toEqual(Array(2).fill("engine one-box: 0 of 1 pods are ready"));
  });

  it("fails at the deadline, saying what was missing", async () => {
    const [result] = await runHealthGate(gate({ sample: async () => STARTING }));
    expect(result).toMatchObject({ verdict: "fail", reason: "after 60 s: 0 of 1 pods are ready" });
  });

  it("gives each part its deadline, and all of them together no more than there is", async () => {
    const slow = () => {
      const answers = [...Array(100).fill("no answer"), undefined];
      return { name: "/health", run: async () => answers.shift() };
    };
    const probes = [slow(), slow(), slow()];
    const clock = idleClock();
    const free = await runHealthGate(gate({ clock, probes }));
    expect({ passed: free.map(({ verdict }) => verdict), seconds: clock.now() }).toEqual({
      passed: Array(4).fill("pass"),
      seconds: 150,
    });
    const again = idleClock();
    const bound = await runHealthGate(gate({ clock: again, endsAt: 120, probes: [slow(), slow(), slow()] }));
    expect(bound.at(-1)).toMatchObject({ verdict: "fail", reason: "after 20 s: no answer" });
    expect(again.now()).toBe(120);
  });

  const AWAY: HealthSample = {
    ...STARTING,
    pods: [{ ...pod, ready: false, imageDigest: undefined, outages: ["the database cannot be reached: ECONNREFUSED"] }],
  };

  it("fails before its deadline when a server that the release needs stays away", async () => {
    const clock = idleClock();
    const [result] = await runHealthGate(gate({ clock, outageSeconds: 20, sample: async () => AWAY }));
    expect(result).toMatchObject({
      verdict: "fail",
      reason: "after 20 s: 0 of 1 pods are ready: the database cannot be reached: ECONNREFUSED",
    });
    expect(clock.now()).toBe(20);
  });

  it("outlives a failover of such a server, and a second one later", async () => {
    const during = (seconds: number) => seconds < 15 || (seconds >= 16 && seconds < 31);
    const clock = idleClock();
    const sample = async () => (clock.now() >= 31 ? HEALTHY : during(clock.now()) ? AWAY : STARTING);
    const [result] = await runHealthGate(gate({ clock, outageSeconds: 20, sample }));
    expect(result?.verdict).toBe("pass");
  });

  it("fails at once on what waiting cannot fix", async () => {
    const clock = idleClock();
    const waiting = { reason: "ImagePullBackOff", message: "no such digest" };
    const sample = async () => ({ ...STARTING, pods: [{ ...pod, ready: false, waiting }] });
    const [result] = await runHealthGate(gate({ clock, sample }));
    expect(result?.verdict).toBe("fail");
    expect(result?.reason).toContain("no such digest");
    expect(clock.now()).toBe(0);
  });

  it("is an error, never a pass, when the API server cannot be asked", async () => {
    const sample = async () => Promise.reject(new Error("ECONNREFUSED"));
    const [result] = await runHealthGate(gate({ sample }));
    expect(result).toMatchObject({ verdict: "error", measured: null });
    expect(result?.reason).toContain("ECONNREFUSED");
  });

  const never = () => new Promise<never>(() => {});

  it("is an error at its deadline when the API server never answers", async () => {
    const clock = idleClock();
    const samples = [async () => STARTING, never];
    const [result] = await runHealthGate(gate({ clock, sample: () => (samples.shift() ?? never)() }));
    expect(result).toMatchObject({ verdict: "error", reason: "after 60 s: no answer within 60 s" });
    expect(clock.now()).toBe(60);
  });

  it("ends at once when it is interrupted, also while nothing answers", async () => {
    const interruption = new AbortController();
    const sample = () => {
      setImmediate(() => interruption.abort(new Error("interrupted")));
      return never();
    };
    // Time stands still: only the signal can end it.
    const clock = { now: () => 0, sleep: (_: number, signal?: AbortSignal) => aborted(signal) };
    const { signal } = interruption;
    await expect(runHealthGate(gate({ clock, sample, signal }))).rejects.toThrow("interrupted");
  });

  it("judges answers alone where no pods are named", async () => {
    const { pods: _, ...entrance } = gate({ probes: [{ name: "certificate", run: async () => undefined }] });
    expect(await runHealthGate(entrance)).toMatchObject([{ objective: "certificate", verdict: "pass" }]);
  });

  it("gives each probe its own result, and fails on the one that does not answer", async () => {
    const results = await runHealthGate(
      gate({
        probes: [
          { name: "/health", run: async () => undefined },
          { name: "/api/cache/health", run: async () => "503 from the cache" },
        ],
      }),
    );
    expect(results.map(({ objective, verdict }) => [objective, verdict])).toEqual([
      ["pods ready", "pass"],
      ["/health", "pass"],
      ["/api/cache/health", "fail"],
    ]);
  });
});

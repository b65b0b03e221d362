import { type HealthSample, judgeHealth, type PodSnapshot } from "../../../gates/health.ts";
import { sinceBefore } from "../../../gates/live/track-gate.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const pod = (changes: Partial<PodSnapshot> = {}): PodSnapshot => ({
  name: "engine-fleet-1",
  ready: true,
  imageDigest: DIGEST,
  restarts: 0,
  waiting: undefined,
  errorLines: [],
  outages: [],
  ...changes,
});
const rollout = { observed: true, desired: 1, updated: 1, available: 1, total: 1 };

/** The verdict of each look at a pod that goes through these states. */
async function verdicts(...states: PodSnapshot[]): Promise<string[]> {
  const left = [...states];
  const look = sinceBefore(async () => ({ rollout, pods: left.splice(0, 1) }), undefined);
  const found: string[] = [];
  for (const _ of states) found.push(judgeHealth(await look(), { digest: DIGEST, minReplicas: 1 }).verdict);
  return found;
}

describe("sinceBefore", () => {
  it("forgives what a pod did before the first look", async () => {
    const old = pod({ restarts: 2, errorLines: ["ERROR of last week"] });
    expect(await verdicts(old, old)).toEqual(["pass", "pass"]);
  });

  it("sees what it does from then on", async () => {
    const old = pod({ restarts: 2, errorLines: ["ERROR of last week"] });
    expect(await verdicts(old, { ...old, restarts: 3 })).toEqual(["pass", "fail"]);
    expect(await verdicts(old, { ...old, errorLines: [...old.errorLines, "ERROR of now"] })).toEqual(["pass", "fail"]);
  });

  it("forgives an eviction from before the first look, and none from then on", async () => {
    const evicted = pod({ name: "engine-fleet-0", ready: false, evicted: "it exceeds the limit" });
    const sample = async () => ({ rollout, pods: [evicted, pod()] });
    const judged = (found: HealthSample) => judgeHealth(found, { digest: DIGEST, minReplicas: 1 });
    expect(judged(await sinceBefore(sample, undefined)())).toEqual({
      verdict: "pass",
      reason: "1 of 1 pods ready on the expected digest, 0 restarts",
    });
    expect(judged(await sinceBefore(sample, new Map())()).reason).toBe(
      "engine-fleet-0: was evicted: it exceeds the limit",
    );
  });

  it("forgives a pod nothing that was not there at the first look", async () => {
    expect(await verdicts(pod(), pod({ name: "engine-fleet-2", restarts: 1 }))).toEqual(["pass", "fail"]);
  });

  it("still refuses an image that cannot be pulled, and another image than the expected one", async () => {
    const waiting = { reason: "ImagePullBackOff", message: "not found" };
    expect(await verdicts(pod({ ready: false, waiting }))).toEqual(["fail"]);
    expect(await verdicts(pod({ imageDigest: `sha256:${"b".repeat(64)}` }))).toEqual(["fail"]);
  });

  it("goes by the pods that there were before the release, where they are known", async () => {
    const look = async (now: PodSnapshot, ...before: PodSnapshot[]) => {
      const known = new Map(before.map((each) => [each.name, each]));
      const sample = await sinceBefore(async () => ({ rollout, pods: [now] }), known)();
      return judgeHealth(sample, { digest: DIGEST, minReplicas: 1 }).verdict;
    };
    const old = pod({ restarts: 2 });
    expect(await look(old, old)).toBe("pass");
    expect(await look({ ...old, restarts: 3 }, old)).toBe("fail");
    expect(await look(pod({ name: "engine-fleet-2", restarts: 1 }), old)).toBe("fail");
  });
});

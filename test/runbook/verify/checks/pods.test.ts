import { pods } from "../../../../runbook/verify/checks/serving.ts";
import { configWith } from "../../../support/preflight.ts";
import { fakeVerify, lookAt, podsOf, type VerifyParts } from "../../../support/verify.ts";

const config = configWith({});
type Sample = ReturnType<typeof podsOf>;
/** The engine's fleet as given, all else well. */
const fleet = (change: (sample: Sample) => unknown): VerifyParts => ({
  podsOf: async ({ workload, kind }) => {
    const sample = podsOf(config, workload, kind === "fleet" ? 3 : 1);
    return workload === "engine" && kind === "fleet" ? { ...sample, ...Object(change(sample)) } : sample;
  },
});

describe("pods", () => {
  it("passes when all of them run the release's digests", async () => {
    expect(await lookAt(pods, fakeVerify())).toEqual({
      status: "pass",
      reason: "100 % running: 8 of 8, on the release's digests",
    });
  });

  it("does not mind a restart of long ago", async () => {
    const parts = fleet(({ pods: [first, ...rest] }) => ({ pods: [{ ...first, restarts: 3 }, ...rest] }));
    expect(await lookAt(pods, fakeVerify(parts))).toMatchObject({ status: "pass" });
  });

  it.each<[string, VerifyParts, string]>([
    [
      "one is missing",
      fleet(({ pods: [, ...rest] }) => ({ pods: rest })),
      "87 % running, 7 of 8: engine fleet has 2 of 3",
    ],
    [
      "one is not ready",
      fleet(({ pods: [first, ...rest] }) => ({
        pods: [{ ...first, ready: false, waiting: { reason: "CrashLoopBackOff", message: "back-off" } }, ...rest],
      })),
      "87 % running, 7 of 8: engine fleet has 2 of 3, CrashLoopBackOff: back-off",
    ],
    [
      "another image runs",
      fleet(() => ({ pods: podsOf(config, "engine", 3, `x@sha256:${"0".repeat(64)}`).pods })),
      `62 % running, 5 of 8: engine fleet has 0 of 3, engine-0 runs sha256:${"0".repeat(64)}; expected sha256:b099`,
    ],
    [
      "old ones still serve",
      fleet(({ rollout }) => ({ rollout: { ...rollout, total: 5 } })),
      "100 % running, 8 of 8: 2 old pods of engine fleet still serve",
    ],
    [
      "there is no Deployment",
      fleet(() => ({ rollout: undefined, pods: [] })),
      "62 % running, 5 of 8: engine fleet has 0 of 3",
    ],
  ])("fails when %s", async (_, parts, reason) => {
    expect(await lookAt(pods, fakeVerify(parts))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: "npx sparki diagnose --stack prod",
    });
  });
});

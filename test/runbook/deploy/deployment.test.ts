import { PassThrough } from "node:stream";
import { type DeployEngine, deploy, describeResult } from "../../../runbook/deploy/deployment.ts";
import type { Step } from "../../../runbook/deploy/engine-record.ts";
import { StackMoved } from "../../../runbook/deploy/stack-moved.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { resultOf } from "../../support/rolling-back.ts";

const CACHE = "aws:elasticache/replicationGroup:ReplicationGroup";
/** What AWS gave up making, as the engine leaves it in the state. */
const FAILED = {
  urn: `urn:pulumi:prod::sparki::${CACHE}::cache-redis`,
  type: CACHE,
  custom: true,
  id: "sparki-prod-cache",
  inputs: {},
  outputs: {},
  initErrors: ["creating cache: unexpected state 'create-failed', wanted target 'available'"],
};

/** An engine whose update asks what it is to ask under its lock; `others` is another update at that moment. */
function engineOn(resources: object[], others: () => void) {
  const done: string[] = [];
  const engine: DeployEngine = {
    preview: async () => resultOf("succeeded"),
    exportState: async () => ({ version: 3, deployment: { resources: [...resources] } }),
    discard: async () => {
      done.push("discard");
      resources.length = 0;
      return resultOf("succeeded");
    },
    up: async (_watch, settings) => {
      others();
      await settings?.check?.();
      done.push("up");
      return resultOf("succeeded");
    },
  };
  return { engine, done };
}

describe("deploy", () => {
  const surroundings = { screen: plainScreen(new PassThrough()), clock: fakeClock(), gateLogFile: "/no-gate-has-run" };
  const moved = async () => {
    throw new StackMoved("another update was first");
  };
  const still = async () => undefined;

  it("changes nothing when the stack moved, not even what AWS could not make (W111)", async () => {
    const { engine, done } = engineOn([FAILED], () => undefined);
    await expect(deploy(engine, "1.0", { ...surroundings, run: { check: moved } })).rejects.toThrow(StackMoved);
    expect(done).toEqual([]);
  });

  it("stands on what it left once it deleted what AWS could not make, and on nothing else (W111)", async () => {
    const resources: object[] = [FAILED];
    const quiet = engineOn(resources, () => undefined);
    await deploy(quiet.engine, "1.0", { ...surroundings, run: { check: still } });
    expect(quiet.done).toEqual(["discard", "up"]);
    resources.push(FAILED);
    const busy = engineOn(resources, () =>
      resources.push({ ...FAILED, urn: `${FAILED.urn}-of-others`, initErrors: [] }),
    );
    await expect(deploy(busy.engine, "1.0", { ...surroundings, run: { check: still } })).rejects.toThrow(StackMoved);
    expect(busy.done).toEqual(["discard"]);
  });
});

describe("describeResult", () => {
  it("counts steps, as the report's own row does", () => {
    const common = { urn: "u", name: "n", type: "t", startSeconds: 0, endSeconds: 1, status: "done" } as const;
    const steps = ["create", "create", "read"].map((op): Step => ({ ...common, op }));
    expect(describeResult({ outcome: "succeeded", steps })).toBe("succeeded, 2 create, 1 read");
  });
});

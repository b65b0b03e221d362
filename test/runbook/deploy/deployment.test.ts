import { PassThrough } from "node:stream";
import { EngineRecord, type EngineResult, type Step } from "../../../records/engine-record.ts";
import { type DeployEngine, deploy, describeResult } from "../../../runbook/deploy/deployment.ts";
import { StackMoved } from "../../../runbook/deploy/stack-target.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { SUCCEEDED, stepEvent } from "../../support/planning.ts";
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

describe("deploy, where something already exists", () => {
  const REFUSED: EngineResult = { ...SUCCEEDED, outcome: "failed", failure: "it already exists" };
  const QUERY_LOG = { type: "aws:route53/queryLog:QueryLog", name: "query-log", op: "create", after: {} } as const;

  /** An engine whose updates fail so many times because a query log already exists. */
  async function deployed(failures: number, adopts: boolean) {
    const { resourcePreEvent, ...event } = stepEvent(QUERY_LOG);
    const [metadata, checks, taken] = [resourcePreEvent?.metadata, [] as boolean[], [] as string[]];
    const engine: DeployEngine = {
      preview: async () => SUCCEEDED,
      exportState: async () => ({ version: 3, deployment: {} }),
      discard: async () => SUCCEEDED,
      up: async (watch, settings) => {
        checks.push(settings?.check !== undefined);
        if (checks.length > failures || metadata === undefined) return SUCCEEDED;
        const { urn } = metadata;
        const diagnosticEvent = { urn, severity: "error" as const, message: "it already exists", color: "never" };
        watch?.(new EngineRecord(), { ...event, diagnosticEvent });
        watch?.(new EngineRecord(), { ...event, resOpFailedEvent: { metadata, status: 1, steps: 1 } });
        return REFUSED;
      },
    };
    const recovery = {
      adoptTaken: async (found: readonly { readonly urn: string }[]) => {
        taken.push(...found.map(({ urn }) => urn));
        return adopts ? ["query-log"] : [];
      },
      adoptUnanswered: async () => {},
    };
    const surroundings = { screen: plainScreen(new PassThrough()), clock: fakeClock(), gateLogFile: "/nowhere/gates" };
    const run = { check: async () => {} };
    const { up } = await deploy(engine, "r", { ...surroundings, run, recovery });
    return { outcome: up?.outcome, checks, taken };
  }

  it("takes over what its update finds there already, and goes on", async () => {
    const { outcome, checks, taken } = await deployed(2, true);
    expect(outcome).toBe("succeeded");
    expect(taken).toHaveLength(2);
    // The plan was held against the state before anything changed.
    expect(checks).toEqual([true, true, true]);
  });

  it("fails where what already exists is not the stack's, and where it never comes to an end", async () => {
    expect(await deployed(1, false)).toMatchObject({ outcome: "failed", checks: { length: 1 } });
    expect(await deployed(99, true)).toMatchObject({ outcome: "failed", checks: { length: 6 } });
  });
});

describe("deploy, where its provider ended", () => {
  const SUBNET = { type: "aws:ec2/subnet:Subnet", name: "private", op: "create", after: {} } as const;
  const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs", op: "create", after: {} } as const;
  const PASSWORD = {
    type: "random:index/randomPassword:RandomPassword",
    name: "auth",
    op: "create",
    after: {},
  } as const;

  /** What is noted as being made after an update that failed with this for all. */
  async function noted(message: string) {
    const kept: string[] = [];
    const engine: DeployEngine = {
      preview: async () => SUCCEEDED,
      exportState: async () => ({ version: 3, deployment: {} }),
      discard: async () => SUCCEEDED,
      up: async (watch) => {
        for (const each of [SUBNET, BUCKET, PASSWORD]) {
          const { resourcePreEvent, ...event } = stepEvent(each);
          const metadata = resourcePreEvent?.metadata;
          if (metadata === undefined) continue;
          const diagnosticEvent = { urn: metadata.urn, severity: "error" as const, message, color: "never" };
          watch?.(new EngineRecord(), { ...event, diagnosticEvent });
          watch?.(new EngineRecord(), { ...event, resOpFailedEvent: { metadata, status: 0, steps: 1 } });
        }
        return { ...SUCCEEDED, outcome: "failed", failure: message };
      },
    };
    const recovery = {
      adoptTaken: async () => [],
      adoptUnanswered: async (lost: readonly { readonly urn: string }[]) => {
        kept.push(...lost.map(({ urn }) => urn.split("::").at(-1) ?? ""));
      },
    };
    const surroundings = { screen: plainScreen(new PassThrough()), clock: fakeClock(), gateLogFile: "/nowhere/gates" };
    await deploy(engine, "r", { ...surroundings, recovery });
    return kept;
  }

  it.each([
    "transport is closing",
    "error reading from server: EOF",
    "operation error EC2: CreateSubnet, https response error StatusCode: 503, api error ServiceUnavailable: try later",
  ])("notes as being made what AWS may have made, after %j", async (message) => {
    expect(await noted(message)).toEqual(["private", "logs"]);
  });

  it.each([
    "creating EC2 Subnet: StatusCode: 403, api error UnauthorizedOperation: no",
    'before hook "gate" failed: the fleet does not answer',
  ])("notes nothing where AWS itself or a gate refused, as with %j", async (message) => {
    expect(await noted(message)).toEqual([]);
  });
});

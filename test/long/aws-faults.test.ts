import { setTimeout as delay } from "node:timers/promises";
import { TYPES } from "../../rehearsal/aws/types.ts";
import type { Faults } from "../../rehearsal/control.ts";
import { AWS_FAULTS } from "../../rehearsal/scenarios.ts";
import { type Ran, type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { releaseNamed } from "../support/updates.ts";

jest.setTimeout(3_600_000);

const SLACK_IS_DOWN = "http://127.0.0.1:9/services/secret-of-the-webhook";
const [bad, good] = [releaseNamed("0.bad", { level: 3, oldest: 1 }), releaseNamed("1.0", { level: 3, oldest: 1 })];

/** What holds during the fault of that id. */
const fault = (id: string): Faults => AWS_FAULTS[id]?.faults?.hold ?? {};
const together = (...ids: readonly string[]): Faults => {
  const all = ids.map(fault);
  return {
    refused: all.flatMap(({ refused = [] }) => refused),
    creations: all.flatMap(({ creations = [] }) => creations),
  };
};

/**
 * One stack, whose first deploy meets one fault of AWS after the other; each test continues from the one before. What a
 * later fault is about (F04: the cluster) must not come to be before, so it holds in the deploys before it too.
 */
describe("sparki deploy, on an AWS that fails", () => {
  let stack: RehearsedStack;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002);
  });
  afterAll(() => stack.close());

  const deployDuring = async (...ids: readonly string[]): Promise<Ran> => {
    await stack.breakCloud(together(...ids));
    return stack.run("deploy --yes").finally(() => stack.breakCloud({}));
  };
  const ofType = async (type: string) => (await stack.world()).filter((each) => each.type === type);
  /** Ended by something outside, for this reason; what was made is kept, nothing of it twice. */
  const expectResumable = async ({ exitCode, document, stderr }: Ran, reason: RegExp) => {
    const found = { exitCode, outcome: document.outcome, reason: document.reason };
    expect(found).toEqual({ exitCode: 4, outcome: "failed", reason: expect.stringMatching(reason) });
    expect(document.decisions.at(-1)).toMatchObject({ phase: "infrastructure", action: "stop", page: false });
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(await stack.compared()).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
  };

  /** Returns once it is so; throws where the deploy has ended and it is not. */
  const untilDuring = async (deploying: Promise<Ran>, isSo: () => Promise<boolean>) => {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    deploying.then(end, end);
    for (;;) {
      const wasOver = isOver;
      if (await isSo()) return;
      if (wasOver) throw new Error("the deploy ended before that");
      await delay(100);
    }
  };

  it("refuses to verify and to roll back where nothing was ever deployed", async () => {
    expect(await stack.run("verify")).toMatchObject({
      exitCode: 2,
      document: { error: { code: "SPARKI_USAGE", message: expect.stringContaining("nothing to verify") } },
    });
    expect(await stack.run("rollback --yes")).toMatchObject({
      exitCode: 1,
      document: { outcome: "stopped", reason: expect.stringContaining("no release was ever promoted") },
    });
  });

  it("says what to change when there is no capacity (F09)", async () => {
    await expectResumable(
      await deployDuring("F09", "F06", "F04"),
      /InsufficientDBInstanceCapacity.*Next: choose another size/,
    );
    expect(await ofType(TYPES.database)).toEqual([]);
  });

  it("keeps a database that was made half-way, and a Redis that failed (F05, F06)", async () => {
    const ran = await deployDuring("F05", "F06", "F04");
    await expectResumable(ran, /(unexpected state|exceeded maximum number of attempts, 10, ).*Next: /);
    expect(await ofType(TYPES.database)).toHaveLength(1);
    expect(await ofType(TYPES.replicationGroup)).toHaveLength(1);
  });

  it("deletes what failed, adopts the database, and names the permission that is missing (F16)", async () => {
    const [half] = await ofType(TYPES.database);
    const ran = await deployDuring("F16", "F04");
    await expectResumable(ran, /AccessDenied.*Next: allow elasticache:CreateReplicationGroup to the role/);
    expect(ran.stderr).toMatch(/delete what AWS could not make: [^•]*cache-redis/);
    expect(await ofType(TYPES.database)).toMatchObject([{ id: half?.id }]);
    expect(await ofType(TYPES.replicationGroup)).toEqual([]);
  });

  it("bears throttling, and shows why the cluster's creation failed (F01, F04)", async () => {
    const ran = await deployDuring("F01", "F04");
    await expectResumable(ran, /not enough free addresses in the subnets\. Next: correct .* makes it again$/);
    expect(await ofType(TYPES.cluster)).toMatchObject([{ id: "sparki-staging" }]);
  });

  it("deletes that cluster and makes it again, and keeps it though it is late (F03)", async () => {
    const ran = await deployDuring("F03");
    expect(ran.stderr).toContain("delete what AWS could not make: cluster-eks-eksCluster");
    await expectResumable(ran, /timeout while waiting for state .*Next: run the same command again: it waits/);
    expect(await ofType(TYPES.cluster)).toHaveLength(1);
  });

  it("resumes that one, and stops when the credentials expire in the middle (F15)", async () => {
    const deploying = stack.run("deploy --yes").finally(() => stack.breakCloud({}));
    await untilDuring(deploying, async () => (await ofType(TYPES.accessEntry)).length > 0);
    await stack.breakCloud(fault("F15"));
    const ran = await deploying;
    await expectResumable(ran, /ExpiredToken.*Next: get new AWS credentials, then run the same command/);
    expect(await ofType(TYPES.cluster)).toHaveLength(1);
  });

  it("goes through a few 5xx answers, lets no other deploy in beside it, and stops a bad first release without Slack (F02, F14, F44)", async () => {
    const before = (await stack.world()).length;
    await stack.configure(bad, { engine: { errorRatio: 0.05 } });
    await stack.breakCloud(fault("F02"));
    const deploying = stack.run("deploy --yes", SLACK_IS_DOWN).finally(() => stack.breakCloud({}));
    await untilDuring(deploying, async () => (await stack.world()).length > before);
    const other = await stack.whileStopped(() => stack.run("deploy --yes"));
    expect(other).toMatchObject({ exitCode: 1, document: { outcome: "stopped", steps: [] } });
    const locked = expect.stringMatching(/^the state is locked by \S+ \(process \d+\) since/);
    expect(other.document.preflight.checks).toContainEqual(
      expect.objectContaining({ id: "state-free", status: "fail", reason: locked }),
    );
    const { exitCode, document, stderr } = await deploying;
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "stopped" });
    // There is none to roll back to.
    expect(document.decisions.at(-1)).toMatchObject({ phase: "one-box", action: "stop", page: true });
    expect(document.notifications).toMatchObject([{ delivered: false }, { delivered: false }]);
    expect(stderr).toContain("not told in #incidents: Slack does not answer");
    expect(stack.written.join("\n")).not.toContain("secret-of-the-webhook");
    expect((await stack.live()).engine.fleet).toEqual([]);
  });

  it("deletes nothing of a first deployment that made a database", async () => {
    const { exitCode, document } = await stack.run("rollback --destroy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "stopped" });
    expect(document.reason).toMatch(/^nothing is deleted: .*a database or cache exists/);
  });

  it("promotes a good release after it, with nothing twice and nothing forgotten", async () => {
    await stack.configure(good);
    const { exitCode, document } = await stack.run("deploy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "promoted" });
    expect(await stack.compared()).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
  });

  it("refuses while somebody else holds the state, and names who, since when and what breaks the lock (F13)", async () => {
    await stack.breakCloud(fault("F13"));
    const { document, exitCode, stderr } = await stack.run("deploy --yes");
    await stack.breakCloud({});
    expect({ exitCode, steps: document.steps }).toEqual({ exitCode: 1, steps: [] });
    expect(document.reason).toMatch(/locked by ann@desk \(process 4194305\) since 20/);
    expect(stderr.replace(/\s+/g, " ")).toContain("pulumi cancel --stack staging");
  });

  it("shows in the plan what was changed by hand, and a deploy leaves it as it is (F17)", async () => {
    await stack.breakCloud(fault("F17"));
    expect((await stack.run("plan")).document.drift).toMatchObject([{ type: TYPES.ingressRule, isGone: false }]);
    expect((await stack.run("deploy --yes")).exitCode).toBe(0);
    expect(await stack.compared()).toMatchObject({ orphans: 0, duplicates: 0, drift: 1 });
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import type { Faults } from "../../rehearsal/control.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { releaseNamed } from "../support/updates.ts";

jest.setTimeout(3_600_000);

const BALANCER = "aws:lb/loadBalancer:LoadBalancer";
const denied = (type: string) => ({ type, act: "create" as const, code: "AccessDenied", text: "not authorized" });
const NO_DATA: Faults = {
  refused: [denied("aws:rds/instance:Instance"), denied("aws:elasticache/replicationGroup:ReplicationGroup")],
};
const DATA = ["database-instance", "cache-redis"];
/** What AWS keeps for a while, or nobody pays for. */
const REMAINS = ["aws:kms/key:Key", "aws:secretsmanager/secret:Secret"];

describe("sparki rollback --destroy", () => {
  let stack: RehearsedStack;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002);
    await stack.configure(releaseNamed("1.0", { level: 3, oldest: 1 }));
  });
  afterAll(() => stack.close());

  it("has nothing to delete where nothing was deployed", async () => {
    expect(await stack.run("rollback --destroy --yes")).toMatchObject({
      exitCode: 0,
      document: { outcome: "unchanged", resources: [] },
    });
  });

  it("shows what a failed first deployment made, and deletes it only once somebody agrees", async () => {
    await stack.breakCloud(NO_DATA);
    // The refusals end the deployment, so they wait until it has come to the load balancer.
    await stack.hold(DATA.map((name) => ({ name, operation: "create", moment: "before" })));
    const isEntranceMade = async () => (await stack.world()).some(({ type }) => type === BALANCER);
    let isOver = false;
    const deployment = stack.run("deploy --yes").finally(() => {
      isOver = true;
    });
    while (!isOver && !(await isEntranceMade())) await sleep(100);
    await stack.hold([]);
    expect(await deployment).toMatchObject({ exitCode: 4, document: { outcome: "failed" } });
    await stack.breakCloud({});
    const made = (await stack.world()).length;
    expect(made).toBeGreaterThan(60);
    expect(await stack.run("rollback --destroy")).toMatchObject({ exitCode: 2 });
    const { exitCode, document } = await stack.run("rollback --destroy --dry-run");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "planned" });
    expect(document.resources).toEqual(expect.arrayContaining(["network-vpc", "edge-lb-balancer"]));
    expect((await stack.world()).length).toBe(made);
  });

  it("deletes nothing that AWS itself protects, and says how that is lifted", async () => {
    const { exitCode, document } = await stack.run("rollback --destroy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "stopped" });
    expect(document.reason).toMatch(
      /AWS protects it from deletion\. Run first: aws elbv2 modify-load-balancer-attributes .*Value=false/,
    );
    await stack.breakCloud({ changed: [{ type: BALANCER, having: {}, to: { enableDeletionProtection: false } }] });
  });

  it("goes on where AWS refused, and leaves an empty account", async () => {
    const refused = await stack.run("rollback --destroy --yes");
    expect(refused).toMatchObject({ exitCode: 4, document: { outcome: "failed" } });
    expect(refused.document.reason).toMatch(/BucketNotEmpty.*the same command continues from there$/);
    // As if someone had emptied it: what is in a bucket is not modelled, only that it may not be deleted.
    await stack.breakCloud({ changed: [{ type: "aws:s3/bucket:Bucket", having: {}, to: { forceDestroy: true } }] });
    const { document, exitCode } = await stack.run("rollback --destroy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "destroyed" });
    const left = (await stack.world()).filter(({ type }) => !REMAINS.includes(type));
    expect(left.map(({ type, id }) => `${type} ${id}`)).toEqual([]);
  });
});

import { CHECKLIST } from "../../../../runbook/preflight/checklist.ts";
import {
  clusterExists,
  lostCluster,
  lostClusterError,
  stateClean,
  stateFree,
} from "../../../../runbook/preflight/checks/state.ts";
import { DeployError } from "../../../../shared/deploy-error.ts";
import { type AwsAnswers, fakeAws, fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

const CLUSTER = resource("aws:eks/cluster:Cluster", "cluster-eks-eksCluster", { id: "sparki-prod" });
const run = (looks: AwsAnswers, resources = [CLUSTER]) =>
  clusterExists.run(fakeContext({ looks, state: fakeState(resources) }), new AbortController().signal);

describe("the cluster's check", () => {
  it.each(["ACTIVE", "CREATING", "PENDING", "UPDATING"])("passes for one that is %s", async (status) => {
    expect(await run({ "eks/getCluster": { status } })).toEqual({ status: "pass", reason: "sparki-prod exists" });
  });

  it("fails for one that AWS does not have, with the command that makes up for it", async () => {
    expect(await run({})).toEqual({
      status: "fail",
      reason: "the cluster sparki-prod that the state names does not exist at AWS",
      fix: "npx sparki recover cluster --stack prod",
    });
  });

  it("fails for one that is being deleted, and says to wait", async () => {
    const { status, reason, fix } = await run({ "eks/getCluster": { status: "DELETING" } });
    expect([status, reason]).toEqual(["fail", "the cluster sparki-prod that the state names is being deleted"]);
    expect(fix).toMatch(/^wait until it is gone .*, then npx sparki recover cluster --stack prod$/);
  });

  it.each(["FAILED", "WHATEVER"])("fails for one that is %s, without calling it lost", async (status) => {
    const found = await run({ "eks/getCluster": { status } });
    expect(found.reason).toBe(`the cluster sparki-prod that the state names is ${status} at AWS; expected ACTIVE`);
    expect(found.fix).not.toContain("recover");
  });

  it("is skipped where the state names none: it is a first deployment's, or one's after a recovery", async () => {
    const database = resource("aws:rds/instance:Instance", "database-instance", { id: "db" });
    for (const resources of [[], [database]]) expect((await run({}, resources)).status).toBe("skipped");
  });

  it("is before all that asks the cluster", () => {
    const ids = CHECKLIST.map(({ id }) => id);
    expect(ids.indexOf("cluster-exists")).toBe(1);
  });
});

describe("lostCluster", () => {
  it("asks for the one that stays of two, and for none that has no id yet", async () => {
    const asked: unknown[] = [];
    const looks = { "eks/getCluster": (args: unknown) => void asked.push(args) };
    const context = { aws: fakeAws(looks), stack: "prod" };
    const old = { ...CLUSTER, id: "old", delete: true };
    expect((await lostCluster([old, CLUSTER], context))?.name).toBe("sparki-prod");
    const { id: _, ...unmade } = CLUSTER;
    expect(await lostCluster([unmade], context)).toBeUndefined();
    expect(asked).toEqual([{ name: "sparki-prod" }]);
  });

  it("does not take an answer that says nothing for an absence", async () => {
    const aws = fakeAws({ "eks/getCluster": new DeployError("SPARKI_OUTSIDE", "AccessDenied") });
    await expect(lostCluster([CLUSTER], { aws, stack: "prod" })).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});

describe("lostClusterError", () => {
  const told = async (looks: AwsAnswers, state = fakeState([CLUSTER])) => {
    let closed = 0;
    const close = async () => void closed++;
    const error = await lostClusterError(async () => ({ context: fakeContext({ looks, state }), close }));
    expect(closed).toBe(1);
    return error;
  };

  it("names the cluster and the command where it is gone, for whatever failed for that", async () => {
    expect(await told({})).toMatchObject({
      ...{ code: "SPARKI_OUTSIDE", message: "the cluster sparki-prod that the state names does not exist at AWS" },
      hint: "npx sparki recover cluster --stack prod",
    });
  });

  it("says nothing where it is there, where AWS does not say, and where nobody could look", async () => {
    expect(await told({ "eks/getCluster": { status: "ACTIVE" } })).toBeUndefined();
    expect(await told({ "eks/getCluster": new DeployError("SPARKI_OUTSIDE", "AccessDenied") })).toBeUndefined();
    const nobody = lostClusterError(() => Promise.reject(new Error("there is no pulumi")));
    expect(await nobody).toBeUndefined();
  });
});

describe("stateFree", () => {
  it("passes while nobody holds the stack", async () => {
    expect(await look(stateFree, fakeContext())).toEqual({ status: "pass", reason: "the state is not locked" });
  });

  it("fails with who holds it and since when, and names the command that breaks a lock", async () => {
    const lock = { holder: "ann@desk (process 7)", since: "2026-11-23T10:00:00Z" };
    const finding = await look(stateFree, fakeContext({ state: fakeState([], { lock }) }));
    expect(finding).toMatchObject({
      status: "fail",
      reason: "the state is locked by ann@desk (process 7) since 2026-11-23T10:00:00Z",
    });
    expect(finding.fix).toContain("pulumi cancel --stack prod");
  });

  it("fails without a time where the backend does not tell it", async () => {
    const state = fakeState([], { lock: { holder: "s3://bucket/key.json" } });
    expect((await look(stateFree, fakeContext({ state }))).reason).toBe("the state is locked by s3://bucket/key.json");
  });
});

describe("stateClean", () => {
  const resources = [resource("aws:ec2/vpc:Vpc", "vpc")];
  const pending = (operation: string) => [{ operation, urn: "urn:pulumi:prod::sparki::aws:eks/cluster:Cluster::eks" }];

  it("passes when every operation finished", async () => {
    expect(await look(stateClean, fakeContext({ state: fakeState(resources) }))).toMatchObject({ status: "pass" });
  });

  it("is skipped before the first deployment", async () => {
    expect(await look(stateClean, fakeContext())).toEqual({ status: "skipped", reason: "nothing was deployed yet" });
  });

  it("warns of what may exist without the state knowing it, which a deploy takes over", async () => {
    const finding = await look(
      stateClean,
      fakeContext({ state: fakeState(resources, { pending: pending("creating") }) }),
    );
    expect(finding).toMatchObject({ status: "warn", reason: "an update was interrupted: creating eks" });
    expect(finding.fix).toContain("npx sparki deploy");
  });

  it("warns of an operation that is safe to repeat", async () => {
    const state = fakeState(resources, { pending: pending("updating") });
    expect(await look(stateClean, fakeContext({ state }))).toMatchObject({ status: "warn" });
  });
});

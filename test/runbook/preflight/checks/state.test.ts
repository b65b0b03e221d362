import { stateClean, stateFree } from "../../../../runbook/preflight/checks/state.ts";
import { fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

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

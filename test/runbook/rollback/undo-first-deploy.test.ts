import { type UndoTarget, undoFirstDeploy } from "../../../runbook/rollback/requested-rollback.ts";
import { resultOf, stackToRollBack } from "../../support/rolling-back.ts";
import { releaseNamed, resourcesWith } from "../../support/updates.ts";

const made = (type: string, name: string) => ({
  urn: `urn:pulumi:prod::sparki::${type}::${name}`,
  type,
  custom: true,
});
const VPC = made("aws:ec2/vpc:Vpc", "network-vpc");
const DATABASE = made("aws:rds/instance:Instance", "database-instance");

function firstDeploy() {
  const { stack, target } = stackToRollBack({ resources: [VPC] });
  const done: string[] = [];
  const undoable: UndoTarget = {
    ...target,
    engine: {
      ...target.engine,
      refresh: async () => resultOf("succeeded"),
      unprotectAll: async () => {
        done.push("unprotect");
      },
      destroy: async () => {
        done.push("destroy");
        return resultOf("succeeded");
      },
    },
  };
  return { stack, undoable, done };
}

describe("undoFirstDeploy", () => {
  it("deletes what was asked about", async () => {
    const { undoable, done } = firstDeploy();
    const undone = await undoFirstDeploy(undoable, { isDryRun: false, confirm: async () => undefined });
    expect(undone).toMatchObject({ outcome: "destroyed", exitCode: 0, resources: ["network-vpc"] });
    expect(done).toEqual(["unprotect", "destroy"]);
  });

  describe("after a deployment that was killed", () => {
    const KEY = made("aws:kms/key:Key", "keys-data");
    const killed = () => {
      const { stack, undoable, done } = firstDeploy();
      let pending: readonly object[] = [{ type: "creating", resource: { ...KEY, inputs: {} } }];
      const engine = {
        ...undoable.engine,
        exportState: async () => ({
          version: 3,
          deployment: { resources: stack.resources, pending_operations: pending },
        }),
      };
      const takeOverAlone = async () => {
        done.push("take over");
        pending = [];
        stack.resources = [...stack.resources, KEY];
      };
      return { undoable: { ...undoable, engine }, done, recovery: { takeOverAlone } };
    };
    const confirm = async () => undefined;

    it("finds first what that was creating, and deletes it too", async () => {
      const { undoable, done, recovery } = killed();
      const undone = await undoFirstDeploy(undoable, { isDryRun: false, recovery, confirm });
      expect(undone).toMatchObject({ outcome: "destroyed", resources: ["network-vpc", "keys-data"] });
      expect(done).toEqual(["take over", "unprotect", "destroy"]);
    });

    it("deletes nothing while its lock keeps that from being found, and says what removes it", async () => {
      const { undoable, done } = killed();
      const recovery = { takeOverAlone: async () => undefined };
      const undone = await undoFirstDeploy(undoable, { isDryRun: false, recovery, confirm });
      expect(undone).toMatchObject({
        outcome: "stopped",
        exitCode: 1,
        reason: expect.stringContaining("once the update's lock is gone: pulumi cancel --stack prod"),
      });
      expect(done).toEqual([]);
    });

    it("takes over nothing where it only shows what would be done", async () => {
      const { undoable, done, recovery } = killed();
      expect(await undoFirstDeploy(undoable, { isDryRun: true, recovery, confirm })).toMatchObject({
        outcome: "stopped",
      });
      expect(done).toEqual([]);
    });
  });

  it.each([
    ["a release is promoted", resourcesWith(releaseNamed("1.0")), /release 1\.0 was promoted/],
    ["a database is made", [VPC, DATABASE], /a database or cache exists/],
    ["something else is made", [VPC, made("aws:sns/topic:Topic", "alerts")], /another update has changed the stack/],
  ])("deletes nothing when, while the question waits, %s", async (_, resources, reason) => {
    const { stack, undoable, done } = firstDeploy();
    const confirm = async () => {
      stack.resources = resources;
    };
    const undone = await undoFirstDeploy(undoable, { isDryRun: false, confirm });
    expect(undone).toMatchObject({ outcome: "stopped", exitCode: 1, reason: expect.stringMatching(reason) });
    expect(done).toEqual([]);
  });
});

import { type UndoTarget, undoFirstDeploy } from "../../../runbook/rollback/undo-first-deploy.ts";
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
      exportEncrypted: async () => ({ deployment: {} }),
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

import { rmSync } from "node:fs";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import { planHtml, planMarkdown } from "../../../runbook/plan/plan-files.ts";
import { type Planned, plannedProject, type Recorded } from "../../support/planning.ts";
import { releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

const FLEET = { type: "kubernetes:helm.sh/v3:Release", name: "engine-fleet" };
const DATABASE = { type: "aws:rds/instance:Instance", name: "database-instance" };
const MIGRATION = { type: "command:local:Command", name: "database-jobs-migrate-run" };
const QUEUE = { type: "aws:sqs/queue:Queue", name: "queue" };
const steps: readonly Planned[] = [
  { op: "update", ...FLEET, before: { image: "a" }, after: { image: "b" } },
  { op: "update", ...DATABASE, before: { size: 50 }, after: { size: 60 } },
  { op: "replace", ...MIGRATION, before: { triggers: ["a"] }, after: { triggers: ["b"] } },
  { op: "create", ...QUEUE, after: { name: "q" } },
  { op: "same", type: "aws:s3/bucket:Bucket", name: "logs", before: {}, after: {} },
];
/** The same config with the live release in it: the database grows, the queue is not of that release. */
const pinned = {
  steps: [
    { op: "same", ...FLEET, before: { image: "a" }, after: { image: "a" } },
    { op: "update", ...DATABASE, before: { size: 50 }, after: { size: 60 } },
    { op: "same", ...MIGRATION, before: { triggers: ["a"] }, after: { triggers: ["a"] } },
  ],
} as const;

const live = (level: number, oldest: number) => resourcesWith(releaseNamed("1.0", { level, oldest }));

async function planOf(recorded: Recorded) {
  const target = plannedProject(recorded);
  try {
    return await makePlan(target);
  } finally {
    rmSync(target.projectDirectory, { recursive: true });
  }
}

describe("plannedRollback", () => {
  it("takes back what is of the release, leaves what is of the config, and never undoes a migration", async () => {
    const { wayBack } = await planOf({ steps, pinned, resources: live(3, 1) });
    expect(wayBack).toEqual({
      release: "1.0",
      obstacle: undefined,
      takesBack: ["queue", "engine-fleet"],
      leaves: ["database-instance", "database-jobs-migrate-run"],
    });
  });

  it("is not there where nothing is live", async () => {
    expect((await planOf({ steps, pinned })).wayBack).toBeUndefined();
  });

  it("is refused where the schema was contracted past the live release, by a deployment that failed too", async () => {
    const contracting = releaseNamed("2.0", { level: 4, oldest: 4 });
    const updates = [updateOf(contracting, undefined, { result: "failed" })];
    const { wayBack } = await planOf({ steps, pinned, updates, resources: live(3, 1) });
    expect(wayBack?.obstacle).toMatch(
      /^the database is at schema level 4, and release 2\.0 supports none below 4; 1\.0/,
    );
  });

  it("is refused where a policy refuses it", async () => {
    const result = { outcome: "failed", failure: "a policy says no" } as const;
    const { wayBack } = await planOf({ steps, pinned: { steps: [], result }, resources: live(3, 1) });
    expect(wayBack?.obstacle).toBe("its preview failed: a policy says no");
  });

  it("is no part of the hash, which holds everything that it is made of", async () => {
    const one = await planOf({ steps, pinned, resources: live(3, 1) });
    const other = await planOf({ steps, pinned: { steps: [] }, resources: live(3, 1) });
    expect(other.wayBack).not.toEqual(one.wayBack);
    expect(other.fingerprint).toEqual(one.fingerprint);
  });

  it("is in the reports", async () => {
    const plan = await planOf({ steps, pinned, resources: live(3, 1) });
    for (const text of [planHtml(plan), planMarkdown(plan)]) {
      expect(text).toContain("back to 1.0: reverts 2 of the changes, leaves 2");
      expect(text).toMatch(/Left as deployed \(2\)|left as deployed \(2\)/);
    }
  });
});

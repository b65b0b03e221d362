import { promotionIn } from "../../records/promotion.ts";
import { resourcesIn } from "../../records/state.ts";
import type { Release } from "../../stacks/schema.ts";
import { JOB, type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { rawConfig } from "../support/stack-config.ts";
import { releaseNamed } from "../support/updates.ts";

jest.setTimeout(3_600_000);

/** The stack's own, which is live from the beginning. */
const one: Release = JSON.parse(rawConfig("staging")["sparki:release"] ?? "");
const EXPANDED = { level: 3, oldest: 1 };
const [two, three] = [releaseNamed("2.0", EXPANDED), releaseNamed("3.0", EXPANDED)];
const MIGRATION = "::database-jobs-migrate-run";

/** Two deployments of different releases are killed on a stack, one after the other; then it is rolled back. */
describe("sparki rollback", () => {
  let stack: RehearsedStack;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
  });
  afterAll(() => stack.close());

  const state = async () => resourcesIn(JSON.parse(await stack.ask("pulumi stack export")));

  it("returns to what was promoted last, though one was killed in its one-box and one in its migrations", async () => {
    for (const [release, at] of [[two, "engine-one-box"] as const, [three, JOB] as const]) {
      await stack.configure(release);
      await stack.deployKilledAt(at, "--abandoned");
      await stack.ask("pulumi cancel --yes");
    }
    const { exitCode, document, stderr } = await stack.run("rollback --yes --abandoned");
    expect({ exitCode, release: document.release?.id, stderr: stderr.slice(-3000) }).toMatchObject({
      exitCode: 0,
      release: one.id,
    });
    expect(await stack.compared()).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
    const [migration, ...others] = (await state()).filter(({ urn }) => urn.endsWith(MIGRATION));
    // Its migrations may have run: whoever asks next still knows it.
    expect(migration?.inputs.triggers).toContain(three.images.engine);
    expect(others).toEqual([]);
    expect(await stack.run("rollback --yes")).toMatchObject({ exitCode: 0, document: { outcome: "unchanged" } });
  });

  it("lets the one that was killed in its migrations be deployed then", async () => {
    const { exitCode, document } = await stack.run("deploy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "promoted" });
    const resources = await state();
    expect(promotionIn(resources)?.release.id).toBe(three.id);
    const migrations = resources.filter(({ urn }) => urn.endsWith(MIGRATION));
    expect(migrations.map(({ inputs }) => inputs.triggers)).toEqual([[three.images.engine]]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Release } from "../../stacks/schema.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { rawConfig } from "../support/stack-config.ts";
import { releaseNamed } from "../support/updates.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const one: Release = JSON.parse(rawConfig("staging")["sparki:release"] ?? "");
const two = releaseNamed("2.0", one.schema);
/** Five modelled minutes in six seconds: Prometheus scrapes each second. */
const PACE = 0.02;
const ownConfig = () => readFileSync(join(import.meta.dirname, "..", "..", "Pulumi.staging.yaml"), "utf8");

/** One stack whose releases were good when they were promoted; each test continues from the one before. */
describe("sparki diagnose and sparki watch", () => {
  let stack: RehearsedStack;
  const before = ownConfig();
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
    await stack.configure(two);
    await stack.up();
  });
  afterAll(() => stack.close());

  it("find nothing wrong with a healthy stack", async () => {
    await stack.breakCloud({ users: 50 });
    const { exitCode, document } = await stack.run("diagnose");
    const found = (status: string) =>
      document.symptoms.filter((symptom: { status: string }) => symptom.status === status);
    expect({ exitCode, failed: found("fail") }).toEqual({ exitCode: 0, failed: [] });
    // A rehearsed cluster has no metrics API: it warns that nothing is scaled.
    expect(
      found("warn")
        .map(({ id }: { id: string }) => id)
        .filter((id: string) => id !== "events"),
    ).toEqual([]);
  });

  it("find its first look well, by what users ask and by every check", async () => {
    const { exitCode, document } = await stack.runPaced(PACE, "watch --once");
    expect({ exitCode, outcome: document.outcome, problems: document.looks[0].problems }).toEqual({
      exitCode: 0,
      outcome: "well",
      problems: [],
    });
    expect(document.looks[0].checks.map(({ status }: { status: string }) => status)).toEqual(Array(8).fill("pass"));
  });

  it("tell on one screen that it is well, and what comes next (sparki status)", async () => {
    const { exitCode, document, stderr } = await stack.runPaced(PACE, "status");
    expect({ exitCode, health: document.health, live: document.live.release.id, running: document.running }).toEqual({
      exitCode: 0,
      health: "well",
      live: two.id,
      running: null,
    });
    expect(stderr).toMatch(/next +It is in its first day: watch it/);
  });

  it("end at Ctrl-C with what was seen, to be gone on with", async () => {
    const { exitCode, document, stderr } = await stack.runPaced(PACE, "watch", "well  T+");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 4, outcome: "interrupted" });
    expect(document.looks.length).toBeGreaterThanOrEqual(1);
    expect(stderr).toMatch(/✓ well {2}T\+/);
  });

  it("name the database as the likely cause of all that is wrong while it is down", async () => {
    await stack.breakCloud({ down: ["database"] });
    await sleep(8_000);
    const { exitCode, document, stderr } = await stack.run("diagnose database");
    expect({ exitCode, likelyCause: document.likelyCause }).toEqual({
      exitCode: 1,
      likelyCause: expect.objectContaining({
        id: "database-words",
        status: "fail",
        reason: expect.stringMatching(/^\d of \d pods said in the last 5 minutes that they cannot reach the database$/),
        fix: expect.stringContaining("--source-identifier sparki-staging-database"),
      }),
    });
    expect(stderr.trimStart()).toMatch(/^Likely cause\n {2}✗ FAIL {2}What pods log about the database/m);
    await stack.breakCloud({});
  });

  it("roll back a release that turns bad after its promotion (F40)", async () => {
    await stack.breakCloud({ users: 100, fleet: { errorRatio: 0.2 } });
    const { exitCode, document } = await stack.runPaced(PACE, "watch --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "rolled-back" });
    expect(document.looks.at(-1)).toMatchObject({ verdict: "fail", decision: { action: "rollback" } });
    expect(document.looks.at(-1).highErrorSeconds).toBeGreaterThanOrEqual(300);
    expect((await stack.live()).engine.fleet).toEqual([one.images.engine?.split("@")[1]]);
    expect((await stack.told()).at(-1)).toMatch(/deployment rolled back/);
  });

  it("leave the stack's own config file as it was: what is rehearsed has a copy", () => {
    expect(ownConfig()).toBe(before);
  });
});

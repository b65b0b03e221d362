import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { yamlText } from "../../shared/yaml-text.ts";
import { releaseSchema } from "../../stacks/schema.ts";
import { type Interruptible, makeRuns, type Runs, reportIn, sparki } from "../support/sparki.ts";

jest.setTimeout(1_200_000);

const ROOT = join(import.meta.dirname, "..", "..");
/** A stack of this test's own, so that its config can be edited. */
const STACK = `kept${process.pid}`;
const FILE = join(ROOT, `Pulumi.${STACK}.yaml`);
const CONFIG = z
  .object({ config: z.looseObject({ "sparki:release": releaseSchema }) })
  .parse(parse(readFileSync(join(ROOT, "Pulumi.staging.yaml"), "utf8"))).config;
const DIGEST = `sha256:${"7".repeat(64)}`;

describe("sparki rehearse --resume", () => {
  let runs: Runs;
  beforeAll(() => {
    runs = makeRuns();
    writeFileSync(FILE, yamlText({ config: CONFIG }));
  });
  afterAll(() => {
    rmSync(FILE, { force: true });
    expect(runs.processes()).toEqual([]);
    runs.remove();
  });

  const rehearse = (...args: string[]) => sparki(["rehearse", "--json", "--stack", STACK, ...args], runs);

  it("takes over what a rehearsal that was killed had begun to make, and has nothing twice", async () => {
    let isKilled = false;
    const kill = ({ stderr }: { readonly stderr: string }, child: Interruptible) => {
      if (isKilled || !stderr.includes("create Instance database-instance")) return;
      isKilled = true;
      child.kill("SIGKILL");
    };
    const args = ["rehearse", "--stack", STACK, "--time-scale", "0.004"];
    expect(await sparki(args, runs, kill)).toMatchObject({ exitCode: null });
    for (let tries = 0; tries < 60 && runs.processes().length > 0; tries++) await delay(500);
    const report = reportIn(await rehearse("--resume"));
    expect(report).toMatchObject({ scenario: "resumed", outcome: "promoted", exitCode: 0, previous: null });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
  });

  it("deploys what the config says now, images of one's own too, over what was left", async () => {
    const before = CONFIG["sparki:release"];
    const mine = { ...before, id: "my-own", images: { ...before.images, web: withDigest(before.images.web) } };
    writeFileSync(FILE, yamlText({ config: { ...CONFIG, "sparki:release": mine } }));
    const report = reportIn(await rehearse("--resume"));
    expect(report).toMatchObject({ outcome: "promoted", exitCode: 0, release: { id: "my-own" } });
    expect(report.previous).toMatchObject({ id: before.id });
    expect(report.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(["web-fleet", "promotion-record"]));
    expect(report.live.web).toEqual({ oneBox: [expect.any(String)], fleet: [expect.any(String)] });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
  });

  it("lists what each of them came to", async () => {
    const { exitCode, stdout } = await sparki(["reports", "--json", "--stack", STACK], runs);
    expect(exitCode).toBe(0);
    const { reports } = JSON.parse(stdout);
    expect(reports).toMatchObject([
      { kind: "rehearsal", scenario: "resumed", release: "my-own", outcome: "promoted", exitCode: 0 },
      { kind: "rehearsal", scenario: "resumed", outcome: "promoted", exitCode: 0 },
    ]);
  });
});

function withDigest(image: string): string {
  return image.replace(/@.*$/, `@${DIGEST}`);
}

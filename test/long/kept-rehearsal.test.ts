import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { yamlText } from "../../shared/yaml-text.ts";
import { releaseSchema } from "../../stacks/schema.ts";
import { JOURNEYS, type Kill, killsOf, sample } from "../../tools/chaos/points.ts";
import { type Interruptible, makeRuns, npmRunRehearse, type Runs, reportIn, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");
/** A stack of this test's own, so that its config can be edited. */
const STACK = `kept${process.pid}`;
const FILE = join(ROOT, `Pulumi.${STACK}.yaml`);
// Staging's boundary of its roles would be another stack's here.
const { "sparki:permissionsBoundary": _, ...CONFIG } = z
  .object({ config: z.looseObject({ "sparki:release": releaseSchema }) })
  .parse(parse(readFileSync(join(ROOT, "Pulumi.staging.yaml"), "utf8"))).config;
const DIGEST = `sha256:${"7".repeat(64)}`;

/** A step of a first deployment, drawn by the seed; with another SPARKI_CHAOS_SEED another one. */
const SEED = Number(process.env.SPARKI_CHAOS_SEED ?? 20_786);
const KILLED_AT = stepOf(SEED);

describe(`sparki rehearse --resume, killed after ${KILLED_AT} (SPARKI_CHAOS_SEED=${SEED})`, () => {
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

  // As a person does, by npm.
  const rehearse = (...args: string[]) => npmRunRehearse(["--json", "--stack", STACK, ...args], runs);

  it("leaves no process a few seconds after it was killed itself, takes over what was begun then, and has nothing twice", async () => {
    let isKilled = false;
    const kill = ({ stderr }: { readonly stderr: string }, child: Interruptible) => {
      if (isKilled || !stderr.replaceAll(/\s+/g, " ").includes(`✓ ${KILLED_AT} `)) return;
      isKilled = true;
      child.kill("SIGKILL");
    };
    const args = ["rehearse", "--stack", STACK, "--time-scale", "0.004"];
    expect(await sparki(args, runs, kill)).toMatchObject({ exitCode: null });
    for (let tries = 0; tries < 60 && runs.processes().length > 0; tries++) await delay(500);
    expect(runs.processes()).toEqual([]);
    const report = reportIn(await rehearse("--resume"));
    expect(report).toMatchObject({ scenario: "resumed", outcome: "promoted", exitCode: 0, previous: null });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
  });

  it("deploys what the config says now, images of one's own too, though its engine is killed on the way", async () => {
    const before = CONFIG["sparki:release"];
    const mine = { ...before, id: "my-own", images: { ...before.images, web: withDigest(before.images.web) } };
    writeFileSync(FILE, yamlText({ config: { ...CONFIG, "sparki:release": mine } }));
    const run = await rehearse("--resume", "--crash-at", "web-one-box");
    expect(run.stderr).toContain("my-own, with a crash at web-one-box");
    const report = reportIn(run);
    expect(report).toMatchObject({ outcome: "promoted", exitCode: 0, release: { id: "my-own" } });
    expect(report.previous).toMatchObject({ id: before.id });
    expect(report.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(["web-fleet", "promotion-record"]));
    expect(report.live.web).toEqual({ oneBox: [expect.any(String)], fleet: [expect.any(String)] });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
    expect(runs.processes()).toEqual([]);
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

/** A step that comes before the release is promoted. */
function stepOf(seed: number): string {
  const journeys = JOURNEYS.filter(({ name }) => name === "first-deploy");
  const kills = journeys
    .flatMap((journey) => killsOf(journey, { alone: true }))
    .filter(({ victim, moment }) => victim === "sparki" && moment === "known");
  const waveOf = ({ calls: [call] }: Kill) => call?.wave ?? 0;
  const promotion = kills.find(({ calls: [call] }) => call?.type === "Stash");
  const early = kills.filter((kill) => promotion !== undefined && waveOf(kill) < waveOf(promotion));
  const [call] = sample(early, 1, seed)[0]?.calls ?? [];
  if (call === undefined) throw new Error("no step of a first deployment is known");
  return `create ${call.type} ${call.step}`;
}

function withDigest(image: string): string {
  return image.replace(/@.*$/, `@${DIGEST}`);
}

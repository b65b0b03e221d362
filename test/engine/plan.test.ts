import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { commandRunner } from "../../io/child-command.ts";
import { systemClock } from "../../io/clock.ts";
import { helmStoreOpener, helmTemplate } from "../../io/helm.ts";
import { sealNow } from "../../io/seal/sealed-run.ts";
import { resourcesIn } from "../../records/state.ts";
import type { Ports } from "../../runbook/command.ts";
import { assertApproved } from "../../runbook/plan/approval.ts";
import { makePlan, movedSince } from "../../runbook/plan/make-plan.ts";
import { PROJECT_DIRECTORY } from "../../runbook/project.ts";
import { openSession, type RehearsalSession, resolveRehearsalTools } from "../../runbook/rehearse/rehearsal-session.ts";
import { openOutput } from "../../shared/text/output.ts";
import { lineProgress } from "../../tools/progress.ts";
import { NOTHING_KEPT } from "../support/updates.ts";

jest.setTimeout(3_600_000);

describe("makePlan, on the real engine", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-plan-test-"));
  let session: RehearsalSession;
  let helm: string;
  let ports: Ports;

  beforeAll(async () => {
    const [stdout, stderr] = [new PassThrough().resume(), new PassThrough().resume()];
    const env = { ...process.env, SPARKI_REHEARSAL_DIRECTORY: directory };
    const { signal } = new AbortController();
    ports = {
      stdout: openOutput(stdout),
      stderr: openOutput(stderr),
      clock: systemClock,
      env,
      cwd: process.cwd(),
      signal,
    };
    const tools = await resolveRehearsalTools(ports, lineProgress(stderr));
    helm = tools.helm ?? "helm";
    session = await openSession({ stack: "staging", seed: 1, timeScale: 0.002 }, tools, ports);
  });
  afterAll(async () => {
    await session.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("comes to the same hash twice, and lets nothing else be deployed under it", async () => {
    const { configFile } = session.project;
    const template = helmTemplate(commandRunner(helm, process.env), PROJECT_DIRECTORY);
    const helmStore = helmStoreOpener();
    const { engine, stack } = session;
    const planning = {
      stack,
      engine,
      configFile,
      projectDirectory: PROJECT_DIRECTORY,
      // What can be approved is a matter of the seal, which is tested by itself.
      seal: () => ({ ...sealNow(PROJECT_DIRECTORY, stack, process.env), gaps: [] }),
      plugins: () => ({}),
      template,
      helmStore,
      keep: async () => NOTHING_KEPT,
      clock: systemClock,
    };
    const plan = await makePlan(planning);
    expect(plan).toMatchObject({ outcome: "succeeded", policy: { violations: [] }, drift: [] });
    expect(plan.changes.length).toBeGreaterThan(100);
    expect(plan.helm.map(({ release, note }) => [release, note])).toContainEqual(["engine-fleet", undefined]);
    expect(plan.duration.chain).toContain("engine-fleet");
    // The three zones are known before anything is there: a price that misses what preview cannot know would be wrong.
    const nodes = expect.objectContaining({ item: "node c6a.large, one a zone", to: expect.closeTo(187.64) });
    expect(plan.monthlyCost).toMatchObject({ from: undefined, lines: expect.arrayContaining([nodes]) });
    expect((await makePlan(planning)).fingerprint).toEqual(plan.fingerprint);

    const config = readFileSync(configFile, "utf8");
    writeFileSync(configFile, config.replace("storageGib: 50", "storageGib: 60"));
    const changed = await makePlan(planning);
    expect(() => assertApproved(plan.fingerprint.hash, changed, plan)).toThrow(
      /nothing was changed\n {2}config: sparki:database differs\n {2}plan: .*database-instance differs/,
    );
    expect(await movedSince(plan, planning)).toEqual(["config: sparki:database differs"]);
    expect(await movedSince(changed, planning)).toEqual([]);
    expect(resourcesIn(await engine.exportState())).toEqual([]);
  });
});

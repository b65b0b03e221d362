import { setTimeout as delay } from "node:timers/promises";
import { makeRuns, type Runs, sparki } from "../support/sparki.ts";

jest.setTimeout(180_000);

describe("sparki rehearse", () => {
  let runs: Runs;
  beforeEach(() => {
    runs = makeRuns();
  });
  afterEach(() => runs.remove());

  it.each([
    ["SIGINT while the cluster is being made", "SIGINT", "create Vpc"],
    ["SIGTERM while the preview runs", "SIGTERM", "• preview"],
    ["SIGINT while a gate looks", "SIGINT", "create Release engine-one-box"],
  ] as const)("on %s lets what is in flight finish, exits 4 and leaves no process", async (_, signal, moment) => {
    let sent = false;
    const run = await sparki(["rehearse", "--json", "--time-scale", "0.002"], runs, ({ stderr }, child) => {
      if (!sent && stderr.includes(moment)) child.kill(signal);
      sent ||= stderr.includes(moment);
    });
    expect(sent).toBe(true);
    expect(run.exitCode).toBe(4);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: "SPARKI_OUTSIDE" }, exitCode: 4 });
    expect(run.stderr).toContain(`interrupted by ${signal}`);
    expect(runs.processes()).toEqual([]);
  });

  it("ends its processes even when it is killed itself, and the next run in the same place works", async () => {
    const killed = await sparki(["rehearse", "--time-scale", "0.002"], runs, ({ stderr }, child) => {
      if (stderr.includes("create Namespace")) child.kill("SIGKILL");
    });
    expect(killed.exitCode).toBeNull();
    for (let tries = 0; tries < 40 && runs.processes().length > 0; tries++) await delay(250);
    expect(runs.processes()).toEqual([]);
    const next = await sparki(["rehearse", "--json", "--time-scale", "0.002"], runs);
    expect(next.exitCode).toBe(0);
  });

  it("refuses a place that another rehearsal uses, before it changes anything there", async () => {
    let second: Promise<{ exitCode: number | null; stderr: string }> | undefined;
    await sparki(["rehearse", "--time-scale", "0.002"], runs, ({ stderr }, child) => {
      if (!stderr.includes("• preview") || second !== undefined) return;
      second = sparki(["rehearse"], runs);
      second.then(() => child.kill("SIGINT"));
    });
    expect(await second).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("another rehearsal uses") });
  });
});

describe("sparki", () => {
  it.each([
    [["rehearse", "first-deply"], "expected one of first-deploy"],
    [["rehearse", "--stack", "nowhere"], "stack nowhere has no config"],
    [["rehearse", "--fault", "F99"], "expected one of F26"],
    [["rehearse", "--time-scale", "0"], "expected a number"],
    [["rehearse", "first-deploy", "upgrade"], "too many arguments"],
    [["rehearse", "--sed", "2"], "Did you mean --seed?"],
  ])("refuses %j with exit 2 and leaves no process", async (args, message) => {
    const runs = makeRuns();
    const { exitCode, stdout, stderr } = await sparki(args, runs);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(runs.processes()).toEqual([]);
    runs.remove();
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Command } from "../../../runbook/command.ts";
import { cloud } from "../../../runbook/commands/cloud.ts";
import { controls } from "../../../runbook/commands/controls.ts";
import { rehearse } from "../../../runbook/commands/rehearse.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rehearse-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function run(command: Command, options: Record<string, string | boolean>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { SPARKI_REHEARSAL_DIRECTORY: directory };
  const ports = {
    stdout: openOutput(stdout),
    stderr: openOutput(stderr),
    clock: fakeClock(),
    env,
    cwd: directory,
    signal: new AbortController().signal,
  };
  const ended = command.run({ args: [], options: options, ports });
  return { ended, said: () => String(stderr.read() ?? "") };
}

describe.each([rehearse, cloud, controls])("$name", (command) => {
  it("refuses a stack without a config before it says or makes anything", async () => {
    const { ended, said } = run(command, { stack: "nope" });
    await expect(ended).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining("stack nope has no config"),
    });
    expect({ said: said(), made: readdirSync(directory) }).toEqual({ said: "", made: [] });
  });
});

describe.each([rehearse, cloud])("$name", (command) => {
  it.each([{ seed: "x" }, { seed: "" }, { seed: "-1" }, { timeScale: "0" }, { timeScale: "2" }])(
    "refuses %j and points to its own help",
    async (change) => {
      await expect(run(command, change).ended).rejects.toMatchObject({
        code: "SPARKI_USAGE",
        message: expect.stringContaining("expected a number"),
        hint: `npx sparki ${command.name} --help`,
      });
    },
  );
});

describe.each([rehearse, cloud])("$name --resume", (command) => {
  const kept = (text: string, isMade = true) => {
    mkdirSync(join(directory, "prod"));
    writeFileSync(join(directory, "prod", "rehearsal.json"), text);
    if (isMade) writeFileSync(join(directory, "prod", "world.json"), "{}");
  };
  const KEPT = JSON.stringify({ seed: 1, timeScale: 0.004, slot: 30, since: "2026-11-28" });

  it.each([
    ["no rehearsal", () => undefined],
    ["no rehearsal", () => kept(KEPT.slice(0, 20))],
    ["no rehearsal", () => kept(KEPT.replace("30", "3000"))],
    ["a rehearsal that has created nothing yet", () => kept(KEPT, false)],
  ])("says that it finds %s, where, and how to begin one", async (found, leave) => {
    leave();
    await expect(run(command, { resume: true }).ended).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: `--resume finds ${found} in ${join(directory, "prod")}; expected what an earlier rehearsal left`,
      hint: "npx sparki rehearse --stack prod, which starts a new one",
    });
  });

  it.each([
    [{ seed: "2" }, "--seed is 2; "],
    [{ timeScale: "0.01" }, "--time-scale is 0.01; "],
  ])("refuses %j, which the kept rehearsal does not have", async (change, found) => {
    kept(KEPT);
    await expect(run(command, { resume: true, ...change }).ended).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringContaining(found),
    });
  });
});

describe("rehearse --on-promoted", () => {
  it("goes only with a scenario that deploys over a promoted release, and says so before it makes anything", async () => {
    const { ended } = run(rehearse, { onPromoted: true });
    await expect(ended).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringContaining("first-deploy, which deploys one release"),
      hint: "npx sparki rehearse upgrade --on-promoted",
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("rehearse --list", () => {
  it("names every scenario and fault in lines that fit", async () => {
    const { ended, said } = run(rehearse, { list: true });
    expect((await ended).exitCode).toBe(0);
    const text = said();
    expect(text).toMatch(/^ {2}error-spike +a second release/m);
    expect(text.replaceAll(/\n {4,}/g, " ")).toMatch(
      /^ {2}F15 +the credentials expire; from cluster-eks-eksCluster on, unless a step is named$/m,
    );
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });
});

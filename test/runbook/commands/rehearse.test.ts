import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Command } from "../../../runbook/command.ts";
import { cloud } from "../../../runbook/commands/cloud.ts";
import { controls } from "../../../runbook/commands/controls.ts";
import { rehearse } from "../../../runbook/commands/rehearse.ts";
import { openOutput } from "../../../runbook/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rehearse-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const DEFAULTS = { seed: "1", timeScale: "0.01" };

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
  const ended = command.run({ args: [], options: { ...DEFAULTS, ...options }, ports });
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

import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { systemClock } from "../../io/clock.ts";
import { runCommandLine } from "../../runbook/command-line.ts";
import type { ControlsDocument } from "../../runbook/controls/controls.ts";

jest.setTimeout(3_600_000);

async function sparki(...argv: string[]): Promise<{ exitCode: number; document: ControlsDocument }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stderr.resume();
  const ports = { clock: systemClock, env: process.env, cwd: process.cwd(), signal: new AbortController().signal };
  const written = text(stdout);
  const exitCode = await runCommandLine(argv, { ...ports, stdout, stderr });
  stdout.end();
  return { exitCode, document: JSON.parse(await written) };
}

describe("sparki controls", () => {
  it.each(["prod", "staging"])("leaves no control of %s unmet, and every policy's test bites", async (stack) => {
    const { exitCode, document } = await sparki("controls", "--stack", stack, "--json");
    expect(document.violations).toEqual([]);
    expect(document.controls).toHaveLength(70);
    expect(document.controls.filter(({ status }) => status === "unmet")).toEqual([]);
    const silent = document.controls.filter(({ status, reason }) => status !== "met" && reason === undefined);
    expect(silent).toEqual([]);
    const enforced = [...document.controls, ...document.own].flatMap(({ enforcedBy }) => enforcedBy);
    expect(enforced.filter(({ testBites }) => !testBites)).toEqual([]);
    expect(document.cost.monthly).toBeGreaterThan(100);
    expect(exitCode).toBe(0);
  });
});

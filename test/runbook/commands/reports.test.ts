import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { reports } from "../../../runbook/commands/reports.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";

describe("sparki reports", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "reports-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const run = async (options: Record<string, string> = {}) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const env = { SPARKI_REHEARSAL_DIRECTORY: directory };
    const signal = new AbortController().signal;
    const ports = { env, signal, cwd: directory, clock: fakeClock() };
    const outputs = { stdout: openOutput(stdout), stderr: openOutput(stderr) };
    const { exitCode, json } = await reports.run({ args: [], options, ports: { ...ports, ...outputs } });
    return { exitCode, json, said: String(stderr.read() ?? "") };
  };
  const report = (stack: string, outcome: string, exitCode: number) => {
    const folder = join(directory, stack, "report");
    mkdirSync(folder, { recursive: true });
    const document = { stack, outcome, exitCode, reason: "so", scenario: "first-deploy", steps: [] };
    writeFileSync(join(folder, `${stack}-20261123T183619-1.0.json`), JSON.stringify(document));
    writeFileSync(join(folder, `${stack}-20261123T183619-1.0.html`), "<html>");
  };

  it("says of a stack's report when, how it ended with which exit code, and the page to open", async () => {
    report("nowhere", "rolled-back", 1);
    const { exitCode, said, json } = await run({ stack: "my-org/nowhere" });
    expect(exitCode).toBe(0);
    expect(said).toBe(
      [
        "2026-11-23 18:36  nowhere  1.0  rolled-back (exit 1)  rehearsal of first-deploy",
        "    nowhere/report/nowhere-20261123T183619-1.0.html\n",
      ].join("\n"),
    );
    expect(json).toMatchObject({ reports: [{ stack: "nowhere", exitCode: 1 }] });
  });

  it("says that a stack has none, and what leaves one", async () => {
    report("somewhere", "promoted", 0);
    expect(await run({ stack: "nowhere" })).toEqual({
      exitCode: 0,
      json: { reports: [] },
      said: "no reports of nowhere here yet\nNext: npx sparki rehearse --stack nowhere, which leaves one\n",
    });
  });

  it("refuses what is no stack's name", async () => {
    await expect(run({ stack: "a/b/c/d" })).rejects.toMatchObject({ code: "SPARKI_USAGE" });
  });
});

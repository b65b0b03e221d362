import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommandLine } from "../../../runbook/command-line.ts";
import { fakeClock } from "../../support/fake-clock.ts";

async function sparki(...argv: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(stdout), text(stderr)]);
  const ports = { clock: fakeClock(), env: { PATH: "" }, cwd: "/nowhere", signal: new AbortController().signal };
  const exitCode = await runCommandLine(argv, { ...ports, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await written;
  return { exitCode, out, err };
}

describe("sparki verify", () => {
  it("refuses a stack without a config before it looks for any tool", async () => {
    const { exitCode, out } = await sparki("verify", "--stack", "nowhere", "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "SPARKI_CONFIG" } });
  });

  it("teaches what it looks at and how it ends", async () => {
    const { exitCode, out, err } = await sparki("verify", "--help");
    expect(exitCode).toBe(0);
    for (const word of ["Smoke tests", "success table", "Exit codes: 0 verified", "npx sparki verify --stack staging"])
      expect(out + err).toContain(word);
  });
});

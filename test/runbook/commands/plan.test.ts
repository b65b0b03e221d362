import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommandLine } from "../../../runbook/command-line.ts";
import { fakeClock } from "../../support/fake-clock.ts";

async function sparki(env: Readonly<Record<string, string>>, ...argv: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(stdout), text(stderr)]);
  const ports = { clock: fakeClock(), env, cwd: "/nowhere", signal: new AbortController().signal };
  const exitCode = await runCommandLine(argv, { ...ports, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await written;
  return { exitCode, out, err };
}

describe("sparki plan", () => {
  it("refuses what can be no stack's name", async () => {
    const { exitCode, err } = await sparki({}, "plan", "--stack", "../prod");
    expect(exitCode).toBe(2);
    expect(err).toContain('--stack is "../prod"; expected a name such as prod');
  });

  it("refuses a stack without a config before it looks for any tool", async () => {
    const { exitCode, out } = await sparki({ PATH: "" }, "plan", "--stack", "nowhere", "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "SPARKI_CONFIG" } });
  });

  it("takes another config file from the environment, as pulumi does", async () => {
    const { err } = await sparki({ PULUMI_OPTION_CONFIG_FILE: "other.yaml" }, "plan", "--stack", "staging");
    expect(err).toContain("/nowhere/other.yaml cannot be read");
  });
});

import { join } from "node:path";
import { runSparki } from "../../support/command-line.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

describe("sparki plan", () => {
  it("refuses what can be no stack's name", async () => {
    const { exitCode, err } = await runSparki(["plan", "--stack", "../prod"], { env: {} });
    expect(exitCode).toBe(2);
    expect(err).toContain('--stack is "../prod"; expected a name such as prod');
  });

  it("refuses a stack without a config before it looks for any tool", async () => {
    const { exitCode, out } = await runSparki(["plan", "--stack", "nowhere", "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "SPARKI_CONFIG" } });
  });

  it("takes another config file from the environment, as pulumi does", async () => {
    const { err } = await runSparki(["plan", "--stack", "staging"], {
      env: { PULUMI_OPTION_CONFIG_FILE: "other.yaml" },
    });
    expect(err).toContain("/nowhere/other.yaml cannot be read");
  });

  it("refuses to compare with what is no commit, before anything is opened", async () => {
    const { exitCode, out } = await runSparki(["plan", "--stack", "staging", "--compare", "nowhere", "--json"], {
      cwd: ROOT,
    });
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: "SPARKI_USAGE", message: expect.stringContaining('"nowhere" is no commit, branch or tag') },
    });
  });

  it("refuses --compare without a commit", async () => {
    const { exitCode, err } = await runSparki(["plan", "--compare"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("--compare <commit>' argument missing");
  });
});

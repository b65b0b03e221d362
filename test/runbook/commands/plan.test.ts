import { runSparki } from "../../support/command-line.ts";

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
});

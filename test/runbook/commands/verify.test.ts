import { runSparki } from "../../support/command-line.ts";

describe("sparki verify", () => {
  it("refuses a stack without a config before it looks for any tool", async () => {
    const { exitCode, out } = await runSparki(["verify", "--stack", "nowhere", "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "SPARKI_CONFIG" } });
  });

  it("teaches what it looks at and how it ends", async () => {
    const { exitCode, out, err } = await runSparki(["verify", "--help"]);
    expect(exitCode).toBe(0);
    for (const word of ["Smoke tests", "success table", "Exit codes: 0 verified", "npx sparki verify --stack staging"])
      expect(out + err).toContain(word);
  });
});

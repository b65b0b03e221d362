import { runSparki } from "../../support/command-line.ts";

describe("sparki rebuild", () => {
  it.each([
    [["rebuild"], "SPARKI_USAGE"],
    [["rebuild", "cluster"], "SPARKI_USAGE"],
    [["rebuild", "state", "twice"], "SPARKI_USAGE"],
    [["rebuild", "state", "--force"], "SPARKI_USAGE"],
    [["rebuild", "state", "--stack", "nowhere"], "SPARKI_CONFIG"],
    // Nobody can be asked, and nobody has agreed.
    [["rebuild", "state"], "SPARKI_USAGE"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  it("teaches what it finds, what it leaves alone and how it ends", async () => {
    const { exitCode, out } = await runSparki(["rebuild", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of [
      "lost",
      "Nothing at AWS",
      "Secrets Manager",
      "npx sparki bootstrap",
      "Exit codes: 0 the state",
    ])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

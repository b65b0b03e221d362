import { runSparki } from "../../support/command-line.ts";

describe("sparki housekeeping", () => {
  it.each([
    [["housekeeping", "everything"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "0"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "6"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "all", "--yes"], "SPARKI_USAGE"],
    [["housekeeping", "--stack", "nowhere", "--yes"], "SPARKI_CONFIG"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  it("teaches what is never offered, and that nothing is deleted by default", async () => {
    const { exitCode, out } = await runSparki(["housekeeping", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of ["It deletes nothing unless --yes is given", "never offered", "a final snapshot is taken"])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

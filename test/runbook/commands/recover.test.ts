import { runSparki } from "../../support/command-line.ts";

const AT = ["--point-in-time", "2026-11-28T10:30:00Z"];

describe("sparki recover", () => {
  it.each([
    [["recover", "everything", ...AT], "SPARKI_USAGE", "expected database"],
    [["recover", "everything"], "SPARKI_USAGE", "expected database or cluster"],
    [["recover", "cluster", ...AT], "SPARKI_USAGE", "--point-in-time is of recover database"],
    [["recover", "cluster", "--stack", "nowhere"], "SPARKI_CONFIG", "nowhere"],
    [["recover", "cluster"], "SPARKI_USAGE", "--yes"],
    [["recover", "database"], "SPARKI_USAGE", "--point-in-time is"],
    [["recover", "database", "--point-in-time", "latest"], "SPARKI_USAGE", "expected a moment such as"],
    [["recover", "database", "--point-in-time", "2026-02-30T10:30:00Z"], "SPARKI_USAGE", "2026-02-30"],
    [["recover", "database", ...AT, "--limit", "0"], "SPARKI_USAGE", "--limit"],
    [["recover", "database", ...AT, "--stack", "nowhere"], "SPARKI_CONFIG", "nowhere"],
    // Nobody can be asked, and nobody has agreed.
    [["recover", "database", ...AT], "SPARKI_USAGE", "--yes"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code, words) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
    expect(out).toContain(words);
  });

  it("teaches what is lost, what is taken out of the state and what is kept, of both that it recovers", async () => {
    const { exitCode, out } = await runSparki(["recover", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of [
      "DROP TABLE",
      "is kept; nothing is deleted",
      "goes on with the same command",
      "Exit codes: 0",
      "everything that was in Kubernetes",
      "changes nothing at AWS",
      "is still being deleted, is refused",
    ])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

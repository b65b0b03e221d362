import { runSparki } from "../../support/command-line.ts";

describe("sparki rotate", () => {
  it.each([
    [["rotate", "everything"], "SPARKI_USAGE"],
    [["rotate", "redis-auth", "now"], "SPARKI_USAGE"],
    [["rotate", "redis-auth", "--list"], "SPARKI_USAGE"],
    [["rotate", "--stack", "nowhere"], "SPARKI_CONFIG"],
    // Nobody can be asked, and nobody has agreed.
    [["rotate", "database-users"], "SPARKI_USAGE"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  it("lists every secret without a name, offline, as one document and as a table", async () => {
    const { exitCode, out, err } = await runSparki(["rotate", "--json"]);
    const { stack, secrets } = JSON.parse(out);
    expect({ exitCode, stack, first: secrets[0].name }).toMatchObject({ stack: "prod", first: "database-users" });
    expect(err).toContain("redis-auth");
    // A day after the word "passwords" is no secret.
    expect(err).toMatch(/passwords \(since\s+2026-\d\d-\d\d, last day/);
    expect(err).not.toContain("[secret]");
    expect(Math.max(...err.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("teaches both deployments of redis-auth, and how it ends", async () => {
    const { exitCode, out } = await runSparki(["rotate", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of ["two deployments", "redis-cli", "goes on with the same command", "Exit codes: 0 rotated"])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

import { drillOptions } from "../../../runbook/drill/drill-run.ts";

const asked = (options: Readonly<Record<string, string | boolean>> = {}, args: readonly string[] = ["restore"]) =>
  drillOptions(args, { limit: "120", ...options });

describe("drillOptions", () => {
  it("means the newest snapshot where nothing else is said", () => {
    expect(asked()).toEqual({
      of: "database",
      wanted: { newest: true },
      limitMinutes: 120,
      isAbandoned: false,
    });
  });

  it("restores the cache where it is named, and by no moment", () => {
    expect(asked({}, ["restore", "cache"]).of).toBe("cache");
    expect(asked({}, ["restore", "database"]).of).toBe("database");
    const snapshot = "automatic.sparki-prod-cache-001-2026-11-28-02-00";
    expect(asked({ snapshot }, ["restore", "cache"]).wanted).toEqual({ snapshot });
    expect(() => asked({ pointInTime: "latest" }, ["restore", "cache"])).toThrow(/for the database/);
    expect(() => asked({}, ["restore", "queue"])).toThrow(/expected database or cache/);
  });

  it("takes a snapshot, a moment and a limit", () => {
    const snapshot = "rds:sparki-prod-database-2026-11-28-03-09";
    expect(asked({ snapshot }).wanted).toEqual({ snapshot });
    expect(asked({ pointInTime: "latest" }).wanted).toEqual({ pointInTime: "latest" });
    const seconds = Date.UTC(2026, 10, 28, 10, 30) / 1000;
    for (const pointInTime of ["2026-11-28T10:30Z", "2026-11-28T10:30:00.000Z", "2026-11-28T12:30:00+02:00"])
      expect(asked({ pointInTime }).wanted).toEqual({ pointInTime: seconds });
    expect(asked({ limit: "5", abandoned: true })).toMatchObject({ limitMinutes: 5, isAbandoned: true });
  });

  it.each([
    { snapshot: "a", pointInTime: "latest" },
    { snapshot: "" },
    { snapshot: "$(reboot)" },
    { snapshot: "-x" },
    { snapshot: "a--b" },
    { snapshot: "a".repeat(256) },
    { pointInTime: "yesterday" },
    { pointInTime: "2026-11-28" },
    { pointInTime: "2026-11-28T10:30" },
    { pointInTime: "2026-02-30T10:30Z" },
    { pointInTime: "2026-13-01T10:30Z" },
    { limit: "0" },
    { limit: "1441" },
    { limit: "soon" },
    { limit: "-5" },
  ])("refuses %j as usage", (options) => {
    expect(() => asked(options)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", hint: "npx sparki drill --help" }),
    );
  });

  it("refuses another drill", () => {
    for (const what of [undefined, "fire"])
      expect(() => drillOptions([what], { limit: "120" })).toThrow(/expected restore/);
  });
});

import { data } from "../../../policies/declared/data.ts";
import { mismatches } from "../../../policies/declared/shape.ts";
import { situation } from "../../support/policy-fixtures.ts";

const properties = data.find(({ name }) => name === "database-instance")?.properties ?? {};
const { database } = situation().config;
const majorUpgrade = { from: "16", snapshot: "before-17", by: "@ada", until: "2026-11-30" };
const planned = { ...situation({ database: { ...database, majorUpgrade } }), bound: {} };
const unplanned = { ...situation(), bound: {} };

describe("what the declarations let pass of the database's upgrade", () => {
  const flags = ["allowMajorVersionUpgrade", "applyImmediately"] as const;
  const wrong = (world: typeof planned, set: object) => {
    const shape = Object.fromEntries(flags.map((name) => [name, properties[name] ?? ""]));
    return mismatches(() => set, shape, world).map(({ path }) => path);
  };
  const both = (value: boolean) => Object.fromEntries(flags.map((name) => [name, value]));

  it("is both flags while the config permits it, and neither without", () => {
    expect(wrong(planned, both(true))).toEqual([]);
    expect(wrong(unplanned, {})).toEqual([]);
    expect(wrong(unplanned, both(false))).toEqual([]);
  });

  it.each([
    ["without permission", unplanned, both(true), flags],
    ["one flag without permission", unplanned, { allowMajorVersionUpgrade: true }, ["allowMajorVersionUpgrade"]],
    [
      "with permission, but in the maintenance window",
      planned,
      { allowMajorVersionUpgrade: true },
      ["applyImmediately"],
    ],
    ["with permission, but not asked for", planned, {}, flags],
  ])("is refused %s", (_, world, set, paths) => {
    expect(wrong(world, set)).toEqual(paths);
  });

  it("is no more than the config's major version, and its parameters", () => {
    const of = (name: string, value: string) => mismatches(() => value, properties[name] ?? "", planned).length;
    const major = database.engineVersion.split(".")[0];
    expect([of("engineVersion", `${major}.9`), of("engineVersion", "12.1")]).toEqual([0, 1]);
    expect(of("parameterGroupName", "sparki-prod-database-12")).toBe(1);
  });
});

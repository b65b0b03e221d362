import type { Facts } from "../../aws/facts.ts";
import { previewedProgram } from "../support/previewed-program.ts";
import { rawConfig } from "../support/stack-config.ts";

const { engineVersion }: { engineVersion: string } = JSON.parse(rawConfig("prod")["sparki:database"] ?? "{}");

jest.mock("../../aws/facts.ts", () => {
  const actual: typeof import("../../aws/facts.ts") = jest.requireActual("../../aws/facts.ts");
  const { engineVersion: ended } = JSON.parse(mockConfig()["sparki:database"] ?? "{}");
  const old = actual.facts();
  const changed: Facts = {
    ...old,
    dated: "2027-02-03",
    catalog: { ...old.catalog, retiredPostgres: [...old.catalog.retiredPostgres, ended] },
  };
  return { ...actual, facts: () => changed };
});

function mockConfig(): Record<string, string> {
  const actual: typeof import("../support/stack-config.ts") = jest.requireActual("../support/stack-config.ts");
  return actual.rawConfig("prod");
}

describe("a preview of the program", () => {
  it("fails by the day's facts once RDS makes the database's version no more", async () => {
    const resources = await previewedProgram("prod");
    const failing = resources.filter(({ failures }) => failures.length > 0);
    expect(failing.map(({ name, failures }) => [name, ...failures])).toEqual([
      [
        "database-instance",
        `engineVersion: engineVersion is "${engineVersion}"; AWS takes a version that RDS still makes; this one has ended, by AWS's lists of 2027-02-03`,
      ],
    ]);
  });
});

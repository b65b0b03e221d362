import { type Facts, facts } from "../../../aws/facts.ts";
import { differences } from "../../../tools/aws-facts/published.ts";

const now = facts();
const without = (version: string): Facts => ({
  ...now,
  catalog: { ...now.catalog, postgres: now.catalog.postgres.filter((each) => each !== version) },
});

describe("differences", () => {
  it("finds none between facts and themselves", () => {
    expect(differences(now, now)).toEqual([]);
  });

  it("names a version of an engine that has come or gone", () => {
    expect(differences(now, without("17.6"))).toEqual([expect.stringMatching(/^catalog postgres\..*17\.6.*gone/)]);
    expect(differences(without("17.6"), now)).toEqual([expect.stringMatching(/^catalog postgres\..*17\.6.*new/)]);
  });

  it("names a property whose rule has changed", () => {
    const type = "aws:kms/key:Key";
    const shapes = now.shapes.map((shape) => (shape.maximum === 30 ? { ...shape, maximum: 31 } : shape));
    expect(differences(now, { ...now, shapes })).toContainEqual(
      expect.stringMatching(new RegExp(`^${type} deletionWindowInDays: .*30.* -> .*31`)),
    );
  });
});

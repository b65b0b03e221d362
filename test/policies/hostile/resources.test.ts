import { policies } from "../../../policies/all.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import { judge, thing } from "../../support/policy-fixtures.ts";
import { ATTACKS, LITERALS } from "./attacks.ts";
import { FURTHER } from "./further.ts";
import { ODD } from "./odd.ts";
import { OUTSIDER } from "./outsider.ts";
import { HOSTILE } from "./resources.ts";
import { UNFORESEEN } from "./unforeseen.ts";

const ALL = [...HOSTILE, ...ATTACKS, ...FURTHER, ...ODD, ...UNFORESEEN, ...OUTSIDER, ...LITERALS];

describe("the hostile resources", () => {
  it("are at least 150, under a title of their own each", () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(150);
    expect(ATTACKS.length).toBeGreaterThanOrEqual(60);
    expect(FURTHER.length).toBeGreaterThanOrEqual(200);
    expect(new Set(ALL.map(({ title, property }) => `${title} ${property}`)).size).toBe(ALL.length);
    expect(policies).toContain(declaredOnly);
  });

  it.each(ALL.map((one) => [one.title, one] as const))("refuses %s", (_title, { type, name, props, property }) => {
    const said = judge([declaredOnly], [thing(type, props).named(name)]).map((violation) => violation.property ?? "");
    const wanted = property ?? "type and name";
    expect(said.filter((path) => path.startsWith(wanted))).not.toEqual([]);
  });
});

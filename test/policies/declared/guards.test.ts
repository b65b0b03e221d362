import { declarationOf, GUARDED } from "../../../policies/declared/world.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import { judge, situation, thing } from "../../support/policy-fixtures.ts";

const world = { ...situation(), bound: {} };
const placeOf = (key: string) => {
  const [type = "", name = ""] = key.split(" ");
  return { type, name };
};
const made = (key: string) => {
  const { type, name } = placeOf(key);
  return thing(type, {}).named(name);
};
const cases = Object.entries(GUARDED).flatMap(([of, guards]) => guards.map((guard) => [of, guard] as const));
const missing = (...keys: readonly string[]) =>
  judge([declaredOnly], keys.map(made)).flatMap(
    ({ property }) => /^its guard (.*)/.exec(property ?? "")?.slice(1) ?? [],
  );

describe("GUARDED", () => {
  it("names what is declared, and nothing else", () => {
    const keys = [...Object.keys(GUARDED), ...Object.values(GUARDED).flat()];
    expect(keys.filter((key) => declarationOf(placeOf(key), world) === undefined)).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(20);
  });

  it.each(cases)("refuses %s without %s, and nothing once it is there", (of, guard) => {
    const all = GUARDED[of] ?? [];
    const others = all.filter((one) => one !== guard);
    expect(missing(of, ...others)).toContain(guard);
    expect(missing(of, ...all).filter((one) => all.includes(one))).toEqual([]);
  });

  it("asks for nothing beside what is not there", () => {
    expect(missing("aws:ec2/vpc:Vpc network-vpc")).toEqual([]);
    expect(missing("aws:lb/listener:Listener edge-lb-http")).toEqual([]);
  });
});

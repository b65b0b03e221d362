import { asHidden, conceal, reveal } from "../../../rehearsal/aws/subject.ts";

const WHOLE = { user: "a", nested: { password: "hunter2" }, list: ["x", { token: "t0ken" }] };
const PATHS = [
  ["nested", "password"],
  ["list", 1, "token"],
  ["absent", "x"],
];

describe("conceal", () => {
  it("leaves no secret behind", () => {
    const { visible } = conceal(WHOLE, PATHS);
    expect(JSON.stringify(visible)).not.toMatch(/hunter2|t0ken/);
    expect(visible).toMatchObject({ user: "a", list: ["x", {}] });
  });

  it("is undone by reveal, also after having been stored", () => {
    const { visible, hidden } = conceal(WHOLE, PATHS);
    expect(reveal(visible, asHidden(JSON.parse(JSON.stringify(hidden))))).toEqual(WHOLE);
  });
});

import { pageWith } from "../../tools/environments/environment.ts";

describe("pageWith", () => {
  const empty = "before\n<!-- environments: begin -->\n<!-- environments: end -->\nafter\n";
  const names = ["plain", "full-disk", "umask-077"];
  const row = (name: string, outcome: string) => ({ name, what: `what ${name} is`, outcome, message: "a | b" });

  it("puts new rows in place of old ones of the same environments, in order, and leaves the others", () => {
    const first = pageWith(empty, [row("umask-077", "promoted"), row("plain", "exit 4")], names);
    const second = pageWith(first, [row("plain", "promoted"), row("full-disk", "exit 4")], names);
    expect(second.split("\n").filter((line) => line.startsWith("| `"))).toEqual([
      "| `plain` | what plain is | promoted | a \\| b |",
      "| `full-disk` | what full-disk is | exit 4 | a \\| b |",
      "| `umask-077` | what umask-077 is | promoted | a \\| b |",
    ]);
    expect(second).toMatch(/^before\n[\s\S]*\nafter\n$/);
  });

  it("drops the row of an environment that there is no more, and refuses a page without a place for the table", () => {
    const page = pageWith(empty, [row("plain", "promoted"), row("full-disk", "exit 4")], names);
    expect(pageWith(page, [], ["plain"])).not.toContain("full-disk");
    expect(() => pageWith("no place", [], names)).toThrow("has no <!-- environments: begin -->");
  });
});

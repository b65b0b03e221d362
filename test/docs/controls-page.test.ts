import { readFileSync } from "node:fs";
import { join } from "node:path";
import { controlsPage } from "../../docs/pages.ts";

describe("docs/controls.md", () => {
  it("is what the controls and policies say (after a change: node docs/generate.ts controls)", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "controls.md"), "utf8");
    expect(page).toBe(controlsPage());
  });

  it("has a line for each of the seventy controls", () => {
    expect(controlsPage().match(/^\| S\d\d \|/gm)).toHaveLength(70);
  });
});

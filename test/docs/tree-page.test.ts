import { readFileSync } from "node:fs";
import { join } from "node:path";
import { treePage } from "../../docs/pages.ts";
import { PHASES } from "../../gates/gate.ts";
import { RULES } from "../../gates/tree.ts";

describe("treePage", () => {
  it("is what docs/decision-tree.md holds (else: node docs/generate.ts decision-tree)", () => {
    expect(readFileSync(join(import.meta.dirname, "../../docs/decision-tree.md"), "utf8")).toBe(treePage());
  });

  it("shows every rule, every phase and a picture", () => {
    const page = treePage();
    for (const { reason } of RULES) expect(page).toContain(reason);
    for (const phase of PHASES) expect(page).toContain(`## ${phase}`);
    expect(page).toContain("```mermaid\nflowchart TD\n");
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checklistPage } from "../../docs/pages.ts";
import { CHECKLIST } from "../../runbook/preflight/checklist.ts";

describe("checklistPage", () => {
  it("is what docs/preflight.md holds (else: node docs/generate.ts preflight)", () => {
    expect(readFileSync(join(import.meta.dirname, "../../docs/preflight.md"), "utf8")).toBe(checklistPage());
  });

  it("shows every check with what it proves and its time limit", () => {
    const page = checklistPage();
    for (const { id, title, proves, timeLimitSeconds } of CHECKLIST)
      expect(page).toContain(`| ${title} | \`${id}\` | ${proves} | ${timeLimitSeconds} s |`);
  });
});

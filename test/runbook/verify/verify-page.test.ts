import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyPage } from "../../../runbook/verify/verify-page.ts";

describe("verifyPage", () => {
  it("is what docs/verify.md holds: node runbook/verify/verify-page.ts > docs/verify.md", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "verify.md"), "utf8");
    expect(verifyPage()).toBe(page);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyPage } from "../../docs/pages.ts";

describe("verifyPage", () => {
  it("is what docs/verify.md holds: node docs/generate.ts verify", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "verify.md"), "utf8");
    expect(verifyPage()).toBe(page);
  });
});

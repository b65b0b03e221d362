import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTRACT, contractPage } from "../../../runbook/conformance/contract.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

describe("docs/contract.md", () => {
  const page = readFileSync(join(ROOT, "docs", "contract.md"), "utf8");

  it("is what the contract says (after a change: node docs/generate.ts contract)", () => {
    expect(page).toBe(contractPage());
  });

  it("has a line for each point, and no other", () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, id]) => id);
    expect(rows).toEqual(CONTRACT.map(({ id }) => id));
  });
});

describe("CONTRACT", () => {
  it("names each point once", () => {
    expect(new Set(CONTRACT.map(({ id }) => id)).size).toBe(CONTRACT.length);
  });
});

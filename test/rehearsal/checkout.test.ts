import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CurrentCheckout } from "../../rehearsal/checkout.ts";

describe("CurrentCheckout", () => {
  it("lets a rehearsal that is gone on with find its charts, and those of the folder that is deployed now", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-checkout-"));
    try {
      const [run, work] = [join(folder, "run"), join(folder, "work")];
      for (const each of [run, work]) mkdirSync(each);
      for (const each of ["one", "other"]) {
        mkdirSync(join(folder, each, "apps"), { recursive: true });
        writeFileSync(join(folder, each, "apps", "chart"), each);
      }
      new CurrentCheckout(run, join(folder, "one")).linkCharts(work);
      const again = new CurrentCheckout(run, join(folder, "one"));
      again.linkCharts(work);
      expect(readFileSync(join(work, "apps", "chart"), "utf8")).toBe("one");
      again.use(join(folder, "other"));
      expect(readFileSync(join(work, "apps", "chart"), "utf8")).toBe("other");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

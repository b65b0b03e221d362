import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepNewest } from "../../shared/keep-newest.ts";

describe("keepNewest", () => {
  it("removes all but the newest files, and minds no folder that is not there", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-newest-"));
    for (const [age, name] of ["c", "a", "d", "b"].entries()) {
      writeFileSync(join(folder, name), "");
      utimesSync(join(folder, name), 1_000_000 - age, 1_000_000 - age);
    }
    keepNewest(folder, 2);
    expect(readdirSync(folder)).toEqual(["a", "c"]);
    rmSync(folder, { recursive: true });
    expect(() => keepNewest(folder, 2)).not.toThrow();
  });
});

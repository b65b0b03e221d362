import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertTemporaryFolder } from "../../io/disk.ts";

describe("assertTemporaryFolder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-temporary-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("lets pass a folder that can be written to, and the machine's own", () => {
    expect(() => assertTemporaryFolder(folder)).not.toThrow();
    expect(() => assertTemporaryFolder()).not.toThrow();
  });

  it.each([
    ["does not exist", "gone"],
    ["is not a folder", "file"],
  ])("says of one that %s what it is, and what to do", (problem, name) => {
    writeFileSync(join(folder, "file"), "");
    const place = join(folder, name);
    expect(() => assertTemporaryFolder(place)).toThrow(
      expect.objectContaining({
        code: "SPARKI_USAGE",
        message: `TMPDIR is ${JSON.stringify(place)}, which ${problem}; expected a writable folder`,
        hint: expect.stringContaining("unset TMPDIR"),
      }),
    );
  });
});

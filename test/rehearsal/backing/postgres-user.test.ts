import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstReachable } from "../../../rehearsal/backing/postgres.ts";

describe("firstReachable", () => {
  const open = mkdtempSync(join(tmpdir(), "sparki-reach-"));
  const closed = join(open, "closed");
  const stranger = { uid: 54_321, gid: 54_321 };
  chmodSync(open, 0o755);
  mkdirSync(closed, { mode: 0o700 });
  afterAll(() => rmSync(open, { recursive: true }));

  it("takes the first for ourselves", () => {
    expect(firstReachable([closed, open], undefined)).toBe(closed);
  });

  it("leaves out what another user cannot enter, and what is below it", () => {
    expect(firstReachable([closed, join(closed, "data"), open], stranger)).toBe(open);
    expect(firstReachable([closed], stranger)).toBeUndefined();
  });

  it("takes a folder that does not exist yet where its parents can be entered", () => {
    expect(firstReachable([join(open, "new", "data")], stranger)).toBe(join(open, "new", "data"));
  });
});

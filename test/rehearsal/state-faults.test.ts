import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disturbState } from "../../rehearsal/faults.ts";

describe("disturbState", () => {
  const runDirectory = mkdtempSync(join(tmpdir(), "sparki-state-faults-"));
  const backend = join(runDirectory, "backend", ".pulumi");
  const [stacks, locks] = [join(backend, "stacks", "sparki"), join(backend, "locks", "organization", "sparki", "prod")];
  const file = join(stacks, "prod.json");
  const disturb = (fault?: "locked" | "unwritable") => disturbState({ runDirectory, stack: "prod" }, fault);

  beforeAll(() => {
    mkdirSync(stacks, { recursive: true });
    writeFileSync(file, "{}");
  });
  afterAll(() => rmSync(runDirectory, { recursive: true }));

  it("holds somebody's lock, in the backend's own form, until it is taken back", () => {
    disturb("locked");
    const [lock = ""] = readdirSync(locks);
    expect(JSON.parse(readFileSync(join(locks, lock), "utf8"))).toMatchObject({ username: "ann", hostname: "desk" });
    disturb();
    expect(readdirSync(locks)).toEqual([]);
  });

  it("lets nobody write the state, root neither, and gives it back as it was", () => {
    for (const _ of [1, 2]) disturb("unwritable");
    expect(() => writeFileSync(file, "lost")).toThrow("EISDIR");
    for (const _ of [1, 2]) disturb();
    expect(readFileSync(file, "utf8")).toBe("{}");
    expect(readdirSync(stacks)).toEqual(["prod.json"]);
  });
});

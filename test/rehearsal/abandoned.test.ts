import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownedBy, removeAbandoned } from "../../rehearsal/abandoned.ts";

const DAYS = 86_400_000;

describe("removeAbandoned", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-abandoned-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const made = (name: string, ageDays = 0) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, "file"), "");
    const at = new Date(Date.now() - ageDays * DAYS);
    utimesSync(path, at, at);
    return path;
  };

  it("takes away what a killed command left days ago, and nothing that others made", () => {
    const old = [made("sparki-gates-a1b2c3", 2), made("sparki-plan-a1b2c3", 2)];
    for (const name of ["sparki-plan-new", "sparki-other-old", "mine"]) made(name, name.endsWith("new") ? 0 : 30);
    expect([...removeAbandoned([folder])].sort()).toEqual(old.sort());
    expect(readdirSync(folder).sort()).toEqual(["mine", "sparki-other-old", "sparki-plan-new"]);
  });

  it("leaves an old folder in which a process works", async () => {
    const path = made("sparki-state-a1b2c3", 2);
    const child = spawn("sleep", ["30"], { cwd: path, stdio: "ignore" });
    await new Promise((resolve) => child.once("spawn", resolve));
    expect(removeAbandoned([folder])).toEqual([]);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(removeAbandoned([folder])).toEqual([path]);
  });

  it("takes a database's folder away at once when its run is gone, and never that of a run that is there", () => {
    const sign = join(folder, "run");
    mkdirSync(sign);
    const path = made("sparki-postgres-0123456789ab-sparki-prod");
    ownedBy(path, sign);
    expect(removeAbandoned([folder])).toEqual([]);
    rmSync(sign, { recursive: true });
    // Whoever made it still lives.
    expect(removeAbandoned([folder])).toEqual([]);
    writeFileSync(join(path, ".run"), JSON.stringify({ sign, pid: 2_147_483_000, identity: "gone" }));
    expect(removeAbandoned([folder])).toEqual([path]);
  });
});

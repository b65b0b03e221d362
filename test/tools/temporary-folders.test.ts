import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownedBy, removeAbandoned, temporaryFolder } from "../../tools/temporary-folders.ts";

const DAYS = 86_400_000;

const source = join(import.meta.dirname, "..", "..", "tools", "temporary-folders.ts");

describe("temporaryFolder", () => {
  it("makes a folder that only we can enter, after it has removed what killed commands left beside it", () => {
    const place = mkdtempSync(join(tmpdir(), "sparki-abandoned-"));
    const [world = ""] = /\d+/.exec(readlinkSync("/proc/self/ns/pid")) ?? [];
    mkdirSync(join(place, `sparki-plan-${world}.2147483000.1-a1b2c3`));
    const path = temporaryFolder("plan", place);
    expect(readdirSync(place)).toEqual([basename(path)]);
    expect(statSync(path).mode & 0o077).toBe(0);
    rmSync(place, { recursive: true });
  });
});

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

  it("takes away at once what a command made that was killed, and nothing of one that runs or of another container", async () => {
    const script = `import { temporaryFolder } from ${JSON.stringify(pathToFileURL(source).href)};
console.log(temporaryFolder("config")); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(child.stdout.setEncoding("utf8"), "data");
    const path = String(line).trim();
    const elsewhere = made(basename(path).replace(/\d+/, "1"));
    expect(removeAbandoned([folder])).toEqual([]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(removeAbandoned([folder])).toEqual([path]);
    expect(readdirSync(folder)).toEqual([basename(elsewhere)]);
  });

  it("leaves what a living process was told of, though the command that made it was killed", async () => {
    const [world = ""] = /\d+/.exec(readlinkSync("/proc/self/ns/pid")) ?? [];
    const path = made(`sparki-config-${world}.2147483000.1-a1b2c3`);
    const child = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)", join(path, "Pulumi.prod.yaml")]);
    await once(child, "spawn");
    expect(removeAbandoned([folder])).toEqual([]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(removeAbandoned([folder])).toEqual([path]);
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

import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MARK_VARIABLE } from "../../rehearsal/processes.ts";
import { openRunDirectory } from "../../rehearsal/run-directories.ts";

describe("openRunDirectory", () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-run-"));
    path = join(root, "prod");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("begins with an empty backend and a passphrase of its own that only its owner reads", async () => {
    const first = await openRunDirectory(path);
    const passphrase = readFileSync(first.passphraseFile, "utf8");
    expect(statSync(first.passphraseFile).mode & 0o077).toBe(0);
    writeFileSync(join(path, "left"), "");
    first.release();
    const second = await openRunDirectory(path);
    expect(existsSync(join(path, "left"))).toBe(false);
    expect(readFileSync(second.passphraseFile, "utf8")).not.toBe(passphrase);
    second.release();
  });

  it("keeps the newest reports of earlier runs with their plans, and says when a world was there", async () => {
    const first = await openRunDirectory(path);
    expect(first.replaced).toBeUndefined();
    for (const folder of ["report", ".sparki/plans"]) mkdirSync(join(path, folder), { recursive: true });
    for (let each = 0; each < 205; each++) {
      const file = join(path, "report", `prod-${each}.json`);
      writeFileSync(file, "{}");
      utimesSync(file, each, each);
    }
    writeFileSync(join(path, ".sparki", "plans", "a.html"), "plan");
    writeFileSync(join(path, "world.json"), "{}");
    first.release();
    const second = await openRunDirectory(path);
    expect(second.replaced?.toISOString()).toMatch(/^20/);
    const kept = readdirSync(join(path, "report"));
    expect([kept.length, kept.includes("prod-204.json"), kept.includes("prod-4.json")]).toEqual([200, true, false]);
    expect(readFileSync(join(path, ".sparki", "plans", "a.html"), "utf8")).toBe("plan");
    expect([existsSync(join(path, "world.json")), existsSync(`${path}.kept`)]).toEqual([false, false]);
    second.release();
  });

  it("goes on with all that an earlier run had where that is asked for", async () => {
    const first = await openRunDirectory(path);
    const passphrase = readFileSync(first.passphraseFile, "utf8");
    writeFileSync(join(path, "world.json"), "{}");
    writeFileSync(join(first.backendDirectory, "state"), "s");
    first.release();
    const second = await openRunDirectory(path, { goesOn: true });
    expect(second.replaced).toBeUndefined();
    expect(readFileSync(join(path, "world.json"), "utf8")).toBe("{}");
    expect(readFileSync(join(second.backendDirectory, "state"), "utf8")).toBe("s");
    expect(readFileSync(second.passphraseFile, "utf8")).toBe(passphrase);
    second.release();
  });

  it("says of a place that cannot be written to which it is, and how to name another", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(openRunDirectory(join(root, "file", "rehearsal", "prod"))).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining(`${join(root, "file", "rehearsal")} cannot be written to: `),
      hint: expect.stringContaining("SPARKI_REHEARSAL_DIRECTORY"),
    });
  });

  it("refuses while another rehearsal uses it, and says which process that is", async () => {
    const held = await openRunDirectory(path);
    await expect(openRunDirectory(path)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    held.release();
  });

  it.each(['{"pid":2147483000,"identity":"gone"}', '{"pid":'])(
    "takes over what a crashed run locked as %s",
    async (lock) => {
      writeFileSync(`${path}.lock`, lock);
      (await openRunDirectory(path)).release();
    },
  );

  it("ends the processes that a crashed run left behind", async () => {
    const env = { ...process.env, [MARK_VARIABLE]: path };
    const left = spawn("sleep", ["60"], { env, stdio: "ignore", detached: true });
    const ended = new Promise((resolve) => left.once("exit", (_, signal) => resolve(signal)));
    await new Promise((resolve) => left.once("spawn", resolve));
    (await openRunDirectory(path)).release();
    expect(await ended).toBe("SIGKILL");
  });
});

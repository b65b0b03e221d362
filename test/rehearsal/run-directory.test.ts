import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MARK_VARIABLE } from "../../rehearsal/leftovers.ts";
import { openRunDirectory } from "../../rehearsal/run-directory.ts";

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

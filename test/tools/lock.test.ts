import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../tools/lock.ts";
import { identityOf } from "../../tools/temporary-folders.ts";

describe("withLock", () => {
  let folder: string;
  let file: string;
  const told: string[] = [];
  const progress = {
    begin: (title: string) => {
      told.push(title);
      return { end: (note: string) => void told.push(note) };
    },
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-lock-"));
    file = join(folder, "locks", "helm");
    told.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const { signal } = new AbortController();
  const left = (text: string) => {
    writeFileSync(join(folder, "x"), "");
    rmSync(file, { force: true });
    spawnSync("mkdir", ["-p", join(folder, "locks")]);
    writeFileSync(file, text);
  };
  const gone = () => spawnSync("true").pid;

  it("holds the file while the work lasts, which says who it is", async () => {
    const held = await withLock(file, { signal, progress }, async () => readFileSync(file, "utf8"));
    expect(held).toBe(`${process.pid} ${identityOf(process.pid)}`);
    expect(existsSync(file)).toBe(false);
  });

  it("lets one go on after the other in one process", async () => {
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
    };
    await Promise.all(["a", "b"].map((name) => withLock(file, { signal, progress }, work(name))));
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it.each([
    ["of a process that is gone", () => left(`${gone()} x/1`)],
    ["of a process that is gone, as an earlier version wrote it", () => left(`${gone()}`)],
    ["whose process's number another one has now", () => left(`${process.pid} an-earlier-start`)],
    [
      "into which nothing could be written, as on a full disk or at a kill",
      () => {
        left("");
        utimesSync(file, 0, 0);
      },
    ],
  ])("takes over the lock %s", async (_, leave) => {
    leave();
    expect(await withLock(file, { signal, progress }, async () => "done")).toBe("done");
  });

  it("waits for one that lives, says for whom, and not for ever", async () => {
    left(`${process.pid} ${identityOf(process.pid)}`);
    const waited = withLock(file, { signal, progress, limitSeconds: 2.5 }, async () => "done");
    await expect(waited).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: `process ${process.pid} has held ${file} for 2.5 s`,
      hint: expect.stringContaining(`ps -fp ${process.pid}`),
    });
    expect(told).toEqual([`waiting for process ${process.pid}, which holds ${file}`, "given up"]);
    expect(existsSync(file)).toBe(true);
  });

  it("ends its wait when it is interrupted", async () => {
    left(`${process.pid} ${identityOf(process.pid)}`);
    const interrupted = AbortSignal.abort(new Error("interrupted"));
    await expect(withLock(file, { signal: interrupted, progress }, async () => "done")).rejects.toThrow("interrupted");
  });

  it("says what keeps it from making the file, and leaves none", async () => {
    writeFileSync(join(folder, "locks"), "");
    await expect(withLock(file, { signal, progress }, async () => "done")).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});

import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertRoom, diskFailure, fullPlace, ownPlaces, wholeJson } from "../../io/disk.ts";
import { DeployError } from "../../shared/deploy-error.ts";

const places = { cwd: tmpdir(), env: { TMPDIR: tmpdir(), HOME: tmpdir() } };
const told = (error: unknown) => diskFailure(error, places)?.message;
const file = (code: string, text: string) => Object.assign(new Error(`${code}: ${text}`), { code });

describe("diskFailure", () => {
  const room = /: \d+ MiB are free; expected 500$/;

  it.each<[string, unknown, string]>([
    [
      "Node, with the path",
      file("ENOSPC", `no space left on device, open '${tmpdir()}/x'`),
      `is full at ${tmpdir()}/x`,
    ],
    ["Node, without a path", file("ENOSPC", "no space left on device, write"), "is full at /"],
    [
      "the engine",
      new Error(`could not write plan: open ${tmpdir()}/plan.json: no space left on device`),
      `is full at ${tmpdir()}/plan.json`,
    ],
    [
      "a quota",
      file("EDQUOT", `quota exceeded, mkdir '${tmpdir()}/x'`),
      `has no space left for this user at ${tmpdir()}/x`,
    ],
    [
      "a failure behind another",
      new DeployError("SPARKI_OUTSIDE", "the engine could not be run", {
        cause: file("ENOSPC", "no space left on device, write"),
      }),
      "is full at /",
    ],
  ])("names what, where and how much is needed in the words of %s (W97)", (_, error, message) => {
    expect(told(error)).toContain(`this machine's disk ${message}`);
    expect(told(error)).toMatch(room);
  });

  it("names what is read-only, where Node calls a folder below it missing too, and counts no room there", () => {
    const words = `read-only file system, mkdir '${tmpdir()}/x'`;
    expect(told(file("EROFS", words))).toBe(`this machine's disk is read-only at ${tmpdir()}/x`);
    const below = file("ENOENT", `no such file or directory, mkdir '${tmpdir()}/a/b'`);
    const found = (refusal: string) => diskFailure(below, places, (path) => (path === tmpdir() ? refusal : undefined));
    expect(found("EROFS")?.message).toBe(`this machine's disk is read-only at ${tmpdir()}/a/b`);
    expect(found("EACCES")).toMatchObject({
      message: `${tmpdir()} may not be written by this user`,
      hint: expect.stringMatching(/^ls -ld .*XDG_CACHE_HOME/),
    });
    expect(told(below)).toBeUndefined();
  });

  it("names a TMPDIR that is not there", () => {
    const TMPDIR = join(tmpdir(), "never-made");
    const error = file("ENOENT", `no such file or directory, mkdtemp '${TMPDIR}/sparki-plan-XXXXXX'`);
    expect(diskFailure(error, { cwd: tmpdir(), env: { TMPDIR } })).toMatchObject({
      message: `TMPDIR is ${TMPDIR}, which does not exist; expected a writable folder`,
      hint: expect.stringContaining(`mkdir -p ${TMPDIR}`),
    });
  });

  it.each([new Error("AWS did not answer"), file("ENOENT", "no such file, open '/x'"), "no"])(
    "says nothing of %p",
    (error) => {
      expect(told(error)).toBeUndefined();
    },
  );
});

describe("a disk without room", () => {
  // The kernel's own file systems have none.
  const full = "/proc/self/run";

  it("is refused before anything is written to it, with what is free and what is needed", () => {
    expect(() => assertRoom(tmpdir())).not.toThrow();
    expect(() => assertRoom(full)).toThrow(
      expect.objectContaining({
        code: "SPARKI_OUTSIDE",
        message: `this machine's disk has too little free space at ${full}: 0 MiB are free; expected 500`,
        hint: expect.stringContaining("df -h /proc/self"),
      }),
    );
  });

  it("is named beside a failure that names none", () => {
    const named = `this machine's disk is full at ${full}: 0 MiB are free; expected 500`;
    expect(fullPlace([tmpdir(), full])).toBe(named);
    expect(fullPlace([tmpdir()])).toBeUndefined();
    expect(fullPlace(ownPlaces({ cwd: tmpdir(), env: { SPARKI_REHEARSAL_DIRECTORY: full } }))).toBe(named);
  });
});

describe("wholeJson", () => {
  it("reads what is whole, and names the file and its disk where it is cut short: Pulumi ends well all the same", () => {
    const path = join(tmpdir(), "sparki-plan-1", "plan.json");
    expect(wholeJson('{"a":1}', path)).toEqual({ a: 1 });
    expect(() => wholeJson('{"a":"b', path)).toThrow(
      expect.objectContaining({
        code: "SPARKI_OUTSIDE",
        message: `${path} is cut short after 7 characters; expected whole JSON`,
        hint: expect.stringContaining(`df -h ${tmpdir()}`),
      }),
    );
    expect(() => wholeJson("", "/proc/plan.json")).toThrow(
      /is cut short after 0 .*this machine's disk is full at \/proc/,
    );
  });
});

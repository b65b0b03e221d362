import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim, firstReachable, isOurFolder, placeOf, release } from "../../../rehearsal/backing/postgres.ts";

const STRANGER = { uid: 54_321, gid: 54_321 };
const temporaryMode = statSync(tmpdir()).mode & 0o1777;

describe("placeOf", () => {
  let run: string;

  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), "sparki-place-"));
  });

  afterEach(() => {
    release(placeOf(run, "db", STRANGER));
    rmSync(run, { recursive: true, force: true });
  });

  it("is below the run's directory where the user can enter that", () => {
    chmodSync(run, 0o755);
    expect(placeOf(run, "db", STRANGER).folder).toBe(join(run, "postgres", "db"));
    expect(placeOf(run, "db", undefined).folder).toBe(join(run, "postgres", "db"));
  });

  it("is outside, the same each time and another for another run, where the user cannot", () => {
    const { folder } = placeOf(run, "db", STRANGER);
    expect(folder.startsWith(run)).toBe(false);
    expect(placeOf(run, "db", STRANGER).folder).toBe(folder);
    expect(placeOf(`${run}2`, "db", STRANGER).folder).not.toBe(folder);
  });

  it("keeps what is there for the same run, and nothing for a fresh one in the same directory", () => {
    const place = placeOf(run, "db", STRANGER);
    claim(place);
    writeFileSync(join(place.folder, "data"), "");
    claim(place);
    expect(existsSync(join(place.folder, "data"))).toBe(true);
    rmSync(join(run, "postgres"), { recursive: true });
    claim(place);
    expect(existsSync(join(place.folder, "data"))).toBe(false);
  });

  it.each<[string, (folder: string) => void]>([
    ["a link", (folder) => symlinkSync(tmpdir(), folder)],
    ["a file", (folder) => writeFileSync(folder, "")],
    ["a folder that others may write into", (folder) => mkdirSync(folder) ?? chmodSync(folder, 0o777)],
  ])("is not %s, which somebody else put there for a run that goes on", (_, put) => {
    const place = placeOf(run, "db", STRANGER);
    claim(place);
    rmSync(place.folder, { recursive: true });
    put(place.folder);
    expect(() => claim(place)).toThrow(`${place.folder} was not created by this user`);
    expect(existsSync(join(place.folder, ".run"))).toBe(false);
    expect(statSync(tmpdir()).mode & 0o1777).toBe(temporaryMode);
    rmSync(place.folder, { recursive: true });
  });

  it("is of our own making, whatever a link or another user leads to", () => {
    const link = join(run, "link");
    symlinkSync("/", link);
    expect([isOurFolder(run), isOurFolder(link), isOurFolder(join(run, "none"))]).toEqual([true, false, false]);
    chmodSync(run, 0o770);
    expect(isOurFolder(run)).toBe(false);
  });

  it("leaves nothing once it is released", () => {
    const place = placeOf(run, "db", STRANGER);
    claim(place);
    release(place);
    expect([place.folder, place.sign].filter((path) => existsSync(path))).toEqual([]);
  });
});

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

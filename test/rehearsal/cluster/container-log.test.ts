import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerLog, type LogLine, selectLines } from "../../../rehearsal/cluster/container-log.ts";

let directory: string;
let log: ContainerLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sparki-log-"));
  log = new ContainerLog(join(directory, "engine.log"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function texts(lines: readonly LogLine[]) {
  return lines.map(({ text }) => text);
}

describe("ContainerLog", () => {
  it("puts lines together from chunks, and keeps the outputs apart", () => {
    log.begin();
    log.append("stdout", Buffer.from("one\ntw"));
    log.append("stderr", Buffer.from("bad\n"));
    log.append("stdout", Buffer.from("o\nrest"));
    expect(texts(log.read())).toEqual(["one", "bad", "two"]);
    log.end();
    expect(texts(log.read())).toEqual(["one", "bad", "two", "rest"]);
  });

  it("keeps the previous run's lines", () => {
    log.begin();
    log.append("stdout", Buffer.from("first\n"));
    log.begin();
    log.append("stdout", Buffer.from("second\n"));
    log.end();
    expect(texts(log.read())).toEqual(["second"]);
    expect(texts(log.read({}, { previous: true }))).toEqual(["first"]);
  });

  it("hands further lines to a follower until the run ends", () => {
    const [seen, ends]: [string[], number[]] = [[], []];
    log.begin();
    log.append("stdout", Buffer.from("before\n"));
    log.follow(
      ({ text }) => seen.push(text),
      () => ends.push(1),
    );
    log.append("stdout", Buffer.from("after\n"));
    log.end();
    expect(seen).toEqual(["after"]);
    expect(ends).toEqual([1]);
  });

  it("ends a follower of a run that is over", () => {
    const ends: number[] = [];
    log.follow(
      () => undefined,
      () => ends.push(1),
    );
    expect(ends).toEqual([1]);
  });
});

describe("selectLines", () => {
  const text = [1, 2, 3, 4].map((second) => `2026-01-01T00:00:0${second}.000Z line ${second}`).join("\n");
  it.each([
    { selection: {}, lines: ["line 1", "line 2", "line 3", "line 4"] },
    { selection: { tailLines: 2 }, lines: ["line 3", "line 4"] },
    { selection: { tailLines: 0 }, lines: [] },
    { selection: { tailLines: 9 }, lines: ["line 1", "line 2", "line 3", "line 4"] },
    { selection: { sinceMilliseconds: Date.parse("2026-01-01T00:00:03Z") }, lines: ["line 3", "line 4"] },
  ])("chooses $lines for $selection", ({ selection, lines }) => {
    expect(texts(selectLines(text, selection))).toEqual(lines);
  });
});

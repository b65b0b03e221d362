import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { MOST_ENDS } from "../../../runbook/deploy/release-history.ts";
import { boundsTable, judged, MEASURES } from "../../../tools/long-life/bounds.ts";
import { drawn, endedAs, type Happened, untruthsIn } from "../../../tools/long-life/deployments.ts";
import type { Result } from "../../../tools/long-life/life.ts";
import { pageWith, rowOf, summaryOf, verdictOf } from "../../../tools/long-life/summary.ts";

describe("drawn", () => {
  const all = drawn(200, 7);

  it("draws the same deployments for the same seed, however many of them, and others for another", () => {
    expect(drawn(24, 7)).toEqual(all.slice(0, 24));
    expect(drawn(24, 8).map(({ way }) => way.name)).not.toEqual(all.slice(0, 24).map(({ way }) => way.name));
  });

  it("has of each eight three promoted, two refused, one rolled back and two killed, each release once", () => {
    for (let first = 0; first < all.length; first += 8) {
      const kinds = all.slice(first, first + 8).map(({ kill, way }) => (kill === undefined ? way.outcome : "killed"));
      const count = (...wanted: string[]) => kinds.filter((kind) => wanted.includes(kind)).length;
      const counts = [count("promoted"), count("refused", "stopped"), count("rolled-back"), count("killed")];
      expect(counts).toEqual([3, 2, 1, 2]);
    }
    expect(new Set(all.map(({ release }) => release)).size).toBe(all.length);
  });

  it("kills at many points, and each kind of victim that leaves the cloud alone", () => {
    const victims = new Set(all.flatMap(({ kill }) => (kill === undefined ? [] : [kill.victim])));
    expect([...victims].toSorted()).toEqual(["engine", "interrupt", "interrupts", "lock", "provider", "sparki"]);
  });
});

describe("untruthsIn", () => {
  const deployed = (release: string, outcome: Happened["outcome"], more: Partial<Happened> = {}): Happened => ({
    ...{ release, outcome, isKilled: false, previous: "first" },
    ...more,
  });
  const happened = [
    deployed("a", "promoted"),
    deployed("b", "refused", { previous: "a" }),
    deployed("c", "stopped", { previous: "a" }),
    deployed("d", "rolled-back", { previous: "a" }),
    deployed("e", "promoted", { previous: "a", isKilled: true }),
  ];
  const said = [
    "first promoted",
    "a promoted",
    "c stopped",
    "d rolled-back",
    "a gone back to",
    "e failed",
    "e promoted",
  ];
  const historyOf = (lines: readonly string[], more: { live?: string; frozen?: string } = {}) => {
    const events = lines.map((each, index) => {
      const [release = "", ...what] = each.split(" ");
      return { at: 100 + index, release, what: what.join(" "), reason: "" };
    });
    return { live: "e", frozen: null, ...more, events: events.toReversed() };
  };

  it("expects of a history what a deployment said of itself, and what was meant where that is unknown", () => {
    expect(endedAs("stopped", "promoted")).toBe("stopped");
    expect(endedAs("interrupted", "promoted")).toBe("promoted");
  });

  it("finds none in a history that says what happened", () => {
    expect(untruthsIn(historyOf(said), "first", happened)).toEqual([]);
  });

  it.each([
    ["a release that was promoted and is missing", said.filter((each) => each !== "a promoted"), /^a: expected/],
    ["one that was rolled back and is said to be live", said.with(3, "d promoted"), /^d: expected that it was rolled/],
    ["a rollback to another release", said.with(4, "first gone back to"), /^d: .*found d rolled-back/],
    ["a rollback whose reason is lost", said.with(3, "d failed"), /^d: expected that it was rolled back to a/],
    ["one that was refused by its config", said.toSpliced(2, 0, "b failed"), /^b: expected no event/],
    ["one that nobody deployed", [...said, "f promoted"], /^out of order, or never happened: f promoted/],
    ["an order that was none", said.with(1, "c stopped").with(2, "a promoted"), /^a: expected/],
  ])("tells of %s", (_, lines, untruth) => {
    expect(untruthsIn(historyOf(lines), "first", happened)).toContainEqual(expect.stringMatching(untruth));
  });

  it("tells of another live release, and of a stack that nobody froze", () => {
    expect(untruthsIn(historyOf(said, { live: "a", frozen: "why" }), "first", happened)).toEqual([
      "live is a, expected e",
      "frozen: why",
    ]);
  });

  it("lets a deploy that changed nothing be forgotten once as many as are kept came after it", () => {
    const stopped = Array.from({ length: MOST_ENDS + 1 }, (_, index) => deployed(`s${index}`, "stopped"));
    const kept = stopped.slice(1).map(({ release }) => `${release} stopped`);
    const history = { ...historyOf(["first promoted", ...kept]), live: "first" };
    expect(untruthsIn(history, "first", stopped)).toEqual([]);
    const later = { ...historyOf(["first promoted", ...kept.slice(1)]), live: "first" };
    expect(untruthsIn(later, "first", stopped)).toEqual([expect.stringMatching(/^s1: expected that it was stopped/)]);
  });
});

const measures = (value: (name: string) => number) =>
  Object.fromEntries(Object.keys(MEASURES).map((name) => [name, value(name)]));

describe("judged", () => {
  const verdictsOf = (values: readonly number[], name: string) =>
    judged(values.map((value) => measures((each) => (each === name ? value : 0)))).find((each) => each.name === name);

  it("holds what grows by each deployment against its bound, over the second half", () => {
    const settles = Array.from({ length: 40 }, (_, index) => 900 + Math.min(index, 10) * 20);
    expect(verdictsOf(settles, "state size")).toMatchObject({ isBounded: true, growth: 0, most: 1100 });
    const grows = Array.from({ length: 40 }, (_, index) => 900 + index * 5);
    expect(verdictsOf(grows, "state size")).toMatchObject({ isBounded: false, growth: 5 });
  });

  it("holds what must not pass a number against the most that there was", () => {
    expect(verdictsOf([3, 10, 10, 9], "Helm revisions of one")?.isBounded).toBe(true);
    expect(verdictsOf([3, 11, 10, 9], "Helm revisions of one")?.isBounded).toBe(false);
  });

  it("shows the first, the quarters and the last, and marks what is not kept", () => {
    const all = judged(
      [11, 12, 13, 14, 15].map((value) => measures((each) => (each === "stack tags" ? value * 2 : 0))),
    );
    const row = boundsTable(all)
      .split("\n")
      .find((line) => line.startsWith("| stack tags"));
    expect(row).toMatch(/^\| stack tags \| 22 \| 24 \| 26 \| 28 \| 30 \| 2 \| at most 30 \|/);
    expect(boundsTable(judged([measures(() => 1e6)]))).toContain("**not kept: at most 10**");
  });

  it("throws for a result that lacks a measure", () => {
    expect(() => judged([{ "state size": 1 }])).toThrow(/a result has no measure "state resources"/);
  });
});

describe("the summary", () => {
  const result: Result = {
    ...{ number: 1, release: "life-7.1", name: "good", outcome: "promoted", exitCode: 0, isKilled: null },
    ...{ seconds: 60, againSeconds: null, measures: measures(() => 0), findings: [] },
  };
  const killed: Result = {
    ...result,
    number: 2,
    name: "killed update/engine-fleet/after/engine",
    isKilled: true,
    againSeconds: 30,
  };

  it("is whole where every measure is bounded and nothing was found, and never of nothing", () => {
    expect(verdictOf([result, killed]).isWhole).toBe(true);
    expect(verdictOf([]).isWhole).toBe(false);
    expect(verdictOf([{ ...result, findings: ["live is a, expected b"] }]).isWhole).toBe(false);
    expect(verdictOf([{ ...result, measures: measures(() => 1e6) }]).isWhole).toBe(false);
  });

  it("says how many there were of each kind, and what they took", () => {
    expect(summaryOf([result, killed])).toMatch(
      /^2 deployments: 1 promoted \(60 s each\), 1 killed \(90 s each\); 1 of the kills met somebody\n/,
    );
    expect(rowOf(killed, { count: 200, seconds: 600 })).toBe(
      "2/200  killed update/engine-fleet/after/engine: promoted (exit 0), 60 s and 30 s again; as it must; 10.0 min so far",
    );
  });

  it("goes into its place on the page, and nowhere else", () => {
    const page = "before\n<!-- long-life: begin -->\nwhat was there\n<!-- long-life: end -->\nafter\n";
    const written = pageWith(page, [result], 7);
    expect(written).toMatch(
      /^before\n<!-- long-life: begin -->\nSeed 7\. 1 deployments[\s\S]*<!-- long-life: end -->\nafter\n$/,
    );
    expect(written).not.toContain("what was there");
    expect(() => pageWith("nothing", [result], 7)).toThrow("docs/reliability.md has no");
  });
});

describe("npm run long-life", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "../../../tools/long-life/main.ts"), ...args], {
      encoding: "utf8",
    });

  it.each([
    [["--deployments", "0"], '--deployments is "0"; expected a whole number above 0'],
    [["--seed", "x"], '--seed is "x"; expected a whole number'],
    [["--minutes", ""], '--minutes is ""; expected a number above 0'],
    [["--sed", "7"], "Unknown option '--sed'"],
  ])("refuses %j with exit 2, and says what it expects", (args, message) => {
    const { status, stderr } = run(...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
  });
});

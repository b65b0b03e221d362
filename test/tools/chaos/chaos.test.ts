import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { StateResource } from "../../../records/state.ts";
import { type Attempt, isWhole, leftOf, pageWith, rowOf, summaryOf, timesOf } from "../../../tools/chaos/attempt.ts";
import {
  type Call,
  classesOf,
  JOURNEYS,
  type Kill,
  KNOWN_CALLS,
  killName,
  killNamed,
  killsInRow,
  killsOf,
  MOMENTS,
  pointsIn,
  sample,
  wavesIn,
} from "../../../tools/chaos/points.ts";
import { callsIn, interruptTwice, timesOfSteps } from "../../../tools/chaos/run.ts";

const WHOLE: Attempt = {
  wholeSeconds: 200,
  ...{ kill: "upgrade/update/engine-fleet/after/all", inARow: false, reached: ["engine-fleet"] },
  ...{ converged: true, orphans: 0 },
  ...{
    duplicates: 0,
    drift: 0,
    lostRows: 0,
    locks: 0,
    processes: 0,
    files: 0,
    seconds: 61.2,
    againSeconds: 40,
    overSeconds: null,
  },
  findings: [],
};
const WAVE: Attempt = { ...WHOLE, kill: "first-deploy/create/wave-5/after/all", reached: ["a", "b", "c"] };
const LEFT: Attempt = {
  ...WHOLE,
  kill: "upgrade/update/web-fleet/after/all",
  reached: ["web-fleet"],
  inARow: true,
  locks: 1,
  findings: ["left: a.json"],
};
const MISSED: Attempt = { ...WHOLE, reached: [] };

describe("kills", () => {
  const waves = JOURNEYS.flatMap((journey) => killsOf(journey, { alone: false }));
  const each = JOURNEYS.flatMap((journey) => killsOf(journey, { alone: true }));

  it("are named as the help's own example, which is one", () => {
    expect(killName(killNamed("first-deploy/create/cache-redis/after/all"))).toBe(
      "first-deploy/create/cache-redis/after/all",
    );
  });

  it("reach the same points a wave at a time as each by itself, and every kind of them", () => {
    expect(pointsIn(waves)).toBe(pointsIn(each));
    expect(each).toHaveLength(pointsIn(each));
    expect(classesOf(waves)).toEqual(classesOf(each));
    expect(waves.length).toBeLessThan(each.length / 4);
    expect(new Set(waves.map(killName)).size).toBe(waves.length);
    expect(new Set(each.map(killName)).size).toBe(each.length);
  });

  it("are of every call of every journey, at every moment", () => {
    const called = JOURNEYS.filter(({ name }) => name !== "destroy").flatMap(({ name, operations }) => {
      const own = (KNOWN_CALLS[name] ?? []).filter(({ operation }) => operations.includes(operation));
      return [...new Map(own.map((call) => [`${call.operation} ${call.step}`, call])).values()];
    });
    expect(called.length).toBeGreaterThan(150);
    const records = called.filter(({ type }) => type === "Stash").length;
    expect(records).toBeGreaterThan(0);
    const ofMachine = each.filter(({ victim, journey }) => victim === "all" && journey.name !== "destroy");
    const lasting = new Set(["Cluster", "Instance", "Release", "ReplicationGroup"]);
    const isJob = ({ operation, type }: Call) => operation === "create" && type === "Command";
    const short = called.filter((call) => !lasting.has(call.type) && !isJob(call)).length;
    expect(short).toBeLessThan(called.length - 5);
    expect(ofMachine).toHaveLength(called.length * MOMENTS.length - records * 2 - short);
  });

  it("are of every deletion of what a first deployment made, but not of a command that does not run then", () => {
    const of = (journey: string, victim: string) =>
      each.filter((kill) => kill.journey.name === journey && kill.victim === victim);
    const steps = (kills: readonly Kill[]) => new Set(kills.flatMap(({ calls }) => calls.map(({ step }) => step)));
    expect(steps(of("destroy", "all"))).toEqual(steps(of("first-deploy", "all")));
    expect(of("destroy", "all").every(({ operation }) => operation === "delete")).toBe(true);
    expect(of("destroy", "sparki")).toEqual([]);
  });

  it("kill no server before it is there", () => {
    const cluster = KNOWN_CALLS["first-deploy"]?.find(({ type }) => type === "Cluster")?.wave ?? 0;
    const killed = each.filter(({ journey, victim }) => journey.name === "first-deploy" && victim === "control-plane");
    expect(cluster).toBeGreaterThan(0);
    expect(Math.min(...killed.flatMap(({ calls }) => calls.map(({ wave }) => wave)))).toBe(cluster + 1);
  });

  it("have names that lead back to them", () => {
    // Of a wave's own records and its other calls only one can have its name.
    for (const kill of sample(each, 50, 1)) expect(killNamed(killName(kill))).toEqual(kill);
    const wave = killNamed("first-deploy/create/wave-1/after/all");
    expect(wave.calls.length).toBeGreaterThan(10);
    expect(killName(wave)).toBe("first-deploy/create/wave-1/after/all");
  });

  it.each([
    "",
    "nowhere/create/x/after/all",
    "upgrade/delete/database-jobs-seed-run/during/all",
    "upgrade/update/promotion-record/after/all",
    "upgrade/update//after/all",
    "upgrade/update/nothing-of-that-name/after/all",
    "first-deploy/create/wave-999/after/all",
    "upgrade/update/engine-fleet/after/me",
  ])("are refused by a name such as %j, with what is expected", (name) => {
    expect(() => killNamed(name)).toThrow("expected JOURNEY/OPERATION/STEP/MOMENT/VICTIM");
  });

  it("are sampled alike for one seed, and otherwise for another", () => {
    const names = (seed: number) => sample(waves, 20, seed).map(killName);
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
    expect(new Set(names(7)).size).toBe(20);
  });

  it("are sampled over every journey, victim and moment before one of these comes again", () => {
    const kind = ({ journey, victim, moment }: Kill) => [journey.name, victim, moment].join("/");
    const kinds = new Set(waves.map(kind));
    expect(new Set(sample(waves, kinds.size, 3).map(kind)).size).toBe(kinds.size);
  });
});

describe("killsInRow", () => {
  it.each(JOURNEYS)("kills $name once at each wave, in the order in which it comes to them", (journey) => {
    const row = killsInRow(journey, 5);
    const waves = row.map(({ operation, calls }) => `${operation} ${calls[0]?.wave}`);
    const all = killsOf(journey, { alone: false }).filter(({ moment }) => moment !== "known");
    expect(new Set(waves)).toEqual(new Set(all.map(({ operation, calls }) => `${operation} ${calls[0]?.wave}`)));
    expect(waves).toHaveLength(new Set(waves).size);
    const made = row.flatMap(({ operation, calls }) => (operation === "delete" ? [] : [calls[0]?.wave ?? 0]));
    expect(made).toEqual(made.toSorted((one, other) => one - other));
    expect(row).toEqual(killsInRow(journey, 5));
  });

  it("waits for at least half of a wave, so that a kill before it seldom leaves nothing to wait for", () => {
    for (const journey of JOURNEYS)
      for (let seed = 0; seed < 20; seed++)
        for (const { operation, calls } of killsInRow(journey, seed)) {
          const wave = killsOf(journey, { alone: false }).filter(
            (kill) => kill.operation === operation && kill.calls[0]?.wave === calls[0]?.wave && kill.moment !== "known",
          );
          expect(calls.length * 2).toBeGreaterThanOrEqual(Math.max(...wave.map((kill) => kill.calls.length)));
        }
  });

  it("turns to another moment and victim with each kill, and begins elsewhere for another seed", () => {
    const [journey] = JOURNEYS;
    if (journey === undefined) throw new Error("there is no journey");
    const kinds = (seed: number) => killsInRow(journey, seed).map(({ moment, victim }) => `${moment} ${victim}`);
    expect(new Set(kinds(5)).size).toBeGreaterThan(12);
    expect(kinds(5)).not.toEqual(kinds(6));
  });
});

describe("wavesIn", () => {
  it("puts what waits for something into a later wave than that", () => {
    const resource = (name: string, ...needs: string[]): StateResource => ({
      ...{ urn: `urn:pulumi:s::p::t::${name}`, type: "t", custom: true, inputs: {}, outputs: {} },
      dependencies: needs.map((each) => `urn:pulumi:s::p::t::${each}`),
    });
    const state = [
      resource("pod", "cluster", "key"),
      resource("cluster", "network"),
      resource("network"),
      resource("key"),
    ];
    expect(Object.fromEntries(wavesIn(state))).toEqual({ network: 0, key: 0, cluster: 1, pod: 2 });
  });

  it("puts what is in a component after what the component waits for", () => {
    const about = { type: "t", inputs: {}, outputs: {} };
    const state: StateResource[] = [
      { ...about, urn: "u::network", custom: true },
      { ...about, urn: "u::eks", custom: false, dependencies: ["u::network"] },
      { ...about, urn: "u::role", custom: true, parent: "u::eks" },
    ];
    expect(Object.fromEntries(wavesIn(state))).toMatchObject({ network: 0, role: 1 });
  });
});

describe("callsIn", () => {
  it("reads the steps that ended well, where a line was broken too", () => {
    const said =
      "  ✓ create Vpc network-vpc  0.0 s\n  ✓ create BucketVersioning\n    edge-lb-logs  0.4 s\n  ✗ update X y  1 s\n";
    expect(callsIn(`${said}  ✓ update Release web-fleet  32 s\n`, new Map([["web-fleet", 16]]))).toEqual([
      { operation: "create", type: "Vpc", step: "network-vpc", wave: 0 },
      { operation: "create", type: "BucketVersioning", step: "edge-lb-logs", wave: 0 },
      { operation: "update", type: "Release", step: "web-fleet", wave: 16 },
    ]);
  });
});

describe("what is left of a journey", () => {
  const stderr = "  ✓ create Vpc vpc  0.0 s\n  ✓ create Key\n    key  1 min 4 s\n";
  const arrivals = [
    { length: 10, at: 1 },
    { length: 26, at: 20 },
    { length: stderr.length, at: 90 },
  ];
  const times = timesOfSteps({ stderr, arrivals });
  const left = (actedSeconds: number, ...reached: string[]) =>
    leftOf({ times, seconds: 100 }, { operation: "create" }, { reached, actedSeconds });

  it("is counted from the last of the steps that stood there, by when their lines came", () => {
    expect(times).toEqual({ "create vpc": { end: 20, seconds: 0 }, "create key": { end: 90, seconds: 64 } });
    const ended = (...reached: string[]) => left(Infinity, ...reached);
    expect([ended("vpc"), ended("vpc", "key"), ended("gone"), ended()]).toEqual([80, 10, undefined, undefined]);
  });

  it("has all of a step that had not acted yet, and the rest of one that was at it", () => {
    expect([left(0, "key"), left(4, "key"), left(0, "vpc", "key"), left(70, "key")]).toEqual([74, 70, 74, 10]);
  });

  it("is told against what the command after the kill took", () => {
    const over = (overSeconds: number | null, kill = WAVE.kill) => ({ ...WAVE, kill, overSeconds });
    expect(timesOf([over(12), over(-3), over(41), over(null), over(500, LEFT.kill)])).toBe(
      "after 3 kills a first deployment took 12 s more at the median, 41 s at the most, than was left of one that " +
        "nothing killed, 21 % of that whole deployment at the most; 2 of them at most 30 s",
    );
    expect(timesOf([over(null)])).toBe("how long a first deployment takes after a kill was not measured");
  });
});

describe("the table", () => {
  const planned = { kills: 10, known: { "first-deploy": 300, upgrade: 100 } };

  it("counts as whole what was killed, converged and left nothing", () => {
    expect([WHOLE, LEFT, MISSED].map(isWhole)).toEqual([true, false, false]);
  });

  it("counts a step once that was killed by itself and in its wave", () => {
    const alone = { ...WAVE, kill: "first-deploy/create/a/after/all", reached: ["a"] };
    expect(summaryOf([WAVE, alone], { kills: 2, known: { "first-deploy": 300 } })).toMatch(/^3 of 300 points tried/);
  });

  it("claims no more than was tried", () => {
    expect(summaryOf([WHOLE, WAVE, LEFT, MISSED], planned)).toBe(
      "5 of 400 points tried, in 3 kills; 4 in 2 kills converged and left nothing, " +
        "1 kills were of rehearsals that were killed again and again, 1 kills met nobody, 6 kills not begun",
    );
    const page = pageWith(
      "a\n<!-- chaos: begin -->\nold\n<!-- chaos: end -->\nz\n",
      [WHOLE, WAVE, LEFT, MISSED],
      planned,
    );
    expect(page).toContain("By journey: first-deploy 3 of 300, upgrade 2 of 100.");
    expect(page).toContain("| upgrade | all | after | 2 | 2 | 2 | 0 | 0 | 0 | 0 | 1 | 0 | 0 |");
    expect(page).toContain("| first-deploy | all | after | 1 | 3 | 3 |");
    expect(page).toContain("- `upgrade/update/web-fleet/after/all`: left: a.json");
    expect(page).toMatch(/^a\n<!-- chaos: begin -->\n5 of 400 points tried, [\s\S]*<!-- chaos: end -->\nz\n$/);
    expect(page).not.toContain("old");
    const again = pageWith(page, [WAVE, { ...WAVE, kill: "upgrade/update/wave-16/before/all" }], planned);
    expect(again).toContain("Of earlier runs, 2 points in 2 kills count too");
    expect(again).toContain("By journey: first-deploy 3 of 300, upgrade 5 of 100.");
    expect(again).toContain("| upgrade | all | after | 2 | 2 | 2 | 0 | 0 | 0 | 0 | 1 | 0 | 0 |");
    const timed = page.replace(/ Time: .*\.\n/, " Time: after 2 kills 31 s more.\n");
    expect(pageWith(timed, [{ ...WAVE, overSeconds: null }], planned)).toContain(" Time: after 2 kills 31 s more.\n");
    expect(again.match(/\| first-deploy \| all \| after \|/g)).toHaveLength(1);
    expect(rowOf(MISSED)).toContain("not there");
  });

  it("keeps a row that counts more points than the results have of its kind, unless one of those is not whole", () => {
    const planned = { kills: 1, known: { "first-deploy": 300, upgrade: 100 } };
    const page = pageWith("<!-- chaos: begin -->\n<!-- chaos: end -->\n", [WAVE], planned);
    const FEWER = { ...WAVE, reached: WAVE.reached.slice(0, 1) };
    const kept = pageWith(page, [FEWER], planned);
    expect(kept).toContain("| first-deploy | all | after | 1 | 3 | 3 |");
    expect(kept).toMatch(/^0 of 400 points tried, in 0 kills; [^,]* left nothing\./m);
    expect(kept).toContain("Of earlier runs, 3 points in 1 kills count too");
    expect(kept).toContain("By journey: first-deploy 3 of 300, upgrade 0 of 100.");
    const replaced = pageWith(page, [{ ...FEWER, converged: false, findings: ["left: a.json"] }], planned);
    expect(replaced).toContain("| first-deploy | all | after | 1 | 1 | 0 |");
  });
});

describe("npm run chaos", () => {
  const main = join(import.meta.dirname, "..", "..", "..", "tools", "chaos", "main.ts");

  it("says how it is used", () => {
    expect(execFileSync(process.execPath, [main, "--help"], { encoding: "utf8" })).toContain("--point NAME");
  });

  it.each([[["--point", "x"]], [["--sample", "many"]], [["--journey", "up"]], [["--pont", "x"]]])(
    "refuses %j with exit 2, before it starts anything",
    (args) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/expected|Unknown option/);
    },
  );
});

describe("two interruptions", () => {
  it("count as met where the first ends the command already", async () => {
    const answers = [true, false];
    expect(await interruptTwice({ kill: () => answers.shift() ?? false })).toBe(true);
  });

  it("count as met by nobody where the command had ended before", async () => {
    const answers = [false, false];
    expect(await interruptTwice({ kill: () => answers.shift() ?? false })).toBe(false);
  });
});

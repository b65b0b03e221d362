import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Attempt, isWhole } from "../../../tools/chaos/attempt.ts";
import { KNOWN_CALLS } from "../../../tools/chaos/calls.ts";
import { JOURNEYS, MOMENTS, nameOf, pointNamed, pointsOf, sample, VICTIMS } from "../../../tools/chaos/points.ts";
import { callsIn } from "../../../tools/chaos/run.ts";
import { pageWith, rowOf, summaryOf } from "../../../tools/chaos/table.ts";

const WHOLE: Attempt = {
  ...{ point: "upgrade/update/engine-fleet/after/all", wasKilled: true, converged: true, orphans: 0, duplicates: 0 },
  ...{ drift: 0, locks: 0, processes: 0, files: 0, seconds: 61.2, findings: [] },
};
const LEFT: Attempt = { ...WHOLE, locks: 1, findings: ["left: a.json"] };
const MISSED: Attempt = { ...WHOLE, wasKilled: false };

describe("points", () => {
  const all = JOURNEYS.flatMap((journey) => pointsOf(journey, KNOWN_CALLS[journey.name] ?? []));

  it("are every call of every journey, at every moment, for every victim", () => {
    const calls = JOURNEYS.flatMap(({ name, operations }) => {
      const own = (KNOWN_CALLS[name] ?? []).filter(({ operation }) => operations.includes(operation));
      return [...new Map(own.map((call) => [`${call.operation} ${call.step}`, call])).values()];
    });
    expect(calls.length).toBeGreaterThan(150);
    const records = calls.filter(({ type }) => type === "Stash").length;
    expect(records).toBeGreaterThan(0);
    expect(all).toHaveLength((calls.length * MOMENTS.length - records * 2) * VICTIMS.length);
    expect(new Set(all.map(nameOf)).size).toBe(all.length);
  });

  it("have names that lead back to them", () => {
    for (const point of sample(all, 50, 1)) expect(pointNamed(nameOf(point))).toEqual(point);
  });

  it.each([
    "",
    "nowhere/create/x/after/all",
    "upgrade/create/x/during/all",
    "upgrade/update//after/all",
    "upgrade/update/x/after/me",
  ])("are refused by a name such as %j, with what is expected", (name) => {
    expect(() => pointNamed(name)).toThrow("expected JOURNEY/OPERATION/STEP/MOMENT/VICTIM");
  });

  it("are sampled alike for one seed, and otherwise for another", () => {
    const names = (seed: number) => sample(all, 20, seed).map(nameOf);
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
    expect(new Set(names(7)).size).toBe(20);
  });
});

describe("callsIn", () => {
  it("reads the steps that ended well, where a line was broken too", () => {
    const said =
      "  ✓ create Vpc network-vpc  0.0 s\n  ✓ create BucketVersioning\n    edge-lb-logs  0.4 s\n  ✗ update X y  1 s\n";
    expect(callsIn(`${said}  ✓ update Release web-fleet  32 s\n`)).toEqual([
      { operation: "create", type: "Vpc", step: "network-vpc" },
      { operation: "create", type: "BucketVersioning", step: "edge-lb-logs" },
      { operation: "update", type: "Release", step: "web-fleet" },
    ]);
  });
});

describe("the table", () => {
  it("counts as whole what was killed, converged and left nothing", () => {
    expect([WHOLE, LEFT, MISSED].map(isWhole)).toEqual([true, false, false]);
  });

  it("claims no more than was tried", () => {
    expect(summaryOf([WHOLE, LEFT, MISSED], 10)).toBe(
      "2 points tried, 1 converged and left nothing, 1 not reached, 7 not begun",
    );
    const page = pageWith("a\n<!-- chaos: begin -->\nold\n<!-- chaos: end -->\nz\n", [WHOLE, LEFT, MISSED], 3);
    expect(page.match(/upgrade\/update\/engine-fleet/g)).toHaveLength(2);
    expect(page).toMatch(/^a\n<!-- chaos: begin -->\n2 points tried, [\s\S]*<!-- chaos: end -->\nz\n$/);
    expect(page).not.toContain("old");
    expect(rowOf(MISSED)).toContain("not killed");
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

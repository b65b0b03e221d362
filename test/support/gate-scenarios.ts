import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { GateCase } from "./gate-cases.ts";
import { makeRuns, type Runs } from "./sparki.ts";

interface Expected {
  readonly gate: string;
  /** An outage may meet the gate before its pods are ready, or after: then what needs the thing does not answer. */
  readonly objective: string | RegExp;
  readonly verdict: string;
  readonly reason: RegExp;
  readonly action: string;
  readonly exitCode: number;
}

const failed = { verdict: "fail", action: "rollback", exitCode: 1 };
const held = { verdict: "inconclusive", action: "hold", exitCode: 3 };
const oneBox = { gate: "engine one-box", objective: "errors" };

/** In the order in which they are rehearsed: what has burned the error budget blocks every later start. */
export const GATES: Readonly<Record<string, Expected>> = {
  "error-spike": { ...oneBox, ...failed, reason: /requests bad: at least .* over the limit 0.1 %/ },
  "error-spike-1": { ...oneBox, ...failed, reason: /requests bad: at least .* over the limit 0.1 %/ },
  "slow-p99": { ...oneBox, ...failed, objective: "slower than 5 s", reason: /over the limit 1 %/ },
  "worse-than-fleet": {
    ...oneBox,
    ...held,
    objective: "slower than 1 s beside the fleet (synthetic)",
    reason: /clearly worse, at least [\d.]+ times as bad/,
  },
  "no-traffic": { ...oneBox, ...held, reason: /firewall rejects the gate's own requests .* under 0.1 %/ },
  "metrics-down": { ...oneBox, ...held, verdict: "error", reason: /metrics source does not respond: .*ECONNREFUSED/ },
  "metrics-nan": { ...oneBox, ...held, reason: /the metrics are not numbers: http_requests_total\{.*track="one-box"/ },
  "cache-down": {
    ...oneBox,
    ...failed,
    objective: /^(pods ready|.*cache.*)$/,
    reason: /after 10 s: .*(the cache cannot be reached|\/api\/cache\/health answered 50\d)/,
  },
  "db-down": {
    ...oneBox,
    ...failed,
    objective: /^(pods ready|.*projects.*)$/,
    reason: /after 10 s: .*(the database cannot be reached|\/api\/projects answered 50\d)/,
  },
  "already-burning": {
    gate: "start engine",
    objective: "errors: 30 min burn rate",
    verdict: "fail",
    reason: /already burning: \d+ of \d+ requests bad: burns at [\d.]+x/,
    action: "stop",
    exitCode: 1,
  },
};

/** After these the good release is deployed again: after a refusal, a release that was held, NaN, an outage, and at the end. */
const AGAIN = ["error-spike", "no-traffic", "metrics-nan", "db-down", "already-burning"];

/**
 * Those that are rehearsed on each commit: a release that fails, one that is held, and evidence that is not there. The
 * others follow every night.
 */
export const ON_EACH_COMMIT = ["error-spike", "worse-than-fleet", "no-traffic", "metrics-down"];

/**
 * Rehearses these scenarios of the table, in its order, one after the other on one cloud, and describes how each ends.
 * Throws where the table does not have one of them.
 */
export function describeGates(names: readonly string[]): void {
  const unknown = names.filter((name) => GATES[name] === undefined);
  if (unknown.length > 0) throw new Error(`no such scenario of a gate: ${unknown.join(", ")}`);
  const chosen = Object.entries(GATES).filter(([name]) => names.includes(name));
  let runs: Runs;
  let cases: ReadonlyMap<string, GateCase>;

  beforeAll(async () => {
    runs = makeRuns();
    const rehearsed = await rehearseAll(
      runs.directory,
      chosen.map(([name]) => name),
    );
    cases = new Map(rehearsed.map((each) => [each.scenario, each]));
  });
  afterAll(() => {
    const left = runs.processes();
    runs.remove();
    expect(left).toEqual([]);
  });

  describe.each(chosen)("%s", (name, expected) => {
    const found = (): GateCase => {
      const one = cases.get(name);
      if (one === undefined) throw new Error(`${name} was not rehearsed`);
      return one;
    };

    it(`is ${expected.verdict} at the ${expected.gate} gate, for its own reason`, () => {
      const { gates } = found();
      const isOne = ({ objective }: { objective: string }) =>
        expected.objective instanceof RegExp ? expected.objective.test(objective) : expected.objective === objective;
      const row = gates.find(({ gate, verdict, ...each }) => {
        return gate === expected.gate && verdict === expected.verdict && isOne(each);
      });
      const seen = gates.map(({ gate, objective, verdict, reason }) => `${gate}, ${objective}: ${verdict}, ${reason}`);
      expect(row ?? seen).toMatchObject({ reason: expect.stringMatching(expected.reason) });
    });

    it(`ends with exit ${expected.exitCode}, and the tree says ${expected.action}`, () => {
      const { action, exitCode } = found();
      expect({ action, exitCode }).toEqual({ action: expected.action, exitCode: expected.exitCode });
    });

    it("lets nothing past the one-box: the fleets' digests and the promotion record stay", () => {
      const { before, after, changed } = found();
      expect(after.live.engine.fleet).toEqual(before.live.engine.fleet);
      expect(after.live.web.fleet).toEqual(before.live.web.fleet);
      expect(after.live.engine.fleet).toHaveLength(1);
      expect(after.promotion).toEqual(before.promotion);
      const allowed = ["database-jobs-migrate-run", "database-jobs-seed-run", "engine-one-box"];
      expect(changed.filter((step) => !allowed.includes(step))).toEqual([]);
    });

    if (AGAIN.includes(name))
      it("leaves a stack on which the good release is deployed again", () => {
        expect(found().again).toBe("succeeded");
      });

    if (expected.gate.startsWith("start "))
      it("is found before anything has changed", () => {
        expect(found().changed).toEqual([]);
      });
  });
}

/** One cloud, on which a release is promoted, serves all these scenarios; in a process of its own, as `sparki` is. */
async function rehearseAll(directory: string, names: readonly string[]): Promise<GateCase[]> {
  const script = join(import.meta.dirname, "gate-cases.ts");
  const { NO_COLOR: _, ...env } = process.env;
  const scenarios = names.map((name) => (AGAIN.includes(name) ? `${name}!` : name));
  const args = [script, directory, ...scenarios];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = output.split("\n").filter((line) => line !== "");
  if (lines.length < names.length) throw new Error(said.slice(-4_000));
  return lines.map((line): GateCase => JSON.parse(line));
}

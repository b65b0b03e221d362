import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

const RECORD = "cutover-record";
const FLEET = "https://prod.sparki.tools/health on the fleet answered 503; expected 200";

type Report = ReturnType<typeof reportIn>;

/** What became of the domain's record. */
const recordIn = ({ steps }: Report) => {
  const { op, status } = steps.find(({ name }) => name === RECORD) ?? {};
  return { op, status };
};

/** What was decided last, and whether anyone was paged. */
const decidedIn = ({ decisions }: Report) => {
  const { phase, action } = decisions.at(-1) ?? {};
  return { phase, action, pages: decisions.filter(({ page }) => page).length };
};

/** One stack, whose first deployment meets what may be wrong at the cutover; each test continues from the one before. */
describe("sparki rehearse, a first deployment that fails at the cutover", () => {
  let runs: Runs;
  beforeAll(() => {
    runs = makeRuns();
  });
  afterAll(() => runs.remove());

  const rehearsed = async (...args: readonly string[]): Promise<{ run: SparkiRun; report: Report }> => {
    const run = await sparki(["rehearse", ...args, "--json"], runs);
    return { run, report: reportIn(run) };
  };

  it("does not cut over to a fleet whose targets turned unhealthy, though the one-box answers (F47)", async () => {
    const { run, report } = await rehearsed("--fault", "F47", "--time-scale", "0.004");
    expect({ exitCode: run.exitCode, outcome: report.outcome }).toEqual({ exitCode: 3, outcome: "held" });
    expect(report.reason).toMatch(/^entrance, certificate and engine: after \d+ s: /);
    expect(report.reason).toContain(FLEET);
    expect(recordIn(report)).toEqual({ op: "create", status: "failed" });
    expect(decidedIn(report)).toEqual({ phase: "cutover", action: "hold", pages: 0 });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
  });

  it("holds where the record changes and DNS does not, verifies nothing by that name and rolls nothing back (F45)", async () => {
    const { run, report } = await rehearsed("--resume", "--fault", "F45");
    expect({ exitCode: run.exitCode, outcome: report.outcome }).toEqual({ exitCode: 3, outcome: "held" });
    expect(report.reason).toMatch(
      /^promoted, but DNS does not lead to it: after \d+ s: prod\.sparki\.tools does not resolve; .* 15 minutes\. .*Next: nslookup /,
    );
    expect(recordIn(report)).toEqual({ op: "create", status: "done" });
    expect(decidedIn(report)).toEqual({ phase: "cutover", action: "hold", pages: 0 });
    expect({ verify: report.verify, rollback: report.rollback }).toEqual({ verify: null, rollback: null });
    expect(report.notifications.at(-1)?.text).toContain("live, but not proven good");
  });

  it("verifies and promotes it when run again, once DNS answers", async () => {
    const { run, report } = await rehearsed("--resume");
    expect({ exitCode: run.exitCode, outcome: report.outcome }).toEqual({ exitCode: 0, outcome: "promoted" });
    expect(recordIn(report)).toEqual({ op: "same", status: "done" });
    expect(report.verify?.success.find(({ metric }) => metric === "DNS")).toMatchObject({ verdict: "pass" });
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
    expect(runs.processes()).toEqual([]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { leakedFiles, leakedIn, secretsOf } from "./secrets.ts";
import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "./sparki.ts";

const ROOT = join(import.meta.dirname, "..", "..");

const digest = (reference: string) => reference.slice(reference.indexOf("sha256:"));

/** How a rehearsal ends that begins on a promoted release. */
type RehearsedOutcome = "promoted" | "rolled-back" | "failed";

/**
 * Describes `sparki rehearse <scenario> --on-promoted --json`: how it ends, that it leaves nothing behind, and what its
 * report says. The promoted world that it begins with may have to be made first.
 */
export function describeRehearsal(scenario: string, exitCode: number, outcome: RehearsedOutcome): void {
  describe(`sparki rehearse ${scenario} --json`, () => {
    let runs: Runs;
    let run: SparkiRun;
    let report: ReturnType<typeof reportIn>;

    beforeAll(async () => {
      runs = makeRuns();
      run = await sparki(["rehearse", scenario, "--on-promoted", "--json", "--time-scale", "0.004"], runs);
      report = reportIn(run);
    });
    afterAll(() => runs.remove());

    it(`ends ${outcome} with exit ${exitCode} and one JSON document on stdout`, () => {
      expect({ code: run.exitCode, exitCode: report.exitCode, outcome: report.outcome }).toEqual({
        code: exitCode,
        exitCode,
        outcome,
      });
    });

    it("leaves no process, no orphan, no duplicate and no drift", () => {
      expect(runs.processes()).toEqual([]);
      expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
      expect(report.world.resources).toBeGreaterThan(100);
    });

    it("changes nothing on AWS: what is there keeps the tag of the release that made it", () => {
      const onAws = report.steps.filter(({ type }) => type.startsWith("aws:"));
      expect(onAws.length).toBeGreaterThan(100);
      expect(onAws.filter(({ op }) => op !== "same")).toEqual([]);
    });

    it("reports from the Kubernetes API what the fleets and the one-boxes really run", () => {
      const { images } = (outcome === "rolled-back" ? report.previous : report.release) ?? report.release;
      const tracks = (image = "") => ({ oneBox: [digest(image)], fleet: [digest(image)] });
      expect(report.live).toEqual({ engine: tracks(images.engine), web: tracks(images.web) });
    });

    it("previews under the policies, without a violation", () => {
      // A policy counts for the resources that it is about, and not for all others.
      expect(report.policy.checked).toBeGreaterThan(500);
      expect(report.policy.checked).toBeLessThan(3000);
      expect(report.policy.violations).toEqual([]);
    });

    it("leaves its report as a page and as a document, and says where at the end", () => {
      const path = `${report.report}`;
      const [, shown] = /\n\nReport: (\S+\.html)\n• end/.exec(run.stderr) ?? [];
      expect(shown).toBe(path);
      const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
      expect(read(path)).toMatch(new RegExp(`<h1>Deploy of .*>${outcome}</span></h1>`));
      const [plan = ""] = /[^"]*(?=">The plan )/.exec(read(path)) ?? [];
      expect(read(join(path, "..", plan))).toContain("<h1>Plan for prod</h1>");
      expect({ ...JSON.parse(read(path.replace(/html$/, "json"))), report: path }).toEqual(JSON.parse(run.stdout));
    });

    it("keeps how the bounds of each objective closed in, up to the numbers that decided", () => {
      const counted = report.gates.filter(({ looks }) => looks !== undefined);
      expect(counted.length > 0).toBe(scenario !== "bad-image");
      for (const { looks = [], requests, bad, gate } of counted) {
        expect({ gate, ...looks.at(-1) }).toMatchObject({ gate, requests, bad });
        expect(looks.length).toBeLessThanOrEqual(50);
      }
    });

    it("goes through the checklist and keeps the plan's report before it changes anything", () => {
      expect(report.preflight).toMatchObject({ outcome: "passed", exitCode: 0 });
      expect(report.preflight?.confirmations["on-call-confirmed"]).toEqual({ confirmed: true, how: "rehearsed" });
      const page = join(ROOT, report.plan?.files.html ?? "");
      expect(readFileSync(page, "utf8")).toContain(report.plan?.hash);
    });

    it("has no secret in its state, its logs, its world or its output", () => {
      const directory = join(runs.directory, "prod");
      const secrets = secretsOf(directory);
      expect(leakedIn(run.stdout + run.stderr, secrets)).toEqual([]);
      expect(leakedFiles(directory, secrets)).toEqual([]);
    });

    /** The gates have nothing against it. */
    const isLate = scenario === "errors-once-live";
    const found = (id: string) => report.verify?.checks.find((check) => check.id === id);

    if (outcome === "failed") {
      it("promotes what every gate lets through, and finds by its end-to-end tests that it is not well", () => {
        expect(report.verify).toMatchObject({ outcome: "failed", exitCode: 1 });
        expect(report.verify?.checks.filter(({ status }) => status === "fail").map(({ id }) => id)).toEqual(["e2e"]);
        expect(found("e2e")?.reason).toMatch(/^job sparki-test\/e2e-\S+-next failed: BackoffLimitExceeded/);
        expect(found("e2e")?.evidence?.at(-1)).toContain("the checkout page lacks its button");
      });

      it("gives it five minutes to settle, then calls a person by the decision tree: few errors are no reason to roll back", () => {
        expect(report.decisions.slice(-2)).toMatchObject([
          { phase: "promoted", action: "wait", page: false },
          { phase: "promoted", action: "escalate", page: true, reason: expect.stringContaining("End-to-end tests") },
        ]);
        expect(report.rollback).toBeNull();
        const { text } = report.notifications.at(-1) ?? { text: "" };
        expect(text).toMatch(/^⚠️ Production deployment live, but unhealthy: @on-call-sre investigate now$/m);
      });
    } else if (outcome === "promoted") {
      it("is verified once it is live: smoke, end-to-end tests, test project, outside, objectives", () => {
        expect(report.verify).toMatchObject({ outcome: "verified", exitCode: 0, release: report.release.id });
        for (const id of ["pods", "smoke", "e2e", "test-project", "outside", "certificate", "slo-errors", "slo-p99"])
          expect({ id, status: found(id)?.status }).toEqual({ id, status: "pass" });
        expect(report.decisions.at(-1)).toMatchObject({ phase: "promoted", action: "proceed" });
      });

      it("ends with the runbook's success table, which says where there is no data yet", () => {
        expect(report.verify?.success.map(({ metric, verdict }) => `${metric}: ${verdict}`)).toEqual([
          "Pod Health: pass",
          "Error Rate: pass",
          "P99 Latency: pass",
          "Error Budget: no data yet",
          "Database: pass",
          "Cache: pass",
          "DNS: pass",
        ]);
        expect(run.stderr).toMatch(/^ {2}Metric +Threshold +Verdict +Found$/m);
      });

      it("shows every gate passed, with the counts that it rests on", () => {
        expect(new Set(report.gates.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
        const errors = report.gates.filter(({ objective }) => objective === "errors");
        expect(errors.map(({ gate }) => gate)).toEqual(["engine one-box", "web one-box", "engine fleet", "web fleet"]);
        for (const gate of errors) expect(gate.upper).toBeLessThanOrEqual(gate.limit);
      });
    } else {
      it("rolls back by itself, and soon: within four times the deployment's own time it proves that the release before serves", () => {
        expect(report.decisions.slice(-2)).toMatchObject([
          { phase: isLate ? "promoted" : "one-box", action: "rollback" },
          { phase: "rollback", action: "stop", page: false },
        ]);
        expect(report.rollback).toMatchObject({ verdict: "pass", release: { id: report.previous?.id } });
        expect(report.rollback?.reason).toMatch(
          /errors: 0 of \d+ requests bad: at most 0\.(0\d+|1) %, under the limit 0\.1 %/,
        );
        const { previewSeconds, upSeconds, rollbackSeconds } = report.timing;
        expect(rollbackSeconds).toBeLessThan(4 * (previewSeconds + upSeconds));
      });

      const touched = () =>
        report.steps.filter(({ op, status }) => status === "done" && op !== "same").map(({ name }) => name);

      if (isLate) {
        it("went back because its users' errors went on for five minutes after the promotion", () => {
          expect(touched()).toContain("promotion-record");
          expect(report.verify).toMatchObject({ outcome: "failed", release: report.release.id });
          expect(report.decisions.map(({ phase, action }) => `${phase}: ${action}`)).toContain("promoted: wait");
          expect(report.decisions.at(-2)?.reason).toMatch(/^more than 1 % have failed for five minutes/);
        });
      } else {
        it("says why it stopped, and lets nothing past the one-box", () => {
          expect(report.reason).toMatch(/ImagePull/);
          expect(touched()).not.toContain("engine-fleet");
          expect(touched()).not.toContain("promotion-record");
          expect(report.verify).toBeNull();
        });
      }
    }
  });
}

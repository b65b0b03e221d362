import { readCheckov, readKubeScore } from "../../../tools/audit-charts.ts";

const RENDERED = {
  stack: "prod",
  objects: [
    { kind: "Service", metadata: { name: "web-fleet" } },
    { kind: "Deployment", metadata: { name: "web-fleet" } },
  ],
};

function checkovReport(results: Record<string, unknown>): string {
  const none = { passed_checks: [], failed_checks: [], skipped_checks: [], parsing_errors: [] };
  return JSON.stringify({ check_type: "kubernetes", results: { ...none, ...results } });
}

const check = (id: string, file: string) => ({ check_id: id, check_name: `name of ${id}`, file_path: `/${file}` });

describe("readCheckov", () => {
  it("names the object of each failed check, and counts the passed ones", () => {
    const report = checkovReport({ passed_checks: [check("A", "0.json")], failed_checks: [check("B", "1.json")] });
    expect(readCheckov(report, RENDERED)).toEqual({
      findings: [{ tool: "checkov", check: "B", stack: "prod", object: "Deployment/web-fleet", what: "name of B" }],
      checks: 2,
      examined: new Set(["Service/web-fleet", "Deployment/web-fleet"]),
    });
  });

  it("takes a check that an annotation silences as a finding", () => {
    const report = checkovReport({ skipped_checks: [check("C", "1.json")] });
    expect(readCheckov(report, RENDERED).findings).toMatchObject([{ check: "C" }]);
  });

  it.each([
    ["an object that could not be read", checkovReport({ parsing_errors: ["/1.json"] })],
    ["a file that it was not given", checkovReport({ failed_checks: [check("A", "7.json")] })],
    ["the summary alone, which it gives when it read nothing", JSON.stringify({ passed: 0, failed: 0 })],
  ])("throws at %s", (_, report) => {
    expect(() => readCheckov(report, RENDERED)).toThrow();
  });
});

function scored(checks: readonly { id: string; grade: number; skipped?: boolean; said?: string[] }[]): string {
  const all = checks.map(({ id, grade, skipped = false, said = [] }) => ({
    check: { id },
    grade,
    skipped,
    comments: said.map((summary) => ({ path: "web", summary })),
  }));
  return JSON.stringify([{ type_meta: { kind: "Deployment" }, object_meta: { name: "web-fleet" }, checks: all }]);
}

describe("readKubeScore", () => {
  it("takes every grade below the best as a finding, a warning too", () => {
    const report = scored([
      { id: "good", grade: 10 },
      { id: "almost", grade: 7, said: ["No limit", "No limit"] },
      { id: "bad", grade: 1, said: ["Runs as root"] },
    ]);
    const common = { tool: "kube-score", stack: "prod", object: "Deployment/web-fleet" };
    expect(readKubeScore(report, "", "prod")).toEqual({
      findings: [
        { ...common, check: "almost", what: "No limit" },
        { ...common, check: "bad", what: "Runs as root" },
      ],
      checks: 3,
      examined: new Set(["Deployment/web-fleet"]),
    });
  });

  it("takes an object of which every check was skipped as not examined", () => {
    const scan = readKubeScore(scored([{ id: "any", grade: 0, skipped: true }]), "", "prod");
    expect(scan).toEqual({ findings: [], checks: 0, examined: new Set() });
  });

  it("throws its own words when it makes no report", () => {
    expect(() => readKubeScore("", "Failed to score files: no such kind", "prod")).toThrow(/no such kind/);
  });
});

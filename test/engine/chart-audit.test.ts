import { chartExemptions, judge, renderedCharts, scanCharts } from "../../tools/audit-charts.ts";
import { lineProgress } from "../../tools/progress.ts";
import { at } from "../support/chart.ts";
import { renderWorkload } from "../support/workload-values.ts";

jest.setTimeout(3_600_000);

const progress = lineProgress(process.stderr);
const context = { env: process.env, progress, signal: new AbortController().signal };

describe("the charts, as kube-score and checkov see them", () => {
  it("have no finding that is not exempt with a reason, and no exemption that nothing needs", async () => {
    const scans = await scanCharts(renderedCharts(progress), context);
    expect(scans.map(({ tool, stack }) => `${tool} ${stack}`).sort()).toEqual([
      "checkov prod",
      "checkov staging",
      "kube-score prod",
      "kube-score staging",
    ]);
    const findings = scans.flatMap(({ scan }) => scan.findings);
    expect(judge(findings, chartExemptions())).toMatchObject({ open: [], unused: [] });
  });

  it("would have, were a container privileged", async () => {
    const objects = structuredClone(renderWorkload("prod", "web", "fleet"));
    const deployment = objects.find(({ kind }) => kind === "Deployment");
    Reflect.set(Object(at(deployment, "spec.template.spec.containers.0.securityContext")), "privileged", true);
    const scans = await scanCharts([{ stack: "prod", objects }], context);
    const { open } = judge(
      scans.flatMap(({ scan }) => scan.findings),
      chartExemptions(),
    );
    const object = "Deployment/web-fleet";
    expect(open).toContainEqual(expect.objectContaining({ tool: "checkov", check: "CKV_K8S_16", object }));
    expect(open).toContainEqual(
      expect.objectContaining({ tool: "kube-score", check: "container-security-context-privileged", object }),
    );
  });
});

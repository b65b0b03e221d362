/**
 * Runs kube-score and checkov over what the charts render for every stack; fails on a finding that
 * apps/charts/exemptions.yaml does not answer, and on an exemption that nothing needs.
 * Run: npm run audit:charts
 */
import { EXIT } from "../shared/deploy-error.ts";
import { auditText, chartExemptions, judge, renderedCharts, scanCharts } from "./audit/audit.ts";
import { command } from "./command.ts";
import { lineProgress } from "./progress.ts";
import { resolveTools } from "./resolve.ts";

await command(async (signal) => {
  const progress = lineProgress(process.stderr);
  const context = { env: process.env, progress, signal };
  await resolveTools(["helm"], context);
  const scans = await scanCharts(renderedCharts(progress), context);
  const exemptions = chartExemptions();
  const judgement = judge(
    scans.flatMap(({ scan }) => scan.findings),
    exemptions,
  );
  process.stdout.write(auditText(scans, judgement, exemptions));
  return (judgement.open.length + judgement.unused.length === 0 ? EXIT.done : EXIT.refused).code;
});

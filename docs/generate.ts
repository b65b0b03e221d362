import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { exporterSettings } from "../apps/monitoring/data-alerts.ts";
import { alertPages } from "../apps/monitoring/routing.ts";
import { alertsOf } from "../apps/monitoring-values.ts";
import { podsPage } from "../policies/declared/pod-reach.ts";
import { contractPage } from "../runbook/conformance/contract.ts";
import { EXIT } from "../shared/deploy-error.ts";
import { yamlText } from "../shared/yaml-text.ts";
import { configSchema } from "../stacks/schema.ts";
import { accountAlarmsText, causesText } from "./alert-chapters.ts";
import { checklistPage, controlsPage, runbookPage, runbookSections, treePage, verifyPage } from "./pages.ts";

// Writes the generated pages of docs/ again, or only those that are named. Run: node docs/generate.ts [PAGE ...]

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  /** From the objectives and contacts of Pulumi.prod.yaml. */
  alerts: () => {
    const file: { config: Record<string, unknown> } = parse(read("../Pulumi.prod.yaml"));
    const objectives = configSchema.shape.objectives.parse(file.config["sparki:objectives"]);
    const contacts = configSchema.shape.contacts.parse(file.config["sparki:contacts"]);
    const alerts = alertsOf("prod", objectives);
    const pages = alertPages(alerts, contacts, causesText(alerts.map(({ name }) => name)));
    return `${pages}\n${accountAlarmsText()}`;
  },
  /** Only the figures, from the test's wrong and right inputs and a preview of production's program. */
  aws: async () => {
    const [{ withFigures }, { previewedProgram }] = await Promise.all([
      import("../test/aws/judged.ts"),
      import("../test/support/previewed-program.ts"),
    ]);
    return withFigures(read("aws.md"), await previewedProgram("prod"));
  },
  /** From the points that `sparki conformance` checks and lists. */
  contract: contractPage,
  /** From the metrics that alerts read, for the region of Pulumi.prod.yaml. */
  "cloudwatch-exporter": () => {
    const file: { config: Record<string, unknown> } = parse(read("../Pulumi.prod.yaml"));
    const region = configSchema.shape.region.parse(file.config["sparki:region"]);
    return `# Made by node docs/generate.ts cloudwatch-exporter; see production.md.\n${yamlText(exporterSettings("prod", region))}`;
  },
  /** From the controls and policies. */
  controls: controlsPage,
  /** From the rules of the decision tree. */
  "decision-tree": treePage,
  /** From what the policies declare. */
  "engine-pod": podsPage,
  /** From the checks before a deployment, and the statements that a migration may hold. */
  preflight: checklistPage,
  /** From docs/runbook-lines.yaml. */
  runbook: () => runbookPage(runbookSections()),
  /** From the checks of a live release. */
  verify: verifyPage,
};

function read(path: string): string {
  return readFileSync(join(import.meta.dirname, path), "utf8");
}

/** Settings are YAML, pages are Markdown. */
function fileOf(name: string): string {
  return name === "cloudwatch-exporter" ? `${name}.yaml` : `${name}.md`;
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => PAGES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`no page is named ${unknown.join(", ")}; expected some of ${Object.keys(PAGES).join(", ")}\n`);
  process.exit(EXIT.usage.code);
}
for (const [name, page] of Object.entries(PAGES))
  if (named.length === 0 || named.includes(name)) writeFileSync(join(import.meta.dirname, fileOf(name)), await page());

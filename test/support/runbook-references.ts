import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reliabilityDashboard } from "../../apps/monitoring/dashboards.ts";
import { alertsOf } from "../../apps/monitoring-values.ts";
import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { RULES } from "../../gates/tree.ts";
import { policies } from "../../policies/all.ts";
import { auditControls, ownControls } from "../../policies/controls/table.ts";
import { loadCommands } from "../../runbook/command-line.ts";
import { EXAMINATIONS } from "../../runbook/diagnosis/diagnose.ts";
import {
  anomalyMessage,
  endMessage,
  escalationMessage,
  failedRollbackMessage,
  resolvedMessage,
  startMessage,
} from "../../runbook/notify/notify.ts";
import { CHECKLIST } from "../../runbook/preflight/checklist.ts";
import { ReleaseObjectives } from "../../runbook/verify/checks/objectives.ts";
import { successTable, verifications } from "../../runbook/verify/verify.ts";
import { WATCHED } from "../../runbook/watch/look.ts";
import { STAGES } from "../../runbook/watch/schedule.ts";
import type { Message } from "../../shared/text/markup.ts";
import { parseConfig } from "../../stacks/config.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import { deployRuns } from "./deploys.ts";
import { rawConfig } from "./stack-config.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const config = parseConfig(rawConfig("prod"), "prod");

/** Every name that a reference of each kind may have: what there really is in the code. */
export const NAMES: Readonly<Record<string, () => Promise<readonly string[]> | readonly string[]>> = {
  command: async () =>
    (await loadCommands([])).flatMap(({ name, options = [] }) => [
      name,
      ...options.map(({ flags }) => `${name} ${flags.split(" ")[0]}`),
    ]),
  preflight: () => idsOf(CHECKLIST),
  verify: () => idsOf(verifications(new ReleaseObjectives({ config, pace: PACE }))),
  diagnose: () => idsOf(EXAMINATIONS),
  watch: () => STAGES.map(({ name }) => name),
  watched: () => idsOf(WATCHED),
  gate: () => modulesIn("gates/live").flatMap((name) => /^(.*)-gate$/.exec(name)?.[1] ?? []),
  objective: () => RUNBOOK_OBJECTIVES.map(({ name }) => name),
  tree: () =>
    RULES.flatMap(({ phases, verdicts, action }) =>
      phases.flatMap((phase) => verdicts.map((verdict) => `${phase}/${verdict}/${action}`)),
    ),
  control: () => idsOf([...auditControls, ...ownControls]),
  policy: () => policies.map(({ name }) => name),
  infra: () => modulesIn("infra"),
  apps: () => modulesIn("apps"),
  chart: () => filesBelow("apps/charts"),
  output: () => Object.keys(outputsSchema.shape),
  script: () => Object.keys(packageJson.scripts),
  notify: notifyNames,
  alert: () => alertsOf("prod", config.objectives).map(({ name }) => name),
  panel: () => reliabilityDashboard("prod", config.objectives).panels.map(({ title }) => title),
  success: () => successTable([], config.objectives).map(({ metric }) => metric),
  contact: () =>
    Object.entries(config.contacts).flatMap(([role, { mention, channel }]) => [role, `${role}/${mention}/${channel}`]),
  page: () =>
    ["README.md", "ARCHITECTURE.md", ...filesBelow("docs", ".md").map((name) => `docs/${name}`)].flatMap(anchorsOf),
};

const PACE = {
  syntheticRequestsPerSecond: 1,
  syntheticConcurrency: 1,
  isServerTimed: false,
  lookEverySeconds: 1,
  deadlineSeconds: 1,
  healthDeadlineSeconds: 1,
  outageSeconds: 1,
  sourceRetrySeconds: 1,
};

const packageJson: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);

function idsOf(items: readonly { readonly id: string }[]): string[] {
  return items.map(({ id }) => id);
}

function modulesIn(folder: string): string[] {
  return filesBelow(folder, ".ts").map((name) => name.replace(/\.ts$/, ""));
}

function filesBelow(folder: string, ending = ""): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(ending));
}

/** Each message by what it tells of, and each field of it. */
async function notifyNames(): Promise<string[]> {
  const { promoted, rolledBack } = await deployRuns();
  const occasion = { stack: "prod", config, at: 0 };
  const news = { release: promoted.release, elapsedSeconds: 60, reason: "slower" };
  if (rolledBack.rollback === undefined) throw new Error("the fixture has no rollback");
  const messages: Readonly<Record<string, Message>> = {
    start: startMessage(occasion, promoted.release, null),
    success: endMessage(occasion, promoted, "0 % consumed"),
    failure: endMessage(occasion, rolledBack, ""),
    "rollback-failed": failedRollbackMessage(occasion, "it does not answer", rolledBack.rollback),
    anomaly: anomalyMessage(occasion, news),
    escalation: escalationMessage(occasion, news),
    resolved: resolvedMessage(occasion, news),
  };
  return Object.entries(messages).flatMap(([kind, { text }]) => [
    kind,
    ...[...text.matchAll(/^([A-Z][\w ]*): \S/gm)].map(([, field]) => `${kind}/${field}`),
  ]);
}

/** A page, and each of its headings as GitHub links to it. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(join(ROOT, file), "utf8").matchAll(/^#+ (.*)$/gm);
  return [file, ...[...headings].map(([, heading = ""]) => `${file}#${slug(heading)}`)];
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

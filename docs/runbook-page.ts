import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { subjectOf } from "../policies/all.ts";

const sectionSchema = z.strictObject({
  section: z.string().min(1),
  /** How many lines the manual runbook has there. */
  count: z.int().min(1),
  lines: z.array(z.strictObject({ line: z.string().min(1), doneBy: z.array(z.string().includes(":")).min(1) })).min(1),
});

export type RunbookSection = z.infer<typeof sectionSchema>;

/** What a reference of each kind names, and the file that its name is in. */
const KINDS: Readonly<Record<string, { readonly means: string; readonly file?: (name: string) => string }>> = {
  command: { means: "a command, `npx sparki NAME`, with its option where one is named" },
  preflight: { means: "a check of `sparki preflight` ([preflight.md](preflight.md))" },
  verify: { means: "a check of `sparki verify`, which `sparki deploy` runs at its end ([verify.md](verify.md))" },
  diagnose: { means: "an examination of `sparki diagnose` ([diagnose.md](diagnose.md))" },
  watch: { means: "a part of the schedule of `sparki watch` ([watch.md](watch.md))" },
  watched: { means: "what each check of `sparki watch` examines, besides requests" },
  gate: {
    means: "a gate of the deployment ([gates.md](gates.md))",
    file: (name) => `../gates/live/${name}-gate.ts`,
  },
  objective: { means: "an objective that gates, alerts and dashboards share" },
  tree: { means: "a rule of the decision tree: phase, verdict, action ([decision-tree.md](decision-tree.md))" },
  control: { means: "a control that a policy enforces ([controls.md](controls.md))" },
  policy: { means: "a policy", file: (name) => `../policies/${subjectOf(name)}.ts` },
  infra: { means: "a part of the program's infrastructure", file: (name) => `../infra/${name}.ts` },
  apps: { means: "a part of the program's deployment", file: (name) => `../apps/${name}.ts` },
  chart: { means: "a file of a Helm chart", file: (name) => `../apps/charts/${name}` },
  output: { means: "an output of the stack" },
  script: { means: "an npm script" },
  notify: { means: "a message to Slack, with the field where one is named" },
  alert: { means: "an alert ([alerts.md](alerts.md))", file: (name) => `alerts.md#${name.toLowerCase()}` },
  panel: { means: "a panel of a dashboard" },
  success: { means: "a row of the success table at the end of `sparki verify`" },
  contact: { means: "a contact in the config's `sparki:contacts`" },
  page: { means: "a page", file: (name) => (name.startsWith("docs/") ? name.slice("docs/".length) : `../${name}`) },
};

/** Every line of the manual runbook with what does it now; throws when a line names nothing. */
export function runbookSections(): RunbookSection[] {
  return z.array(sectionSchema).parse(parse(readFileSync(join(import.meta.dirname, "runbook-lines.yaml"), "utf8")));
}

/** docs/runbook.md; throws for a reference of a kind that nobody knows. */
export function runbookPage(sections: readonly RunbookSection[]): string {
  const total = sections.reduce((sum, { lines }) => sum + lines.length, 0);
  const used = new Set(sections.flatMap(({ lines }) => lines.flatMap(({ doneBy }) => doneBy.map(kindOf))));
  const legend = Object.entries(KINDS).filter(([kind]) => used.has(kind));
  return [
    "# The runbook, line by line",
    "",
    "<!-- Written by `node docs/generate.ts runbook` from docs/runbook-lines.yaml; a test compares it, and resolves every reference. -->",
    "",
    `Deployments were once done by hand, by a runbook of ${total} lines. Each of them is below, with the command, check, gate,`,
    "resource or page that does it now.",
    "",
    "| reference | names |",
    "| --- | --- |",
    ...legend.map(([kind, { means }]) => `| \`${kind}:\` | ${means} |`),
    "",
    ...sections.flatMap(sectionLines),
  ].join("\n");
}

function sectionLines({ section, lines }: RunbookSection): string[] {
  const rows = lines.map(({ line, doneBy }) => `| ${line} | ${doneBy.map(reference).join(", ")} |`);
  return [`## ${section}`, "", "| line | done by |", "| --- | --- |", ...rows, ""];
}

function reference(text: string): string {
  const kind = KINDS[kindOf(text)];
  if (kind === undefined) throw new Error(`${text}: unknown kind of reference`);
  const file = kind.file?.(nameOf(text));
  return file === undefined ? `\`${text}\`` : `[\`${text}\`](${file})`;
}

/** What stands before a reference's first colon. */
export function kindOf(text: string): string {
  return text.slice(0, text.indexOf(":"));
}

/** What stands after it. */
export function nameOf(text: string): string {
  return text.slice(text.indexOf(":") + 1);
}

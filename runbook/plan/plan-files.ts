import { mkdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createWhole, isThere } from "../../io/whole-file.ts";
import { keepNewest } from "../../shared/keep-newest.ts";
import { markdownText as cell, markdownCode as code, markdownBlock } from "../../shared/text/markup.ts";
import { safeDocument } from "../../shared/text/output.ts";
import { duration } from "../report/columns.ts";
import { factTable, list, page, policyHtml, section, table, text } from "../report/page.ts";
import type { HelmDiff } from "./helm-diff.ts";
import {
  COST_COLUMNS,
  costRows,
  deployCommand,
  inputChangeText,
  NOTHING_NOTICED,
  NOTICES_TITLE,
  noticeLines,
  type Plan,
  type PlannedChange,
  planFacts,
  riskCounts,
  rollbackLists,
  shortType,
} from "./plan.ts";
import { type Drift, type InputChange, RISK_TITLES } from "./planned.ts";

/** A plan names accounts, addresses and people: it is for its owner alone. */
const OWN = { mode: 0o600 } as const;

/** A plan's files, relative to the folder of the program. */
export interface PlanFiles {
  readonly markdown: string;
  readonly html: string;
  readonly json: string;
}

const HASH_DIGITS = 12;
/** Files of plans that stay, three a plan. */
const MOST_KEPT = 600;

/** Who made a plan: a person to review it, or a deploy on its way. */
export type PlanMaker = "plan" | "deploy";

/**
 * Writes the plan for people (Markdown, and one HTML file that needs nothing else) and for the approval (JSON) into a
 * folder's `.sparki/plans`, which only its owner can read. A file that is there is never written again: what was reviewed
 * stays, and a deploy's own plan stands beside it under its own time. The newest 200 plans are kept. Paths are told as seen
 * from `shownFrom`.
 */
export async function writePlan(
  directory: string,
  plan: Plan,
  { maker = "plan", shownFrom = directory }: { readonly maker?: PlanMaker; readonly shownFrom?: string } = {},
): Promise<PlanFiles> {
  const time = plan.madeAt.replace(/[-:]|\.\d+/g, "");
  const own = maker === "deploy" ? `deploy-${time}.` : "";
  const path = (ending: string) => pathOf(directory, plan.stack, plan.fingerprint.hash, `${own}${ending}`);
  await mkdir(join(directory, ".sparki", "plans"), { recursive: true, mode: 0o700 });
  writeOnce(path("md"), planMarkdown(plan));
  writeOnce(path("html"), planHtml(plan));
  writeOnce(path("json"), documentOf(plan));
  keepNewest(join(directory, ".sparki", "plans"), MOST_KEPT);
  const shown = (ending: string) => relative(shownFrom, path(ending));
  return { markdown: shown("md"), html: shown("html"), json: shown("json") };
}

/** The fingerprint, which holds names and hashes only, stays as it is: what was approved is compared with it. */
function documentOf({ fingerprint, ...plan }: Plan): string {
  const document = { ...Object(safeDocument(plan)), fingerprint };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function writeOnce(file: string, content: string): void {
  try {
    createWhole(file, { content, ...OWN });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

/** The plan's JSON document as it was written; undefined when there is none that can be read. */
export async function readPlanDocument(projectDirectory: string, stack: string, hash: string): Promise<unknown> {
  const text = await readFile(pathOf(projectDirectory, stack, hash, "json"), "utf8").catch(() => "null");
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

function pathOf(projectDirectory: string, stack: string, hash: string, ending: string): string {
  return join(projectDirectory, ".sparki", "plans", `${stack}-${hash.slice(0, HASH_DIGITS)}.${ending}`);
}

/** The plan as one HTML page that needs no network and no script, and fits a telephone's width. */
export function planHtml(plan: Plan): string {
  const body = [
    `<h1>Plan for ${text(plan.stack)}</h1>`,
    `<p>Made <time datetime="${text(plan.madeAt)}">${text(plan.madeAt)}</time>. Hash <code>${plan.fingerprint.hash}</code>.</p>`,
    factTable("At a glance", planFacts(plan)),
    section("Images", imagesTable(plan)),
    ...riskCounts(plan).map(([risk, count]) => {
      const changes = plan.changes.filter((change) => change.risk === risk);
      return section(`${RISK_TITLES[risk]} (${count})`, list(changes.map(changeItem)));
    }),
    section(NOTICES_TITLE, noticesList(plan)),
    section("Changed by hand", driftList(plan)),
    section("If it fails", rollbackText(plan)),
    section("Policies", policyHtml(plan.policy)),
    ...(plan.helm.length > 0 ? [section("What the charts change", plan.helm.map(chartSummary).join(""))] : []),
    ...(plan.helm.length > 0 ? [section("Rendered manifests", plan.helm.map(helmDetails).join(""))] : []),
    section("Price a month", priceTable(plan)),
    section("Duration", `<p>${text(plan.duration.chain.join(" → ") || "Nothing")}</p>`),
    section("Next", `<pre><code>${text(deployCommand(plan))}</code></pre>`),
  ];
  return page(`Plan for ${plan.stack}`, body);
}

function imagesTable({ digests }: Plan): string {
  const rows = digests.map(({ image, from, to }) => {
    const change =
      from === to
        ? `<code>${text(to)}</code>, unchanged`
        : `<del>${text(from ?? "none")}</del> → <ins>${text(to)}</ins>`;
    return [text(image), change];
  });
  return table(["Image", "Live → planned"], rows);
}

function priceTable({ monthlyCost }: Plan): string {
  const rows = costRows(monthlyCost).map((row) => row.map(text));
  return `${table(COST_COLUMNS, rows)}<h3>Not counted</h3>${list(monthlyCost.notCounted.map(text))}`;
}

function changeItem({ action, name, type, changes, replacedFor, text: said }: PlannedChange): string {
  const told =
    said === undefined ? "" : `<details><summary>The policy's reason</summary><pre>${text(said)}</pre></details>`;
  const why = replacedFor.length > 0 ? `, because of ${text(replacedFor.join(", "))}` : "";
  return `${action} <strong>${text(name)}</strong> (${text(shortType(type))})${why}${inputList(changes)}${told}`;
}

/** What a chart changes of who may do or reach what, and of how much it may take, and each object's own difference. */
function chartSummary({ release, live, objects, callouts }: HelmDiff): string {
  const from = live === undefined ? "" : `<p>Against ${text(live)}.</p>`;
  const called = callouts.map((callout) => `<strong>${callout.topic}</strong>: ${text(callout.text)}`);
  const changed = objects.map(
    ({ object, action, diff, added, removed }) =>
      `<details><summary>${action} ${text(object)}: ${added} lines added, ${removed} removed</summary>${diffBlock(diff)}</details>`,
  );
  return `<h3>${text(release)}</h3>${from}${called.length > 0 ? list(called) : ""}${changed.join("") || "<p>No object differs.</p>"}`;
}

function inputList(changes: readonly InputChange[]): string {
  return changes.length > 0 ? list(changes.map((change) => `<code>${text(inputChangeText(change))}</code>`)) : "";
}

function noticesList(plan: Plan): string {
  const lines = noticeLines(plan);
  return lines.length > 0 ? list(lines.map(text)) : `<p>${text(NOTHING_NOTICED)}</p>`;
}

function driftList({ drift }: Plan): string {
  if (drift === undefined) return `<p>Not checked.</p>`;
  if (drift.length === 0) return `<p class="good">Nothing: the cloud matches the state.</p>`;
  const item = ({ name, type, isGone, changes }: Drift) =>
    `<strong>${text(name)}</strong> (${text(shortType(type))})${isGone ? ": gone" : ""}${inputList(changes)}`;
  return list(drift.map(item));
}

function rollbackText(plan: Plan): string {
  const lists = rollbackLists(plan).map(
    ([title, names]) => `<h3>${title} (${names.length})</h3>${list(names.map(text))}`,
  );
  const fact = planFacts(plan).find(([what]) => what === "If it fails")?.[1] ?? "";
  return `<p>${text(fact)}</p>${lists.join("")}`;
}

function helmDetails({ release, diff, added, removed, note }: HelmDiff): string {
  const said = note === undefined ? "" : `<p>${text(note)}</p>`;
  const shown = diffBlock(diff);
  return `<details><summary>${text(release)}: ${added} lines added, ${removed} removed</summary>${said}${shown}</details>`;
}

function diffBlock(diff: string): string {
  return diff === "" ? "" : `<pre>${diff.trimEnd().split("\n").map(diffLine).join("\n")}</pre>`;
}

function diffLine(line: string): string {
  if (line.startsWith("+")) return `<ins>${text(line)}</ins>`;
  return line.startsWith("-") ? `<del>${text(line)}</del>` : text(line);
}

/** A comment on a pull request holds 65,536 characters; a new release's manifests alone would fill it. */
const MAX_DIFF_LENGTH = 12_000;
/** Of what one creation says; a first deployment has dozens. */
const MAX_TEXT_LENGTH = 800;

/** The plan as Markdown, for a pull request's comment. */
export function planMarkdown(plan: Plan): string {
  const { changes, digests, drift, fingerprint, helm, madeAt, policy, stack } = plan;
  const sections = [
    [`# Plan for ${cell(stack)}`, "", `Made ${cell(madeAt)}. Hash ${code(fingerprint.hash)}.`],
    ["| | |", "| --- | --- |", ...planFacts(plan).map(([what, value]) => `| ${cell(what)} | ${cell(value)} |`)],
    markdownSection("Images", digests.map(imageLine)),
    ...riskCounts(plan).map(([risk, count]) => {
      const group = changes.filter((change) => change.risk === risk);
      return markdownSection(`${RISK_TITLES[risk]} (${count})`, group.flatMap(changeLines));
    }),
    markdownSection(
      NOTICES_TITLE,
      noticeLines(plan).map((line) => `- ${cell(line)}`),
      NOTHING_NOTICED,
    ),
    markdownSection(
      "Changed by hand",
      drift?.flatMap(driftLines) ?? ["Not checked."],
      "Nothing: the cloud matches the state.",
    ),
    ...rollbackLists(plan).map(([title, names]) =>
      markdownSection(
        `If it fails: ${title.toLowerCase()} (${names.length})`,
        names.map((name) => `- ${cell(name)}`),
        "None.",
      ),
    ),
    markdownSection("Policies", policy.violations.map(violationLine), `All ${policy.checked} checks passed.`),
    ...(helm.length > 0 ? [markdownSection("What the charts change", chartLines(plan), "Nothing to call out.")] : []),
    ...helm.map((diff) =>
      markdownSection(`Manifests of ${cell(diff.release)} (+${diff.added} −${diff.removed})`, helmLines(diff)),
    ),
    markdownSection("Price a month", priceLines(plan)),
    markdownSection("Duration", durationLines(plan)),
    markdownSection("Next", [markdownBlock(deployCommand(plan), "sh")]),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function markdownSection(title: string, lines: readonly string[], otherwise = "Nothing differs."): string[] {
  return [`## ${title}`, "", ...(lines.length > 0 ? lines : [otherwise])];
}

function imageLine({ image, from, to }: Plan["digests"][number]): string {
  return `- ${cell(image)}: ${from === to ? `${code(to)}, unchanged` : `${code(from ?? "none")} → ${code(to)}`}`;
}

function changeLines({ action, name, type, changes, replacedFor, text }: PlannedChange): string[] {
  const why = replacedFor.length > 0 ? `, because of ${cell(replacedFor.join(", "))}` : "";
  const told = text === undefined || text.length > MAX_TEXT_LENGTH ? [] : ["", markdownBlock(text, "yaml"), ""];
  return [`- ${cell(action)} **${cell(name)}** (${cell(shortType(type))})${why}`, ...inputLines(changes), ...told];
}

/** What each chart changes of who may do or reach what, and of how much it may take; then the objects. */
function chartLines({ helm }: Plan): string[] {
  return helm.flatMap(({ release, callouts, objects, live }) => {
    const called = callouts.map(({ topic, text }) => `  - ${cell(topic)}: ${code(text)}`);
    const counted = objects.map(({ object, action, added, removed }) =>
      cell(`${action} ${object} (+${added} −${removed})`),
    );
    const from = live === undefined ? "" : `, against ${cell(live)}`;
    return [`- **${cell(release)}**${from}: ${counted.join(", ") || "no object differs"}`, ...called];
  });
}

function driftLines({ name, type, isGone, changes }: Drift): string[] {
  return [`- **${cell(name)}** (${cell(shortType(type))})${isGone ? ": gone" : ""}`, ...inputLines(changes)];
}

function inputLines(changes: PlannedChange["changes"]): string[] {
  return changes.map((change) => `  - ${code(inputChangeText(change))}`);
}

function violationLine({ policy, level, resource, message }: Plan["policy"]["violations"][number]): string {
  return `- **${cell(policy)}** (${cell(level)})${resource === undefined ? "" : `, ${cell(resource)}`}: ${cell(message)}`;
}

function helmLines({ diff, note }: HelmDiff): string[] {
  const said = note === undefined ? [] : [cell(note), ""];
  if (diff.length > MAX_DIFF_LENGTH) return [...said, "Too long to show here: see the HTML report."];
  return diff === "" ? said : [...said, markdownBlock(diff, "diff")];
}

function priceLines({ monthlyCost }: Plan): string[] {
  const rows = [COST_COLUMNS, COST_COLUMNS.map(() => "---"), ...costRows(monthlyCost)];
  return [
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
    "",
    "Not counted:",
    ...monthlyCost.notCounted.map((what) => `- ${cell(what)}`),
  ];
}

function durationLines({ duration: { chain, typical, asOf } }: Plan): string[] {
  return chain.length > 0 ? [`${cell(chain.join(" → "))}; ${duration(typical)} by the table of ${cell(asOf)}.`] : [];
}

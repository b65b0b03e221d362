import { markdownText as cell, markdownCode as code, markdownBlock } from "../../shared/text/markup.ts";
import { duration } from "../report/columns.ts";
import { COST_COLUMNS, costRows } from "./cost-change.ts";
import type { Drift } from "./difference.ts";
import type { HelmDiff } from "./helm-diff.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import {
  deployCommand,
  inputChangeText,
  NOTHING_NOTICED,
  NOTICES_TITLE,
  noticeLines,
  planFacts,
  riskCounts,
  rollbackLists,
  shortType,
} from "./plan-text.ts";
import { RISK_TITLES } from "./planned.ts";

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
    section("Images", digests.map(imageLine)),
    ...riskCounts(plan).map(([risk, count]) => {
      const group = changes.filter((change) => change.risk === risk);
      return section(`${RISK_TITLES[risk]} (${count})`, group.flatMap(changeLines));
    }),
    section(
      NOTICES_TITLE,
      noticeLines(plan).map((line) => `- ${cell(line)}`),
      NOTHING_NOTICED,
    ),
    section("Changed by hand", drift?.flatMap(driftLines) ?? ["Not checked."], "Nothing: the cloud matches the state."),
    ...rollbackLists(plan).map(([title, names]) =>
      section(
        `If it fails: ${title.toLowerCase()} (${names.length})`,
        names.map((name) => `- ${cell(name)}`),
        "None.",
      ),
    ),
    section("Policies", policy.violations.map(violationLine), `All ${policy.checked} checks passed.`),
    ...(helm.length > 0 ? [section("What the charts change", chartLines(plan), "Nothing to call out.")] : []),
    ...helm.map((diff) =>
      section(`Manifests of ${cell(diff.release)} (+${diff.added} −${diff.removed})`, helmLines(diff)),
    ),
    section("Price a month", priceLines(plan)),
    section("Duration", durationLines(plan)),
    section("Next", [markdownBlock(deployCommand(plan), "sh")]),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[], otherwise = "Nothing differs."): string[] {
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

import { duration } from "../report/duration.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import { deployCommand, inputChangeText, planFacts, riskCounts, shortType } from "./plan-text.ts";
import { RISK_TITLES } from "./risk.ts";

/** The plan as Markdown, for a pull request's comment. */
export function planMarkdown(plan: Plan): string {
  const { drift, fingerprint, helm, policy } = plan;
  const sections = [
    [`# Plan for ${plan.stack}`, "", `Made ${plan.madeAt}. Hash \`${fingerprint.hash}\`.`],
    ["| | |", "| --- | --- |", ...planFacts(plan).map(([what, value]) => `| ${what} | ${cell(value)} |`)],
    [
      "## Images",
      "",
      ...plan.digests.map(
        ({ image, from, to }) =>
          `- ${image}: ${from === to ? `${code(to)}, unchanged` : `${code(from ?? "none")} → ${code(to)}`}`,
      ),
    ],
    ...riskCounts(plan).map(([risk, count]) => [
      `## ${RISK_TITLES[risk]} (${count})`,
      "",
      ...plan.changes.filter((change) => change.risk === risk).flatMap(changeLines),
    ]),
    [
      "## Changed by hand",
      "",
      ...(drift.length > 0
        ? drift.flatMap(({ name, type, isGone, changes }) => [
            `- **${name}** (${shortType(type)})${isGone ? ": gone" : ""}`,
            ...changes.map((change) => `  - ${code(inputChangeText(change))}`),
          ])
        : ["Nothing: the cloud is as the state says."]),
    ],
    [
      "## Policies",
      "",
      ...(policy.violations.length > 0
        ? policy.violations.map(
            ({ policy: name, level, resource, message }) =>
              `- **${name}** (${level})${resource === undefined ? "" : `, ${resource}`}: ${cell(message)}`,
          )
        : [`All ${policy.checked} checks passed.`]),
    ],
    ...(helm.length > 0
      ? [
          [
            "## Rendered manifests",
            ...helm.flatMap(({ release, diff, added, removed, note }) => [
              "",
              `### ${release} (+${added} −${removed})`,
              "",
              ...(note === undefined ? [] : [note, ""]),
              ...(diff === "" ? [] : [fenced(diff)]),
            ]),
          ],
        ]
      : []),
    [
      "## What takes the time",
      "",
      `${plan.duration.chain.join(" → ") || "Nothing"}; ${duration(plan.duration.typical)} by the table of ${plan.duration.asOf}.`,
    ],
    ["## Next", "", "```sh", deployCommand(plan), "```"],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function changeLines({ action, name, type, changes, replacedFor }: PlannedChange): string[] {
  const why = replacedFor.length > 0 ? `, because of ${replacedFor.join(", ")}` : "";
  return [
    `- ${action} **${name}** (${shortType(type)})${why}`,
    ...changes.map((change) => `  - ${code(inputChangeText(change))}`),
  ];
}

/** As code, with a fence that the text itself does not have. */
function code(text: string): string {
  const line = text.replaceAll("\n", " ");
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}

function fenced(diff: string): string {
  const fence = "`".repeat(Math.max(3, ...[...diff.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${fence}diff\n${diff.trimEnd()}\n${fence}`;
}

function cell(text: string): string {
  return text.replaceAll("\n", " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

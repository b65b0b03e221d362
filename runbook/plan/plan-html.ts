import { factTable, list, page, policyHtml, section, table, text } from "../report/page.ts";
import { COST_COLUMNS, costRows } from "./cost-change.ts";
import type { Drift, InputChange } from "./difference.ts";
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

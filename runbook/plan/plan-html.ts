import type { InputChange } from "./difference.ts";
import type { HelmDiff } from "./helm-diff.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import { deployCommand, inputChangeText, planFacts, riskCounts, shortType, wayBackLists } from "./plan-text.ts";
import { RISK_TITLES } from "./risk.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #1b1f24; --ground: #fff; --line: #6b7280; --soft: #f3f4f6; --good: #14532d; --bad: #9b1c1c; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e5e7eb; --ground: #111418; --line: #9ca3af; --soft: #1f242b; --good: #86efac; --bad: #fca5a5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem .35rem 0; text-align: left; vertical-align: top; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
ins, .good { color: var(--good); text-decoration: none; }
del, .bad { color: var(--bad); text-decoration: none; }
th { overflow-wrap: normal; }
ul { padding-left: 1.25rem; }
summary { cursor: pointer; padding: .25rem 0; font-weight: 600; }
`;

/** The plan as one HTML page that needs no network and no script, and fits a telephone's width. */
export function planHtml(plan: Plan): string {
  const body = [
    `<h1>Plan for ${text(plan.stack)}</h1>`,
    `<p>Made <time datetime="${text(plan.madeAt)}">${text(plan.madeAt)}</time>. Hash <code>${plan.fingerprint.hash}</code>.</p>`,
    `<table><caption>At a glance</caption><tbody>${planFacts(plan).map(factRow).join("")}</tbody></table>`,
    section("Images", imagesTable(plan)),
    ...riskCounts(plan).map(([risk, count]) => {
      const changes = plan.changes.filter((change) => change.risk === risk);
      return section(`${RISK_TITLES[risk]} (${count})`, list(changes.map(changeItem)));
    }),
    section("Changed by hand", driftList(plan)),
    section("If it fails", wayBackText(plan)),
    section("Policies", policyList(plan)),
    ...(plan.helm.length > 0 ? [section("Rendered manifests", plan.helm.map(helmDetails).join(""))] : []),
    section("What takes the time", `<p>${text(plan.duration.chain.join(" → ") || "Nothing")}</p>`),
    section("Next", `<pre><code>${text(deployCommand(plan))}</code></pre>`),
  ];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Plan for ${text(plan.stack)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main>\n${body.join("\n")}\n</main></body></html>\n`;
}

function section(title: string, content: string): string {
  return `<section><h2>${text(title)}</h2>\n${content}</section>`;
}

function factRow([what, value]: readonly [string, string]): string {
  return `<tr><th scope="row">${text(what)}</th><td>${text(value)}</td></tr>`;
}

function imagesTable({ digests }: Plan): string {
  const rows = digests.map(({ image, from, to }) => {
    const change =
      from === to
        ? `<code>${text(to)}</code>, unchanged`
        : `<del>${text(from ?? "none")}</del> → <ins>${text(to)}</ins>`;
    return `<tr><th scope="row">${text(image)}</th><td>${change}</td></tr>`;
  });
  return `<table><thead><tr><th scope="col">Image</th><th scope="col">Live → planned</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function changeItem({ action, name, type, changes, replacedFor }: PlannedChange): string {
  const why = replacedFor.length > 0 ? `, because of ${text(replacedFor.join(", "))}` : "";
  return `${action} <strong>${text(name)}</strong> (${text(shortType(type))})${why}${inputList(changes)}`;
}

function inputList(changes: readonly InputChange[]): string {
  return changes.length > 0 ? list(changes.map((change) => `<code>${text(inputChangeText(change))}</code>`)) : "";
}

function driftList({ drift }: Plan): string {
  if (drift.length === 0) return `<p class="good">Nothing: the cloud is as the state says.</p>`;
  const item = ({ name, type, isGone, changes }: Plan["drift"][number]) =>
    `<strong>${text(name)}</strong> (${text(shortType(type))})${isGone ? ": gone" : ""}${inputList(changes)}`;
  return list(drift.map(item));
}

function wayBackText(plan: Plan): string {
  const lists = wayBackLists(plan).map(
    ([title, names]) => `<h3>${title} (${names.length})</h3>${list(names.map(text))}`,
  );
  const fact = planFacts(plan).find(([what]) => what === "If it fails")?.[1] ?? "";
  return `<p>${text(fact)}</p>${lists.join("")}`;
}

function policyList({ policy: { checked, violations } }: Plan): string {
  if (violations.length === 0) return `<p class="good">All ${checked} checks passed.</p>`;
  const item = ({ policy, level, resource, message }: Plan["policy"]["violations"][number]) =>
    `<strong class="bad">${text(policy)}</strong> (${text(level)})${resource === undefined ? "" : `, ${text(resource)}`}: ${text(message)}`;
  return list(violations.map(item));
}

function helmDetails({ release, diff, added, removed, note }: HelmDiff): string {
  const said = note === undefined ? "" : `<p>${text(note)}</p>`;
  const shown = diff === "" ? "" : `<pre>${diff.trimEnd().split("\n").map(diffLine).join("\n")}</pre>`;
  return `<details><summary>${text(release)}: ${added} lines added, ${removed} removed</summary>${said}${shown}</details>`;
}

function diffLine(line: string): string {
  if (line.startsWith("+")) return `<ins>${text(line)}</ins>`;
  return line.startsWith("-") ? `<del>${text(line)}</del>` : text(line);
}

function list(items: readonly string[]): string {
  if (items.length === 0) return "<p>None.</p>";
  return `<ul>${items.map((item) => `<li>${item}</li>`).join("")}</ul>`;
}

/** Text that a browser shows as it is. */
function text(value: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return value.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

import type { Verdict } from "../../gates/gate.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { contentPolicy, htmlHref, htmlText } from "../../shared/text/markup.ts";
import type { Status } from "../preflight/check.ts";
import type { NextAction } from "./what-now.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #1b1f24; --ground: #fff; --line: #6b7280; --soft: #f3f4f6; --good: #14532d; --bad: #9b1c1c; --open: #7a4300; --mark: #1d4ed8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e5e7eb; --ground: #111418; --line: #9ca3af; --soft: #1f242b; --good: #86efac; --bad: #fca5a5; --open: #fcd34d; --mark: #93c5fd; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
a { color: var(--mark); }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem .35rem 0; text-align: left; vertical-align: top; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.open { color: var(--open); }
ins { font-weight: 700; text-decoration: none; }
del { text-decoration: line-through; }
.now { border-left: .25rem solid var(--text); padding-left: .75rem; }
thead th { overflow-wrap: normal; }
tbody th { min-width: 6rem; }
ul, ol { padding-left: 1.25rem; }
summary { cursor: pointer; padding: .25rem 0; font-weight: 600; }
`;

/**
 * One colour has one meaning on every page: green was proven good, red was proven bad or refused, amber is not known, and
 * blue leads somewhere. What a change adds and removes is told by weight and a line through it, not by a colour.
 */
export type Tone = "good" | "bad" | "open";

/** A verdict or an outcome in the colour of what it means. */
export function toned(tone: Tone, value: string): string {
  return `<strong class="${tone}">${text(value)}</strong>`;
}

/** A whole HTML page that needs no network and no script, and fits a telephone's width; light or dark as its reader likes. */
export function page(title: string, body: readonly string[], style = ""): string {
  const styles = `${STYLE}${style}`;
  const policy = `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(styles)}">`;
  const head = `<meta charset="utf-8">${policy}<meta name="viewport" content="width=device-width, initial-scale=1"><title>${text(title)}</title><style>${styles}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main>\n${body.join("\n")}\n</main></body></html>\n`;
}

/** Text from anywhere that a browser shows as it is, between tags and in quoted attributes. */
export function text(value: string): string {
  return htmlText(value);
}

/** A part of a page; `content` is HTML. */
export function section(title: string, content: string): string {
  return `<section><h2>${text(title)}</h2>\n${content}</section>`;
}

/** What the reader does now, right below the outcome. */
export function nowSection(actions: readonly NextAction[]): string {
  const items = actions.map(({ text: said, command }) =>
    command === undefined ? text(said) : `${text(said)}:<pre><code>${text(command)}</code></pre>`,
  );
  return `<section class="now"><h2>What to do now</h2>\n${list(items, "ordered")}</section>`;
}

/** A list of HTML items; `ordered` where the order means something. */
export function list(items: readonly string[], kind: "ordered" | "unordered" = "unordered"): string {
  if (items.length === 0) return "<p>None.</p>";
  const tag = kind === "ordered" ? "ol" : "ul";
  return `<${tag}>${items.map((item) => `<li>${item}</li>`).join("")}</${tag}>`;
}

/** Facts in one line each, by what they are about. */
export function factTable(caption: string, facts: readonly (readonly [what: string, value: string])[]): string {
  const rows = facts.map(([what, value]) => `<tr><th scope="row">${text(what)}</th><td>${text(value)}</td></tr>`);
  return `<table><caption>${text(caption)}</caption><tbody>${rows.join("")}</tbody></table>`;
}

/** Somewhere to read on. */
export interface Link {
  readonly title: string;
  /** A web address, or a path beside the page. */
  readonly href: string;
}

/** A part of a page with places to read on; nothing where there are none. */
export function linksSection(links: readonly Link[]): string[] {
  const items = links.map(({ title, href }) => {
    const address = htmlHref(href);
    return address === undefined ? `${text(title)} (${text(href)})` : `<a href="${address}">${text(title)}</a>`;
  });
  return items.length === 0 ? [] : [section("More information", list(items))];
}

/** A table whose first column names its rows; cells are HTML. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = ([first = "", ...rest]: readonly string[]) =>
    `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  const titles = head.map((title) => `<th scope="col">${text(title)}</th>`).join("");
  return `<table><thead><tr>${titles}</tr></thead><tbody>${rows.map(row).join("")}</tbody></table>`;
}

/** What a gate, a check or a row of the success table can say. */
type Said = Verdict | Status | "not proven" | "no data yet";

const TONES: Readonly<Record<Said, Tone>> = {
  pass: "good",
  fail: "bad",
  error: "open",
  inconclusive: "open",
  "not proven": "open",
  "no data yet": "open",
  warn: "open",
  skipped: "open",
};

/** Green for what was proven good, red for what was proven bad, amber for all that is not known. */
export function toneOf(said: Said): Tone {
  return TONES[said];
}

/** The same of how a deploy or a rollback ended. */
export function toneOfEnd(outcome: string, exitCode: number): Tone {
  if (exitCode === EXIT.done.code) return "good";
  return outcome === "held" ? "open" : "bad";
}

/** What the policies found. */
export function policyHtml({ checked, violations }: EngineResult["policy"]): string {
  if (violations.length === 0) return `<p class="good">All ${checked} checks passed.</p>`;
  const items = violations.map(({ policy, level, resource, message }) => {
    const where = resource === undefined ? "" : `, ${text(resource)}`;
    return `<strong class="bad">${text(policy)}</strong> (${text(level)})${where}: ${text(message)}`;
  });
  return `<p>${checked} checks:</p>${list(items)}`;
}

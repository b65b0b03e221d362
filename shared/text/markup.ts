import { createHash } from "node:crypto";
import { bounded, safeText } from "./visible.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** A page with a chart's whole manifests is long; one text of this length is a mistake of who wrote it. */
const LONGEST_TEXT = 1_000_000;

/** Text that a browser shows as it is, between tags and in quoted attributes; without secrets and hidden characters. */
export function htmlText(value: string): string {
  return escapedHtml(safeText(value));
}

function escapedHtml(safe: string): string {
  return bounded(safe, LONGEST_TEXT).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? character);
}

/** An address that a click may open: the web, or a file beside the page; anything else (`javascript:`, `data:`) is none. */
export function htmlHref(href: string): string | undefined {
  const shown = safeText(href).trim();
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(shown)?.[0].toLowerCase();
  const isWeb = scheme === "https:" || scheme === "http:";
  if (scheme !== undefined && !isWeb) return undefined;
  if (scheme === undefined && /^[\\/]{2}|^[^/?#]*:/.test(shown)) return undefined;
  return escapedHtml(shown);
}

/**
 * A page's content security policy: nothing is loaded or run, and the only style is the page's own, by its hash. See
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP.
 */
export function contentPolicy(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

const LONGEST_MARKDOWN = 4_000;

/** The begin of `:white_check_mark:`, a picture that says what only we may say. */
const EMOJI_NAME = /(?<![\w:]):(?=[a-z+-][\w+-]{1,60}:)/g;

/** Text from outside in one line of Markdown: no heading, link, image, table cell, HTML or mention can begin in it. */
export function markdownText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(
      /^(\s*)([-+=#/]|\d{1,9}[.)](?=\s|$))/,
      (_, blank: string, sign: string) => `${blank}${sign.slice(0, -1)}\\${sign.slice(-1)}`,
    )
    .replace(/([@#])(?=[\w])/g, `$1${JOINER}`)
    .replace(EMOJI_NAME, `:${JOINER}`);
}

/** Text from outside as code within a line, between more backticks than it has together; `|` also in a table's cell. */
export function markdownCode(text: string): string {
  const line = oneLine(text);
  const fence = "`".repeat(longestRun(line) + 1);
  const space = fence.length > 1 || /^ | $|^$/.test(line) ? " " : "";
  return `${fence}${space}${line.replaceAll("|", "\\|")}${space}${fence}`;
}

/** Text from outside as a block of code, behind a fence that it does not have. */
export function markdownBlock(text: string, language = ""): string {
  const shown = safeText(text).trimEnd();
  const fence = "`".repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}${language}\n${shown}\n${fence}`;
}

function oneLine(text: string): string {
  return bounded(safeText(text).replace(/\s+/g, " "), LONGEST_MARKDOWN);
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

declare const brand: unique symbol;

/** Text that Slack shows as it was meant: only what we mention is mentioned, and nothing from outside is a link. */
export type SlackText = string & { readonly [brand]: "slack" };

const SLACK_ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Of no width and no break: what it parts stays readable and is no name any more. */
const JOINER = "\u2060";

const LONGEST_SLACK = 3_500;

const GROUP = /^<(?:!subteam\^S[A-Z0-9]{1,20}|@[UW][A-Z0-9]{1,20})>$/;

const NAME = /^@[\w.-]{1,80}$/;

/** Somebody whom a message of ours calls on purpose. */
export class Mention {
  readonly text: string;

  /** As the config has it: `@team`, or an id in Slack's own form; anything else is shown as text. */
  constructor({ mention }: { readonly mention: string }) {
    this.text = GROUP.test(mention) || NAME.test(mention) ? mention : escaped(mention);
  }
}

/**
 * A message's text: what is written in the template is ours, every string in it is from outside. See
 * https://docs.slack.dev/messaging/formatting-message-text.
 */
export function slack(ours: TemplateStringsArray, ...values: readonly (string | Mention)[]): SlackText {
  const parts = values.map((value) => (typeof value === "string" ? escaped(value) : value.text));
  return branded(String.raw({ raw: ours.raw.map(unescapedBreaks) }, ...parts));
}

/** Texts below one another. */
export function slackLines(lines: readonly SlackText[]): SlackText {
  return branded(bounded(lines.join("\n"), LONGEST_SLACK));
}

/** Whether a text names someone by `@name`, for which Slack needs to be told to look names up. */
export function namesSomebody(text: SlackText): boolean {
  return /(?:^|[\s(])@[\w.-]/.test(text);
}

/** One line from outside, in which nothing is a mention, a channel, a link or a format. */
function escaped(value: string): string {
  return safeText(value)
    .replace(/\s+/g, " ")
    .replace(/[&<>]/g, (character) => SLACK_ENTITIES[character] ?? character)
    .replace(/([@#])(?=[\p{L}\p{N}_])/gu, `$1${JOINER}`)
    .replace(EMOJI_NAME, `:${JOINER}`)
    .replace(/(?<![\p{L}\p{N}])([*_~`])(?=\S)/gu, `$1${JOINER}`);
}

function unescapedBreaks(raw: string): string {
  return raw.replaceAll("\\n", "\n");
}

function branded(text: string): SlackText {
  if (!isSlack(text)) throw new TypeError("no text");
  return text;
}

function isSlack(text: string): text is SlackText {
  return text !== undefined;
}

/** One message for people; the channel is one of the config's contacts. */
export interface Message {
  readonly channel: string;
  readonly text: SlackText;
}

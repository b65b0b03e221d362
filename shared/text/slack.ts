import { safeText } from "./outside.ts";
import { bounded } from "./visible.ts";

declare const brand: unique symbol;

/** Text that Slack shows as it was meant: only what we mention is mentioned, and nothing from outside is a link. */
export type SlackText = string & { readonly [brand]: "slack" };

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
/** Of no width and no break: what it parts stays readable and is no name any more. */
const JOINER = "\u2060";
const LONGEST_TEXT = 3_500;
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
  return branded(bounded(lines.join("\n"), LONGEST_TEXT));
}

/** Whether a text names somebody by `@name`, for which Slack needs to be told to look names up. */
export function namesSomebody(text: SlackText): boolean {
  return /(?:^|[\s(])@[\w.-]/.test(text);
}

/** One line from outside, in which nothing is a mention, a channel, a link or a format. */
function escaped(value: string): string {
  return safeText(value)
    .replace(/\s+/g, " ")
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character)
    .replace(/([@#])(?=[\p{L}\p{N}_])/gu, `$1${JOINER}`)
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

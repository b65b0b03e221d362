import { z } from "zod";
import type { Clock } from "../shared/clock.ts";
import type { Message } from "../shared/text/markup.ts";
import { namesSomebody, type SlackText } from "../shared/text/markup.ts";
import { bounded, safeText } from "../shared/text/visible.ts";
import { type HttpAnswer, jsonIn, pageTitle, request, saidInstead } from "./http.ts";
import type { Network } from "./network.ts";

/** Whether a message has reached its channel; a problem never names the secret that was used. */
export type Delivery = { readonly delivered: true } | { readonly delivered: false; readonly problem: string };

/** Sends messages in order; resolves with what became of each, within a bounded time, and never rejects. */
export interface Messenger {
  send(message: Message): Promise<Delivery>;
}

/** One of both; a bot reaches any channel and keeps a deployment's messages in one thread, a webhook only its own channel. */
export interface SlackSecrets {
  readonly token?: string | undefined;
  readonly webhook?: string | undefined;
  /** Where a bot posts. @default Slack's own */
  readonly api?: string;
}

const TIMEOUT_SECONDS = 5;
/** For one message, every wait that Slack asks for included: a page is worth it, and the work continues meanwhile. */
const PATIENCE_SECONDS = 120;
const LONGEST_PAUSE_SECONDS = 30;
/** What Slack's API says when the same request may succeed later (https://docs.slack.dev/reference/methods/chat.postMessage). */
const LATER: ReadonlySet<string> = new Set([
  "service_unavailable",
  "ratelimited",
  "rate_limited",
  "message_limit_exceeded",
  "internal_error",
  "fatal_error",
  "request_timeout",
  "team_added_to_org",
]);
/** What it says where the message's thread cannot be posted into, though its channel can. */
const THREAD_GONE: ReadonlySet<string> = new Set(["thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"]);
const API = "https://slack.com/api/chat.postMessage";

const answerSchema = z.object({ ok: z.boolean(), ts: z.string().optional(), error: z.string().optional() });

/** Slack by bot token or webhook; without a secret every message is told to have gone nowhere. */
export function openSlack(network: Network, secrets: SlackSecrets, clock: Clock): Messenger {
  // What is read from a file ends with a line break.
  const [token, webhook, api] = [secrets.token?.trim(), secrets.webhook?.trim(), secrets.api ?? API];
  if (token !== undefined) return botMessenger({ network, token, api, clock });
  if (webhook !== undefined) {
    const without = withoutWebhook(webhook);
    const post = (text: SlackText) => () => ask(network, webhook, payload(text));
    return { send: ({ text }) => persistently({ clock, without }, post(text), webhookAnswer) };
  }
  return { send: async () => ({ delivered: false, problem: "no SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK is set" }) };
}

/** Nothing in the text is looked up or unfolded but the names that we mention. */
function payload(text: SlackText): Readonly<Record<string, unknown>> {
  const names = namesSomebody(text) ? { link_names: true } : {};
  return { text, ...names, parse: "none", mrkdwn: false, unfurl_links: false, unfurl_media: false };
}

interface Bot {
  readonly network: Network;
  readonly token: string;
  readonly api: string;
  readonly clock: Clock;
}

const SHORTEST_SECRET = 8;

/** Takes a webhook's address, and each part of it that is secret, out of a text. */
export function withoutWebhook(webhook: string): (text: string) => string {
  return withoutAny(partsOf(webhook));
}

/** What of a webhook's address is its secret: what stands behind the host, each part by itself as well. */
function partsOf(webhook: string): string[] {
  const url = URL.parse(webhook);
  if (url === null) return [webhook];
  const parts = [...url.pathname.split("/"), ...url.searchParams.values(), url.username, url.password];
  const secret = parts.filter((part) => part.length >= SHORTEST_SECRET && !/^[a-z]+$/.test(part));
  return [webhook, `${url.pathname}${url.search}`, ...secret].filter((part) => part.length >= SHORTEST_SECRET);
}

/** Takes the parts out of a text, each as it is and as it stands in an address: error pages tell what they were asked for. */
function withoutAny(parts: readonly string[]): (text: string) => string {
  const forms = [...new Set(parts.flatMap((part) => [part, encodeURIComponent(part.toWellFormed())]))];
  const longestFirst = forms.filter((form) => form !== "").sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((left, form) => left.replaceAll(form, "[secret]"), text);
}

/** The first message of a channel begins a thread, and the later ones go into it. */
function botMessenger({ network, token, api, clock }: Bot): Messenger {
  const threads = new Map<string, string>();
  const without = withoutAny([token]);
  return {
    send: async ({ channel, text }) => {
      const post = () => {
        const thread = threads.get(channel);
        const body = { channel, ...payload(text), ...(thread !== undefined && { thread_ts: thread }) };
        return ask(network, api, body, token);
      };
      return persistently({ clock, without }, post, (answer) => {
        const said = answerSchema.safeParse(jsonIn(answer.body)).data;
        if (said?.ok !== true) {
          const error = said?.error ?? "Slack's answer cannot be read";
          if (!THREAD_GONE.has(error) || threads.delete(channel)) return error;
          return `${error}, so it was not sent into the thread`;
        }
        if (!threads.has(channel) && said.ts !== undefined) threads.set(channel, said.ts);
        return undefined;
      });
    },
  };
}

type Answered = Extract<HttpAnswer, { answered: true }>;

/** Slack says `ok`, and for a workflow that its JSON says so; an answer that says nothing is someone else's. */
function webhookAnswer(answer: Answered): string | undefined {
  const { body } = answer;
  if (/^(ok|\{\})$/.test(body.trim()) || answerSchema.safeParse(jsonIn(body)).data?.ok === true) return undefined;
  return pageTitle(body) === undefined && body.trim() !== "" ? body : saidInstead(answer);
}

/** What a refusal says, as far as a person reads it. */
function told(text: string): string {
  return bounded(safeText(text.slice(0, 400)), 80);
}

interface Posting {
  readonly clock: Clock;
  /** Takes the secret out of what an answer says, before anything of it is cut off or told. */
  without(text: string): string;
}

/**
 * Tries again what may succeed later: no answer, 429 and 5xx, and an API's own word for it; after the time that Slack
 * names, else after longer and longer pauses, as long as two minutes let it.
 */
async function persistently(
  { clock, without }: Posting,
  post: () => Promise<HttpAnswer>,
  problemOf: (answer: Answered) => string | undefined,
): Promise<Delivery> {
  const end = clock.now() + PATIENCE_SECONDS;
  for (let tried = 1; ; tried++) {
    const answer = forgetful(await post(), without);
    const refused = answer.answered && answer.status === 200 ? problemOf(answer) : problemIn(answer);
    if (refused === undefined) return { delivered: true };
    const isOver = answer.answered && answer.status === 200;
    const problem = without(isOver ? `Slack refused it: ${told(without(refused))}` : refused);
    if (!mayWorkLater(answer, refused)) return { delivered: false, problem };
    const wait = THREAD_GONE.has(refused) ? 0 : waitAfter(answer, tried, clock.now());
    if (clock.now() + wait >= end) return { delivered: false, problem: `${problem}, and asks for ${wait} s more` };
    await clock.sleep(wait);
  }
}

function forgetful(answer: HttpAnswer, without: Posting["without"]): HttpAnswer {
  if (!answer.answered) return { ...answer, error: without(answer.error) };
  const { location } = answer.headers;
  const headers = typeof location === "string" ? { ...answer.headers, location: without(location) } : answer.headers;
  return { ...answer, headers, body: without(answer.body) };
}

function problemIn(answer: HttpAnswer): string {
  if (!answer.answered) return `Slack does not respond: ${answer.error}`;
  const isSaid = answer.status < 500 && (answer.body.trim() !== "" || answer.headers.location !== undefined);
  return `Slack answered ${isSaid ? told(saidInstead(answer)) : answer.status}`;
}

function mayWorkLater(answer: HttpAnswer, refused: string): boolean {
  if (!answer.answered || answer.status === 429 || answer.status >= 500) return true;
  return answer.status === 200 && (LATER.has(refused) || THREAD_GONE.has(refused));
}

/** Seconds, as Retry-After says them or by when it ends, which is never followed by a try before that. */
function waitAfter(answer: HttpAnswer, tried: number, now: number): number {
  const header = answer.answered ? String(answer.headers["retry-after"] ?? "") : "";
  const time = /^[a-z]{3}/i.test(header) ? Date.parse(header) / 1000 : Number.NaN;
  const asked = /^\d+(\.\d+)?$/.test(header) ? Number(header) : time - now;
  return asked > 0 ? Math.ceil(asked) : Math.min(LONGEST_PAUSE_SECONDS, 2 ** (tried - 1));
}

function ask(network: Network, url: string, body: unknown, token?: string): Promise<HttpAnswer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { "content-type": "application/json; charset=utf-8", ...authorization };
  return request(network, url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    timeoutSeconds: TIMEOUT_SECONDS,
  });
}

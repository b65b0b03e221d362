import { z } from "zod";
import type { Clock } from "../shared/clock.ts";
import { safeText } from "../shared/text/outside.ts";
import type { Message } from "../shared/text/slack.ts";
import { namesSomebody, type SlackText } from "../shared/text/slack.ts";
import { bounded } from "../shared/text/visible.ts";
import { type HttpAnswer, request } from "./http.ts";
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
/** For one message, every wait that Slack asks for included: a page is worth it, and the work goes on meanwhile. */
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
const API = "https://slack.com/api/chat.postMessage";

const answerSchema = z.object({ ok: z.boolean(), ts: z.string().optional(), error: z.string().optional() });

/** Slack by bot token or webhook; without a secret every message is told to have gone nowhere. */
export function openSlack(network: Network, { token, webhook, api = API }: SlackSecrets, clock: Clock): Messenger {
  if (token !== undefined) return botMessenger({ network, token, api, clock });
  if (webhook !== undefined) {
    const post = (text: SlackText) => () => ask(network, webhook, payload(text));
    return { send: ({ text }) => persistently(clock, post(text), webhookAnswer) };
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

/** The first message of a channel begins a thread, and the later ones go into it. */
function botMessenger({ network, token, api, clock }: Bot): Messenger {
  const threads = new Map<string, string>();
  return {
    send: async ({ channel, text }) => {
      const thread = threads.get(channel);
      const body = { channel, ...payload(text), ...(thread !== undefined && { thread_ts: thread }) };
      return persistently(
        clock,
        () => ask(network, api, body, token),
        (answer) => {
          const said = answerSchema.safeParse(parse(answer.body)).data;
          if (said?.ok !== true) return said?.error ?? "Slack's answer cannot be read";
          if (thread === undefined && said.ts !== undefined) threads.set(channel, said.ts);
          return undefined;
        },
      );
    },
  };
}

type Answered = Extract<HttpAnswer, { answered: true }>;

function webhookAnswer({ body }: Answered): string | undefined {
  return /^(ok|\{\})?$/.test(body.trim()) ? undefined : bounded(safeText(body), 80);
}

/**
 * Tries again what may succeed later: no answer, 429 and 5xx, and an API's own word for it; after the time that Slack
 * names, else after longer and longer pauses, as long as two minutes let it.
 */
async function persistently(
  clock: Clock,
  post: () => Promise<HttpAnswer>,
  problemOf: (answer: Answered) => string | undefined,
): Promise<Delivery> {
  const end = clock.now() + PATIENCE_SECONDS;
  for (let tried = 1; ; tried++) {
    const answer = await post();
    const refused = answer.answered && answer.status === 200 ? problemOf(answer) : problemIn(answer);
    if (refused === undefined) return { delivered: true };
    const isOver = answer.answered && answer.status === 200;
    const problem = isOver ? `Slack refused it: ${refused}` : refused;
    if (!mayWorkLater(answer, refused)) return { delivered: false, problem };
    const wait = waitAfter(answer, tried);
    if (clock.now() + wait >= end) return { delivered: false, problem: `${problem}, and asks for ${wait} s more` };
    await clock.sleep(wait);
  }
}

function problemIn(answer: HttpAnswer): string {
  return answer.answered ? `Slack answered ${answer.status}` : `Slack does not answer: ${answer.error}`;
}

function mayWorkLater(answer: HttpAnswer, refused: string): boolean {
  if (!answer.answered || answer.status === 429 || answer.status >= 500) return true;
  return answer.status === 200 && LATER.has(refused);
}

/** Seconds, as Retry-After says them, which is never followed by a try before that. */
function waitAfter(answer: HttpAnswer, tried: number): number {
  const asked = answer.answered ? Number(answer.headers["retry-after"]) : Number.NaN;
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

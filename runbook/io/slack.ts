import { z } from "zod";
import type { Clock } from "../command.ts";
import type { Message } from "../notify/notify.ts";
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

const TRIES = 3;
const TIMEOUT_SECONDS = 5;
const LONGEST_WAIT_SECONDS = 5;
const API = "https://slack.com/api/chat.postMessage";

const answerSchema = z.object({ ok: z.boolean(), ts: z.string().optional(), error: z.string().optional() });

/** Slack by bot token or webhook; without a secret every message is told to have gone nowhere. */
export function openSlack(network: Network, { token, webhook, api = API }: SlackSecrets, clock: Clock): Messenger {
  if (token !== undefined) return botMessenger({ network, token, api, clock });
  if (webhook !== undefined) {
    const post = (text: string) => () => ask(network, webhook, { text, link_names: 1 });
    return { send: ({ text }) => persistently(clock, post(text), webhookAnswer) };
  }
  return { send: async () => ({ delivered: false, problem: "no SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK is set" }) };
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
      const body = { channel, text, link_names: true, ...(thread !== undefined && { thread_ts: thread }) };
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
  return /^(ok|\{\})?$/.test(body.trim()) ? undefined : body.slice(0, 80);
}

/** Tries again what may succeed later: no answer, 429 after the time that Slack names, and 5xx. */
async function persistently(
  clock: Clock,
  post: () => Promise<HttpAnswer>,
  problemOf: (answer: Answered) => string | undefined,
): Promise<Delivery> {
  let problem = "";
  for (let tried = 1; tried <= TRIES; tried++) {
    const answer = await post();
    if (answer.answered && answer.status === 200) {
      const refused = problemOf(answer);
      return refused === undefined
        ? { delivered: true }
        : { delivered: false, problem: `Slack refused it: ${refused}` };
    }
    problem = answer.answered ? `Slack answered ${answer.status}` : `Slack does not answer: ${answer.error}`;
    if (answer.answered && answer.status < 500 && answer.status !== 429) break;
    if (tried < TRIES) await clock.sleep(waitAfter(answer, tried));
  }
  return { delivered: false, problem };
}

function waitAfter(answer: HttpAnswer, tried: number): number {
  const asked = answer.answered ? Number(answer.headers["retry-after"]) : Number.NaN;
  return Math.min(LONGEST_WAIT_SECONDS, Number.isFinite(asked) ? asked : tried);
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

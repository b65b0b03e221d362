/**
 * Asks a site at a steady rate, whatever it answers, until its stdin ends, and prints what came of it as JSON:
 * `node test/support/steady-load.ts <options>`. In a process of its own, so that the site's work does not slow it down.
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { lookupAt } from "../../rehearsal/app/settings.ts";

export interface LoadOptions {
  readonly origin: string;
  /** Address and port of the DNS server that knows the site. */
  readonly dnsServer: string;
  readonly authorityFile: string;
  readonly perSecond: number;
  /** Asked in turn. */
  readonly calls: readonly { readonly method: "GET" | "POST"; readonly path: string }[];
}

export interface LoadFigures {
  readonly requests: number;
  readonly seconds: number;
  /** Answers by status; 0 stands for no answer. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Those that were not answered with 2xx: when, by the clock in milliseconds, and why. */
  readonly failures: readonly { readonly at: number; readonly what: string }[];
  readonly slowestMilliseconds: number;
}

const TICK_MILLISECONDS = 5;
const PROGRESS_MILLISECONDS = 200;
const SECONDS_TO_ANSWER = 30;

const options: LoadOptions = JSON.parse(process.argv[2] ?? "{}");
const lookup = lookupAt(options.dnsServer);
const ca = readFileSync(options.authorityFile, "utf8");
const agent = new Agent({ connections: 64, connect: { ca, ...(lookup && { lookup }) } });
const statuses: Record<number, number> = {};
const failures: { at: number; what: string }[] = [];
const pending = new Set<Promise<void>>();
let [asked, slowest] = [0, 0];

async function ask(index: number): Promise<void> {
  const call = options.calls[index % options.calls.length];
  if (call === undefined) return;
  const start = performance.now();
  const { status, what } = await answerOf(call).catch((error) => ({ status: 0, what: String(error) }));
  slowest = Math.max(slowest, performance.now() - start);
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status < 200 || status > 299) failures.push({ at: Date.now(), what: `${call.method} ${call.path}: ${what}` });
}

async function answerOf({ method, path }: LoadOptions["calls"][number]): Promise<{ status: number; what: string }> {
  const limit = SECONDS_TO_ANSWER * 1000;
  const headers = { "user-agent": "steady-load" };
  const sent = { method, headers, dispatcher: agent, headersTimeout: limit, bodyTimeout: limit };
  const { statusCode, body } = await request(`${options.origin}${path}`, sent);
  return { status: statusCode, what: `${statusCode} ${(await body.text()).slice(0, 200)}` };
}

const begin = performance.now();
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - begin) / 1000) * options.perSecond);
  for (; asked < due; asked += 1) {
    const answered: Promise<void> = ask(asked).finally(() => pending.delete(answered));
    pending.add(answered);
  }
}, TICK_MILLISECONDS);
const progress = setInterval(() => process.stdout.write(`${asked}\n`), PROGRESS_MILLISECONDS);

process.stdin.resume().once("end", async () => {
  clearInterval(timer);
  clearInterval(progress);
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(pending);
  const figures: LoadFigures = {
    requests: asked,
    seconds,
    statuses,
    failures,
    slowestMilliseconds: Math.round(slowest),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  await agent.destroy();
});

import { z } from "zod";
import type { Clock } from "../shared/clock.ts";
import { type Http, type HttpAnswer, type HttpRequest, jsonIn, pageTitle, saidInstead } from "./http.ts";

/** What a silence hides: alerts of this stack that say of themselves that a deployment causes them. */
const CAUSED_BY_DEPLOYMENT = { name: "caused_by", value: "deployment" };

/** How long a silence is made for: so long it outlives a command that was killed. */
export const SILENCE_SECONDS = 30 * 60;
/** How often it is made longer while the work goes on. */
const RENEW_SECONDS = SILENCE_SECONDS / 3;

export interface SilenceOptions {
  /** Alertmanager's, without a slash at its end; undefined where the stack has none to ask. */
  readonly url: string | undefined;
  readonly http: Http;
  readonly clock: Clock;
  readonly stack: string;
  /** A bearer token, where Storm wants one. */
  readonly token?: string | undefined;
  readonly line: (text: string) => void;
}

const madeSchema = z.object({ silenceID: z.string().min(1) });

/**
 * Runs the work while Alertmanager keeps quiet about what a deployment of the stack causes, and about nothing else. The
 * silence ends with the work; were the process killed, it ends by itself. That it cannot be made stops nothing.
 */
export async function whileSilenced<T>(options: SilenceOptions, why: string, work: () => Promise<T>): Promise<T> {
  const { url, line } = options;
  if (url === undefined) return work();
  const over = new AbortController();
  const silence = new Silence(options, why);
  const problem = await silence.renew();
  if (problem !== undefined) line(`  ! alerts that the deployment causes are not silenced: ${problem}`);
  const renewing = problem === undefined ? keep(silence, options.clock, over.signal) : Promise.resolve();
  try {
    return await work();
  } finally {
    over.abort();
    await renewing;
    const left = problem === undefined ? await silence.end() : undefined;
    if (left !== undefined) line(`  ! the silence of alerts is not lifted, and ends by itself: ${left}`);
  }
}

async function keep(silence: Silence, { sleep }: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(RENEW_SECONDS, signal).catch(() => undefined);
    if (!signal.aborted) await silence.renew();
  }
}

/** One silence in Alertmanager; each of its ways of failing is told in words. */
class Silence {
  readonly #options: SilenceOptions;
  readonly #why: string;
  readonly #begin: number;
  #id: string | undefined;

  constructor(options: SilenceOptions, why: string) {
    this.#options = options;
    this.#why = why;
    this.#begin = options.clock.now();
  }

  /** Makes it, or makes it last as long again from now; one that Alertmanager forgot at a restart is made again. */
  async renew(): Promise<string | undefined> {
    const asked = await this.#post();
    const isForgotten = this.#id !== undefined && isUnknown(asked);
    if (isForgotten) this.#id = undefined;
    const answer = isForgotten ? await this.#post() : asked;
    const problem = this.#problemOf(answer);
    if (!answer.answered || problem !== undefined) return problem;
    const made = madeSchema.safeParse(jsonIn(answer.body));
    if (!made.success) return `it answered ${saidInstead(answer)}`;
    this.#id = made.data.silenceID;
    return undefined;
  }

  async end(): Promise<string | undefined> {
    if (this.#id === undefined) return undefined;
    const answer = await this.#ask(`silence/${encodeURIComponent(this.#id)}`, { method: "DELETE" });
    // What Alertmanager does not know silences nothing.
    return isUnknown(answer) ? undefined : this.#problemOf(answer);
  }

  #post(): Promise<HttpAnswer> {
    const { stack, clock } = this.#options;
    const at = (seconds: number) => new Date(seconds * 1000).toISOString();
    const body = JSON.stringify({
      ...(this.#id !== undefined && { id: this.#id }),
      matchers: [{ name: "stack", value: stack }, CAUSED_BY_DEPLOYMENT].map((matcher) => ({
        ...matcher,
        isRegex: false,
        isEqual: true,
      })),
      startsAt: at(this.#begin),
      endsAt: at(clock.now() + SILENCE_SECONDS),
      createdBy: "sparki deploy",
      comment: this.#why,
    });
    return this.#ask("silences", { method: "POST", body });
  }

  #problemOf(answer: HttpAnswer): string | undefined {
    const { url } = this.#options;
    if (!answer.answered) return `${url}: ${answer.error}`;
    return answer.status === 200 ? undefined : `${url} answered ${saidInstead(answer)}`;
  }

  #ask(path: string, request: HttpRequest): Promise<HttpAnswer> {
    const { url, http, token } = this.#options;
    const headers = {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    return http(`${url}/api/v2/${path}`, { ...request, headers, timeoutSeconds: 10 });
  }
}

/** Whether Alertmanager itself does not know the silence; a page that was not found comes from somebody else. */
function isUnknown(answer: HttpAnswer): boolean {
  return answer.answered && answer.status === 404 && pageTitle(answer.body) === undefined;
}

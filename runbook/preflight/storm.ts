import type { z } from "zod";
import { DeployError } from "../../stacks/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { HttpAnswer, HttpRequest } from "../io/http.ts";
import { type Check, type Finding, skipped } from "./check.ts";
import type { PreflightContext } from "./context.ts";

type UrlKey = keyof StackConfig["storm"];

/** One of Storm's services, asked at its own address. */
export interface StormService {
  readonly url: string;
  /** Throws SPARKI_OUTSIDE when it does not answer at all. */
  ask(path: string, options?: HttpRequest): Promise<Extract<HttpAnswer, { answered: true }>>;
  /** The parsed JSON of an answer 200; throws SPARKI_OUTSIDE with what came instead. */
  read<T>(path: string, schema: z.ZodType<T>, options?: HttpRequest): Promise<T>;
}

interface StormCheck extends Pick<Check, "id" | "title" | "proves"> {
  readonly service: UrlKey;
  /** @default 30 */
  readonly timeLimitSeconds?: number;
  judge(service: StormService, context: PreflightContext, signal: AbortSignal): Promise<Finding>;
}

/** A check of a service that is skipped where the config has no address of it. */
export function stormCheck({ service: key, judge, timeLimitSeconds = 30, ...check }: StormCheck): Check {
  return {
    ...check,
    group: "Observability",
    timeLimitSeconds,
    run: async (context, signal) => {
      const url = context.config.storm[key]?.replace(/\/+$/, "");
      if (url === undefined) return skipped(`no sparki:storm.${key} is configured`);
      return judge(openService(url, context, signal), context, signal);
    },
  };
}

/** What to do about any service of Storm: it is not ours, so the fix is to ask those who run it. */
export function stormFix({ config }: PreflightContext): string {
  const { commandCenterUrl } = config.storm;
  const place = commandCenterUrl === undefined ? "" : `look at ${commandCenterUrl}, `;
  return `${place}ask ${config.contacts.platform.mention} in ${config.contacts.platform.channel}`;
}

function openService(url: string, context: PreflightContext, signal: AbortSignal): StormService {
  const { http, tokens } = context;
  const authorization = tokens.storm === undefined ? {} : { authorization: `Bearer ${tokens.storm}` };
  const ask: StormService["ask"] = async (path, options = {}) => {
    const headers = { ...authorization, ...options.headers };
    const answer = await http(`${url}${path}`, { timeoutSeconds: 10, signal, ...options, headers });
    if (answer.answered) return answer;
    throw new DeployError("SPARKI_OUTSIDE", `${url}${path}: ${answer.error}`, { hint: stormFix(context) });
  };
  return {
    url,
    ask,
    read: async (path, schema, options) => {
      const { status, body } = await ask(path, options);
      const parsed = status === 200 ? schema.safeParse(json(body)) : undefined;
      if (parsed?.success) return parsed.data;
      const said = parsed === undefined ? `answered ${status}` : "answered what no such service would";
      throw new DeployError("SPARKI_OUTSIDE", `${url}${path} ${said}: ${body.slice(0, 80)}`, {
        hint: stormFix(context),
      });
    },
  };
}

/** A JSON body with the header that says so. */
export function jsonRequest(body: unknown): HttpRequest {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { z } from "zod";
import { type HttpAnswer, type HttpRequest, pageTitle, saidInstead } from "../../io/http.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { type Check, type Finding, fail, pass, skipped } from "./check.ts";
import type { PreflightContext } from "./context.ts";

type UrlKey = Exclude<keyof StackConfig["storm"], "inCluster">;

/** All that a look at whether a service is up needs. */
export type StormContext = Pick<PreflightContext, "stack" | "config" | "http" | "tokens" | "clock">;

/** One of Storm's services, asked at its own address. */
export interface StormService {
  readonly url: string;
  /** Throws SPARKI_OUTSIDE when it does not answer at all. */
  ask(path: string, options?: HttpRequest): Promise<Extract<HttpAnswer, { answered: true }>>;
  /** The parsed JSON of an answer 200; throws SPARKI_OUTSIDE with what came instead. */
  read<T>(path: string, schema: z.ZodType<T>, options?: HttpRequest): Promise<T>;
}

/** Whether Prometheus or Alertmanager says at `/-/ready` that it is ready; a page, such as a proxy's, is no such word. */
export async function readiness(service: StormService, context: StormContext): Promise<Finding> {
  const path = "/-/ready";
  const answer = await service.ask(path);
  if (answer.status === 200 && pageTitle(answer.body) === undefined) return pass("ready");
  const said = answer.status === 200 ? saidInstead(answer) : answer.status;
  return fail(`${service.url}${path} answered ${said}`, stormFix(context));
}

interface StormCheck<Context extends StormContext> extends Pick<Check, "id" | "title" | "proves"> {
  readonly service: UrlKey;
  /** @default 30 */
  readonly timeLimitSeconds?: number;
  judge(service: StormService, context: Context, signal: AbortSignal): Promise<Finding>;
}

/** What a first deployment makes the place for can only be checked after it. */
export const NOT_YET =
  "not yet: Storm runs in this stack's own cluster, which does not exist yet; verify checks it later";

/** A check of a service that is skipped where the config has no address of it. */
export function stormCheck({
  service: key,
  judge,
  timeLimitSeconds = 30,
  ...check
}: StormCheck<PreflightContext>): Check {
  return {
    ...check,
    group: "Observability",
    timeLimitSeconds,
    run: async (context, signal) => {
      const url = context.config.storm[key]?.replace(/\/+$/, "");
      if (url === undefined) return skipped(`no sparki:storm.${key} is configured`);
      if (context.config.storm.inCluster === true && !(await hasCluster(context))) return skipped(NOT_YET);
      return judge(openService(url, context, signal), context, signal);
    },
  };
}

/** A check of whether a service is up, which needs nothing of a deployment: also for what is verified after one. */
export interface StormLook extends Pick<Check, "id" | "title" | "proves" | "timeLimitSeconds"> {
  /** Skipped where the config has no address of it. */
  look(context: StormContext, signal: AbortSignal): Promise<Finding>;
}

/** The check, and the same as a look that is made after a first deployment. */
export function stormLook(check: StormCheck<StormContext>): Check & StormLook {
  const { service: key, judge } = check;
  const look = async (context: StormContext, signal: AbortSignal): Promise<Finding> => {
    const url = context.config.storm[key]?.replace(/\/+$/, "");
    if (url === undefined) return skipped(`no sparki:storm.${key} is configured`);
    return judge(openService(url, context, signal), context, signal);
  };
  return { ...stormCheck(check), look };
}

async function hasCluster({ state }: PreflightContext): Promise<boolean> {
  const { resources } = await state.read();
  return resources.some(({ type }) => type === "kubernetes:helm.sh/v3:Release");
}

/** What to do about any service of Storm: it is not ours, so the fix is to ask those who run it. */
export function stormFix({ config }: Pick<StormContext, "config">): string {
  const { commandCenterUrl } = config.storm;
  const place = commandCenterUrl === undefined ? "" : `look at ${commandCenterUrl}, `;
  return `${place}ask ${config.contacts.platform.mention} in ${config.contacts.platform.channel}`;
}

function openService(url: string, context: StormContext, signal: AbortSignal): StormService {
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
      const said =
        parsed === undefined ? `answered ${status}` : "answered with something that such a service would not send";
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

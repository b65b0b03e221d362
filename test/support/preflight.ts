import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { z } from "zod";
import type { HttpAnswer, HttpRequest } from "../../io/http.ts";
import type { StateResource } from "../../records/state.ts";
import type { Check, Finding } from "../../runbook/preflight/check.ts";
import type { PreflightContext } from "../../runbook/preflight/context.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { fakeClock } from "./fake-clock.ts";
import { rawConfig } from "./stack-config.ts";

/** 2026-11-23T12:00:00Z, when every fake context is asked. */
export const NOW = Date.UTC(2026, 10, 23, 12) / 1000;

const PROD = parseConfig(rawConfig("prod"), "prod");

/** Prod's config with some of its parts replaced. */
export function configWith(changes: Partial<StackConfig>): StackConfig {
  return { ...PROD, ...changes };
}

/** What an AWS function answers: an answer, nothing (undefined), an Error, or what depends on its arguments. */
export type AwsAnswers = Readonly<Record<string, unknown>>;
/** Answers by the start of `METHOD url`; what is not named does not answer. */
export type HttpAnswers = Readonly<
  Record<string, { status?: number; body?: unknown; headers?: Record<string, string> }>
>;

export interface FakeRequest extends HttpRequest {
  readonly url: string;
}

export interface FakeContext extends PreflightContext {
  /** Every HTTP request that was made. */
  readonly requests: FakeRequest[];
}

/** A context in which nothing was deployed and nothing answers, but for what a test gives it. */
/** A world without names. */
export const NO_NAMES: PreflightContext["names"] = {
  nameServersOf: async () => [],
  addressesOf: async () => [],
  delegationSignersOf: async () => [],
  issuersOf: async () => undefined,
};

export function fakeContext(
  changes: Partial<PreflightContext> & {
    answers?: never;
    confirmed?: boolean;
    looks?: AwsAnswers;
    web?: HttpAnswers;
  } = {},
): FakeContext {
  const { looks = {}, web = {}, confirmed = true, ...parts } = changes;
  const requests: FakeRequest[] = [];
  const answer = { confirmed, how: "flag" } as const;
  return {
    stack: "prod",
    config: PROD,
    projectDirectory: "/project",
    checkoutDirectory: parts.projectDirectory ?? "/project",
    aws: fakeAws(looks),
    cluster: fakeCluster(),
    state: fakeState([]),
    http: async (url, options = {}) => {
      requests.push({ url, ...options });
      return httpAnswer(web, url, options);
    },
    names: NO_NAMES,
    commands: { aws: refuse, helm: refuse, git: refuse },
    files: fakeFiles({}),
    slackSecrets: async () => ({}),
    pullSecret: async () => undefined,
    tokens: {},
    clock: fakeClock(NOW),
    isRehearsal: false,
    ...parts,
    answers: { "on-call-confirmed": answer, "window-announced": answer },
    requests,
  };
}

async function refuse(): Promise<never> {
  throw new DeployError("SPARKI_OUTSIDE", "no such program");
}

/** A cluster of which only the given parts exist. */
export function fakeCluster(parts: Partial<PreflightContext["cluster"]> = {}): PreflightContext["cluster"] {
  const nothing = async () => undefined;
  const questions = {
    helmReleases: nothing,
    forgetOperation: async () => false,
    jobs: nothing,
    installed: nothing,
    pods: nothing,
    warnings: nothing,
  };
  return { ...questions, logLines: nothing, usage: nothing, ...parts };
}

export function fakeAws(answers: AwsAnswers): PreflightContext["aws"] {
  return {
    find: async <T>(name: string, args: unknown, schema: z.ZodType<T>) => {
      const given = answers[name];
      const answer: unknown = typeof given === "function" ? given(args) : given;
      if (answer instanceof Error) throw answer;
      return answer === undefined ? undefined : schema.parse(answer);
    },
    close: async () => {},
  };
}

export function fakeState(
  resources: readonly StateResource[],
  more: { pending?: readonly { operation: string; urn: string }[]; lock?: { holder: string; since?: string } } = {},
): PreflightContext["state"] {
  const { lock } = more;
  return {
    read: async () => ({ resources, pending: more.pending ?? [] }),
    lock: async () => (lock === undefined ? undefined : { holder: lock.holder, since: lock.since }),
  };
}

/** Files by their absolute path. */
export function fakeFiles(files: Readonly<Record<string, string>>): PreflightContext["files"] {
  return {
    read: (path) => files[path],
    list: (path) => {
      const found = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return found.length === 0 ? undefined : found.map((file) => file.slice(path.length + 1)).sort();
    },
  };
}

/** The project's own files. */
export const realFiles: PreflightContext["files"] = {
  read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
  list: (path) => (existsSync(path) ? readdirSync(path).sort() : undefined),
};

/** A resource as the state holds it. */
export function resource(type: string, name: string, more: Partial<StateResource> = {}): StateResource {
  const urn = `urn:pulumi:prod::sparki::${type}::${name}`;
  return { urn, type, custom: true, inputs: {}, outputs: {}, ...more };
}

/** The promotion record of a release. */
export function promotionOf(release: Release): StateResource {
  const input = { release, revisions: { engine: 1, web: 1 }, chartHashes: { engine: "e", web: "w" } };
  return resource("pulumi:index:Stash", "promotion-record", { inputs: { input } });
}

function httpAnswer(web: HttpAnswers, url: string, { method = "GET" }: HttpRequest): HttpAnswer {
  const key = Object.keys(web)
    .filter((each) => `${method} ${url}`.startsWith(each))
    .sort((left, right) => right.length - left.length)[0];
  const found = key === undefined ? undefined : web[key];
  if (found === undefined) return { answered: false, error: "connect ECONNREFUSED", seconds: 0 };
  const { status = 200, body = "", headers = {} } = found;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { answered: true, status, headers, body: text, seconds: 0 };
}

/** Runs one check to its finding. */
export function look(check: Check, context: PreflightContext): Promise<Finding> {
  return check.run(context, new AbortController().signal);
}

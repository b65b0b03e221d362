import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Route53Client } from "@aws-sdk/client-route-53";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { z } from "zod";
import { plain } from "../records/engine-record.ts";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { temporaryFolder } from "../tools/temporary-folders.ts";
import { awsHandler } from "./aws-client.ts";
import { within } from "./clock.ts";
import type { Network } from "./network.ts";
import { hostProgram, pulumiProcess } from "./pulumi-process.ts";
import { rehearsalVariables } from "./rehearsal-variables.ts";

/** Questions to AWS through the provider's own functions: they change nothing, and the rehearsal's provider answers them too. */
export interface AwsLookups {
  /**
   * Calls a function such as `rds/getSnapshot` and parses its answer; undefined when AWS has no such thing. Throws
   * SPARKI_OUTSIDE with AWS's own words when it could not be asked or did not answer within five minutes, and with the place
   * where an answer is not as the schema says. The answer may hold secrets: parse only what is needed.
   */
  find<T>(name: string, args: Readonly<Record<string, unknown>>, schema: z.ZodType<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

export interface AwsLookupsOptions {
  /** The Pulumi CLI's path and version. */
  readonly cli: { readonly path: string; readonly version: string };
  readonly region: string;
  /** No other account is ever asked. */
  readonly accountId: string;
  /** Credentials come from here, as for the AWS command line. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** AWS has more than one of what was asked for, and the provider's function names none of them. */
export class SeveralFound extends DeployError {
  constructor(message: string, options: { hint?: string; cause?: unknown }) {
    super("SPARKI_OUTSIDE", message, options);
    this.name = "SeveralFound";
  }
}

/** AWS shows nothing of it to these credentials. */
export class NotShown extends DeployError {
  constructor(message: string, options: { hint?: string; cause?: unknown }) {
    super("SPARKI_OUTSIDE", message, options);
    this.name = "NotShown";
  }
}

/** The answer, or that AWS has several such things. */
export async function unlessSeveral<T>(find: () => Promise<T>): Promise<T | "several"> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof SeveralFound) return "several";
    throw error;
  }
}

interface Question {
  readonly token: string;
  readonly args: Readonly<Record<string, unknown>>;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

const STACK = "lookups";
/** The engine's start included; the provider itself tries again for much longer. */
const ANSWER_SECONDS = 300;

/** Opens nothing yet: the engine starts with the first question and answers all further ones until it is closed. */
export function openAwsLookups(options: AwsLookupsOptions): AwsLookups {
  const waiting: Question[] = [];
  let wake = () => {};
  let closed = false;
  let failure: Error | undefined;
  let serving: Promise<void> | undefined;

  /** Runs inside the engine's program: only there do the SDK's functions know their engine. */
  async function program(): Promise<void> {
    const pulumi = await import("@pulumi/pulumi");
    const version = providerVersion();
    const answer = ({ token, args, resolve, reject }: Question) =>
      pulumi.runtime.invoke(token, { ...args }, { version }).then(resolve, reject);
    while (!closed) {
      for (const question of waiting.splice(0)) void answer(question);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (waiting.length > 0 || closed) resolve();
      });
    }
  }

  async function serve(): Promise<void> {
    try {
      await withEngine(options, program);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    for (const { reject } of waiting.splice(0)) reject(failure ?? new Error("the look-up process has ended"));
  }

  function ask(token: string, args: Question["args"]): Promise<unknown> {
    if (failure !== undefined || closed) return Promise.reject(failure ?? new Error("the look-up process has ended"));
    serving ??= serve();
    return new Promise((resolve, reject) => {
      waiting.push({ token, args, resolve, reject });
      wake();
    });
  }

  return {
    find: async (name, args, schema) => {
      const asked = within(ask(tokenOf(name), args), ANSWER_SECONDS, "no answer");
      const answer = await asked.catch(async (error: unknown) => {
        if (saysAbsent(messageOf(error))) return undefined;
        // An engine that gives up takes all questions with it, and says only at its end why.
        if (isEnd(error)) await serving;
        throw unreachable(name, failure ?? error);
      });
      return answer === undefined ? undefined : understood(name, answer, schema);
    },
    close: async () => {
      closed = true;
      // A program whose engine has gone must not end: the SDK would tell that engine of it.
      if (failure === undefined) wake();
      await serving;
    },
  };
}

/** A stack of its own in a folder that goes away: the real one is neither locked nor read. */
async function withEngine({ cli, region, accountId, env }: AwsLookupsOptions, program: () => Promise<void>) {
  const { LocalWorkspace } = await import("@pulumi/pulumi/automation/index.js");
  const workDir = temporaryFolder("lookups");
  try {
    const settings = { "aws:region": region, "aws:allowedAccountIds": [accountId] };
    writeFileSync(join(workDir, `Pulumi.${STACK}.yaml`), JSON.stringify({ config: settings }));
    const args = { stackName: STACK, projectName: "sparki-lookups", program };
    const envVars = {
      ...withoutStack(env),
      PULUMI_BACKEND_URL: pathToFileURL(workDir).href,
      PULUMI_CONFIG_PASSPHRASE: "none",
    };
    const pulumiCommand = pulumiProcess(cli.path, cli.version);
    const stack = await LocalWorkspace.createStack(args, { workDir, envVars, pulumiCommand });
    await hostProgram(
      () => {},
      () => previewed(stack),
    );
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

/** Throws the engine's own first word of what is wrong: a provider that is missing, or that AWS does not let in. */
async function previewed(stack: Stack): Promise<void> {
  const errors: string[] = [];
  const onEvent = ({ diagnosticEvent }: EngineEvent) => {
    if (diagnosticEvent?.severity === "error") errors.push(plain(diagnosticEvent.message).trim());
  };
  try {
    await stack.preview({ color: "never", onEvent });
  } catch (cause) {
    const reason = errors.find((message) => !isEnd(message));
    throw reason === undefined ? cause : new Error(reason, { cause });
  }
}

/** The caller's environment without what points the CLI at another stack. */
function withoutStack(env: AwsLookupsOptions["env"]): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^PULUMI_(STACK$|OPTION_|CONFIG_PASSPHRASE)/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** `rds/getSnapshot` as the provider names it. */
function tokenOf(name: string): string {
  return `aws:${name}:${name.slice(name.indexOf("/") + 1)}`;
}

/** The provider that the program uses, so that the engine starts no other. */
function providerVersion(): string {
  const file = join(import.meta.dirname, "..", "node_modules", "@pulumi", "aws", "package.json");
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

/** The engine, the SDK and the provider talk over loopback; files are this machine's too. */
const LOCAL =
  /127\.0\.0\.1|localhost|\[::1\]|ENOSPC|EROFS|EACCES|no space left|read-only file system|could not connect to (?:the )?(?:engine|resource monitor)/i;

function isEnd(error: unknown): boolean {
  const message = messageOf(error);
  return /resource monitor (is terminating|shut down)|^update failed|^preview failed/i.test(message);
}

/** The answer as the schema reads it; what it does not know is said by its place alone, since the value may be a secret. */
function understood<T>(name: string, answer: unknown, schema: z.ZodType<T>): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = [...(issue?.path ?? []), issue?.message ?? "unknown"].join(": ");
  throw new DeployError("SPARKI_OUTSIDE", `AWS answered ${name} with what this version does not know, at ${place}`, {
    hint: `check that the provider's version is the one that this program pins: pulumi plugin ls (aws ${providerVersion()})`,
  });
}

function unreachable(name: string, error: unknown): DeployError {
  const message = messageOf(error);
  const said = message.replace(/^invocation of \S+ returned an error: /, "").split("\n");
  const line = said.find((each) => /error/i.test(each)) ?? said[0] ?? "";
  if (LOCAL.test(message))
    return new DeployError(
      "SPARKI_OUTSIDE",
      `the engine on this machine could not be queried for ${name}: ${line.trim()}`,
      {
        cause: error,
        hint: "check whether a proxy variable (env | grep -i proxy) or a full disk (df -h) is the cause, then run it again",
      },
    );
  if (saysSeveral(message))
    return new SeveralFound(`AWS has more than one answer to ${name}: ${line.trim()}`, {
      cause: error,
      hint: "find out which of them is meant, and delete the others",
    });
  if (FORBIDDEN.test(message))
    return new NotShown(`AWS did not answer ${name}: ${line.trim()}`, {
      cause: error,
      hint: "aws sts get-caller-identity",
    });
  return new DeployError("SPARKI_OUTSIDE", `AWS did not answer ${name}: ${line.trim()}`, {
    cause: error,
    hint: /resource plugin/.test(line)
      ? `pulumi plugin install resource aws ${providerVersion()}`
      : "aws sts get-caller-identity",
  });
}

/** The provider fails where there is nothing to find; its words for that differ by service. */
const ABSENT =
  /no results|not ?found|no such|nosuch|can't find|couldn't find|no matching|empty result|returned 0 results|instance classes found|no guardduty detectors found/i;

/** Words like those, about what was needed for asking. */
const UNASKED =
  /no such (host|file)|\bENOTFOUND|executable file not found|(credential|profile|token)s?\b[^.;]*\bnot found|server can't find|NXDOMAIN|unknown function|(?:load|resource) plugin|invalid AWS region|IMDS|x509/i;

/** What is said by whom there is nothing to hear of it from, be it in the name of a thing: AWS that lets nobody ask or is ill, and a page. */
const REFUSED =
  /Access ?Denied|Unauthori[sz]ed|not authorized|Forbidden|explicit deny|Throttl|TooManyRequests|Rate exceeded|LimitExceeded|Expired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|OptInRequired|Internal(?:Failure|Error|Server)|ServiceUnavailable|deadline exceeded|timed? ?out|canceled|maximum number of attempts|StatusCode: (?:0|401|403|429|5\d\d)\b|<(?:!doctype|html|head|title|body|h1)\b|Proxy responded|failed to decode/i;

/** Whether a failed question to AWS says that there is no such thing, and not that nobody could be asked. */
export function saysAbsent(message: string): boolean {
  return ABSENT.test(message) && !UNASKED.test(message) && !REFUSED.test(message);
}

/** AWS's own refusal of a question, by its status. */
const FORBIDDEN = /https response error StatusCode: 403\b/;

/** The provider's functions for one thing fail where they find more. */
const SEVERAL =
  /\bmultiple\b[^.;]*\b(?:match(?:ed|ing)?|found)\b|(?:returned |found )?more than one result|too many results: wanted 1/i;

/** Whether a failed question to AWS says that there is more than one such thing. */
export function saysSeveral(message: string): boolean {
  return SEVERAL.test(message) && !UNASKED.test(message) && !REFUSED.test(message);
}

/** What `find` is asked by this name is answered by AWS itself: no function of the provider lists query logs. */
export const QUERY_LOGS = "route53/listQueryLoggingConfigs";

/** In a rehearsal nobody proves who they are to AWS. */
const REHEARSED = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };

/** The look-ups, and the query logs of a zone: `{ hostedZoneId }` is answered with `{ ids }`. */
export function withQueryLogs(
  lookups: AwsLookups,
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
): AwsLookups {
  return {
    ...lookups,
    find: async <T>(name: string, args: Readonly<Record<string, unknown>>, schema: z.ZodType<T>) =>
      name === QUERY_LOGS
        ? understood(name, { ids: await queryLogIds(String(args.hostedZoneId), network, env) }, schema)
        : lookups.find(name, args, schema),
  };
}

/** A zone has one query log at most. */
const MOST_PAGES = 20;

async function queryLogIds(
  zoneId: string,
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { ListQueryLoggingConfigsCommand } = await import("@aws-sdk/client-route-53");
  const client = await openClient(network, env);
  try {
    const ids: string[] = [];
    let NextToken: string | undefined;
    for (let page = 1; page <= MOST_PAGES; page++) {
      const token = NextToken === undefined ? {} : { NextToken };
      const answer = await client.send(new ListQueryLoggingConfigsCommand({ HostedZoneId: zoneId, ...token }));
      const { QueryLoggingConfigs: logs } = answer;
      if (logs === undefined) throw new Error("the answer contains no list");
      for (const { Id } of logs) {
        if (!Id) throw new Error("the answer lists an entry without an id");
        ids.push(Id);
      }
      if (!answer.NextToken) return ids;
      NextToken = answer.NextToken;
    }
    throw new Error(`the list does not end within ${MOST_PAGES} pages`);
  } catch (cause) {
    if (cause instanceof Error && cause.name === "NoSuchHostedZone") return [];
    const code = cause instanceof Error && cause.name !== "Error" ? `${cause.name}: ` : "";
    const [said = ""] = messageOf(cause).split("\n");
    throw new DeployError("SPARKI_OUTSIDE", `AWS did not list the query logs of zone ${zoneId}: ${code}${said}`, {
      cause,
      hint: "aws sts get-caller-identity",
    });
  } finally {
    client.destroy();
  }
}

/** Its requests go the network's ways: through its proxy, or to a rehearsal. */
async function openClient(network: Network, env: Readonly<Record<string, string | undefined>>): Promise<Route53Client> {
  const { Route53Client } = await import("@aws-sdk/client-route-53");
  const control = rehearsalVariables(env).access?.origins[0];
  const own = control === undefined ? {} : { endpoint: `${control}/route53`, credentials: REHEARSED };
  return new Route53Client({ region: "us-east-1", ...own, requestHandler: awsHandler(network) });
}

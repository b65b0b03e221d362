import { relative, resolve } from "node:path";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import type { CommandRunner } from "../../io/child-command.ts";
import type { ClusterLookups } from "../../io/cluster-lookups.ts";
import type { Http } from "../../io/http.ts";
import type { SlackSecrets } from "../../io/slack.ts";
import type { StackStateReader } from "../../io/stack-state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";

/** Everything that the checks look at, each part replaceable by a test. */
export interface PreflightContext {
  readonly stack: string;
  readonly config: StackConfig;
  /** Absolute; the program's own files are here: of a command that runs from a seal, the sealed copy's. */
  readonly projectDirectory: string;
  /** Absolute; the folder that people work in, where paths of the config that lead out of the project start. */
  readonly checkoutDirectory: string;
  readonly aws: AwsLookups;
  readonly cluster: ClusterLookups;
  readonly state: StackStateReader;
  readonly http: Http;
  readonly names: Names;
  readonly commands: Commands;
  readonly files: Files;
  readonly answers: Answers;
  /** A URL that answers for every registry, as a mirror does. */
  readonly registryMirror?: string | undefined;
  /** A bot's token or a webhook's address, from the environment or else from the stack's config; never part of any output. */
  slackSecrets(): Promise<Pick<SlackSecrets, "token" | "webhook">>;
  /** What nodes pull private images with, from the stack's config; never part of any output. */
  pullSecret(): Promise<string | undefined>;
  /** Tokens of the services that are asked; never part of any output. */
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** Whether a rehearsal's cloud answers in AWS's place. */
  readonly isRehearsal: boolean;
}

/** Where a path of the config is: what belongs to the project is read from the sealed copy, what lies beside it is not. */
export function placeOf(
  { projectDirectory, checkoutDirectory }: Pick<PreflightContext, "projectDirectory" | "checkoutDirectory">,
  path: string,
): string {
  const leadsOut = relative(projectDirectory, resolve(projectDirectory, path)).startsWith("..");
  return resolve(leadsOut ? checkoutDirectory : projectDirectory, path);
}

export interface Names {
  /** The name servers that the world is told for a domain; empty when there are none. */
  nameServersOf(domain: string): Promise<readonly string[]>;
  /** The DS records that its parent zone has for it, as `TAG ALGORITHM DIGEST-TYPE DIGEST`. Rejects when nobody answers. */
  delegationSignersOf(domain: string): Promise<readonly string[]>;
  /** Who may issue certificates of it by CAA records; undefined where nothing limits it. Rejects when nobody answers. */
  issuersOf(domain: string): Promise<readonly string[] | undefined>;
  /** Its IPv4 addresses; empty when there are none. Rejects when nobody answers. */
  addressesOf(domain: string): Promise<readonly string[]>;
}

/** The local programs that checks run. */
export interface Commands {
  readonly aws: CommandRunner;
  readonly helm: CommandRunner;
  readonly git: CommandRunner;
}

export interface Files {
  /** The file's text; undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Names of the files in a folder, sorted; undefined when there is no such folder. */
  list(path: string): readonly string[] | undefined;
}

/** What only a person can confirm. */
export const QUESTIONS = ["on-call-confirmed", "window-announced"] as const;
export type Question = (typeof QUESTIONS)[number];

export interface Confirmation {
  readonly confirmed: boolean;
  readonly how: "flag" | "asked" | "nobody to ask" | "rehearsed";
}

/** Given before the checks begin: a person's thinking time is no check's time. */
export type Answers = Readonly<Record<Question, Confirmation>>;

const UNASKED: Confirmation = { confirmed: false, how: "nobody to ask" };
/** For what looks by itself and asks nobody. */
export const NOBODY_ASKED: Answers = { "on-call-confirmed": UNASKED, "window-announced": UNASKED };

export interface Tokens {
  /** Reads packages of a private registry. */
  readonly registry?: string | undefined;
  readonly github?: string | undefined;
  /** Sent to Storm's services as a bearer token. */
  readonly storm?: string | undefined;
}

/**
 * What the AWS command line answers as JSON, or why it answers none, in its own words and whole. Throws SPARKI_OUTSIDE where
 * there is no such command.
 */
export async function saidByCli(
  { aws }: Pick<Commands, "aws">,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly answer: unknown } | { readonly refusal: string }> {
  const { code, stdout, stderr } = await aws([...args, "--output", "json"], { signal }).catch((cause: unknown) => {
    throw new DeployError("SPARKI_OUTSIDE", "there is no aws on PATH", {
      hint: "install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
      cause,
    });
  });
  if (code !== 0) return { refusal: stderr.trim() || `ended with ${code}` };
  try {
    return { answer: JSON.parse(stdout) };
  } catch {
    return { refusal: "answered no JSON" };
  }
}

import { readdirSync, readFileSync, statSync } from "node:fs";
import { version } from "@pulumi/pulumi/version.js";
import { openAwsLookups, withQueryLogs } from "../../io/aws-lookups.ts";
import { awsCommand, commandRunner } from "../../io/child-command.ts";
import { openClusterLookups } from "../../io/cluster-lookups.ts";
import { request } from "../../io/http.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { allowedEnvironment } from "../../io/seal/environment.ts";
import { configValue, openStackState } from "../../io/stack-state.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { lineProgress } from "../../tools/progress.ts";
import { resolveTools } from "../../tools/resolve.ts";
import type { Ports } from "../command.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";
import type { Answers, Files, PreflightContext, Tokens } from "./context.ts";

export interface PreflightOptions extends Pick<Ports, "clock" | "env"> {
  readonly stack: string;
  /** As the backend knows it. @default stack */
  readonly fullName?: string | undefined;
  readonly config: StackConfig;
  readonly projectDirectory: string;
  /** Absolute paths of pulumi and helm. */
  readonly tools: Readonly<Record<string, string>>;
  readonly answers: Answers;
}

export interface OpenPreflight {
  readonly context: PreflightContext;
  readonly network: Network;
  /** Ends what the look-ups started. */
  close(): Promise<void>;
}

/** The real ports: AWS, cluster, state, network and programs as the environment says, be it AWS itself or a rehearsal. */
export function openPreflight(options: PreflightOptions): OpenPreflight {
  const { stack, fullName = stack, config, projectDirectory, tools, clock, answers } = options;
  const env = environmentOf(options);
  const { pulumi = "pulumi", helm = "helm" } = tools;
  const network = openNetwork(env);
  const cli = { path: pulumi, version };
  const lookups = openAwsLookups({ cli, region: config.region, accountId: config.accountId, env });
  const aws = withQueryLogs(lookups, network, env);
  const runPulumi = commandRunner(pulumi, env);
  const configured = (key: string) => configValue({ pulumi: runPulumi, projectDirectory, fullName }, key);
  // Each image asks for it, and each answer takes a process.
  let pullSecret: Promise<string | undefined> | undefined;
  const context: PreflightContext = {
    stack,
    config,
    projectDirectory,
    checkoutDirectory: projectDirectory === PROJECT_DIRECTORY ? CHECKOUT_DIRECTORY : projectDirectory,
    aws,
    cluster: openClusterLookups(aws, `sparki-${stack}`),
    state: openStackState(runPulumi, projectDirectory, fullName, aws),
    http: (url, settings) => request(network, url, settings),
    names: network,
    commands: { aws: awsCommand(env), helm: commandRunner(helm, env), git: commandRunner("git", env) },
    files,
    answers,
    registryMirror: env.SPARKI_REGISTRY,
    slackSecrets: () => slackSecrets(env, configured),
    pullSecret: () => {
      pullSecret ??= configured("sparki:imagePullSecret");
      return pullSecret;
    },
    tokens: tokensIn(env),
    clock,
    isRehearsal: /(^|,)aws:/.test(env.PULUMI_DEBUG_PROVIDERS ?? ""),
  };
  const close = async () => {
    await Promise.all([aws.close(), network.close()]);
  };
  return { context, network, close };
}

/** The same on the project's own stack, with whatever pulumi and helm there are, or that can be got. */
export async function openOwnPreflight(
  named: Pick<PreflightOptions, "stack" | "fullName" | "config" | "answers">,
  { clock, env, signal, stderr }: Ports,
): Promise<OpenPreflight> {
  const tools = await resolveTools(["pulumi", "helm"], { env, progress: lineProgress(stderr), signal });
  return openPreflight({ ...named, projectDirectory: PROJECT_DIRECTORY, tools, clock, env });
}

/** What sparki passes on, and the config file that the command itself was told to read. */
function environmentOf({ env }: PreflightOptions): Ports["env"] {
  const { PULUMI_OPTION_CONFIG_FILE } = env;
  return { ...allowedEnvironment(env), ...(PULUMI_OPTION_CONFIG_FILE && { PULUMI_OPTION_CONFIG_FILE }) };
}

async function slackSecrets(env: Ports["env"], configured: (key: string) => Promise<string | undefined>) {
  const { SPARKI_SLACK_TOKEN: token, SPARKI_SLACK_WEBHOOK: webhook } = env;
  if (token || webhook) return { token: token || undefined, webhook: webhook || undefined };
  const [ownToken, ownWebhook] = await Promise.all(["sparki:slackToken", "sparki:slackWebhook"].map(configured));
  return { token: ownToken, webhook: ownWebhook };
}

function tokensIn(env: Ports["env"]): Tokens {
  return {
    registry: env.SPARKI_REGISTRY_TOKEN?.trim(),
    github: env.GITHUB_TOKEN?.trim(),
    storm: env.SPARKI_STORM_TOKEN?.trim(),
  };
}

const files: Files = {
  read: (path) => (statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined),
  list: (path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path).sort() : undefined),
};

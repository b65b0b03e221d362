import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { commandRunner } from "../../io/child-command.ts";
import { Engine } from "../../io/engine.ts";
import { gitCharts, helmStoreOpener, helmTemplate } from "../../io/helm.ts";
import { type Http, request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { openRegistry } from "../../io/oci-registry.ts";
import { allowedEnvironment } from "../../io/seal/environment.ts";
import type { UsedPlugin } from "../../io/seal/plugins.ts";
import { pluginsNow, sealNow } from "../../io/seal/sealed-run.ts";
import { openSlack, type SlackSecrets } from "../../io/slack.ts";
import { lineProgress } from "../../tools/progress.ts";
import { resolveTools } from "../../tools/resolve.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { Progress } from "../../tools/tool.ts";
import type { Ports } from "../command.ts";
import { Notifications } from "../notify/notifications.ts";
import type { PlanTarget } from "../plan/make-plan.ts";
import type { Answers } from "../preflight/context.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { readStack } from "../preflight/stack-file.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY, sealedEnvironment } from "../project.ts";
import { openKeep } from "../release/keep.ts";
import type { Screen } from "../report/screen.ts";
import type { StackTarget } from "./stack-target.ts";

/** A stack where the environment's backend and credentials are, with what has to be closed in the end. */
export interface OpenTarget extends StackTarget {
  /** As the backend knows the stack. */
  readonly fullName: string;
  readonly session: StackSession;
  readonly http: Http;
  /** Waits until Slack was tried for every message. */
  close(): Promise<void>;
}

/**
 * Opens the stack that `--stack` names; throws SPARKI_CONFIG with every problem of its config before anything else, and
 * SPARKI_USAGE for a stack that the backend does not have and that may not be made.
 */
export async function openTarget(
  option: string | boolean | undefined,
  ports: Ports,
  screen: Screen,
  mayCreate: boolean,
): Promise<OpenTarget> {
  const { clock, env, signal, stderr } = ports;
  const { stack, fullName } = readStack(option, ports);
  const folder = temporaryFolder("gates");
  const gateLogFile = join(folder, "gates.jsonl");
  const options = { fullName, programEnvironment: { SPARKI_GATE_LOG: gateLogFile }, mayCreate };
  const session = await openStack(stack, ports, lineProgress(stderr), options).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const network = openNetwork(env);
  const slack = openSlack(network, await slackSecrets(session.engine, env), clock);
  const notifications = new Notifications(slack, (text) => screen.line(text));
  const { engine, configFile, projectDirectory, seal, plugins, template, helmStore, keep } = session;
  const planning = { projectDirectory, plansDirectory: CHECKOUT_DIRECTORY, seal, plugins, template, helmStore, keep };
  const config = async () => readStack(option, ports).config;
  const registry = openRegistry(network, env);
  const close = async () => {
    await notifications.all();
    await network.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const named = { stack, fullName, session, engine, config, configFile, gateLogFile, env, ...planning };
  const http: Http = (url, options) => request(network, url, options);
  return { ...named, http, registry, notifications, screen, clock, signal, close };
}

/** What the stack is looked up by, AWS, cluster and state; opened again for each look, since its config may have changed. */
export async function openTargetPreflight(target: OpenTarget, answers: Answers): Promise<OpenPreflight> {
  const { openPreflight } = await import("../preflight/open.ts");
  const { stack, fullName, config, session, clock, env } = target;
  const { projectDirectory, tools } = session;
  const given = { stack, fullName, config: await config(), projectDirectory };
  return openPreflight({ ...given, tools, answers, clock, env });
}

/** From the environment, or else from the stack's config; asked for once, kept nowhere. */
async function slackSecrets(engine: Engine, env: Ports["env"]): Promise<SlackSecrets> {
  const { SPARKI_SLACK_TOKEN: token, SPARKI_SLACK_WEBHOOK: webhook } = env;
  if (token || webhook) return { token: token || undefined, webhook: webhook || undefined };
  try {
    const [ownToken, ownWebhook] = await engine.configValues(["sparki:slackToken", "sparki:slackWebhook"]);
    return { token: ownToken, webhook: ownWebhook };
  } catch {
    // Without the key to the config's secrets nobody is told, which the first message says; a deploy needs no Slack.
    return {};
  }
}

const POLICY_PACK = join(PROJECT_DIRECTORY, "policies", "pack");

/** AWS calls only wait, so many run side by side; the engine's own default counts cores. */
const PARALLEL = 64;

/** A stack where the environment's backend and credentials are: the real one, or what `sparki cloud` serves. */
export interface StackSession extends PlanTarget {
  readonly engine: Engine;
  /** Absolute paths of pulumi and helm. */
  readonly tools: Readonly<Record<string, string>>;
}

export interface StackOptions {
  /** What the program finds beside what the environment holds already. @default nothing */
  readonly programEnvironment?: Readonly<Record<string, string>>;
  /** The name by which the backend knows the stack. @default its last part */
  readonly fullName?: string;
  /** Whether a stack that the backend does not have is made. @default true */
  readonly mayCreate?: boolean;
}

/** Opens the engine on a stack of this project. */
export async function openStack(
  stack: string,
  ports: Ports,
  progress: Progress,
  { fullName = stack, programEnvironment = {}, mayCreate = true }: StackOptions = {},
): Promise<StackSession> {
  const { clock, env, signal } = ports;
  const configFile = configFileOf(stack, ports);
  const tools = await resolveTools(["pulumi", "helm"], { env, progress, signal });
  const engine = await Engine.open({
    stack,
    fullName,
    projectDirectory: PROJECT_DIRECTORY,
    cli: { path: tools.pulumi ?? "pulumi", version: await sdkVersion() },
    environment: environmentOf(env, configFile),
    program: (await import("../../index.ts")).default,
    programEnvironment,
    mayCreate,
    policyPacks: [POLICY_PACK],
    parallel: PARALLEL,
    clock,
    signal,
  });
  const seal = () => sealNow(PROJECT_DIRECTORY, stack, process.env);
  const plugins = (used: readonly UsedPlugin[]) => pluginsNow(PROJECT_DIRECTORY, process.env, used);
  const template = helmTemplate(commandRunner(tools.helm ?? "helm", allowedEnvironment(env)), PROJECT_DIRECTORY);
  const helmStore = helmStoreOpener(signal);
  const history = gitCharts(CHECKOUT_DIRECTORY, env);
  const places = { projectDirectory: PROJECT_DIRECTORY, keptDirectory: CHECKOUT_DIRECTORY };
  const keep = openKeep({ helmStore, history, ...places });
  const planning = { projectDirectory: PROJECT_DIRECTORY, seal, plugins, template, helmStore, keep };
  return { stack, engine, configFile, ...planning, clock, tools };
}

function configFileOf(stack: string, { cwd, env }: Ports): string {
  const own = env.PULUMI_OPTION_CONFIG_FILE;
  return own === undefined ? join(PROJECT_DIRECTORY, `Pulumi.${stack}.yaml`) : resolve(cwd, own);
}

/** The engine reads the very file that was checked and hashed, wherever it runs. */
function environmentOf(env: Ports["env"], configFile: string): Record<string, string> {
  const named = env.PULUMI_OPTION_CONFIG_FILE === undefined ? {} : { PULUMI_OPTION_CONFIG_FILE: configFile };
  return { ...allowedEnvironment(env), ...named, ...sealedEnvironment(env) };
}

/** The CLI that belongs to the SDK: the resolver accepts no older one. */
async function sdkVersion(): Promise<string> {
  const { version } = await import("@pulumi/pulumi/version.js");
  return version;
}

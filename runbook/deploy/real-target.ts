import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../io/engine.ts";
import { openNetwork } from "../../io/network.ts";
import { openRegistry } from "../../io/registry.ts";
import { openSlack, type SlackSecrets } from "../../io/slack.ts";
import { lineProgress } from "../../tools/progress.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { Ports } from "../command.ts";
import { Notifications } from "../notify/notifications.ts";
import { readStack } from "../preflight/stack-file.ts";
import { CHECKOUT_DIRECTORY } from "../project.ts";
import type { Screen } from "../report/screen.ts";
import { openStack, type StackSession } from "./stack-session.ts";
import type { StackTarget } from "./stack-target.ts";

/** A stack where the environment's backend and credentials are, with what has to be closed in the end. */
export interface OpenTarget extends StackTarget {
  /** As the backend knows the stack. */
  readonly fullName: string;
  readonly session: StackSession;
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
  return { ...named, registry, notifications, screen, clock, signal, close };
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

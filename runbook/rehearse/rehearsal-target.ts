import { gitCharts } from "../../io/chart-history.ts";
import { commandRunner } from "../../io/child-command.ts";
import { helmStoreOpener } from "../../io/helm-store.ts";
import { helmTemplate } from "../../io/helm-template.ts";
import type { Network } from "../../io/network.ts";
import { openRegistry } from "../../io/registry.ts";
import { pluginsNow, sealNow } from "../../io/seal/sealed-run.ts";
import { openSlack } from "../../io/slack.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { Ports } from "../command.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { Notifications } from "../notify/notifications.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";
import { openKeep } from "../release/keep.ts";
import type { Screen } from "../report/screen.ts";
import type { RehearsalSession } from "./rehearsal-session.ts";

interface Surroundings {
  readonly network: Network;
  readonly screen: Screen;
  /** Absolute paths by name. */
  readonly tools: Readonly<Record<string, string>>;
  readonly ports: Ports;
}

/** The rehearsed stack as the commands see every stack. */
export function rehearsedTarget(
  session: RehearsalSession,
  { network, screen, tools, ports }: Surroundings,
): StackTarget {
  const { stack, engine, gateLogFile, environment: env, project } = session;
  const { clock, signal } = ports;
  const config = async () => parseConfig(project.config(), stack);
  const registry = openRegistry(network, env);
  // Never the real Slack: the rehearsal's own webhook keeps what it is told.
  const slack = openSlack(network, { webhook: `${session.cloud.url}/slack` }, clock);
  const notifications = new Notifications(slack, (text) => screen.line(text));
  const { configFile, isEarlier } = project;
  const planning = planningAt(PROJECT_DIRECTORY, { session, tools, ports });
  const named = { stack, engine, config, configFile, isEarlier, gateLogFile, env, ...planning };
  return { ...named, registry, notifications, screen, clock, signal };
}

/** The same stack, planned and deployed from another folder. */
export function atCheckout(
  target: StackTarget,
  directory: string,
  surroundings: Pick<Surroundings, "tools" | "ports"> & { readonly session: RehearsalSession },
): StackTarget {
  return { ...target, ...planningAt(directory, surroundings) };
}

function planningAt(
  directory: string,
  { session, tools, ports }: Pick<Surroundings, "tools" | "ports"> & { readonly session: RehearsalSession },
) {
  const template = helmTemplate(commandRunner(tools.helm ?? "helm", ports.env), directory);
  const helmStore = helmStoreOpener(ports.signal);
  const history = gitCharts(CHECKOUT_DIRECTORY, ports.env);
  // The plans are the run's: those of the real stack are another folder's.
  const [projectDirectory, own] = [directory, session.runDirectory];
  const keep = openKeep({ helmStore, history, projectDirectory, keptDirectory: own });
  const seal = () => sealNow(directory, session.stack, process.env);
  const plugins = () => pluginsNow(directory, process.env);
  return { projectDirectory, plansDirectory: own, seal, plugins, template, helmStore, keep };
}

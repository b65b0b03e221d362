import { parseConfig } from "../../stacks/config.ts";
import type { Ports } from "../command.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import type { Network } from "../io/network.ts";
import { openRegistry } from "../io/registry.ts";
import { openSlack } from "../io/slack.ts";
import { Notifications } from "../notify/notifications.ts";
import type { Screen } from "../report/screen.ts";
import type { RehearsalSession } from "./rehearsal-session.ts";

/** The rehearsed stack as the commands see every stack. */
export function rehearsedTarget(
  session: RehearsalSession,
  network: Network,
  screen: Screen,
  ports: Ports,
): StackTarget {
  const { stack, engine, gateLogFile, environment: env, project } = session;
  const { clock, signal } = ports;
  const config = async () => parseConfig(project.config(), stack);
  const registry = openRegistry(network, env);
  // Never the real Slack: the rehearsal's own webhook keeps what it is told.
  const slack = openSlack(network, { webhook: `${session.cloud.url}/slack` }, clock);
  const notifications = new Notifications(slack, (text) => screen.line(text));
  const { configFile } = project;
  const named = { stack, engine, config, configFile, gateLogFile, env };
  return { ...named, registry, notifications, screen, clock, signal };
}

import { timeScaleOf } from "../../gates/live/pace.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import type { CommandResult, Ports } from "../command.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { type LostStateOptions, rebuildState } from "./lost-state.ts";
import { rebuiltText } from "./lost-state-text.ts";

export interface RebuildOptions {
  readonly stack: string;
  readonly engine: LostStateOptions["engine"];
  readonly context: Pick<PreflightContext, "aws" | "state">;
  readonly screen: Screen;
  readonly ports: Pick<Ports, "clock" | "env" | "signal" | "stderr">;
  /** Resolves once a person agrees. */
  agree(question: string): Promise<void>;
}

/** Rebuilds the stack's state and tells what came of it; throws SPARKI_OUTSIDE while someone else holds the stack. */
export async function rebuildShown(options: RebuildOptions): Promise<CommandResult> {
  const { stack, engine, context, screen, ports } = options;
  const { clock, env, signal, stderr } = ports;
  const lock = await context.state.lock();
  if (lock !== undefined)
    throw new DeployError("SPARKI_OUTSIDE", `${lock.holder} holds stack ${stack}; its state may still change`, {
      hint: `wait for it; if it runs no more: pulumi cancel --stack ${stack}`,
    });
  await options.agree(`Write what exists of ${stack} into its state? Nothing that exists is changed.`);
  const rebuilt = await showPhase(screen, clock, `rebuild the state of ${stack}`, async (phase) => {
    const onProgress = (text: string) => phase.say(text);
    const settings = { engine, aws: context.aws, stack, clock, timeScale: timeScaleOf(env), signal, onProgress };
    const result = await rebuildState(settings);
    phase.note(`${result.imported.length} of ${result.resources} imported in ${result.rounds} rounds`);
    return result;
  });
  const isNew = rebuilt.imported.length > 0;
  const next =
    rebuilt.exitCode === EXIT.done.code && !isNew
      ? null
      : `npx sparki plan --stack ${stack}, and deploy once it is right`;
  stderr.write(rebuiltText(stack, rebuilt, next ?? "nothing", screen.paint));
  return { exitCode: rebuilt.exitCode, json: { stack, ...rebuilt, next } };
}

import type { StackTarget } from "../deploy/stack-target.ts";
import { timeScaleOf } from "../gates/pace.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { showPhase } from "../report/live.ts";
import { type AdoptionOptions, adoptPending } from "./adopt.ts";
import { pendingCreates } from "./state-edit.ts";

/** What taking over touches of a stack. */
export interface RecoverableTarget extends Pick<StackTarget, "clock" | "env" | "screen" | "signal" | "stack"> {
  readonly engine: AdoptionOptions["engine"];
}

/** Takes over what an update that was killed left half-made; nothing while somebody else holds the stack, for it may be theirs. */
export async function takeOver(target: RecoverableTarget, { aws, state }: Pick<PreflightContext, "aws" | "state">) {
  const { clock, engine, env, screen, signal, stack } = target;
  if ((await state.lock()) !== undefined) return;
  const exported = await engine.exportEncrypted();
  if (pendingCreates(exported).length === 0) return;
  await showPhase(screen, clock, "take over what an interrupted update left", async (phase) => {
    const onProgress = (text: string) => phase.say(text);
    const settings = { engine, aws, stack, clock, timeScale: timeScaleOf(env), signal, onProgress };
    const { adopted, madeAgain } = await adoptPending(exported, settings);
    phase.note(`${adopted.length} exist and are in the state now, ${madeAgain.length} will be made again`);
  });
}

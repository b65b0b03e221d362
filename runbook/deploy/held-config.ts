import { copyConfig } from "../../io/pinned-config.ts";
import { stackConfigIn } from "../preflight/stack-file.ts";
import type { StackTarget } from "./stack-target.ts";

type Configured = Pick<StackTarget, "stack" | "config" | "configFile" | "isEarlier">;

/**
 * Works on the target with its config as the text says, whatever becomes of the file meanwhile: what a deploy does by
 * itself at its end was approved with its plan. Without a text, on the target as it is.
 */
export async function withHeldConfig<Target extends Configured, T>(
  target: Target,
  text: string | undefined,
  work: (held: Target) => Promise<T>,
): Promise<T> {
  if (text === undefined) return work(target);
  const { configFile, stack, isEarlier } = target;
  const copy = copyConfig(configFile, text);
  const config = async () => stackConfigIn(text, { file: configFile, stack, isEarlier: isEarlier?.() ?? false });
  try {
    return await work({ ...target, config, configFile: copy.file });
  } finally {
    copy.remove();
  }
}

import { assertSomebody, confirm } from "../../io/prompt.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { CommandInput } from "../command.ts";
import type { openStack } from "../deploy/real-target.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { readStack } from "../preflight/stack-file.ts";
import type { Screen } from "../report/screen.ts";

/** What a command has that writes a stack's state: the stack itself, which must exist, and how AWS and people are asked. */
export interface StateCommand {
  readonly stack: string;
  readonly config: StackConfig;
  readonly engine: Awaited<ReturnType<typeof openStack>>["engine"];
  readonly context: PreflightContext;
  readonly screen: Screen;
  /** Resolves once a person agrees, or at once where `--yes` did. */
  agree(question: string): Promise<void>;
}

/** Opens the command's stack, does the work and closes it again. Where nobody can be asked, nothing is opened without `--yes`. */
export async function withStateCommand<Result>(
  { options, ports }: Pick<CommandInput, "options" | "ports">,
  work: (command: StateCommand) => Promise<Result>,
): Promise<Result> {
  const { stack, fullName, config } = readStack(options.stack, ports);
  if (options.yes !== true) assertSomebody();
  // Wrong use is told before anything large is loaded.
  const { lineProgress } = await import("../../tools/progress.ts");
  const { openStack } = await import("../deploy/real-target.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { openScreen } = await import("../report/screen.ts");
  const screen = await openScreen(ports);
  const { engine } = await openStack(stack, ports, lineProgress(ports.stderr), { fullName, mayCreate: false });
  const { context, close } = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const agree = async (question: string) => {
    if (options.yes !== true) await confirm(question, ports.signal);
  };
  try {
    return await work({ stack, config, engine, context, screen, agree });
  } finally {
    await close();
  }
}

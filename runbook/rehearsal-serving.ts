import { POLICY_PACK, type RehearsalSession } from "./rehearsal-session.ts";

/** What plain `pulumi` needs in its environment; the rehearsal's own engine is given the last two as arguments. */
export function plainEnvironment(session: RehearsalSession): Readonly<Record<string, string>> {
  return {
    ...session.environment,
    PULUMI_STACK: session.stack,
    PULUMI_OPTION_CONFIG_FILE: session.project.configFile,
    PULUMI_OPTION_POLICY_PACK: POLICY_PACK,
  };
}

/** Prints the environment as lines to paste into a shell, then resolves at the first interruption. */
export async function serveUntilAborted(
  session: RehearsalSession,
  stream: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  const environment = Object.entries(plainEnvironment(session));
  for (const [name, value] of environment) stream.write(`export ${name}=${quoted(value)}\n`);
  stream.write("# The simulated AWS is ready: paste the lines above into another terminal. Ctrl-C ends it.\n");
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** A value as one word of a POSIX shell. */
export function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

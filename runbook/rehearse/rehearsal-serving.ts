import { type Output, writeOwn } from "../../shared/text/output.ts";
import type { Ports } from "../command.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { PARALLEL, POLICY_PACK, type RehearsalSession } from "./rehearsal-session.ts";
import { worldSchema } from "./world.ts";

/** What plain `pulumi` needs in its environment; the rehearsal's own engine is given the last four as arguments. */
export function plainEnvironment(session: RehearsalSession): Readonly<Record<string, string>> {
  return {
    ...session.environment,
    PULUMI_STACK: session.stack,
    PULUMI_OPTION_CONFIG_FILE: session.project.configFile,
    PULUMI_OPTION_POLICY_PACK: POLICY_PACK,
    // PULUMI_OPTION_PARALLEL makes the CLI panic (3.255: "unexpected CLI type: int32").
    PULUMI_PARALLEL: `${PARALLEL}`,
  };
}

/** Prints what to paste into a shell so that plain pulumi reaches the cloud, then resolves at the first interruption. */
export async function serveUntilAborted(
  session: RehearsalSession,
  output: Output,
  { signal, env }: Pick<Ports, "signal" | "env">,
): Promise<void> {
  writeOwn(output, shellLines(plainEnvironment(session), { directory: PROJECT_DIRECTORY, path: env.PATH }));
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

const NEXT = `# The simulated AWS is ready. Paste the lines above into another terminal; then there, for example:
#   pulumi preview
#   pulumi up
#   pulumi destroy        is refused while protection is on; README.md says how to turn it off
# They read a copy of the stack's config, PULUMI_OPTION_CONFIG_FILE above. To continue with your own config, charts and
# images: press Ctrl-C here, edit Pulumi.<stack>.yaml and other files, then run: npx sparki rehearse --resume
# Ctrl-C here stops the simulated AWS and everything it runs; its state is kept until the next rehearsal without --resume.
`;

interface Place {
  readonly directory: string;
  /** The search path that the environment's own begins with other folders before; the shell's own takes its place. */
  readonly path: string | undefined;
}

/** Lines of a POSIX shell that go to the directory and set the environment; what follows is a comment. */
export function shellLines(environment: Readonly<Record<string, string>>, { directory, path }: Place): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    const ending = `:${path}`;
    const own = name === "PATH" && value.endsWith(ending);
    return `export ${name}=${own ? `${quoted(value.slice(0, -ending.length))}:"$PATH"` : quoted(value)}\n`;
  });
  return `cd ${quoted(directory)}\n${lines.join("")}${NEXT}`;
}

/** What is in the account, in words: what was not destroyed, and what outlives a destroy on purpose. */
export async function accountText(session: RehearsalSession): Promise<string> {
  const { resources, kept } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  const own = resources.filter(({ owner }) => owner === undefined);
  const held = kept.map(({ type, name }) => `  kept: ${type} ${name}\n`);
  return `The simulated account ends with ${own.length} resources\n${held.join("")}`;
}

/** A value as one word of a POSIX shell. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

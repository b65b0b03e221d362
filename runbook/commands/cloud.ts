import { join } from "node:path";
import type { Command, CommandInput, CommandResult, Ports } from "../command.ts";
import { sessionOptions } from "./rehearse.ts";

const DESCRIPTION = `Serves the simulated AWS until Ctrl-C and prints the environment that reaches it.

Examples:
  npx sparki cloud                     in one terminal; in another, in this folder:
    (paste the export lines that it prints)
    pulumi preview
    pulumi up
  npx sparki cloud --json              the same environment as one JSON document

The policies are enforced there too, and the stack's own config file is never written to.`;

/** `sparki cloud`: serves the rehearsal's cloud in the foreground for plain pulumi commands. */
export const cloud: Command = {
  name: "cloud",
  summary: "only serve the simulated AWS, for plain pulumi commands",
  description: DESCRIPTION,
  options: [
    { flags: "--seed <number>", help: "makes modelled times repeatable", default: "1" },
    { flags: "--time-scale <factor>", help: "real seconds for a modelled second", default: "0.01" },
  ],
  run: serve,
};

async function serve({ options, ports }: CommandInput): Promise<CommandResult> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { openSession, resolveRehearsalTools } = await import("../rehearsal-session.ts");
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const plan = sessionOptions(options);
  const session = await openSession(plan, tools, ports);
  try {
    await session.prepareRelease(session.project.release, {});
    tell(ports, plainEnvironment(session, plan.stack), options.json === true);
    await untilAborted(ports.signal);
  } finally {
    await session.close();
  }
  return { exitCode: 0, json: undefined };
}

/** What the rehearsal's own engine is given as arguments, plain `pulumi` reads from these. */
function plainEnvironment(
  session: { environment: Readonly<Record<string, string>>; project: { configFile: string } },
  stack: string,
): Record<string, string> {
  return {
    ...session.environment,
    PULUMI_STACK: stack,
    PULUMI_OPTION_CONFIG_FILE: session.project.configFile,
    PULUMI_OPTION_POLICY_PACK: join(import.meta.dirname, "..", "..", "policies", "pack"),
    PULUMI_OPTION_PARALLEL: "64",
  };
}

function tell(ports: Ports, environment: Readonly<Record<string, string>>, json: boolean): void {
  if (json) ports.stdout.write(`${JSON.stringify({ environment }, null, 2)}\n`);
  else for (const [name, value] of Object.entries(environment)) ports.stdout.write(`export ${name}=${quote(value)}\n`);
  ports.stderr.write("The simulated AWS is ready. End it with Ctrl-C.\n");
}

/** Safe to paste into a POSIX shell. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

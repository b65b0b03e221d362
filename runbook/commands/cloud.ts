import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { writeOwn } from "../../shared/text/output.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { SESSION_OPTIONS, sessionOptions } from "./rehearse.ts";

const DESCRIPTION = `Serves the simulated AWS until Ctrl-C and prints the environment that connects to it.

Examples:
  npx sparki cloud             in one terminal; then in another, in this folder:
    (paste the export lines that it prints)
    pulumi preview
    pulumi up
  npx sparki cloud --resume    continues from the stack's last rehearsal
  npx sparki cloud --on-promoted   starts with the stack's own release promoted
  npx sparki cloud --json      the same environment as one JSON document

${exitCodesText({
  done: "stopped with Ctrl-C",
  usage: "usage or config",
  outside: "the simulated AWS could not be started, or its start was interrupted",
})}

The policies are enforced there too. The stack's own config file is never changed.`;

/** `sparki cloud`: serves the rehearsal's cloud in the foreground for plain pulumi commands. */
export const cloud: Command = {
  name: "cloud",
  summary: "only serve the simulated AWS, for plain pulumi commands",
  description: DESCRIPTION,
  options: [
    { flags: "--on-promoted", help: "start with the stack's own release already promoted" },
    ...SESSION_OPTIONS,
  ],
  run: serve,
};

function noneFree(): DeployError {
  return new DeployError(
    "SPARKI_OUTSIDE",
    "every saved copy of the promoted state is in use, and no further copy may be made",
    {
      hint: "stop another rehearsal, then run the same command again; or omit --on-promoted",
    },
  );
}

async function serve({ options, ports }: CommandInput): Promise<CommandResult> {
  const checked = await sessionOptions("cloud", options, ports);
  const { lineProgress } = await import("../../tools/progress.ts");
  const { openSession, plainEnvironment, resolveRehearsalTools, serveUntilAborted } = await import(
    "../rehearse/rehearsal-session.ts"
  );
  const { accountText } = await import("../rehearse/rehearsal-report.ts");
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const { openPromoted } = await import("../rehearse/rehearsal-run.ts");
  const { openScreen } = await import("../report/screen.ts");
  if (options.onPromoted === true && options.resume === true)
    throw new DeployError(
      "SPARKI_USAGE",
      "--on-promoted and --resume both set the starting state; expected only one of them",
      {
        hint: "npx sparki cloud --help",
      },
    );
  const session =
    options.onPromoted === true
      ? await openPromoted(checked, tools, await openScreen(ports), ports)
      : await openSession(checked, tools, ports);
  if (session === undefined) throw noneFree();
  try {
    await session.settled();
    await session.prepareRelease(session.project.release, {});
    // Not at the end, as other commands do: the environment is of use only while the cloud serves.
    if (options.json === true)
      writeOwn(ports.stdout, `${JSON.stringify({ environment: plainEnvironment(session) })}\n`);
    await serveUntilAborted(session, options.json === true ? ports.stderr : ports.stdout, ports);
    ports.stderr.write(await accountText(session));
  } finally {
    await session.close();
  }
  return { exitCode: EXIT.done.code, json: undefined };
}

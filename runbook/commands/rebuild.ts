import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Rebuilds a state that is lost, or older than what exists: finds each resource of the program by its
name, its tag or its parent, and imports it. Nothing at AWS, in the cluster or in the database is created, changed or
deleted.

It previews the program, looks for everything that the state lacks, has the providers read what exists, and begins again
with what that has told, until nothing more is found. Generated passwords are read back out of Secrets Manager, so that
the next update changes none. What exists in a state alone is listed: commands and the promotion record, which the next
deployment makes again, through its gates.

At the end it lists exactly what the next update would change. What has the program's name and another owner's tags is
listed, and left out of the state. Run it again after an interruption: it continues.

First restore an older version of the state, if there is one (docs/bootstrap.md): that loses less. The stack itself must
exist in the backend, empty: npx sparki bootstrap creates it, as pulumi stack init does.

${exitCodesText({
  done: "the state has all that exists, and the next update changes nothing of it",
  usage: "usage or config, or not confirmed",
  held: "the state has all that was found; something is missing, different, or of another owner",
  outside: "an external failure, or interrupted; the same command continues from there",
})}

Examples:
  npx sparki rebuild state
  npx sparki rebuild state --stack staging --yes --json`;

/** `sparki rebuild state`: rebuilds a lost state of what exists, and changes nothing else. */
export const rebuild: Command = {
  name: "rebuild",
  summary: "rebuild a lost state by importing what exists",
  description: DESCRIPTION,
  arguments: [{ name: "what", required: true, help: "state" }],
  run,
};

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const [what] = args;
  if (what !== "state")
    throw new DeployError("SPARKI_USAGE", `${what} cannot be rebuilt; expected state`, {
      hint: "npx sparki rebuild state",
    });
  const { withStateCommand } = await import("../recovery/state-command.ts");
  return withStateCommand({ options, ports }, async (command) => {
    const { rebuildShown } = await import("../recovery/lost-state.ts");
    return rebuildShown({ ...command, ports });
  });
}

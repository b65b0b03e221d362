import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { CONFIRMATIONS } from "./preflight.ts";

const DESCRIPTION = `Rotates one of the stack's secrets while users are served: database-users or redis-auth. Without a
name, or with --list, it lists every secret with its age, its last day, and by what it is rotated; it then works offline
and changes nothing.

A rotation says what it will do, changes the day in Pulumi.<stack>.yaml and runs sparki deploy, which shows its plan, asks,
and sends it through the gates. The live release must be the one that the config names. redis-auth takes two deployments:
first Redis takes both tokens, and pods start with the new one; then it refuses the one before. After each a Job in the
cluster logs in with both tokens (by redis-cli of sparki:database.clientImage), and users' failed requests are counted.

A rotation that was cut off, or that a gate refused, goes on with the same command. Commit the config afterwards: by it
sparki upgrades tells the next date, and sparki evidence the rotation (docs/rotation.md).

${exitCodesText({
  done: "rotated and proven; with --list: no secret is too old",
  refused:
    "the deployment was refused, or Redis takes a token that it must refuse; with --list: one is too old, or half rotated",
  usage: "usage or config, or not confirmed; the config is as it was",
  held: "not proven: a gate held, or Redis could not be asked",
  outside: "an external failure; the same command continues from there",
  rollback: "a gate refused, and the rollback failed",
})}

Examples:
  npx sparki rotate
  npx sparki rotate redis-auth
  npx sparki rotate database-users --stack staging --yes --on-call-confirmed --window-announced --json`;

/** `sparki rotate`: a stack's secrets, how old they are, and new ones. */
export const rotate: Command = {
  name: "rotate",
  summary: "list the stack's secrets with their age, or rotate one under traffic",
  description: DESCRIPTION,
  arguments: [{ name: "what", required: false, help: "database-users or redis-auth" }],
  options: [...CONFIRMATIONS, { flags: "--list", help: "list every secret; the default without a name" }],
  run,
};

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const [what] = args;
  const { readStack } = await import("../preflight/stack-file.ts");
  const { ROTATABLE, rotationOf } = await import("../rotation/rotation.ts");
  const known = ROTATABLE.find((each) => each === what);
  if (what !== undefined && (known === undefined || options.list === true))
    throw new DeployError(
      "SPARKI_USAGE",
      `rotate ${JSON.stringify(what)}${options.list === true ? " with --list" : ""}; expected ${ROTATABLE.join(" or ")}, or --list alone`,
      { hint: "npx sparki rotate --list" },
    );
  const { stack, fullName, config } = readStack(options.stack, ports);
  const today = new Date(ports.clock.now() * 1000).toISOString().slice(0, 10);
  if (known === undefined) return list(stack, config, today, ports);
  const rotation = rotationOf(known, config, today);
  const { assertSomebody } = await import("../../io/prompt.ts");
  const isAgreed = options.yes === true;
  if (!isAgreed) assertSomebody();
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { assertLive, openRotation } = await import("../rotation/open-rotation.ts");
  const { intentText, rotationText, runRotation } = await import("../rotation/rotation-run.ts");
  const { openScreen } = await import("../report/screen.ts");
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  try {
    await assertLive(opened.context);
    const screen = await openScreen(ports);
    for (const line of intentText(stack, rotation).split("\n")) screen.line(line);
    const opens = openRotation(opened, options, ports, (text) => screen.line(text));
    const document = await runRotation(stack, rotation, isAgreed, opens);
    ports.stderr.write(rotationText(document, opens.file, screen.paint));
    return { exitCode: document.exitCode, json: document };
  } finally {
    await opened.close();
  }
}

async function list(
  stack: string,
  config: Parameters<typeof import("../rotation/secrets.ts").secretAges>[1],
  today: string,
  ports: CommandInput["ports"],
): Promise<CommandResult> {
  const { secretAges, secretAgesText } = await import("../rotation/secrets.ts");
  const { openScreen } = await import("../report/screen.ts");
  const document = secretAges(stack, config, today);
  ports.stderr.write(secretAgesText(document, (await openScreen(ports)).paint));
  return { exitCode: document.exitCode, json: document };
}

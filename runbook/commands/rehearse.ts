import type { Scenario } from "../../rehearsal/scenario.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import {
  type Command,
  type CommandInput,
  type CommandOption,
  type CommandResult,
  exitCodesText,
  type Ports,
} from "../command.ts";
import type { RehearsalReport } from "../rehearse/rehearsal-report.ts";
import type { RehearsalSession } from "../rehearse/rehearsal-session.ts";
import { inColumns } from "../report/columns.ts";

const DESCRIPTION = `Rehearses a whole deployment on this machine, with no cloud account.

Starts a simulated AWS, then previews and deploys the stack's own config to it with
the real Pulumi engine, a real Kubernetes control plane, Helm, PostgreSQL and Redis.
It can never touch the real stack: it has its own state, backend and simulated account.

Examples:
  npx sparki rehearse                       prod, from nothing to promoted
  npx sparki rehearse upgrade               then a second release over it
  npx sparki rehearse upgrade --from origin/main   your change: from what is live to this checkout
  npx sparki rehearse chart-broken          a chart with a wrong probe: it is rolled back
  npx sparki rehearse error-spike --json    a bad second release; as JSON
  npx sparki rehearse upgrade --fault F26   with a fault in the last release
  npx sparki rehearse --fault F15@cache-redis    one that starts at a step
  npx sparki rehearse --keep                keep it running until Ctrl-C
  npx sparki rehearse --resume              continue there, with this checkout's config and charts
  npx sparki rehearse upgrade --on-promoted    only the second release, over a saved first one
  npx sparki rehearse --as deploying-role   AWS refuses what delivery/documents do not allow
  npx sparki rehearse --providers real      on Pulumi's own Kubernetes provider; only AWS is simulated
  npx sparki rehearse --list                the scenarios and faults

Steps are named as a rehearsal prints them: "create Instance database-instance".

${exitCodesText({
  done: "promoted",
  refused: "a gate or a check refused it, and it was rolled back or stopped",
  usage: "usage or config",
  held: "held",
  outside: "an external failure, or interrupted: the next deploy continues from there",
  rollback: "the rollback failed",
})}

A rehearsal keeps its files in .sparki/rehearsal/<stack>: logs, state, the simulated account. The next one starts from
nothing, or continues there with --resume: of a scenario, only its last release. Reports are kept: npx sparki reports.
SPARKI_REHEARSAL_DIRECTORY names a folder other than .sparki/rehearsal.`;

/** What `rehearse` and `cloud` share. */
export const SESSION_OPTIONS: readonly CommandOption[] = [
  { flags: "--resume", help: "continue with the simulated AWS that the stack's last rehearsal left" },
  { flags: "--seed <number>", help: "makes modelled times repeatable (default: 1)" },
  { flags: "--time-scale <factor>", help: "real seconds for a modelled second (default: 0.01)" },
  { flags: "--as <role>", help: "deploying-role: AWS allows what delivery/documents allow, and nothing else" },
  { flags: "--providers <which>", help: "real: Pulumi's own providers but for AWS's (default: simulated)" },
];

/** `sparki rehearse`: ends as the deployment that it rehearses would. */
export const rehearse: Command = {
  name: "rehearse",
  summary: "deploy to a simulated AWS on this machine and report",
  description: DESCRIPTION,
  arguments: [{ name: "scenario", required: false, help: "which scenario; first-deploy when left out" }],
  options: [
    { flags: "--list", help: "list the scenarios and the faults" },
    { flags: "--fault <id[@step]>", help: "inject a fault into the last release, or from the named step on" },
    { flags: "--from <file|ref>", help: "with upgrade: from this config, or git commit, to what is here" },
    { flags: "--crash-at <step>", help: "kill the engine when this step starts, then deploy again" },
    { flags: "--on-promoted", help: "start with the scenario's first release already promoted" },
    { flags: "--keep", help: "keep the simulated AWS serving after the report, until Ctrl-C" },
    ...SESSION_OPTIONS,
  ],
  run: async (input) => (input.options.list ? list(input) : run(input)),
};

async function list({ ports }: CommandInput): Promise<CommandResult> {
  const { FAULTS, SCENARIOS } = await import("../../rehearsal/scenarios.ts");
  const scenarios = SCENARIOS.map(({ name, summary }) => ({ name, summary }));
  const known = Object.entries(FAULTS).sort(([one], [other]) => one.localeCompare(other));
  const faults = known.map(([id, { summary }]) => ({ id, summary }));
  const begins = (step: string | undefined) => (step === undefined ? "" : `; from ${step} on, unless a step is named`);
  const lines = [
    "Scenarios:",
    ...scenarios.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`),
    "Faults (--fault ID, or ID@STEP to start it at that step):",
    ...known.map(([id, { summary, faults }]) => `  ${id.padEnd(18)}${summary}${begins(faults?.at ?? faults?.before)}`),
  ];
  ports.stderr.write(`${inColumns(lines.join("\n"))}\n`);
  return { exitCode: EXIT.done.code, json: { scenarios, faults } };
}

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { findScenario, resumed, scenarioFor, upgradeFrom, withFault } = await import("../../rehearsal/scenarios.ts");
  const named = args[0] === undefined ? undefined : findScenario(args[0]);
  const fault = typeof options.fault === "string" ? options.fault : undefined;
  const first = named ?? scenarioFor(fault);
  const given = typeof options.from === "string" ? options.from : undefined;
  if (given !== undefined && options.resume === true)
    throw new DeployError(
      "SPARKI_USAGE",
      "--from and --resume both set what is live before; expected only one of them",
      {
        hint: "npx sparki rehearse --help",
      },
    );
  const based = options.resume === true ? resumed(named) : given === undefined ? first : upgradeFrom(first);
  const scenario = fault === undefined ? based : withFault(based, fault);
  const crashAt = typeof options.crashAt === "string" ? options.crashAt : scenario.releases.at(-1)?.around?.crashAt;
  const isOnPromoted = options.onPromoted === true;
  if (isOnPromoted) assertGoesOn(scenario, options);
  const session = await sessionOptions("rehearse", options, ports);
  const { liveBefore } = await import("../rehearse/live-before.ts");
  const from = given === undefined ? undefined : await liveBefore(given, session.stack, ports.cwd, ports.env);
  const { openScreen } = await import("../report/screen.ts");
  const { rehearse: carryOut } = await import("../rehearse/rehearsal-run.ts");
  const { rehearsalText } = await import("../rehearse/rehearsal-report.ts");
  const { serveUntilAborted } = await import("../rehearse/rehearsal-session.ts");
  const screen = await openScreen(ports);
  const afterwards = async (report: RehearsalReport, serving: RehearsalSession) => {
    ports.stderr.write(rehearsalText(report, screen.paint));
    if (options.keep === true) await serveUntilAborted(serving, ports.stderr, ports);
  };
  const report = await carryOut({ scenario, crashAt, from, isOnPromoted, afterwards, ...session }, screen, ports);
  return { exitCode: report.exitCode, json: report };
}

/** Such a world is one in which the stack's own release was promoted, and nothing else. */
function assertGoesOn({ name, releases }: Scenario, { from, resume }: CommandInput["options"]): void {
  const isOther = releases[0]?.isBeforeUpgrade !== undefined;
  const other = from !== undefined ? "--from" : resume === true ? "--resume" : undefined;
  if (other === undefined && releases.length > 1 && !isOther) return;
  const own = isOther ? "which begins with another version of what it upgrades" : "which deploys one release";
  const found = other ?? `scenario ${name}, ${own}`;
  throw new DeployError("SPARKI_USAGE", `--on-promoted was given with ${found}; expected a scenario of two releases`, {
    hint: "npx sparki rehearse upgrade --on-promoted",
  });
}

/**
 * The options that `rehearse` and `cloud` share, checked; the stack has a config without a mistake. With --resume they are
 * those of the rehearsal that is continued; throws SPARKI_USAGE where there is none, and for others than it had.
 */
export async function sessionOptions(
  command: string,
  options: CommandInput["options"],
  ports: Pick<Ports, "env" | "cwd">,
) {
  const number = (flag: string, found: string | boolean | undefined, isGood: IsGood, expected: string) => {
    if (found === undefined) return undefined;
    const value = typeof found === "string" && found !== "" ? Number(found) : Number.NaN;
    if (isGood(value)) return value;
    throw new DeployError("SPARKI_USAGE", `${flag} is ${JSON.stringify(found)}; expected a number: ${expected}`, {
      hint: `npx sparki ${command} --help`,
    });
  };
  const seed = number(
    "--seed",
    options.seed,
    (value) => Number.isSafeInteger(value) && value >= 0,
    "a whole one from 0",
  );
  const timeScale = number("--time-scale", options.timeScale, (value) => value > 0 && value <= 1, "above 0, at most 1");
  const providers = await providersIn(command, options.providers);
  const deploysAs = await roleIn(command, options.as);
  const { rehearsedStack } = await import("../rehearse/live-before.ts");
  const stack = rehearsedStack(options.stack);
  if (options.resume !== true) return { stack, seed: seed ?? 1, timeScale: timeScale ?? 0.01, providers, deploysAs };
  const { resumable } = await import("../rehearse/rehearsal-session.ts");
  return { ...(await resumable(stack, { seed, timeScale, providers }, ports)), deploysAs };
}

async function roleIn(command: string, found: string | boolean | undefined) {
  if (found === undefined) return undefined;
  const { DEPLOYS_AS } = await import("../rehearse/rehearsal-session.ts");
  const role = DEPLOYS_AS.find((each) => each === found);
  if (role !== undefined) return role;
  throw new DeployError("SPARKI_USAGE", `--as is ${JSON.stringify(found)}; expected ${DEPLOYS_AS.join(" or ")}`, {
    hint: `npx sparki ${command} --help`,
  });
}

async function providersIn(command: string, found: string | boolean | undefined) {
  const { PROVIDER_CHOICES } = await import("../rehearse/providers.ts");
  const choice = PROVIDER_CHOICES.find((each) => each === found);
  if (found === undefined || choice !== undefined) return choice;
  const expected = PROVIDER_CHOICES.join(" or ");
  throw new DeployError("SPARKI_USAGE", `--providers is ${JSON.stringify(found)}; expected ${expected}`, {
    hint: `npx sparki ${command} --help`,
  });
}

type IsGood = (value: number) => boolean;

import { EXIT } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Shows what a deployment would do, and changes nothing.

Compares the cloud with the state, previews with the policies, and writes a report for a reviewer to
.sparki/plans: changes by risk, changes by hand, images, schema, rendered manifests, price and duration.
It runs from a sealed copy of the commit, its locked dependencies and its tools, with named variables of
the environment only. The hash covers all of that, the state, the policies' results and every step. A
deploy with that hash runs from the same copy, and refuses, before anything changes, if anything differs
from what was approved (docs/plan.md). Uncommitted changes can be planned, but not approved.

With --compare, previews twice from the same state: by a git commit with its own locked dependencies and
tools, and by this checkout. It says which versions differ, which steps only one of them would do, and
why, as far as that is certain (docs/upgrades.md). It writes no plan, and nothing that could be approved.

${exitCodesText({
  done: "it can be deployed; with --compare, both would do the same",
  refused: "a policy refuses it; with --compare, the two differ",
  usage: "its config is wrong, or there is no such commit",
  outside: "it could not be previewed",
})}

Examples:
  npx sparki plan
  npx sparki plan --stack staging --json
  npx sparki plan --compare origin/main    what new versions of Pulumi and its providers change`;

/** `sparki plan`: what a deployment would do, in a form that can be approved. */
export const plan: Command = {
  name: "plan",
  summary: "show what a deployment would do, for a reviewer to approve",
  description: DESCRIPTION,
  options: [{ flags: "--compare <commit>", help: "compare with the plan of a git commit, branch or tag" }],
  run: (input) => (typeof input.options.compare === "string" ? compare(input.options.compare, input) : run(input)),
};

async function compare(name: string, { options, ports }: CommandInput): Promise<CommandResult> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { SealStore } = await import("../../io/seal/store.ts");
  const { readCommit } = await import("../../io/seal/source.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { CHECKOUT_DIRECTORY: checkout } = await import("../project.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { stack, fullName } = readStack(options.stack, ports);
  // Before anything is opened: a mistyped name is told at once.
  readCommit(checkout, name, ports.env);
  const { openStack } = await import("../deploy/real-target.ts");
  const { comparePlans, comparisonText } = await import("../plan/compare-run.ts");
  const screen = await openScreen(ports);
  const store = SealStore.open(ports.env);
  const session = await openStack(stack, ports, lineProgress(ports.stderr), { fullName, mayCreate: false });
  const document = await comparePlans({ name, stack, fullName, session, store, checkout, ports, screen });
  ports.stderr.write(comparisonText(document, screen.paint));
  return { exitCode: document.exitCode, json: document };
}

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openStack } = await import("../deploy/real-target.ts");
  const { makePlan } = await import("../plan/make-plan.ts");
  const { writePlan } = await import("../plan/plan-files.ts");
  const { deployCommand, planExitCode, planSummary, planWords } = await import("../plan/plan.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { stack, fullName, config } = readStack(options.stack, ports);
  const screen = await openScreen(ports);
  const session = await openStack(stack, ports, lineProgress(ports.stderr), { fullName });
  const made = await showPhase(screen, ports.clock, `plan ${stack}`, async () => {
    const plannedBy = session.engine.identity();
    const { openOwnPreflight } = await import("../preflight/open.ts");
    const { NOBODY_ASKED } = await import("../preflight/context.ts");
    const { lostClusterError } = await import("../preflight/checks/state.ts");
    const open = () => openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
    const planned = await makePlan(session).catch(async (error: unknown) => {
      throw (await lostClusterError(open)) ?? error;
    });
    return { ...planned, plannedBy: await plannedBy };
  });
  const { CHECKOUT_DIRECTORY, SEALED } = await import("../project.ts");
  const { keepPlan } = await import("../../io/seal/seal.ts");
  const files = await writePlan(CHECKOUT_DIRECTORY, made);
  if (SEALED !== undefined) keepPlan(SEALED.run, made.fingerprint.hash, { plannedBy: made.plannedBy });
  ports.stderr.write(planSummary(made, files, screen.paint));
  const exitCode = planExitCode(made);
  const next = exitCode === EXIT.done.code ? deployCommand(made) : null;
  return { exitCode, json: { ...made, ...planWords(made), files, next } };
}

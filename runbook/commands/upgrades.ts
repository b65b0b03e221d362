import { join } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { KUBERNETES_VERSIONS, kubernetesTool } from "../../tools/catalog.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Lists what ends when in a stack, the soonest first, and what to do before: the versions of Kubernetes,
PostgreSQL and Redis by AWS's dates, the age of passwords and of the restore tests, exemptions and
approvals. It reads the stack's config and the facts in this repository; it works offline, and changes
nothing.

With --kubernetes it asks the API server of another minor version instead, a real one that it starts on
this machine for as long as it takes. Every object that the stack's charts render, and every one that
Helm keeps of what is installed, is applied as a dry run with unknown fields refused. It tells what that
version refuses and why, and what it warns of. Nothing of the stack and nothing at AWS is touched. Without
an AWS account or a cluster it says that what is installed was not asked about. The first time an API
server is built from source, which takes minutes.

Kubernetes: ${KUBERNETES_VERSIONS.join(", ")}.

${exitCodesText({
  done: "nothing ends soon; with --kubernetes: every object is taken",
  refused: "something has ended, ends soon, or its end is not known; with --kubernetes: an object is refused",
  usage: "usage or config",
  held: "a chart does not render for that version",
  outside: "the API server could not be had or did not answer",
})}

Examples:
  npx sparki upgrades
  npx sparki upgrades --within 60 --json     for a schedule in CI
  npx sparki upgrades --kubernetes 1.36      before sparki:cluster.version is set to it`;

const DAYS = "30";

/** `sparki upgrades`: what of a stack ends when and what to do before, or what another version of Kubernetes makes of it. */
export const upgrades: Command = {
  name: "upgrades",
  summary: "when versions, passwords and exemptions end, and what to do before",
  description: DESCRIPTION,
  options: [
    { flags: "--within <days>", help: "treat as due what ends within this many days", default: DAYS },
    { flags: "--kubernetes <version>", help: "ask the API server of this minor version what it makes of the stack" },
  ],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  if (options.kubernetes !== undefined) return tryKubernetes(String(options.kubernetes), options.stack, ports);
  const withinDays = daysIn(options.within);
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { upgradesOf, upgradesText } = await import("../upgrades/upgrades.ts");
  const { stack, config } = readStack(options.stack, ports);
  const screen = await openScreen(ports);
  const today = new Date(ports.clock.now() * 1000).toISOString().slice(0, 10);
  const document = upgradesOf(stack, config, today, withinDays);
  ports.stderr.write(upgradesText(document, screen.paint));
  return { exitCode: document.exitCode, json: document };
}

/** Asks a real API server of the version; nothing of it is left, however this ends. */
async function tryKubernetes(
  kubernetes: string,
  named: CommandInput["options"][string],
  ports: CommandInput["ports"],
): Promise<CommandResult> {
  const apiServer = kubernetesTool("kube-apiserver", kubernetes);
  if (apiServer === undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      `--kubernetes is ${JSON.stringify(kubernetes)}; expected one of ${KUBERNETES_VERSIONS.join(", ")}, whose API servers are pinned here`,
      { hint: "docs/upgrades.md says how another version is pinned" },
    );
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const trials = await import("../upgrades/kubernetes-trial.ts");
  const { startTrialServer } = await import("../../rehearsal/cluster/trial-server.ts");
  const { PROJECT_DIRECTORY } = await import("../project.ts");
  const { clock, signal } = ports;
  const { stack, fullName, config } = readStack(named, ports);
  const screen = await openScreen(ports);
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const show = <T>(title: string, work: (phase: { note(text: string): void }) => Promise<T>) =>
    showPhase(screen, clock, title, work);
  try {
    const found = await show(`objects of ${stack}`, async (phase) => {
      const all = await trials.trialObjects(opened.context, kubernetes, signal);
      phase.note(`${all.objects.length} objects`);
      return all;
    });
    const tools = await apiServerTools(apiServer, ports);
    const namespaces = trials.namespacesOf(found);
    const definitions = [join(PROJECT_DIRECTORY, "apps", "charts", "monitoring", "crds")];
    const starting = { version: kubernetes, tools, definitions, namespaces, signal };
    const server = await show(`API server of Kubernetes ${kubernetes}`, () => startTrialServer(starting));
    try {
      const verdicts = await show("ask about each object", () =>
        trials.askAll(found, kubernetes, (object) => server.dryRun(object)),
      );
      const { charts, unrendered, leftOut } = found;
      const facts = { stack, kubernetes, configured: config.cluster.version, server: server.version };
      const document = trials.kubernetesTrial({ ...facts, charts, unrendered, leftOut, verdicts });
      ports.stderr.write(trials.kubernetesTrialText(document, screen.paint));
      return { exitCode: document.exitCode, json: document };
    } finally {
      await server.stop();
    }
  } finally {
    await opened.close();
  }
}

async function apiServerTools(apiServer: string, { env, signal, stderr }: CommandInput["ports"]) {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { resolveTools } = await import("../../tools/resolve.ts");
  return resolveTools(["etcd", apiServer], { env, progress: lineProgress(stderr), signal });
}

function daysIn(text: string | boolean | undefined): number {
  if (typeof text === "string" && /^\d{1,4}$/.test(text)) return Number(text);
  throw new DeployError("SPARKI_USAGE", `--within is ${JSON.stringify(text)}; expected a number of days, up to 9999`, {
    hint: "npx sparki upgrades --within 30",
  });
}

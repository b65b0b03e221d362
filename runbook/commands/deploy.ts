import type { Dependencies } from "../../records/state.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { OpenTarget } from "../deploy/real-target.ts";
import { ABANDONED, answersTo, CONFIRMATIONS } from "./preflight.ts";

const DESCRIPTION = `Deploys the release that the stack's config names, through its gates.

First the checklist of sparki preflight: a failed check stops the deployment. Then the plan, as a
report in .sparki/plans, and the confirmation. Then migrations, one-box, gate, fleet, gate, promotion,
DNS. Then the checks of sparki verify. When a gate refuses the release, or its charts do not install,
the previously promoted release is restored and proven. A release that is live but not verified gets
five minutes; docs/decision-tree.md says what happens in every case.

Without an interactive terminal, pass --on-call-confirmed and --window-announced: only a
person can confirm that the engineers on call are ready and the window is announced.
A report is left in .sparki/deploys as HTML and as JSON.
Posts to Slack with SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK, or with the config's secrets
sparki:slackToken or sparki:slackWebhook.

While it changes anything, Alertmanager (sparki:storm.alertmanagerUrl, with SPARKI_STORM_TOKEN)
silences the alerts that a deployment causes, such as pending pods, and no others. The silence ends
with the command, or by itself 30 minutes after a command that was killed.

Refused before anything changes: anything that differs from the plan named by --approved, a release
whose predecessor's images no longer exist (it could not be rolled back), and everything after a failed
rollback, until sparki rollback succeeds or --thaw confirms that a person has checked the stack.

${exitCodesText({
  done: "promoted and verified",
  refused: "rolled back, stopped, or live but unhealthy",
  usage: "its config is wrong, or not confirmed",
  held: "held: not proven good",
  outside: "an external failure; the same command continues from there",
  rollback: "the rollback failed",
})}

Examples:
  npx sparki deploy --stack staging
  npx sparki deploy --yes --on-call-confirmed --window-announced --json
  npx sparki deploy --approved 2f6c...        after npx sparki plan`;

/** `sparki deploy`: previews, asks, deploys through the gates, and rolls back by itself when they refuse. */
export const deploy: Command = {
  name: "deploy",
  summary: "deploy the config's release through its gates",
  description: DESCRIPTION,
  options: [
    ...CONFIRMATIONS,
    { flags: "--approved <hash>", help: "only what `sparki plan` gave this hash" },
    { flags: "--thaw", help: "deploy even though the last rollback failed" },
    ABANDONED,
  ],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { deployDocument, deployText } = await import("../deploy/deploy-document.ts");
  const { goThroughChecklist } = await import("../deploy/begin.ts");
  const { runDeploy } = await import("../deploy/deploy-run.ts");
  const { providersSince, Recovery } = await import("../recovery/take-over.ts");
  const { readLiveIfKnown } = await import("../../io/live-release.ts");
  const { openTarget, openTargetPreflight } = await import("../deploy/real-target.ts");
  const { reportDeploy } = await import("../report/deploy-html.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { reportLine } = await import("../report/report-files.ts");
  const { assertHash } = await import("../plan/approval.ts");
  const hash = typeof options.approved === "string" ? options.approved : undefined;
  if (hash !== undefined) assertHash(hash);
  const { readStack } = await import("../preflight/stack-file.ts");
  readStack(options.stack, ports);
  const { assertSomebody } = await import("../../io/prompt.ts");
  const isAgreed = options.yes === true || hash !== undefined;
  if (!isAgreed) assertSomebody();
  const screen = await openScreen(ports);
  const target = await openTarget(options.stack, ports, screen, true);
  try {
    const start = ports.clock.now();
    const answers = await answersTo(options, ports.signal);
    const open = () => openTargetPreflight(target, answers);
    const recovery = new Recovery(target, open, providersSince(options));
    const done = await runDeploy(target, {
      checklist: () => goThroughChecklist(target, open, recovery),
      recovery,
      http: target.http,
      approved: hash,
      confirm: isAgreed ? undefined : await question(target),
      isThawed: options.thaw === true,
    });
    const live = await readLiveIfKnown(() => kubeconfigOf(target));
    const notifications = await target.notifications.all();
    const wallSeconds = ports.clock.now() - start;
    const dependencies = await dependenciesOf(target);
    const document = deployDocument(done, { stack: target.stack, live, notifications, wallSeconds, dependencies });
    const report = await reportDeploy(document, target, ports.cwd);
    ports.stderr.write(`${deployText(document, screen.paint)}${reportLine(report)}`);
    return { exitCode: document.exitCode, json: { scenario: "deploy", ...document, world: null, report } };
  } finally {
    await target.close();
  }
}

/** Throws SPARKI_USAGE for a no: then nothing was changed. */
async function question({ stack, signal }: OpenTarget): Promise<() => Promise<void>> {
  const { confirm } = await import("../../io/prompt.ts");
  return () => confirm(`Deploy this to ${stack}?`, signal);
}

/** What each resource in the state waits for; nothing when the state cannot be read any more. */
async function dependenciesOf({ engine }: OpenTarget): Promise<Dependencies> {
  const { dependenciesIn, resourcesIn } = await import("../../records/state.ts");
  const state = await engine.exportState().catch(() => ({ deployment: {} }));
  return dependenciesIn(resourcesIn(state));
}

/** Undefined while there is no cluster, and so no output. */
async function kubeconfigOf({ engine }: OpenTarget): Promise<string | undefined> {
  const { kubeconfig } = await engine.outputs();
  return typeof kubeconfig?.value === "string" ? kubeconfig.value : undefined;
}

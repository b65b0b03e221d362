/**
 * Rehearses gates on the real engine, all on one cloud and over one promoted release, and prints a line of JSON for each
 * scenario: `node test/support/gate-cases.ts <directory> <scenario>[!] ...`. After each with `!` the first release is
 * deployed again; what follows another one is a further release over it, whose one-box alone it had reached.
 */

import { readFileSync } from "node:fs";
import type { Decision } from "../../gates/tree.ts";
import { systemClock } from "../../io/clock.ts";
import { type LiveRelease, readLiveRelease } from "../../io/live-release.ts";
import { abortOnSignals } from "../../io/signals.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { ROLLBACK_ENVIRONMENT } from "../../records/helm-release.ts";
import { promotionIn } from "../../records/promotion.ts";
import { resourcesIn } from "../../records/state.ts";
import type { ReleaseDescriptor, Scenario } from "../../rehearsal/scenario.ts";
import { findScenario, nextRelease } from "../../rehearsal/scenarios.ts";
import type { Ports } from "../../runbook/command.ts";
import {
  type Deployment,
  decideOn,
  deploy,
  endingOf,
  type Outcome,
  outcomeOf,
  previewed,
} from "../../runbook/deploy/deployment.ts";
import { withFaults } from "../../runbook/rehearse/rehearsal-faults.ts";
import { openPromoted } from "../../runbook/rehearse/rehearsal-run.ts";
import { resolveRehearsalTools } from "../../runbook/rehearse/rehearsal-session.ts";
import { plainScreen } from "../../runbook/report/screen.ts";
import { openOutput } from "../../shared/text/output.ts";
import { lineProgress } from "../../tools/progress.ts";

/** What is live by the Kubernetes API, and what the state's promotion record says. */
export interface Present {
  readonly live: LiveRelease;
  readonly promotion: unknown;
}

/** What came of one scenario. */
export interface GateCase extends Pick<Outcome, "exitCode" | "reason">, Pick<Deployment, "gates"> {
  readonly scenario: string;
  /** What the decision tree says to it, where there is a release to roll back to. */
  readonly action: Decision["action"];
  /** Steps that changed something before the refusal. */
  readonly changed: readonly string[];
  readonly seconds: number;
  readonly before: Present;
  readonly after: Present;
  /** How the update back to the first release ended, where there was one. */
  readonly again?: string;
}

const [directory = "", ...names] = process.argv.slice(2);
const ports: Ports = {
  stdout: openOutput(process.stdout),
  stderr: openOutput(process.stderr),
  clock: systemClock,
  env: { ...process.env, SPARKI_REHEARSAL_DIRECTORY: directory },
  cwd: directory,
  signal: abortOnSignals(),
};
const tools = await resolveRehearsalTools(ports, lineProgress(process.stderr));
const screen = plainScreen(process.stderr);
const options = { stack: "prod", seed: 1, timeScale: 0.004 };
const session =
  (await openPromoted(options, tools, screen, ports).catch(end)) ?? end(new Error("no kept world is free"));
const { engine, gateLogFile } = session;
const { release: good } = session.project;
const surroundings = { screen, clock: systemClock, gateLogFile };
let preview: EngineResult | undefined;
let last: ReleaseDescriptor = good;
try {
  await session.prepareRelease(good, {});
  for (const name of names) {
    const found = await rehearse(findScenario(name.replace("!", "")));
    const again = name.endsWith("!") ? { again: await deployAgain() } : {};
    process.stdout.write(`${JSON.stringify({ ...found, ...again })}\n`);
  }
  await session.close();
} catch (error) {
  await session.close();
  end(error);
}

/** Pulumi's SDK only tells of an error that nobody caught, and lets the process continue. */
function end(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}

async function rehearse({ name, releases }: Scenario): Promise<GateCase> {
  const second = releases.at(-1);
  const before = await present();
  last = nextRelease(last);
  await session.prepareRelease(last, second?.behaviours ?? {});
  const start = systemClock.now();
  // The same steps for every release over the first: one preview serves them all, and the gates ask in the update.
  preview ??= await previewed(engine, name, surroundings);
  const deployment = await withFaults(session.cloud, second?.faults, (watch) =>
    deploy(engine, name, { ...surroundings, watch, preview }),
  );
  const seconds = systemClock.now() - start;
  const after = await present();
  return { scenario: name, ...judged(deployment), changed: changedBy(deployment), seconds, before, after };
}

async function deployAgain(): Promise<string> {
  last = good;
  await session.prepareRelease(good, {});
  return (await engine.up(undefined, { environment: ROLLBACK_ENVIRONMENT })).outcome;
}

function judged(deployment: Deployment): Pick<GateCase, "action" | "exitCode" | "reason" | "gates"> {
  const ending = endingOf(deployment);
  const { action } = decideOn(ending, { canRollBack: true, hasState: true });
  const { exitCode, reason } = outcomeOf(deployment, ending, action);
  return { action, exitCode, reason, gates: deployment.gates };
}

function changedBy({ up }: Deployment): string[] {
  const done = up?.steps.filter(({ status, op }) => status === "done" && op !== "same" && op !== "read") ?? [];
  return [...new Set(done.map(({ name }) => name))];
}

/** Once the fleets' pods are ready again: with what they need away, they are not for a while. */
async function present(): Promise<Present> {
  const promotion = promotionIn(resourcesIn(await engine.exportState()));
  const kubeconfig = readFileSync(session.cloud.kubeconfigFile, "utf8");
  for (let tries = 0; ; tries++) {
    const live = await readLiveRelease(kubeconfig);
    if (tries === 60 || (live.engine.fleet.length > 0 && live.web.fleet.length > 0)) return { live, promotion };
    await systemClock.sleep(0.5);
  }
}

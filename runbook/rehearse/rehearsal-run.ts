import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, Watcher } from "../../io/engine.ts";
import { readLiveRelease } from "../../io/live-release.ts";
import { openNetwork } from "../../io/network.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { dependenciesIn, resourcesIn } from "../../records/state.ts";
import { copyCheckout } from "../../rehearsal/checkout.ts";
import { type EndedRun, holdWorld, type KeptWorld } from "../../rehearsal/kept-worlds.ts";
import { isSlotFree } from "../../rehearsal/ports.ts";
import type { ReleaseDescriptor, Scenario, ScenarioRelease } from "../../rehearsal/scenario.ts";
import { findScenario, nextRelease } from "../../rehearsal/scenarios.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { lineProgress } from "../../tools/progress.ts";
import type { Ports } from "../command.ts";
import { goThroughChecklist } from "../deploy/checklist.ts";
import { deployDocument } from "../deploy/deploy-document.ts";
import { type DeployOptions, runDeploy } from "../deploy/deploy-run.ts";
import { deploy, previewed } from "../deploy/deployment.ts";
import type { DeployRun } from "../deploy/result.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { Recovery } from "../recovery/take-over.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { timelineOf } from "../report/timeline.ts";
import type { LiveBefore } from "./live-before.ts";
import { mend, withFaults } from "./rehearsal-faults.ts";
import { withReport } from "./rehearsal-files.ts";
import { rehearsedPreflight } from "./rehearsal-preflight.ts";
import type { RehearsalReport } from "./rehearsal-report.ts";
import { openSession, type RehearsalSession, resolveRehearsalTools, type SessionOptions } from "./rehearsal-session.ts";
import { atCheckout, rehearsedTarget } from "./rehearsal-target.ts";
import { assertBegins, assertKnown, neverBegan } from "./step-names.ts";
import { compareWorld, worldSchema } from "./world.ts";
import { worldKey, worldsFolder } from "./world-key.ts";

/** What to rehearse, and on what. */
export interface RehearsalPlan extends SessionOptions {
  readonly scenario: Scenario;
  /** The engine is killed when this step of the last deploy begins, and the deploy is run again. */
  readonly crashAt?: string | undefined;
  /** What is live before, for a scenario whose first release is that. */
  readonly from?: LiveBefore | undefined;
  /** Begins with a kept world, in which the scenario's first release is promoted, instead of deploying that. */
  readonly isOnPromoted?: boolean | undefined;
  /** Runs while the cloud still serves, after the report is made. */
  readonly afterwards?: (report: RehearsalReport, session: RehearsalSession) => Promise<void>;
}

/** Rehearses a scenario on a cloud of its own; nothing that it started outlives it, however it ends. */
export async function rehearse(plan: RehearsalPlan, screen: Screen, ports: Ports): Promise<RehearsalReport> {
  const start = ports.clock.now();
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const world = plan.isOnPromoted === true ? await promotedWorld(plan, tools, screen, ports) : undefined;
  const session = await showPhase(screen, ports.clock, `simulated cloud for ${plan.stack}`, () =>
    openSession({ ...plan, world }, tools, ports),
  );
  const network = openNetwork(session.environment);
  try {
    const target = rehearsedTarget(session, { network, screen, tools, ports });
    const open = async () => rehearsedPreflight(session, tools, ports);
    const recovery = new Recovery(target, open);
    const checklist = () => goThroughChecklist(target, open, recovery);
    const targetAt = (checkout: string) => atCheckout(target, checkout, { tools, ports, session });
    const rest = world === undefined ? plan : afterFirst(plan);
    const run = await deployAll(rest, session, targetAt, { checklist, recovery }).finally(() =>
      target.notifications.all(),
    );
    const notifications = await target.notifications.all();
    const report = await reportOn(plan, session, run, { ports, start, notifications });
    await plan.afterwards?.(report, session);
    return report;
  } finally {
    await network.close();
    await showPhase(screen, ports.clock, "end the simulated cloud", () => session.close());
  }
}

/** The plan for a world in which its first release is promoted. */
function afterFirst(plan: RehearsalPlan): RehearsalPlan {
  const [, ...releases] = plan.scenario.releases;
  return { ...plan, scenario: { ...plan.scenario, releases } };
}

/** A kept world in which the stack's own release is promoted; made by a rehearsal where there is none of this program. */
export function promotedWorld(
  { stack, seed, timeScale, providers }: SessionOptions,
  tools: Readonly<Record<string, string>>,
  screen: Screen,
  ports: Ports,
): Promise<KeptWorld | undefined> {
  const make = async (): Promise<EndedRun> => {
    const made: EndedRun[] = [];
    const afterwards = async (_: RehearsalReport, { runDirectory, cloud }: RehearsalSession) => {
      made.push({ runDirectory, slot: cloud.slot });
    };
    const plan = { stack, seed, timeScale, providers, scenario: findScenario("first-deploy"), afterwards };
    const { exitCode, reason } = await rehearse(plan, screen, ports);
    const [run] = made;
    if (exitCode === 0 && run !== undefined) return run;
    throw new DeployError("SPARKI_OUTSIDE", `the world to go on from was not promoted: ${reason}`, {
      hint: `npx sparki rehearse first-deploy --stack ${stack}`,
    });
  };
  // The servers of the copy before may still be on their way out.
  const isFree = async (slot: number) => {
    for (let tries = 0; tries < 20 && !(await isSlotFree(slot)); tries++) await ports.clock.sleep(0.5, ports.signal);
    return isSlotFree(slot);
  };
  const say = (line: string) => screen.line(line);
  return holdWorld(worldsFolder(ports.env), worldKey({ stack, seed, providers }, tools, ports), { isFree, make, say });
}

/** Deploys the scenario's releases in order; the first that is not promoted is the last. */
async function deployAll(
  { scenario, crashAt, from }: RehearsalPlan,
  session: RehearsalSession,
  targetAt: (checkout: string) => StackTarget,
  options: Pick<DeployOptions, "checklist" | "recovery">,
): Promise<DeployRun> {
  const last = scenario.releases.at(-1);
  const wanted = [crashAt, last?.faults?.at].filter((step) => step !== undefined);
  const assertSteps = (preview: EngineResult, isLast: boolean) => {
    // The deploy after a crash finds that step made already.
    const assert = isLast && crashAt === undefined ? assertBegins : assertKnown;
    for (const step of wanted) assert(step, preview);
  };
  let run: DeployRun | undefined;
  for (const each of scenario.releases) {
    const release = await prepare(each, session, from);
    await session.prepareRelease(release, each.behaviours);
    const target = targetAt(session.checkout());
    if (crashAt !== undefined && each === last) await crashedDeploy(session.engine, release.id, crashAt, target);
    run = await runDeploy(target, {
      ...options,
      around: (work, preview) => {
        assertSteps(preview, each === last);
        return withFaults(session.cloud, each.faults, work);
      },
    }).finally(() => (each.faults?.isKept ? mend(session.cloud) : undefined));
    if (run.outcome !== "promoted") break;
  }
  if (run === undefined) throw new Error(`scenario ${scenario.name} has no release`);
  return run;
}

/** Makes the program, the charts and the config that a release is deployed from; tells the release. */
async function prepare(
  { release, edits = [], settings = [] }: ScenarioRelease,
  { project, runDirectory, useCheckout }: RehearsalSession,
  from: LiveBefore | undefined,
): Promise<ReleaseDescriptor> {
  if (release === "from" && from !== undefined) {
    await useCheckout(await from.checkout(join(runDirectory, "checkout-from")));
    return project.load(from);
  }
  const configured = project.load();
  const name = `checkout-${edits.length}-${release}`;
  await useCheckout(
    edits.length === 0 ? PROJECT_DIRECTORY : copyCheckout(PROJECT_DIRECTORY, join(runDirectory, name), edits),
  );
  for (const { key, value } of settings) project.set(key, value);
  if (release === "configured" || release === "from") return configured;
  return release === "next" ? nextRelease(configured) : nextRelease(nextRelease(configured));
}

/**
 * Deploys until the step begins, and kills the engine there; throws SPARKI_USAGE when no such step is previewed. A preview
 * that refuses is left to the deploy that follows, which tells why.
 */
async function crashedDeploy(engine: Engine, release: string, step: string, target: StackTarget): Promise<void> {
  const title = `${release}, with a crash at ${step}`;
  const preview = await previewed(engine, title, target);
  if (preview.outcome !== "succeeded") return;
  assertBegins(step, preview);
  let crashed = false;
  const watch: Watcher = ({ steps }) => {
    if (crashed || !steps.some(({ name, op, status }) => name === step && op !== "same" && status === "running"))
      return;
    crashed = true;
    engine.crash();
  };
  await deploy(engine, title, { ...target, watch, preview });
  if (crashed) return engine.breakLock();
  target.signal.throwIfAborted();
  throw neverBegan(step);
}

interface Circumstances {
  readonly ports: Ports;
  readonly start: number;
  readonly notifications: RehearsalReport["notifications"];
}

async function reportOn(
  plan: RehearsalPlan,
  session: RehearsalSession,
  run: DeployRun,
  { ports, start, notifications }: Circumstances,
): Promise<RehearsalReport> {
  const { steps = [] } = run.deployment.up ?? {};
  const state = resourcesIn(await session.engine.exportState());
  const { resources } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  const live = await readLiveRelease(textOf(session.cloud.kubeconfigFile));
  const wallSeconds = ports.clock.now() - start;
  const dependencies = dependenciesIn(state);
  const document = deployDocument(run, { stack: plan.stack, live, notifications, wallSeconds, dependencies });
  return withReport(session, ports, {
    scenario: plan.scenario.name,
    seed: plan.seed,
    ...document,
    replaced: session.project.replacements,
    providers: session.providers,
    world: compareWorld(resources, state),
    timing: {
      ...timelineOf(steps, dependencies, plan.timeScale),
      ...document.timing,
      cloudReadySeconds: session.cloud.readySeconds,
    },
  });
}

/** Undefined while there is no cluster yet, and so no file. */
function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

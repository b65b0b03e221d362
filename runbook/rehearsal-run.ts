import type { ReleaseDescriptor, Scenario } from "../rehearsal/scenarios.ts";
import { nextRelease } from "../rehearsal/scenarios.ts";
import { DeployError } from "../stacks/deploy-error.ts";
import { lineProgress } from "../tools/progress.ts";
import type { Ports } from "./command.ts";
import { type Deployment, deploy } from "./deployment.ts";
import type { Engine, Watcher } from "./io/engine.ts";
import { readLiveRelease } from "./io/live-release.ts";
import { outcomeOf } from "./outcome.ts";
import { withFaults } from "./rehearsal-faults.ts";
import { decisionsOf, detectSeconds, type RehearsalReport, stepsOf } from "./rehearsal-report.ts";
import { openSession, type RehearsalSession, resolveRehearsalTools, type SessionOptions } from "./rehearsal-session.ts";
import { showPhase } from "./report/live.ts";
import type { Screen } from "./report/screen.ts";
import { dependenciesIn, resourcesIn } from "./report/state.ts";
import { timelineOf } from "./report/timeline.ts";
import { compareWorld, worldSchema } from "./report/world.ts";

/** What to rehearse, and on what. */
export interface RehearsalPlan extends SessionOptions {
  readonly scenario: Scenario;
  /** The engine is killed when this step of the last deploy begins, and the deploy is run again. */
  readonly crashAt?: string | undefined;
  /** Runs while the cloud still serves, after the report is made. */
  readonly afterwards?: (report: RehearsalReport, session: RehearsalSession) => Promise<void>;
}

/** A deploy with the release that it was of, and the one before. */
interface Deployed {
  readonly deployment: Deployment;
  readonly release: ReleaseDescriptor;
  readonly previous: ReleaseDescriptor | null;
}

/** Rehearses a scenario on a cloud of its own; nothing that it started outlives it, however it ends. */
export async function rehearse(plan: RehearsalPlan, screen: Screen, ports: Ports): Promise<RehearsalReport> {
  const start = ports.clock.now();
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const session = await showPhase(screen, ports.clock, `simulated cloud for ${plan.stack}`, () =>
    openSession(plan, tools, ports),
  );
  try {
    const deployed = await deployAll(plan, session, screen, ports);
    ports.signal.throwIfAborted();
    const report = await reportOn(plan, session, deployed, { ports, start });
    await plan.afterwards?.(report, session);
    return report;
  } finally {
    await showPhase(screen, ports.clock, "end the simulated cloud", () => session.close());
  }
}

/** Deploys the scenario's releases in order; the first that is not promoted is the last. */
async function deployAll(
  { scenario, crashAt }: RehearsalPlan,
  session: RehearsalSession,
  screen: Screen,
  ports: Ports,
): Promise<Deployed> {
  const configured = session.project.release;
  let previous: ReleaseDescriptor | null = null;
  let deployed: Deployed | undefined;
  for (const each of scenario.releases) {
    const release: ReleaseDescriptor = each.release === "configured" ? configured : nextRelease(configured);
    await session.prepareRelease(release, each.behaviours);
    const surroundings = { screen, clock: ports.clock, gateLogFile: session.gateLogFile };
    if (crashAt !== undefined && each === scenario.releases.at(-1))
      await crashedDeploy(session.engine, release.id, crashAt, surroundings);
    const deployment = await withFaults(session.cloud, each.faults, (watch) =>
      deploy(session.engine, release.id, { ...surroundings, watch }),
    );
    deployed = { deployment, release, previous };
    if (outcomeOf(deployed.deployment).outcome !== "promoted") break;
    previous = release;
  }
  if (deployed === undefined) throw new Error(`scenario ${scenario.name} has no release`);
  return deployed;
}

/** Deploys until the step begins, and kills the engine there; throws SPARKI_USAGE when no such step began. */
async function crashedDeploy(
  engine: Engine,
  title: string,
  step: string,
  surroundings: Parameters<typeof deploy>[2],
): Promise<void> {
  let crashed = false;
  const watch: Watcher = (record) => {
    if (crashed || !record.steps.some(({ name, op, status }) => name === step && op !== "same" && status === "running"))
      return;
    crashed = true;
    engine.crash();
  };
  const { up } = await deploy(engine, `${title}, with a crash at ${step}`, { ...surroundings, watch });
  if (crashed) return engine.breakLock();
  const names = up?.steps.filter(({ op }) => op !== "same").map(({ name }) => name) ?? [];
  throw new DeployError("SPARKI_USAGE", `no step ${JSON.stringify(step)} began; expected one of ${names.join(", ")}`);
}

async function reportOn(
  plan: RehearsalPlan,
  session: RehearsalSession,
  { deployment, release, previous }: Deployed,
  { ports, start }: { readonly ports: Ports; readonly start: number },
): Promise<RehearsalReport> {
  const { preview, up, gates } = deployment;
  const state = resourcesIn(await session.engine.exportState());
  const { resources } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  return {
    scenario: plan.scenario.name,
    stack: plan.stack,
    seed: plan.seed,
    ...outcomeOf(deployment),
    release,
    previous,
    replaced: session.project.replacements,
    steps: stepsOf(up),
    gates,
    decisions: decisionsOf(gates),
    notifications: [],
    policy: (up ?? preview).policy,
    live: await readLiveRelease(session.cloud.kubeconfigFile),
    world: compareWorld(resources, state),
    timing: {
      ...timelineOf(up?.steps ?? [], dependenciesIn(state), plan.timeScale),
      wallSeconds: ports.clock.now() - start,
      detectSeconds: detectSeconds(up),
      rollbackSeconds: null,
      cloudReadySeconds: session.cloud.readySeconds,
      previewSeconds: preview.seconds,
      upSeconds: up?.seconds ?? 0,
    },
  };
}

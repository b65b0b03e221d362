import { existsSync, readFileSync } from "node:fs";
import { nextRelease, type ReleaseDescriptor, type Scenario } from "../rehearsal/scenarios.ts";
import { parseConfig } from "../stacks/config.ts";
import { DeployError } from "../stacks/deploy-error.ts";
import { lineProgress } from "../tools/progress.ts";
import type { Ports } from "./command.ts";
import { type DeployRun, runDeploy } from "./deploy-run.ts";
import { deploy } from "./deployment.ts";
import type { Engine, Watcher } from "./io/engine.ts";
import { readLiveRelease } from "./io/live-release.ts";
import { type Network, openNetwork } from "./io/network.ts";
import { openRegistry } from "./io/registry.ts";
import { withFaults } from "./rehearsal-faults.ts";
import { detectSeconds, type RehearsalReport, rollbackOf, stepsOf } from "./rehearsal-report.ts";
import { openSession, type RehearsalSession, resolveRehearsalTools, type SessionOptions } from "./rehearsal-session.ts";
import { showPhase } from "./report/live.ts";
import type { Screen } from "./report/screen.ts";
import { dependenciesIn, resourcesIn } from "./report/state.ts";
import { timelineOf } from "./report/timeline.ts";
import { compareWorld, worldSchema } from "./report/world.ts";
import type { StackTarget } from "./stack-target.ts";

/** What to rehearse, and on what. */
export interface RehearsalPlan extends SessionOptions {
  readonly scenario: Scenario;
  /** The engine is killed when this step of the last deploy begins, and the deploy is run again. */
  readonly crashAt?: string | undefined;
  /** Runs while the cloud still serves, after the report is made. */
  readonly afterwards?: (report: RehearsalReport, session: RehearsalSession) => Promise<void>;
}

/** Rehearses a scenario on a cloud of its own; nothing that it started outlives it, however it ends. */
export async function rehearse(plan: RehearsalPlan, screen: Screen, ports: Ports): Promise<RehearsalReport> {
  const start = ports.clock.now();
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
  const session = await showPhase(screen, ports.clock, `simulated cloud for ${plan.stack}`, () =>
    openSession(plan, tools, ports),
  );
  const network = openNetwork(session.environment);
  try {
    const run = await deployAll(plan, session, stackTarget(session, network, screen, ports));
    const report = await reportOn(plan, session, run, { ports, start });
    await plan.afterwards?.(report, session);
    return report;
  } finally {
    await network.close();
    await showPhase(screen, ports.clock, "end the simulated cloud", () => session.close());
  }
}

/** The rehearsed stack as the commands see every stack. */
export function stackTarget(session: RehearsalSession, network: Network, screen: Screen, ports: Ports): StackTarget {
  const { stack, engine, gateLogFile, environment: env, project } = session;
  const { clock, signal } = ports;
  const config = async () => parseConfig(project.config(), stack);
  const registry = openRegistry(network, env);
  return { stack, engine, config, configFile: project.configFile, gateLogFile, env, registry, screen, clock, signal };
}

/** Deploys the scenario's releases in order; the first that is not promoted is the last. */
async function deployAll(
  { scenario, crashAt }: RehearsalPlan,
  session: RehearsalSession,
  target: StackTarget,
): Promise<DeployRun> {
  const configured = session.project.release;
  let run: DeployRun | undefined;
  for (const each of scenario.releases) {
    const release: ReleaseDescriptor = each.release === "configured" ? configured : nextRelease(configured);
    await session.prepareRelease(release, each.behaviours);
    if (crashAt !== undefined && each === scenario.releases.at(-1))
      await crashedDeploy(session.engine, release.id, crashAt, target);
    run = await runDeploy(target, (work) => withFaults(session.cloud, each.faults, work));
    if (run.outcome !== "promoted") break;
  }
  if (run === undefined) throw new Error(`scenario ${scenario.name} has no release`);
  return run;
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
  { deployment, rollback, outcome, exitCode, reason, release, previous, decisions }: DeployRun,
  { ports, start }: { readonly ports: Ports; readonly start: number },
): Promise<RehearsalReport> {
  const { preview, up, gates } = deployment;
  const state = resourcesIn(await session.engine.exportState());
  const { resources } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  return {
    scenario: plan.scenario.name,
    stack: plan.stack,
    seed: plan.seed,
    outcome,
    exitCode,
    reason,
    release,
    previous,
    replaced: session.project.replacements,
    steps: stepsOf(up),
    gates,
    decisions,
    rollback: rollbackOf(rollback),
    notifications: [],
    policy: (up ?? preview).policy,
    live: await readLiveRelease(textOf(session.cloud.kubeconfigFile)),
    world: compareWorld(resources, state),
    timing: {
      ...timelineOf(up?.steps ?? [], dependenciesIn(state), plan.timeScale),
      wallSeconds: ports.clock.now() - start,
      detectSeconds: detectSeconds(up),
      rollbackSeconds: rollback?.seconds ?? null,
      cloudReadySeconds: session.cloud.readySeconds,
      previewSeconds: preview.seconds,
      upSeconds: up?.seconds ?? 0,
    },
  };
}

/** Undefined while there is no cluster yet, and so no file. */
function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

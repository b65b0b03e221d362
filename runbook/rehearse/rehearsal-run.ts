import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { commandRunner } from "../../io/child-command.ts";
import type { Engine, Watcher } from "../../io/engine.ts";
import { gitCharts, helmStoreOpener, helmTemplate } from "../../io/helm.ts";
import { type Http, request } from "../../io/http.ts";
import { readLiveIfKnown } from "../../io/live-release.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { openRegistry } from "../../io/oci-registry.ts";
import type { UsedPlugin } from "../../io/seal/plugins.ts";
import { pluginsNow, sealNow } from "../../io/seal/sealed-run.ts";
import { openSlack } from "../../io/slack.ts";
import { isRecord } from "../../records/canonical.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { promotionIn } from "../../records/promotion.ts";
import { dependenciesIn, resourcesIn, type StateResource } from "../../records/state.ts";
import { isSlotFree } from "../../rehearsal/addresses.ts";
import { copyCheckout } from "../../rehearsal/project.ts";
import { type EndedRun, holdWorld, type KeptWorld, openedAgain } from "../../rehearsal/run-directories.ts";
import type { Around, Behaviours, ReleaseDescriptor, Scenario, ScenarioRelease } from "../../rehearsal/scenario.ts";
import { findScenario, nextRelease } from "../../rehearsal/scenarios.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import { lineProgress } from "../../tools/progress.ts";
import type { Ports } from "../command.ts";
import { goThroughChecklist } from "../deploy/begin.ts";
import { type DeployRun, deployDocument, timelineOf } from "../deploy/deploy-document.ts";
import { type DeployOptions, runDeploy } from "../deploy/deploy-run.ts";
import { deploy, previewed } from "../deploy/deployment.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { Notifications } from "../notify/notifications.ts";
import { makePlan } from "../plan/make-plan.ts";
import { writePlan } from "../plan/plan-files.ts";
import type { Answers } from "../preflight/context.ts";
import { type OpenPreflight, openPreflight } from "../preflight/open.ts";
import { readStack } from "../preflight/stack-file.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";
import { Recovery } from "../recovery/take-over.ts";
import { openKeep } from "../release/keep.ts";
import { expectedText } from "../report/columns.ts";
import { deployHtml } from "../report/deploy-html.ts";
import { showPhase } from "../report/live.ts";
import { docsLinks, planLinks, writeReport } from "../report/report-files.ts";
import type { Screen } from "../report/screen.ts";
import { readPresent } from "../rollback/rollback-target.ts";
import { controlPlanesOf, type LiveBefore, settingsBeforeUpgrade, settingsOfUpgrade } from "./live-before.ts";
import { hostText, providersText, type RehearsedHost } from "./providers.ts";
import { assertBegins, assertKnown, fix, holdAccount, neverBegan, withFaults } from "./rehearsal-faults.ts";
import {
  alertedSchema,
  alertedText,
  compareWorld,
  type Inside,
  type RehearsalReport,
  worldKey,
  worldSchema,
  worldsFolder,
} from "./rehearsal-report.ts";
import {
  openSession,
  plainEnvironment,
  putImages,
  type RehearsalSession,
  resolveRehearsalTools,
  type SessionOptions,
} from "./rehearsal-session.ts";

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
  const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr), controlPlaneTools(plan, screen, ports));
  const promoted = plan.isOnPromoted === true ? await openPromoted(plan, tools, screen, ports) : undefined;
  const session = promoted ?? (await openShown(plan, tools, screen, ports));
  const network = openNetwork(session.environment);
  try {
    const target = rehearsedTarget(session, { network, screen, tools, ports });
    const open = async () => rehearsedPreflight(session, tools, ports);
    // The providers are the simulated cloud's, which ended those of the run before.
    const recovery = new Recovery(target, open, start);
    const http: Http = (url, options) => request(network, url, options);
    const checklist = () => goThroughChecklist(target, open, recovery, (context) => servesAgain(session, context));
    const targetAt = (checkout: string) => atCheckout(target, checkout, { tools, ports, session });
    const rest = promoted === undefined ? plan : afterFirst(plan);
    const run = await deployAll(rest, session, targetAt, { checklist, recovery, http }).finally(() =>
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

/** What was live must serve again before it is judged; of what was never promoted nothing is. */
async function servesAgain(session: RehearsalSession, { state }: OpenPreflight["context"]): Promise<void> {
  const { resources } = await state.read();
  if (promotionIn(resources) !== undefined) await session.settled();
}

/** What a rehearsed upgrade of Kubernetes needs beside every rehearsal's tools; the screen says why where it is nothing. */
function controlPlaneTools({ scenario, stack }: RehearsalPlan, screen: Screen, ports: Ports): readonly string[] {
  if (!scenario.releases.some(({ isBeforeUpgrade }) => isBeforeUpgrade === "kubernetes")) return [];
  const { tools, why } = controlPlanesOf(readStack(stack, ports).config);
  if (why !== undefined) screen.line(why);
  return tools;
}

/** The plan for a world in which its first release is promoted. */
function afterFirst(plan: RehearsalPlan): RehearsalPlan {
  const [, ...releases] = plan.scenario.releases;
  return { ...plan, scenario: { ...plan.scenario, releases } };
}

function openShown(
  options: SessionOptions,
  tools: Readonly<Record<string, string>>,
  screen: Screen,
  ports: Ports,
): Promise<RehearsalSession> {
  return showPhase(screen, ports.clock, `simulated cloud for ${options.stack}`, () =>
    openSession(options, tools, ports),
  );
}

/**
 * A session on a copy of a kept world in which the stack's own release is promoted; undefined when as many as may be are in
 * use. A world that does not serve again is made again, once, and the screen says why.
 */
export async function openPromoted(
  options: SessionOptions,
  tools: Readonly<Record<string, string>>,
  screen: Screen,
  ports: Ports,
): Promise<RehearsalSession | undefined> {
  const open = async () => {
    const world = await promotedWorld(options, tools, screen, ports);
    return world && openShown({ ...options, world }, tools, screen, ports);
  };
  return openedAgain(open, (why) => screen.line(`${why}\nthe saved state is created again`));
}

/** A kept world in which the stack's own release is promoted; made by a rehearsal where there is none of this program. */
function promotedWorld(
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
    if (exitCode === EXIT.done.code && run !== undefined) return run;
    throw new DeployError("SPARKI_OUTSIDE", `the state to continue from was not promoted: ${reason}`, {
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
  options: Pick<DeployOptions, "checklist" | "recovery" | "http">,
): Promise<DeployRun> {
  const last = scenario.releases.at(-1);
  const { at, before } = last?.faults ?? {};
  const wanted = [crashAt, at, before, last?.around?.interruptAt].filter((step) => step !== undefined);
  const assertSteps = (preview: EngineResult, isLast: boolean) => {
    // The deploy after a crash finds that step made already.
    const assert = isLast && crashAt === undefined ? assertBegins : assertKnown;
    for (const step of wanted) assert(step, preview);
  };
  let run: DeployRun | undefined;
  for (const each of scenario.releases) {
    const release = await prepare(each, session, from, Date.now());
    const { liveImages, afterApproval, interruptAt } = each.around ?? {};
    // Else what is made to fail would be waited for.
    if (crashAt !== undefined || each.around !== undefined || each.faults !== undefined) await session.settled();
    if (liveImages !== undefined) await spoilLive(session, targetAt(session.checkout()), liveImages);
    await session.prepareRelease(release, each.behaviours);
    const target = targetAt(session.checkout());
    const approved = afterApproval && (await approvedThenMoved(session, target, afterApproval));
    if (crashAt !== undefined && each === last) await crashedDeploy(session.engine, release.id, crashAt, target);
    const isHeld = await holdAccount(session.cloud, each.faults);
    run = await runDeploy(target, {
      ...options,
      // A stack of this name may exist at AWS: its rollback is not this rehearsal's.
      thawCommand: `npx sparki rehearse --stack ${target.stack}, which starts a new rehearsal`,
      ...(approved !== undefined && { approved }),
      around: (work, preview) => {
        assertSteps(preview, each === last);
        const interrupt = interruptAt === undefined ? () => {} : interruptingAt(interruptAt);
        return withFaults(session.cloud, each.faults, (watch) =>
          work((...seen) => {
            watch(...seen);
            interrupt(...seen);
          }),
        );
      },
    }).finally(() => (isHeld || each.faults?.isKept ? fix(session.cloud) : undefined));
    if (run.outcome !== "promoted") break;
  }
  if (run === undefined) throw new Error(`scenario ${scenario.name} has no release`);
  return run;
}

/** Makes other images of the release that is live, or takes them out of the registry. */
async function spoilLive(session: RehearsalSession, target: StackTarget, images: Behaviours): Promise<void> {
  const { live } = await readPresent(target);
  if (live !== undefined) await putImages(session.cloud, live.release, images);
}

/** Plans the deployment as a reviewer would approve it, then changes what it stands on; resolves with the plan's hash. */
async function approvedThenMoved(
  { engine, project, stack }: RehearsalSession,
  target: StackTarget,
  { state, settings = [] }: NonNullable<Around["afterApproval"]>,
): Promise<string> {
  const plan = await makePlan(target);
  await writePlan(target.plansDirectory, plan);
  if (state === true) await engine.importState(touched(await engine.exportEncrypted(), stack));
  for (const { key, value } of settings) project.set(key, value);
  return plan.fingerprint.hash;
}

/** The state as someone's update leaves it, who changed nothing at AWS: a resource's record is a newer one. */
function touched(exported: unknown, stack: string): unknown {
  const state = isRecord(exported) ? exported : {};
  const deployment = isRecord(state.deployment) ? state.deployment : {};
  const resources: readonly unknown[] = Array.isArray(deployment.resources) ? deployment.resources : [];
  const type = "pulumi:pulumi:Stack";
  const root = { urn: `urn:pulumi:${stack}::sparki::${type}::sparki-${stack}`, custom: false, type };
  const [first = root, ...others] = resources;
  const newer = { ...(isRecord(first) ? first : {}), modified: new Date().toISOString() };
  return { ...state, deployment: { ...deployment, resources: [newer, ...others] } };
}

/** Presses Ctrl-C once, when the step begins. */
function interruptingAt(step: string): Watcher {
  let isPressed = false;
  return ({ steps }) => {
    if (isPressed || !steps.some(({ name, op, status }) => name === step && op !== "same" && status === "running"))
      return;
    isPressed = true;
    process.kill(process.pid, "SIGINT");
  };
}

/** Makes the program, the charts and the config that a release is deployed from; tells the release. */
async function prepare(
  { release, edits = [], settings = [], isBeforeUpgrade, permits, schema }: ScenarioRelease,
  { project, runDirectory, stack, useCheckout }: RehearsalSession,
  from: LiveBefore | undefined,
  now: number,
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
  if (isBeforeUpgrade !== undefined)
    for (const { key, value } of settingsBeforeUpgrade(isBeforeUpgrade, project.config(), stack, now))
      project.set(key, value);
  if (permits !== undefined)
    for (const { key, value } of settingsOfUpgrade(permits, project.config(), stack, now)) project.set(key, value);
  const named = {
    configured,
    from: configured,
    next: nextRelease(configured),
    third: nextRelease(nextRelease(configured)),
  };
  return { ...named[release], ...(schema && { schema }) };
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
  // A run that ended because the cluster does not answer has a report too.
  const live = await readLiveIfKnown(async () => textOf(session.cloud.kubeconfigFile));
  const wallSeconds = ports.clock.now() - start;
  const dependencies = dependenciesIn(state);
  const document = deployDocument(run, { stack: plan.stack, live, notifications, wallSeconds, dependencies });
  return withReport(session, ports, {
    scenario: plan.scenario.name,
    seed: plan.seed,
    ...document,
    replaced: session.project.replacements,
    providers: session.providers,
    languageHost: told(session.languageHost),
    world: compareWorld(resources, state),
    inside: await insideOf(session, state),
    users: usersSchema.parse(await session.cloud.ask("GET", "/users")),
    alerted: alertedSchema.parse(await session.cloud.ask("GET", "/told")),
    timing: {
      ...timelineOf(steps, dependencies, plan.timeScale),
      ...document.timing,
      cloudReadySeconds: session.cloud.readySeconds,
    },
  });
}

/** Without the place on this machine. */
function told({ name, is, version, from }: RehearsedHost): Omit<RehearsedHost, "folder"> {
  return { name, is, version, from };
}

const usersSchema = z.object({ requests: z.number(), lost: z.number() });

const rowsSchema = z.object({ rows: z.record(z.string(), z.number()) });

async function insideOf({ cloud }: RehearsalSession, state: readonly StateResource[]): Promise<Inside> {
  // A run that ended because a server does not answer has a report too.
  const { rows } = rowsSchema.parse(await cloud.ask("GET", "/rows").catch(() => ({ rows: {} })));
  const namespaces = state.filter(({ type }) => type === NAMESPACE).map(({ id = "" }) => id);
  const kubeconfig = textOf(cloud.kubeconfigFile);
  const { objectsIn } = await import("../../io/object-proof.ts");
  const objects = kubeconfig === undefined ? null : await objectsIn(kubeconfig, namespaces).catch(() => null);
  return { objects, rows, promoted: promotionIn(state)?.release.id ?? null };
}

const NAMESPACE = "kubernetes:core/v1:Namespace";

/** Undefined while there is no cluster yet, and so no file. */
function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** A rehearsal's report with where its files are: below its run's directory. */
async function withReport(
  { project, stack, runDirectory }: RehearsalSession,
  { clock, cwd, stderr }: Pick<Ports, "clock" | "cwd" | "stderr">,
  report: Omit<RehearsalReport, "report">,
): Promise<RehearsalReport> {
  const directory = join(runDirectory, "report");
  const beside = {
    notes: notesOf(report),
    links: [...planLinks(report, CHECKOUT_DIRECTORY, directory), ...docsLinks(parseConfig(project.config(), stack))],
  };
  const page = (madeAt: string) => deployHtml(report, { madeAt, ...beside, isRehearsal: true });
  const reported = { stack, release: report.release.id, document: report, page };
  const warn = (line: string) => stderr.write(`${line}\n`);
  return { ...report, report: await writeReport(reported, { directory, at: clock.now(), cwd }, warn) };
}

function notesOf({
  scenario,
  plan,
  world,
  alerted,
  providers,
  languageHost,
}: Omit<RehearsalReport, "report">): string[] {
  const pace = plan?.expected === undefined ? "" : ` At AWS, the plan estimates ${expectedText(plan.expected)}.`;
  const left = `${world.resources} resources at AWS, ${world.orphans} orphans, ${world.duplicates} duplicates, ${world.drift} drifted`;
  const real = providersText(providers);
  const alerts = alerted === undefined ? [] : [`Alerts that Alertmanager told: ${alertedText(alerted)}.`];
  return [
    `A rehearsal of ${scenario} on one machine, and so all times are this machine's.${pace}`,
    `The simulated account ends with ${left}.`,
    ...alerts,
    ...(real === undefined ? [] : [`Providers: ${real}.`]),
    ...(real === undefined || languageHost === undefined ? [] : [`The program: ${hostText(languageHost)}.`]),
  ];
}

interface Surroundings {
  readonly network: Network;
  readonly screen: Screen;
  /** Absolute paths by name. */
  readonly tools: Readonly<Record<string, string>>;
  readonly ports: Ports;
}

/** The rehearsed stack as the commands see every stack. */
function rehearsedTarget(session: RehearsalSession, { network, screen, tools, ports }: Surroundings): StackTarget {
  const { stack, engine, gateLogFile, environment: env, project } = session;
  const { clock, signal } = ports;
  const config = async () => parseConfig(project.config(), stack);
  const registry = openRegistry(network, env);
  // Never the real Slack: the rehearsal's own webhook keeps what it is told.
  const slack = openSlack(network, { webhook: `${session.cloud.url}/slack` }, clock);
  const notifications = new Notifications(slack, (text) => screen.line(text));
  const { configFile, isEarlier } = project;
  const planning = planningAt(PROJECT_DIRECTORY, { session, tools, ports });
  const named = { stack, engine, config, configFile, isEarlier, gateLogFile, env, ...planning };
  return { ...named, registry, notifications, screen, clock, signal };
}

/** The same stack, planned and deployed from another folder. */
function atCheckout(
  target: StackTarget,
  directory: string,
  surroundings: Pick<Surroundings, "tools" | "ports"> & { readonly session: RehearsalSession },
): StackTarget {
  return { ...target, ...planningAt(directory, surroundings) };
}

function planningAt(
  directory: string,
  { session, tools, ports }: Pick<Surroundings, "tools" | "ports"> & { readonly session: RehearsalSession },
) {
  const template = helmTemplate(commandRunner(tools.helm ?? "helm", ports.env), directory);
  const helmStore = helmStoreOpener(ports.signal);
  const history = gitCharts(CHECKOUT_DIRECTORY, ports.env);
  // The plans are the run's: those of the real stack are another folder's.
  const [projectDirectory, own] = [directory, session.runDirectory];
  const keep = openKeep({ helmStore, history, projectDirectory, keptDirectory: own });
  const seal = () => sealNow(directory, session.stack, process.env);
  const plugins = (used: readonly UsedPlugin[]) => pluginsNow(directory, process.env, used);
  return { projectDirectory, plansDirectory: own, seal, plugins, template, helmStore, keep };
}

const REHEARSED = { confirmed: true, how: "rehearsed" } as const;

/** Nobody is on call for a rehearsal, and no window is announced for it. */
const ANSWERS: Answers = { "on-call-confirmed": REHEARSED, "window-announced": REHEARSED };

/** The checklist's ports on a rehearsed stack, as `sparki preflight` would open them in the session's environment. */
function rehearsedPreflight(
  session: RehearsalSession,
  tools: Readonly<Record<string, string>>,
  { clock }: Pick<Ports, "clock">,
): OpenPreflight {
  const { stack, project, cloud } = session;
  // Never the real Slack: the rehearsal's own webhook keeps what it is told.
  const env = { ...plainEnvironment(session), SPARKI_SLACK_WEBHOOK: `${cloud.url}/slack` };
  const config = parseConfig(project.config(), stack);
  const given = { stack, config, projectDirectory: PROJECT_DIRECTORY, tools, clock, env };
  return openPreflight({ ...given, answers: ANSWERS });
}

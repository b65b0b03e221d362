import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { constants } from "node:os";
import { messageOf } from "../../shared/deploy-error.ts";
import { callerHeaders } from "../../tools/callers.ts";
import type { ProcessExit, Processes, ProcessHandle } from "../processes.ts";
import type { ImageBehaviour } from "../services.ts";
import type { Occurrence } from "./api.ts";
import type { ContainerLog } from "./container-log.ts";
import { applicationArguments, type ImageRegistry } from "./images.ts";
import type { Container, ContainerState, ContainerStatus, LifecycleHandler, Probe } from "./objects.ts";
import { isRestarted, type RestartPolicy } from "./pod.ts";
import { graceAfterHook, pause, type Timing } from "./timing.ts";

/** A shell's exit code for a program that cannot be started. */
const NOT_FOUND = 127;

/** Runs a command beside a container's process, with its environment; KILL once the limit is over. */
async function executeBeside(
  processes: Processes,
  command: { readonly name: string; readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> },
  limitMilliseconds: number,
): Promise<{ code: number; output: string }> {
  const [program = "", ...args] = command.words;
  const chunks: Buffer[] = [];
  const onOutput = (_stream: string, chunk: Buffer) => void chunks.push(chunk);
  const started = processes.start({ name: command.name, command: program, args, env: command.env, onOutput });
  const child = await started.catch((error: Error) => error);
  if (child instanceof Error) return { code: NOT_FOUND, output: child.message };
  const limit = setTimeout(() => child.signal("SIGKILL"), limitMilliseconds);
  const exit = await child.exited;
  clearTimeout(limit);
  return { code: exitCodeOf(exit), output: Buffer.concat(chunks).toString("utf8") };
}

const CONFIG_RETRY_MILLISECONDS = 1000;

interface Startable {
  readonly behaviour: ImageBehaviour;
  readonly environment: Record<string, string>;
}

/** Runs one container of a pod: pulls its image, starts it, probes it, and starts it again as its pod's policy says. */
export class ContainerRunner {
  readonly #host: ContainerHost;
  readonly #plan: ContainerPlan;
  readonly #stopping = new AbortController();
  #state: ContainerState = waiting("ContainerCreating");
  #lastState: ContainerState = {};
  #restarts: number;
  #isReady = false;
  #isStarted = false;
  #containerId = "";
  #imageId = "";
  #process: ProcessHandle | undefined;
  #environment: Readonly<Record<string, string>> = {};

  constructor(host: ContainerHost, plan: ContainerPlan) {
    this.#host = host;
    this.#plan = plan;
    this.#restarts = plan.restarts;
  }

  /** Resolves once the container has ended for good: by itself as the policy says, or because it was stopped. */
  async run(): Promise<void> {
    for (let ends = 1; ; ends += 1) {
      const startable = await this.#prepared();
      if (startable === undefined) return;
      const startedAt = performance.now();
      const exitCode = await this.#runOnce(startable);
      if (this.#stopping.signal.aborted || !isRestarted(this.#plan.restartPolicy, exitCode)) return;
      if (performance.now() - startedAt > this.#host.timing.stableRun()) ends = 1;
      await this.#backOff(ends);
      if (this.#stopping.signal.aborted) return;
      this.#restarts += 1;
    }
  }

  /** Runs the preStop hook, then TERM, then KILL once hook and process have used up the grace; resolves when it is gone. */
  async stop(graceSeconds: number): Promise<void> {
    this.#stopping.abort();
    if (this.#process?.running() !== true) return;
    this.#record("Normal", "Killing", `Stopping container ${this.#plan.container.name}`);
    const hookSeconds = await this.#preStop(graceSeconds);
    await this.#process.stop(this.#host.timing.grace(graceAfterHook(graceSeconds, hookSeconds)) / 1000);
  }

  /** KILL at once. */
  kill(): void {
    this.#stopping.abort();
    this.#process?.signal("SIGKILL");
  }

  status(): ContainerStatus {
    const { name, image = "" } = this.#plan.container;
    return {
      name,
      image,
      imageID: this.#imageId,
      ...(this.#containerId === "" ? {} : { containerID: this.#containerId }),
      ready: this.#isReady,
      started: this.#isStarted,
      restartCount: this.#restarts,
      state: this.#state,
      lastState: this.#lastState,
    };
  }

  /** Waits for the image and for what the environment refers to; undefined when the container was stopped first. */
  async #prepared(): Promise<Startable | undefined> {
    const { image = "" } = this.#plan.container;
    const { signal } = this.#stopping;
    const report = { record: this.#record.bind(this), become: this.#become.bind(this) };
    const behaviour = await pullImage(image, this.#host, report, signal);
    if (behaviour === undefined) return undefined;
    this.#imageId = image;
    while (!signal.aborted) {
      try {
        return { behaviour, environment: await this.#plan.environment(behaviour) };
      } catch (error) {
        // Something it refers to is missing, or an API server that was just started cannot say yet: the same to a kubelet.
        this.#record("Warning", "Failed", `Error: ${messageOf(error)}`);
        this.#become(waiting("CreateContainerConfigError", messageOf(error)));
        await pause(CONFIG_RETRY_MILLISECONDS, signal);
      }
    }
    return undefined;
  }

  async #runOnce(startable: Startable): Promise<number> {
    const startedAt = new Date().toISOString();
    this.#containerId = `containerd://${randomBytes(32).toString("hex")}`;
    const end = { startedAt, containerID: this.#containerId };
    try {
      this.#process = await this.#start(startable);
    } catch (error) {
      const message = messageOf(error);
      this.#record("Warning", "Failed", `Error: ${message}`);
      this.#become(terminated({ ...end, exitCode: 128, reason: "StartError", message }));
      return 128;
    }
    this.#become(running(startedAt));
    this.#record("Normal", "Started", `Started container ${this.#plan.container.name}`);
    const exitCode = await this.#watched(this.#process);
    this.#isReady = false;
    this.#isStarted = false;
    this.#become(terminated({ ...end, exitCode }));
    return exitCode;
  }

  async #start({ behaviour, environment }: Startable): Promise<ProcessHandle> {
    const { container, processName, log } = this.#plan;
    const words = applicationArguments(behaviour.kind, container, environment);
    log.begin();
    this.#environment = environment;
    return this.#host.processes.start({
      name: processName,
      command: process.execPath,
      args: [this.#host.program, ...words],
      env: environment,
      onOutput: (stream, chunk) => log.append(stream, chunk),
    });
  }

  /** Probes the process until it ends; resolves with its exit code. */
  async #watched(handle: ProcessHandle): Promise<number> {
    const probing = new AbortController();
    const { container } = this.#plan;
    const report = {
      started: () => this.#healthIs(true, this.#isReady),
      ready: (isReady: boolean) => this.#healthIs(this.#isStarted, isReady),
      failed: (message: string) => this.#record("Warning", "Unhealthy", message),
      unhealthy: (probe: string) => {
        this.#record("Normal", "Killing", `Container ${container.name} failed ${probe} probe, will be restarted`);
        void handle.stop(this.#host.timing.grace(this.#plan.graceSeconds) / 1000);
      },
    };
    watchHealth(this.#target(), this.#host.timing, report, probing.signal);
    const exit = await handle.exited;
    probing.abort();
    this.#plan.log.end();
    return exitCodeOf(exit);
  }

  #healthIs(isStarted: boolean, isReady: boolean): void {
    this.#isStarted = isStarted;
    this.#isReady = isReady;
    this.#plan.changed();
  }

  async #backOff(ends: number): Promise<void> {
    this.#lastState = this.#state;
    const wait = this.#host.timing.restartDelay(ends);
    if (wait === 0) return;
    const { container, podName } = this.#plan;
    const message = `back-off ${Math.ceil(wait / 1000)}s restarting failed container=${container.name} pod=${podName}`;
    this.#record("Warning", "BackOff", `Back-off restarting failed container ${container.name} in pod ${podName}`);
    this.#become(waiting("CrashLoopBackOff", message));
    await pause(wait, this.#stopping.signal);
  }

  /** Runs the hook, within the grace; resolves with the modelled seconds of its sleep. */
  async #preStop(graceSeconds: number): Promise<number> {
    const hook = this.#plan.container.lifecycle?.preStop;
    if (hook === undefined) return 0;
    const { timing } = this.#host;
    if (hook.sleep !== undefined) {
      const seconds = Math.min(hook.sleep.seconds, graceSeconds);
      await pause(timing.preStopSleep(seconds));
      return seconds;
    }
    const failure = await attempt(hook, this.#target(), timing.grace(graceSeconds));
    if (failure !== undefined) this.#record("Warning", "FailedPreStopHook", `PreStopHook failed: ${failure}`);
    return 0;
  }

  #target(): ProbeTarget {
    const { address, container, processName } = this.#plan;
    const name = `${processName}.exec`;
    const execute: ProbeTarget["execute"] = (words, limit) =>
      executeBeside(this.#host.processes, { name, words, env: this.#environment }, limit);
    return { address, container, execute };
  }

  #become(state: ContainerState): void {
    this.#state = state;
    this.#plan.changed();
  }

  #record(type: Occurrence["type"], reason: string, message: string): void {
    this.#plan.record({ type, reason, message });
  }
}

interface PullReport {
  record(type: Occurrence["type"], reason: string, message: string): void;
  become(state: ContainerState): void;
}

/** Pulls an image, again and again with the kubelet's back-off; undefined when the signal aborted first. */
async function pullImage(
  image: string,
  { images, timing }: { images: ImageRegistry; timing: Timing },
  report: PullReport,
  signal: AbortSignal,
): Promise<ImageBehaviour | undefined> {
  await pause(timing.imagePull(), signal);
  for (let failures = 1; !signal.aborted; failures += 1) {
    const behaviour = images.behaviourOf(image);
    if (behaviour !== undefined && behaviour.unpullable !== true) {
      report.record("Normal", "Pulled", `Successfully pulled image "${image}"`);
      return behaviour;
    }
    const detail = behaviour === undefined ? "not found" : "unexpected status from HEAD request: 403 Forbidden";
    await failed(image, detail, timing.pullRetry(failures), report, signal);
  }
  return undefined;
}

async function failed(image: string, detail: string, retry: number, report: PullReport, signal: AbortSignal) {
  const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${detail}`;
  report.record("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
  report.become(waiting("ErrImagePull", message));
  await pause(retry / 4, signal);
  if (signal.aborted) return;
  report.record("Normal", "BackOff", `Back-off pulling image "${image}"`);
  report.become(waiting("ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${message}`));
  await pause(retry, signal);
}

/** What containers run on. */
export interface ContainerHost {
  readonly processes: Processes;
  readonly images: ImageRegistry;
  readonly timing: Timing;
  /** The stand-in application's main file. */
  readonly program: string;
}

/** One container of one pod, and whom to tell about it. */
export interface ContainerPlan {
  readonly container: Container;
  /** Names the process: namespace, pod and container. */
  readonly processName: string;
  readonly podName: string;
  readonly restartPolicy: RestartPolicy;
  /** Loopback address that the container's servers listen on. */
  readonly address: string;
  readonly graceSeconds: number;
  /** Restarts that an earlier kubelet counted. */
  readonly restarts: number;
  readonly log: ContainerLog;
  /** Rejects while something that it refers to is missing, or the API does not say. */
  environment(behaviour: ImageBehaviour): Promise<Record<string, string>>;
  record(occurrence: Occurrence): void;
  /** Called whenever the container's status changed. */
  changed(): void;
}

/** The exit code as a container runtime reports it: a signal is 128 and its number. */
function exitCodeOf({ code, signal }: ProcessExit): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function waiting(reason: string, message?: string): ContainerState {
  return { waiting: message === undefined ? { reason } : { reason, message } };
}

function running(startedAt: string): ContainerState {
  return { running: { startedAt } };
}

function terminated(end: {
  exitCode: number;
  startedAt: string;
  containerID: string;
  reason?: string;
  message?: string;
}): ContainerState {
  const reason = end.reason ?? (end.exitCode === 0 ? "Completed" : "Error");
  return { terminated: { ...end, reason, finishedAt: new Date().toISOString() } };
}

interface HealthReport {
  /** The startup probe passed, or there is none. */
  started(): void;
  ready(isReady: boolean): void;
  /** The container must be started again. */
  unhealthy(probe: "startup" | "liveness"): void;
  failed(message: string): void;
}

/** Runs a container's probes until the signal aborts; the readiness and liveness probes wait for the startup probe. */
function watchHealth(target: ProbeTarget, timing: Timing, report: HealthReport, signal: AbortSignal): void {
  const { startupProbe } = target.container;
  if (startupProbe === undefined) {
    afterStart(target, timing, report, signal);
    return;
  }
  const starting = new AbortController();
  const ends = AbortSignal.any([signal, starting.signal]);
  const probing = { target, timing: { ...timing, probePeriod: timing.startupProbePeriod }, report, signal: ends };
  observe("Startup", startupProbe, probing, (passes) => {
    starting.abort();
    if (passes) afterStart(target, timing, report, signal);
    else report.unhealthy("startup");
  });
}

function afterStart(target: ProbeTarget, timing: Timing, report: HealthReport, signal: AbortSignal): void {
  const { readinessProbe, livenessProbe }: Container = target.container;
  const probing = { target, timing, report, signal };
  report.started();
  if (readinessProbe === undefined) report.ready(true);
  else observe("Readiness", readinessProbe, probing, (passes) => report.ready(passes));
  if (livenessProbe === undefined) return;
  observe("Liveness", livenessProbe, probing, (passes) => {
    if (!passes) report.unhealthy("liveness");
  });
}

function observe(
  kind: string,
  probe: Probe,
  {
    target,
    timing,
    report,
    signal,
  }: { target: ProbeTarget; timing: Timing; report: HealthReport; signal: AbortSignal },
  onVerdict: (passes: boolean) => void,
): void {
  void probeUntil(signal, {
    probe,
    target,
    timing,
    onVerdict: (verdict) => onVerdict(verdict === "pass"),
    onFailure: (failure) => report.failed(`${kind} probe failed: ${failure}`),
  });
}

export interface Probing {
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly timing: Timing;
  /** Called when the verdict changes; may end the probing by aborting its signal. */
  onVerdict(verdict: "pass" | "fail", failure: string | undefined): void;
  /** Called at every failure. */
  onFailure(failure: string): void;
}

/** Until something first answers, it is asked this often; failures still count once a period only. */
const FIRST_LOOK_MILLISECONDS = 200;

/** Probes until the signal aborts, at the probe's period. */
export async function probeUntil(signal: AbortSignal, probing: Probing): Promise<void> {
  const { probe, timing } = probing;
  const period = timing.probePeriod(probe);
  let state: ProbeState = UNPROBED;
  let lastCounted = Number.NEGATIVE_INFINITY;
  await pause(timing.probeDelay(probe), signal);
  while (!signal.aborted) {
    const failure = await attempt(probe, probing.target, timing.probeTimeout(probe));
    if (signal.aborted) return;
    const isDue = performance.now() - lastCounted >= period;
    if (failure === undefined || isDue) {
      lastCounted = performance.now();
      state = told(state, observed(state, failure === undefined, probe), failure, probing);
    }
    await pause(state.verdict === undefined ? Math.min(period, FIRST_LOOK_MILLISECONDS) : period, signal);
  }
}

function told(before: ProbeState, after: ProbeState, failure: string | undefined, probing: Probing): ProbeState {
  if (failure !== undefined) probing.onFailure(failure);
  if (after.verdict !== undefined && after.verdict !== before.verdict) probing.onVerdict(after.verdict, failure);
  return after;
}

export interface ProbeThresholds {
  /** Consecutive successes after which it passes. @default 1 */
  readonly successThreshold?: number | undefined;
  /** Consecutive failures after which it fails. @default 3 */
  readonly failureThreshold?: number | undefined;
}

/** What consecutive results of one probe amount to; a value, so each result gives a new one. */
interface ProbeState {
  readonly successes: number;
  readonly failures: number;
  /** Undefined until either threshold is reached for the first time. */
  readonly verdict: "pass" | "fail" | undefined;
}

export const UNPROBED: ProbeState = { successes: 0, failures: 0, verdict: undefined };

/** The state after one more result; the verdict only changes when a threshold is reached. */
export function observed(state: ProbeState, succeeded: boolean, thresholds: ProbeThresholds): ProbeState {
  const successes = succeeded ? state.successes + 1 : 0;
  const failures = succeeded ? 0 : state.failures + 1;
  if (successes >= (thresholds.successThreshold ?? 1)) return { successes, failures, verdict: "pass" };
  if (failures >= (thresholds.failureThreshold ?? 3)) return { successes, failures, verdict: "fail" };
  return { successes, failures, verdict: state.verdict };
}

interface ProbeTarget {
  /** The loopback address where the pod's processes listen. */
  readonly address: string;
  readonly container: Container;
  /** Runs a command in the container; resolves with its exit code and output. */
  execute(command: readonly string[], limitMilliseconds: number): Promise<{ code: number; output: string }>;
}

/** Why an attempt failed, in the kubelet's words; undefined when it succeeded. */
type ProbeFailure = string | undefined;

/** Tries a probe once, within its limit. */
export async function attempt(
  probe: Pick<Probe, "httpGet" | "tcpSocket" | "exec">,
  target: ProbeTarget,
  limitMilliseconds: number,
): Promise<ProbeFailure> {
  if (probe.httpGet !== undefined) return httpGet(probe.httpGet, target, limitMilliseconds);
  if (probe.tcpSocket !== undefined)
    return tcpConnect(target.address, portOf(probe.tcpSocket.port, target.container), limitMilliseconds);
  if (probe.exec === undefined) return undefined;
  const { code, output } = await target.execute(probe.exec.command ?? [], limitMilliseconds);
  return code === 0 ? undefined : `command exited with ${code}: ${output.trim()}`;
}

/** A port's number; a name is looked up among the container's ports, and is 0 when it has none of that name. */
export function portOf(port: number | string, container: Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (Number(port) || 0);
}

type HttpGet = NonNullable<LifecycleHandler["httpGet"]>;

function httpGet(get: HttpGet, { address, container }: ProbeTarget, limit: number): Promise<ProbeFailure> {
  const port = portOf(get.port, container);
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const options = {
    host: address,
    port,
    path: get.path ?? "/",
    agent: false as const,
    rejectUnauthorized: false,
    headers: { "user-agent": "kube-probe/1.35", ...headers, ...callerHeaders },
    signal: AbortSignal.timeout(limit),
  };
  return new Promise((resolve) => {
    const call = (get.scheme === "HTTPS" ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`);
    });
    call.once("error", (error) => resolve(`Get "${address}:${port}${options.path}": ${error.message}`));
    call.end();
  });
}

function tcpConnect(address: string, port: number, limit: number): Promise<ProbeFailure> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: limit });
    const settle = (failure: ProbeFailure) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once("connect", () => settle(undefined));
    socket.once("timeout", () => settle(`dial tcp ${address}:${port}: i/o timeout`));
    socket.once("error", (error) => settle(`dial tcp ${address}:${port}: ${error.message}`));
  });
}

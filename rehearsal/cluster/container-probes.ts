import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { callerHeaders } from "../../tools/callers.ts";
import type { Container, LifecycleHandler, Probe } from "./objects.ts";
import type { Timing } from "./timing.ts";
import { pause } from "./timing.ts";

export interface HealthReport {
  /** The startup probe passed, or there is none. */
  started(): void;
  ready(isReady: boolean): void;
  /** The container must be started again. */
  unhealthy(probe: "startup" | "liveness"): void;
  failed(message: string): void;
}

/** Runs a container's probes until the signal aborts; the readiness and liveness probes wait for the startup probe. */
export function watchHealth(target: ProbeTarget, timing: Timing, report: HealthReport, signal: AbortSignal): void {
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

export interface ProbeTarget {
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

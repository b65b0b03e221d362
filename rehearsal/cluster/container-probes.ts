import type { Container, Probe } from "./objects.ts";
import type { ProbeTarget } from "./probe-attempt.ts";
import { probeUntil } from "./prober.ts";
import type { Timing } from "./timing.ts";

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
  const probing = { target, timing, report, signal: AbortSignal.any([signal, starting.signal]) };
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

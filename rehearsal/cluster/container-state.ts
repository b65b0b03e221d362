import { constants } from "node:os";
import type { ProcessExit } from "../processes.ts";
import type { ContainerState } from "./objects.ts";

export type RestartPolicy = "Always" | "OnFailure" | "Never";

/** Whether a container that ended with this code is started again. */
export function isRestarted(policy: RestartPolicy, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** The exit code as a container runtime reports it: a signal is 128 and its number. */
export function exitCodeOf({ code, signal }: ProcessExit): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

export function waiting(reason: string, message?: string): ContainerState {
  return { waiting: message === undefined ? { reason } : { reason, message } };
}

export function running(startedAt: string): ContainerState {
  return { running: { startedAt } };
}

export function terminated(end: {
  exitCode: number;
  startedAt: string;
  containerID: string;
  reason?: string;
  message?: string;
}): ContainerState {
  const reason = end.reason ?? (end.exitCode === 0 ? "Completed" : "Error");
  return { terminated: { ...end, reason, finishedAt: new Date().toISOString() } };
}

import { constants } from "node:os";
import type { ProcessExit, Processes } from "../processes.ts";
import type { ImageBehaviour } from "../services.ts";
import type { Occurrence } from "./api.ts";
import type { ContainerLog } from "./container-log.ts";
import type { ImageRegistry } from "./images.ts";
import type { Container, ContainerState } from "./objects.ts";
import type { Timing } from "./timing.ts";

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

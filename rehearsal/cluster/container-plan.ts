import type { Processes } from "../processes.ts";
import type { ImageBehaviour } from "../services.ts";
import type { ContainerLog } from "./container-log.ts";
import type { RestartPolicy } from "./container-state.ts";
import type { Occurrence } from "./events.ts";
import type { ImageRegistry } from "./images.ts";
import type { Container } from "./objects.ts";
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
  /** Throws a ContainerConfigError while something that it refers to is missing. */
  environment(behaviour: ImageBehaviour): Promise<Record<string, string>>;
  record(occurrence: Occurrence): void;
  /** Called whenever the container's status changed. */
  changed(): void;
}

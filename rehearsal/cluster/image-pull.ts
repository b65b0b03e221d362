import type { ImageBehaviour } from "../services.ts";
import { waiting } from "./container-state.ts";
import type { Occurrence } from "./events.ts";
import type { ImageRegistry } from "./images.ts";
import type { ContainerState } from "./objects.ts";
import { pause, type Timing } from "./timing.ts";

export interface PullReport {
  record(type: Occurrence["type"], reason: string, message: string): void;
  become(state: ContainerState): void;
}

/** Pulls an image, again and again with the kubelet's back-off; undefined when the signal aborted first. */
export async function pullImage(
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

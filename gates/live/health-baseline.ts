import type { HealthSample, PodSnapshot } from "../health.ts";

/**
 * Looks at pods by what happens from the first look on. Pods of a release that is gone back to may have served for
 * weeks: a restart or an error line from then says nothing about now.
 */
export function sinceFirstLook(sample: () => Promise<HealthSample>): () => Promise<HealthSample> {
  let first: ReadonlyMap<string, PodSnapshot> | undefined;
  return async () => {
    const found = await sample();
    first ??= new Map(found.pods.map((pod) => [pod.name, pod]));
    const known = first;
    return { ...found, pods: found.pods.map((pod) => since(pod, known.get(pod.name))) };
  };
}

function since(pod: PodSnapshot, before: PodSnapshot | undefined): PodSnapshot {
  if (before === undefined) return pod;
  const old = new Set([...before.errorLines, ...before.outages]);
  return {
    ...pod,
    restarts: Math.max(0, pod.restarts - before.restarts),
    errorLines: pod.errorLines.filter((line) => !old.has(line)),
    outages: pod.outages.filter((line) => !old.has(line)),
  };
}

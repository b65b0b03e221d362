import { runHealthGate } from "../../gates/live/health-gate.ts";
import type { GateTarget } from "../../gates/live/track.ts";
import type { GateResult, GateSubject } from "../../gates/verdict.ts";
import { systemClock } from "../../io/clock.ts";
import { type LiveRelease, readLiveRelease } from "../../io/live-release.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { imageReference } from "../../stacks/fields.ts";
import { releaseOf } from "../../stacks/schema.ts";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";

type Watched = Pick<GateTarget, "config" | "kubeconfig" | "signal" | "onProgress">;

/** Proves by the Kubernetes API that every ready pod of either track runs the config's release, and no other image runs. */
export function judgeRunningDigests(
  { config, kubeconfig, signal, onProgress }: Watched,
  gate: GateSubject,
  deadlineSeconds: number,
): Promise<GateResult[]> {
  const run = () =>
    readLiveRelease(kubeconfig, signal).then(
      (live) => digestsApart(live, releaseOf(config).images),
      (error: unknown) => `the Kubernetes API did not respond: ${messageOf(error)}`,
    );
  const probes = [{ name: "running digests", run }];
  return runHealthGate({ ...gate, probes, deadlineSeconds, clock: systemClock, signal, onProgress });
}

/** Which pods run something else, in words; undefined when none does. */
export function digestsApart(
  live: LiveRelease,
  images: Readonly<Partial<Record<ServiceName, string>>>,
): string | undefined {
  const apart = SERVICE_NAMES.flatMap((workload) =>
    (["oneBox", "fleet"] as const).flatMap((track) => {
      const image = images[workload];
      const expected = image === undefined ? undefined : imageReference(image).digest;
      const found = live[workload][track];
      if (found.length < 2 && found[0] === expected) return [];
      return [`${workload} ${track} runs ${found.join(" and ") || "nothing"}; expected ${expected ?? "nothing"}`];
    }),
  );
  return apart.length === 0 ? undefined : apart.join("; ");
}

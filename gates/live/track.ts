import { imageReference } from "../../stacks/fields.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { Track } from "../../stacks/services.ts";
import type { GateSubject } from "../gate.ts";
import type { HealthExpectation, PodSnapshot } from "../health.ts";

/** What a gate needs to reach a release before any name points to it. */
export interface GateTarget {
  readonly config: StackConfig;
  readonly stack: string;
  readonly kubeconfig: string;
  /** The load balancer's own DNS name. */
  readonly loadBalancer: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  /** When all parts of a health gate must have ended, by the system's clock. @default each part has its own deadline */
  readonly endsAt?: number;
  /** The pods that there were before anything of the release changed, by name. @default those of the gate's first look when rolling back, else none */
  readonly podsBefore?: ReadonlyMap<string, PodSnapshot> | undefined;
  /** How many tracks are asked at the same time. @default 1 */
  readonly tracksAtOnce?: number;
}

/** What a track's pods must be: on the config's image, and as many as it asks for at least. */
export function expectationOf(config: StackConfig, { workload, kind }: Track): HealthExpectation {
  const minReplicas = kind === "fleet" ? config[workload].replicas : 1;
  return { digest: imageReference(config.release.images[workload]).digest, minReplicas };
}

export function nameOf(track: Track): string {
  return `${track.workload} ${track.kind}`;
}

/** The gate of a track: it guards the phase of the track's own name. */
export function subjectOfTrack(track: Track): GateSubject {
  return { gate: nameOf(track), phase: track.kind, service: track.workload, track: track.kind };
}

/** The domain's own URL; a gate reaches it through the load balancer, whatever DNS says. */
export function urlOf(config: StackConfig): string {
  return `https://${config.domain}`;
}

/** Makes the load balancer send a request to this track. */
export function headersOf(track: Track): Record<string, string> {
  return { "x-sparki-track": track.kind };
}

import type { X509Certificate } from "node:crypto";
import type { HealthSample } from "../../gates/health.ts";
import type { TrafficSource } from "../../gates/live/gate-evidence.ts";
import type { Pace } from "../../gates/live/pace.ts";
import type { ReleaseCounts } from "../../gates/live/release-slo.ts";
import type { Job } from "../../io/cluster-job.ts";
import type { Http } from "../../io/http.ts";
import type { Clock } from "../../shared/clock.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { Track } from "../../stacks/services.ts";
import type { Look } from "../preflight/check.ts";
import type { Names, Tokens } from "../preflight/context.ts";

/** Everything that is looked at once a release is live, each part replaceable by a test. */
export interface VerifyContext {
  readonly stack: string;
  /** Its release is the one that should be live. */
  readonly config: StackConfig;
  /** Reaches the domain as the world does: through DNS and TLS. */
  readonly http: Http;
  /** Reaches the domain at the load balancer's own name, whatever DNS says. */
  readonly balancer: Http;
  /** Tokens of the services that are asked; never part of any output. */
  readonly tokens: Tokens;
  readonly names: Pick<Names, "addressesOf">;
  /** The certificate that is served for a name, trusted or not; rejects when there is none. */
  certificateOf(name: string, signal: AbortSignal): Promise<ServedCertificate>;
  /** A track's Deployment and its pods. */
  podsOf(track: Track): Promise<HealthSample>;
  /** Runs a Job to its end; resolves with why it failed, or undefined when it succeeded. */
  runJob(job: Job, log: NodeJS.WritableStream, signal: AbortSignal): Promise<string | undefined>;
  /** Shows a line while something runs. */
  say(line: string): void;
  readonly counts: ReleaseCounts;
  /** Requests through the entrance, not started yet, for where too few were made to prove anything. */
  traffic(): TrafficSource;
  readonly pace: Pace;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly clock: Clock;
}

export interface ServedCertificate {
  readonly certificate: X509Certificate;
  /** Why nobody should trust it; undefined when it is trusted for the name. */
  readonly problem: string | undefined;
}

/**
 * One thing to verify. `fail` says that the release is not well, `warn` that it is not proven to be, and `skipped` that
 * there is nothing yet that could be looked at.
 */
export interface Verification extends Look<VerifyContext> {
  /** One sentence for the docs: what holds when it passes. */
  readonly proves: string;
}

/** The next command where the release's own requests fail. */
export function diagnoseErrors({ stack }: Pick<VerifyContext, "stack">): string {
  return `npx sparki diagnose errors --stack ${stack}`;
}

/** The next command where too little was asked for a proof. */
export function verifyLater({ stack }: Pick<VerifyContext, "stack">): string {
  return `npx sparki verify --stack ${stack}, once there was more traffic`;
}

/** What tells our own requests from users', for the metrics. */
export const SYNTHETIC = { "x-sparki-synthetic": "1" } as const;

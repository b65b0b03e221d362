import type { Prometheus } from "../../io/prometheus.ts";
import { namespaceOf, SERVICE_NAMES } from "../../stacks/services.ts";
import type { Look } from "../preflight/check.ts";
import type { PreflightContext } from "../preflight/context.ts";

/** The parts of the runbook's troubleshooting guide. */
export const TOPICS = ["database", "errors", "latency"] as const;
export type Topic = (typeof TOPICS)[number];

/** What a diagnosis looks at: the same as a preflight, and the metrics. */
export interface DiagnosisContext extends PreflightContext {
  readonly metrics: Pick<Prometheus, "instant">;
}

/** One thing of the troubleshooting guide to look at. */
export interface Examination extends Look<DiagnosisContext> {
  readonly topics: readonly Topic[];
}

/** The namespaces of what serves users. */
export const SERVED = SERVICE_NAMES.map(namespaceOf);

import type { Prometheus, Series } from "../../io/prometheus.ts";
import { DeployError } from "../../shared/deploy-error.ts";
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

/** The one number of a query; undefined without data, or where it is no number. Throws SPARKI_OUTSIDE without an answer. */
export async function numberOf(metrics: Pick<Prometheus, "instant">, query: string): Promise<number | undefined> {
  const [series] = await seriesOf(metrics, query);
  return series?.points[0]?.[1];
}

/** The series of a query; none without data. Throws SPARKI_OUTSIDE when the metrics cannot be asked. */
export async function seriesOf(metrics: Pick<Prometheus, "instant">, query: string): Promise<readonly Series[]> {
  const reading = await metrics.instant(query);
  if (reading.kind === "value") return reading.value;
  if (reading.kind !== "unreachable") return [];
  throw new DeployError("SPARKI_OUTSIDE", reading.reason, { hint: "npx sparki preflight" });
}

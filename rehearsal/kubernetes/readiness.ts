import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";

/** Whether an object has come to what it asks for, and if not, why not yet or why never. */
export type Readiness =
  | { readonly is: "ready" }
  | { readonly is: "waiting"; readonly reason: string }
  | { readonly is: "failed"; readonly reason: string };

const READY: Readiness = { is: "ready" };
const SKIP_AWAIT = "pulumi.com/skipAwait";

/** The readiness of a live object, as the real provider awaits it; a kind that has nothing to await is ready. */
export function readinessOf(live: Properties): Readiness {
  if (record(record(live.metadata).annotations)[SKIP_AWAIT] === "true") return READY;
  if (live.kind === "Deployment") return deployment(live);
  if (live.kind === "Job") return job(live);
  if (live.kind === "Pod") return pod(live);
  return READY;
}

function deployment({ metadata, spec, status }: Properties): Readiness {
  const wanted = number(record(spec).replicas, 1);
  const now = record(status);
  const progress = conditionOf(status, "Progressing");
  if (progress?.reason === "ProgressDeadlineExceeded") return { is: "failed", reason: text(progress.message) };
  if (number(now.observedGeneration, 0) < number(record(metadata).generation, 0))
    return { is: "waiting", reason: "the controller has not seen it yet" };
  const updated = number(now.updatedReplicas, 0);
  const available = number(now.availableReplicas, 0);
  const total = number(now.replicas, 0);
  if (updated >= wanted && available >= wanted && total <= updated) return READY;
  return { is: "waiting", reason: `${available} of ${wanted} replicas are available, ${updated} updated` };
}

function job({ status }: Properties): Readiness {
  const failed = conditionOf(status, "Failed");
  if (failed?.status === "True") return { is: "failed", reason: `${text(failed.reason)}: ${text(failed.message)}` };
  if (conditionOf(status, "Complete")?.status === "True") return READY;
  return { is: "waiting", reason: `${number(record(status).active, 0)} pods are active` };
}

function pod({ status }: Properties): Readiness {
  const phase = text(record(status).phase);
  if (phase === "Failed") return { is: "failed", reason: "the pod failed" };
  const isReady = phase === "Succeeded" || conditionOf(status, "Ready")?.status === "True";
  return isReady ? READY : { is: "waiting", reason: `the pod is ${phase}` };
}

function conditionOf(status: Value | undefined, type: string): Properties | undefined {
  const { conditions } = record(status);
  return isList(conditions) ? conditions.filter(isRecord).find((each) => each.type === type) : undefined;
}

function record(value: Value | undefined): Properties {
  return isRecord(value) ? value : {};
}

function number(value: Value | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

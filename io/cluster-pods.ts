import { type CoreV1Event, CustomObjectsApi, type V1ContainerStatus, type V1Pod } from "@kubernetes/client-node";
import { z } from "zod";
import { type Amounts, amountsOf } from "../shared/quantity.ts";
import { isRefusal } from "./api-refusal.ts";
import type { KubernetesClient } from "./kubernetes.ts";

/** A pod as far as it says why it is not well. */
export interface PodLook {
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why its container does not run now. */
  readonly waiting: string | undefined;
  /** Why its container ended the last time. */
  readonly ended: string | undefined;
  /** When that was, in seconds since 1970. */
  readonly endedAt: number | undefined;
  readonly limits: Amounts;
}

/** Something that Kubernetes warns of. */
export interface ClusterWarning {
  /** `Pod/engine-fleet-abc` */
  readonly about: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** Seconds since 1970. */
  readonly lastAt: number;
}

const usageSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      containers: z.array(z.object({ usage: z.record(z.string(), z.string()) })),
    }),
  ),
});

export function podLook({ metadata, spec, status }: V1Pod): PodLook {
  const container = status?.containerStatuses?.[0];
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    phase: status?.phase ?? "Unknown",
    ready: status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false,
    restarts: container?.restartCount ?? 0,
    waiting: waitingOf(container),
    ended: endedOf(container),
    endedAt: endedAt(container),
    limits: amountsOf(spec?.containers[0]?.resources?.limits ?? {}),
  };
}

function waitingOf(container: V1ContainerStatus | undefined): string | undefined {
  const waiting = container?.state?.waiting;
  return waiting?.reason ? [waiting.reason, waiting.message].filter(Boolean).join(": ") : undefined;
}

function endedOf(container: V1ContainerStatus | undefined): string | undefined {
  const ended = container?.lastState?.terminated ?? container?.state?.terminated;
  return ended === undefined ? undefined : `${ended.reason ?? "ended"}, exit code ${ended.exitCode}`;
}

function endedAt(container: V1ContainerStatus | undefined): number | undefined {
  const finished = (container?.lastState?.terminated ?? container?.state?.terminated)?.finishedAt;
  return finished === undefined ? undefined : new Date(finished).getTime() / 1000;
}

export function clusterWarning(event: CoreV1Event): ClusterWarning {
  const { involvedObject, reason = "", message = "", count = 1, lastTimestamp, eventTime, metadata } = event;
  const last = lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
  return {
    about: `${involvedObject.kind}/${involvedObject.name}`,
    reason,
    message,
    count,
    lastAt: last === undefined ? 0 : new Date(last).getTime() / 1000,
  };
}

/** What each pod uses now; undefined where the cluster does not measure it (no metrics API). */
export async function usageIn(
  client: KubernetesClient,
  namespace: string,
): Promise<ReadonlyMap<string, Amounts> | undefined> {
  const api = client.api(CustomObjectsApi);
  const group = { group: "metrics.k8s.io", version: "v1beta1", plural: "pods" };
  try {
    const { items } = usageSchema.parse(await api.listNamespacedCustomObject({ ...group, namespace }));
    return new Map(items.map(({ metadata, containers }) => [metadata.name, amountsOf(containers[0]?.usage ?? {})]));
  } catch (error) {
    if (isRefusal(error, [404])) return undefined;
    throw error;
  }
}

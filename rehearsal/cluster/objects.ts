import type { V1ConfigMap } from "@kubernetes/client-node/dist/gen/models/V1ConfigMap.js";
import type { V1Container } from "@kubernetes/client-node/dist/gen/models/V1Container.js";
import type { V1ContainerState } from "@kubernetes/client-node/dist/gen/models/V1ContainerState.js";
import type { V1ContainerStatus } from "@kubernetes/client-node/dist/gen/models/V1ContainerStatus.js";
import type { V1EndpointSlice } from "@kubernetes/client-node/dist/gen/models/V1EndpointSlice.js";
import type { V1EnvVar } from "@kubernetes/client-node/dist/gen/models/V1EnvVar.js";
import type { V1LifecycleHandler } from "@kubernetes/client-node/dist/gen/models/V1LifecycleHandler.js";
import type { V1Pod } from "@kubernetes/client-node/dist/gen/models/V1Pod.js";
import type { V1PodCondition } from "@kubernetes/client-node/dist/gen/models/V1PodCondition.js";
import type { V1Probe } from "@kubernetes/client-node/dist/gen/models/V1Probe.js";
import type { V1Secret } from "@kubernetes/client-node/dist/gen/models/V1Secret.js";
import type { V1Service } from "@kubernetes/client-node/dist/gen/models/V1Service.js";
import type { V1Volume } from "@kubernetes/client-node/dist/gen/models/V1Volume.js";
import { quantity } from "../../shared/quantity.ts";

/** A type of the generated client as it goes over the wire: times are texts. */
export type Json<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

export type Pod = Json<V1Pod>;
export type PodCondition = Json<V1PodCondition>;
export type Container = Json<V1Container>;
export type ContainerState = Json<V1ContainerState>;
export type ContainerStatus = Json<V1ContainerStatus>;
export type EnvironmentVariable = Json<V1EnvVar>;
export type LifecycleHandler = Json<V1LifecycleHandler>;
export type Probe = Json<V1Probe>;
export type Volume = Json<V1Volume>;
export type ConfigMap = Json<V1ConfigMap>;
export type Secret = Json<V1Secret>;
export type Service = Json<V1Service>;
export type EndpointSlice = Json<V1EndpointSlice>;

export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Any object of the API. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

/** What the API server answers instead of an object. */
export interface Status {
  readonly message: string;
  readonly reason: string;
  readonly code: number;
  readonly details?: {
    readonly name?: string;
    readonly causes?: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[];
  };
}

/** What events and references say about an object. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly fieldPath?: string;
}

/** Where a pod runs, beside what its object says. */
export interface Placement {
  readonly podAddress: string;
  readonly nodeAddress: string;
}

/** The value of a downward API field such as `metadata.labels['app']` or `status.podIP`; undefined for an unknown one. */
export function fieldOf(path: string, pod: Pod, placement: Placement): string | undefined {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) {
    const values = keyed[1] === "labels" ? metadata?.labels : metadata?.annotations;
    return values?.[keyed[2] ?? ""] ?? "";
  }
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata?.name,
    "metadata.namespace": metadata?.namespace,
    "metadata.uid": metadata?.uid,
    "metadata.labels": listing(metadata?.labels),
    "metadata.annotations": listing(metadata?.annotations),
    "spec.nodeName": spec?.nodeName,
    "spec.serviceAccountName": spec?.serviceAccountName,
    "status.podIP": placement.podAddress,
    "status.podIPs": placement.podAddress,
    "status.hostIP": placement.nodeAddress,
    "status.hostIPs": placement.nodeAddress,
  };
  return fields[path];
}

/** Labels or annotations as a downward API file shows them. */
function listing(values: Readonly<Record<string, string>> = {}): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

/** The value of a resource field such as `limits.memory`, in divisors; undefined when the container does not set it. */
export function resourceFieldOf(
  reference: { resource: string; divisor?: string | undefined },
  container: Container | undefined,
): string | undefined {
  const [kind, ...rest] = reference.resource.split(".");
  const { limits, requests } = container?.resources ?? {};
  const found = (kind === "limits" ? limits : requests)?.[rest.join(".")];
  return found === undefined ? undefined : dividedQuantity(found, reference.divisor);
}

/** The whole number of divisors that a container sees for a resource field, rounded up as the kubelet does. */
export function dividedQuantity(text: string, divisor: string | undefined): string {
  const by = divisor === undefined || divisor === "0" ? 1 : numberOf(divisor);
  return `${Math.ceil(numberOf(text) / by - 1e-9)}`;
}

function numberOf(text: string): number {
  return quantity(text) ?? Number.NaN;
}

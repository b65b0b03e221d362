import type { DiscoveryV1EndpointPort } from "@kubernetes/client-node/dist/gen/models/DiscoveryV1EndpointPort.js";
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
export type EndpointPort = Json<DiscoveryV1EndpointPort>;

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

import type { KubernetesApi } from "./api.ts";
import type { ContainerHost } from "./container-plan.ts";
import type { Events } from "./events.ts";
import type { ConfigMap, Secret } from "./objects.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import type { SecretProviderClass, SecretValue } from "./secrets-store.ts";
import type { VolumeSources } from "./volumes.ts";

/** What every pod of the cluster shares. */
export interface KubeletContext extends ContainerHost {
  readonly api: KubernetesApi;
  readonly events: Events;
  readonly slot: number;
  readonly addresses: PodAddresses;
  /** Given to every process beside its own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when the kubelets stop for good. */
  readonly signal: AbortSignal;
  /** The objects that a pod of this namespace may refer to. */
  sourcesIn(namespace: string): VolumeSources;
}

/** Reads what pods refer to from the API, and secret values from the simulated account. */
export function sourcesFrom(api: KubernetesApi, secretValue: SecretValue): KubeletContext["sourcesIn"] {
  return (namespace) => {
    const classes = `/apis/secrets-store.csi.x-k8s.io/v1/namespaces/${namespace}/secretproviderclasses`;
    return {
      configMap: (name) => api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`),
      secret: (name) => api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`),
      secretProviderClass: (name) => api.get<SecretProviderClass>(`${classes}/${name}`),
      secretValue,
    };
  };
}

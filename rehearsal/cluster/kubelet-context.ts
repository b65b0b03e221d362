import type { KubernetesApi } from "./api.ts";
import type { ContainerHost } from "./container-plan.ts";
import type { Events } from "./events.ts";
import type { ConfigMap, Pod, Secret } from "./objects.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import { namespaceOf } from "./pod-identity.ts";
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
  /** What a pod may refer to: the objects of its namespace, and the secrets that its service account may read. */
  sourcesFor(pod: Pod): VolumeSources;
}

/** Reads what pods refer to from the API, and secret values from the simulated account. */
export function sourcesFrom(
  api: KubernetesApi,
  cluster: string,
  secretValue: SecretValue,
): KubeletContext["sourcesFor"] {
  return (pod) => {
    const namespace = namespaceOf(pod);
    const reader = { cluster, namespace, serviceAccount: pod.spec?.serviceAccountName ?? "default" };
    const classes = `/apis/secrets-store.csi.x-k8s.io/v1/namespaces/${namespace}/secretproviderclasses`;
    return {
      configMap: (name) => api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`),
      secret: (name) => api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`),
      secretProviderClass: (name) => api.get<SecretProviderClass>(`${classes}/${name}`),
      secretValue: (nameOrArn) => secretValue(nameOrArn, reader),
    };
  };
}

import {
  byService,
  namespaceOf,
  SERVICE_NAMES,
  type ServiceName,
  type TrackKind,
  trackName,
} from "../stacks/services.ts";

/** The digests of the images that run in ready pods, as the Kubernetes API reports them. */
export type LiveRelease = Readonly<Record<ServiceName, LiveTracks>>;

export interface LiveTracks {
  readonly oneBox: readonly string[];
  readonly fleet: readonly string[];
}

const NOTHING: LiveRelease = byService(() => ({ oneBox: [], fleet: [] }));

/** In place of what is live, where the cluster does not say. */
export const NOT_KNOWN: LiveRelease = byService(() => ({ oneBox: ["unknown"], fleet: ["unknown"] }));

/** What is live, read from the running pods and never from state; nothing where there is no cluster yet. */
export async function readLiveRelease(kubeconfig: string | undefined, signal?: AbortSignal): Promise<LiveRelease> {
  if (kubeconfig === undefined) return NOTHING;
  // The client takes half a second to load.
  const { KubernetesClient } = await import("./kubernetes.ts");
  const client = new KubernetesClient(kubeconfig, signal);
  const live: [ServiceName, LiveTracks][] = await Promise.all(
    SERVICE_NAMES.map(async (workload) => {
      const digests = (kind: TrackKind) => client.runningDigests(namespaceOf(workload), trackName({ workload, kind }));
      const [oneBox, fleet] = await Promise.all([digests("one-box"), digests("fleet")]);
      return [workload, { oneBox, fleet }];
    }),
  );
  const found = new Map(live);
  return byService((name) => found.get(name) ?? { oneBox: [], fleet: [] });
}

/** What is live, or that it is not known: how something ended is told even when the cluster does not answer then. */
export async function readLiveIfKnown(
  kubeconfig: () => Promise<string | undefined>,
  read: typeof readLiveRelease = readLiveRelease,
): Promise<LiveRelease> {
  try {
    return await read(await kubeconfig());
  } catch {
    return NOT_KNOWN;
  }
}

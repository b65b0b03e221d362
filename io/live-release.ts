/** The digests of the images that run in ready pods, as the Kubernetes API reports them. */
export interface LiveRelease {
  readonly engine: LiveTracks;
  readonly web: LiveTracks;
}

export interface LiveTracks {
  readonly oneBox: readonly string[];
  readonly fleet: readonly string[];
}

const NOTHING: LiveRelease = { engine: { oneBox: [], fleet: [] }, web: { oneBox: [], fleet: [] } };

const UNKNOWN: LiveTracks = { oneBox: ["unknown"], fleet: ["unknown"] };

/** In place of what is live, where the cluster does not say. */
export const NOT_KNOWN: LiveRelease = { engine: UNKNOWN, web: UNKNOWN };

/** What is live, read from the running pods and never from state; nothing where there is no cluster yet. */
export async function readLiveRelease(kubeconfig: string | undefined, signal?: AbortSignal): Promise<LiveRelease> {
  if (kubeconfig === undefined) return NOTHING;
  // The client takes half a second to load.
  const { KubernetesClient } = await import("./kubernetes.ts");
  const client = new KubernetesClient(kubeconfig, signal);
  const tracks = async (app: "engine" | "web"): Promise<LiveTracks> => {
    const digests = (track: string) => client.runningDigests(`sparki-${app}`, `${app}-${track}`);
    const [oneBox, fleet] = await Promise.all([digests("one-box"), digests("fleet")]);
    return { oneBox, fleet };
  };
  const [engine, web] = await Promise.all([tracks("engine"), tracks("web")]);
  return { engine, web };
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

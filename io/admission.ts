import { setTimeout as sleep } from "node:timers/promises";
import { NAMESPACE } from "./engine-job.ts";
import { KubernetesClient } from "./kubernetes.ts";

export interface Admission {
  readonly kubeconfig: string;
  /** Of the Job whose pod is let in. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Lets this address, of the pod that asks, and no other one to the server. */
  admit(address: string): Promise<void>;
}

const POD_MILLISECONDS = 1_000;

/** Lets the Job's pod in once it has an address; resolves then, or when the signal aborts. */
export async function admission({ kubeconfig, name, signal, admit }: Admission): Promise<void> {
  const client = new KubernetesClient(kubeconfig, signal);
  while (!signal.aborted) {
    const [pod] = await client.listPods(NAMESPACE, `job-name=${name}`);
    const address = pod?.status?.podIP;
    if (address !== undefined && address !== "") return admit(address);
    await sleep(POD_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { refusalOf } from "../io/kubernetes-call.ts";
import { DeployError } from "../shared/deploy-error.ts";

/** EKS tells a cluster's API of access entries some seconds after it has taken them. */
const LIMIT_SECONDS = 300;
const FIRST_PAUSE_SECONDS = 0.5;
const LONGEST_PAUSE_SECONDS = 10;

/** A hook for what must not be made before the cluster lets in who deploys; a preview never runs it. */
export function entryHook(kubeconfig: pulumi.Output<string>): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    "before-entry",
    async () => {
      const known = await new Promise<string>((resolve) => {
        kubeconfig.apply(resolve);
      });
      // The client is large, and most runs of the program make no cluster.
      const { KubernetesClient } = await import("../io/kubernetes.ts");
      const client = new KubernetesClient(known);
      await admitted(() => client.enter(), { limitSeconds: LIMIT_SECONDS });
    },
    { onDryRun: false },
  );
}

/** Resolves once the call succeeds. Throws SPARKI_OUTSIDE with the API's own words where it never does. */
export async function admitted(
  call: () => Promise<unknown>,
  { limitSeconds, wait = delay }: { readonly limitSeconds: number; readonly wait?: (ms: number) => Promise<unknown> },
): Promise<void> {
  let [waited, pause] = [0, FIRST_PAUSE_SECONDS];
  for (;;) {
    const refused = await call().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (refused === undefined) return;
    if (waited >= limitSeconds)
      throw new DeployError(
        "SPARKI_OUTSIDE",
        `the cluster refuses the deploying role, ${limitSeconds} s after its access entries were made: ${refusalOf(refused.error)}`,
        {
          hint: "check that the deploying role is one of sparki:cluster.administrators and can reach the API; then run the same command again",
        },
      );
    await wait(pause * 1000);
    waited += pause;
    pause = Math.min(LONGEST_PAUSE_SECONDS, pause * 2);
  }
}

import type { GateTarget } from "../../gates/live/track.ts";
import type { Engine } from "../../io/engine.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import { type Release, withRelease } from "../../stacks/schema.ts";
import type { StackTarget } from "./stack-target.ts";

const reachSchema = outputsSchema.pick({ kubeconfig: true, loadBalancer: true });

/** How to reach a release on a stack that was deployed to, by the stack's outputs; throws when these are not there. */
export async function gateTargetOf(
  target: Pick<StackTarget, "stack" | "config" | "env" | "signal"> & { readonly engine: Pick<Engine, "outputs"> },
  release: Release,
  onProgress: (text: string) => void,
): Promise<GateTarget> {
  const outputs = await target.engine.outputs();
  const values = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  const { kubeconfig, loadBalancer } = reachSchema.parse(values);
  const { stack, env, signal } = target;
  const config = withRelease(await target.config(), release);
  return { config, stack, kubeconfig, loadBalancer: loadBalancer.dnsName, env, signal, onProgress };
}

import type { GateTarget } from "../../gates/live/track.ts";
import type { Engine } from "../../io/engine.ts";
import type { HelmTemplate } from "../../io/helm.ts";
import type { ImageRegistry } from "../../io/oci-registry.ts";
import type { UsedPlugin } from "../../io/seal/plugins.ts";
import type { Seal } from "../../io/seal/seal.ts";
import { hashOf } from "../../records/canonical.ts";
import type { HelmStore } from "../../records/stored-release.ts";
import type { Clock } from "../../shared/clock.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { type Release, withRelease } from "../../stacks/schema.ts";
import type { Notifications } from "../notify/notifications.ts";
import { stateEntries } from "../plan/fingerprint.ts";
import type { Keep } from "../release/keep.ts";
import type { Screen } from "../report/screen.ts";

/** Which stack it is, and what the next update would be told. */
export interface ConfiguredStack {
  readonly stack: string;
  /** Throws SPARKI_CONFIG with every problem. */
  config(): Promise<StackConfig>;
  /** Absolute. */
  readonly configFile: string;
  /** Whether it is of an earlier program, which may not have had every service. @default it is not */
  readonly isEarlier?: () => boolean;
}

/** How work on a stack continues: seen by people, in time, until someone ends it. */
export interface RunningWork {
  readonly screen: Screen;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How names are resolved and how fast modelled time runs; the machine's own ways when nothing is set. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What there still is of releases: their images, and what of their charts and values can be restored. */
export interface ReleaseStore {
  readonly registry: ImageRegistry;
  readonly keep: Keep;
}

/** What is deployed: the program and its charts, what they are made of, and what Helm makes and has made of them. */
export interface DeployedProgram {
  readonly projectDirectory: string;
  /** What a deployment is made of, as it is now. */
  readonly seal: () => Seal;
  /** The providers' plugins that are installed now, with those that a preview used, by name their hashes. */
  readonly plugins: (used: readonly UsedPlugin[]) => Readonly<Record<string, string>>;
  readonly template: HelmTemplate;
  /** What Helm keeps in the cluster that a kubeconfig reaches. */
  readonly helmStore: (kubeconfig: string | undefined) => HelmStore;
}

/** One stack to deploy to, on AWS or rehearsed: all that a deploy and a rollback touch. */
export interface StackTarget extends ConfiguredStack, RunningWork, ReleaseStore, DeployedProgram {
  readonly engine: Engine;
  /** In its `.sparki/plans` the plans' files are kept. */
  readonly plansDirectory: string;
  /** Where the program's gates leave their results. */
  readonly gateLogFile: string;
  readonly notifications: Notifications;
}

const reachSchema = outputsSchema.pick({ kubeconfig: true, loadBalancer: true });

/** How to reach a release on a stack that was deployed to, by the stack's outputs; throws when these are not there. */
export async function gateTargetOf(
  target: Pick<ConfiguredStack, "stack" | "config"> &
    Pick<RunningWork, "env" | "signal"> & { readonly engine: Pick<Engine, "outputs"> },
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

/** The stack is no longer what something was decided on; nothing was changed. */
export class StackMoved extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StackMoved";
  }
}

/** What moved between the last look and the engine's lock; any other failure continues. */
export function movedOrThrow(error: unknown): StackMoved {
  if (error instanceof StackMoved) return error;
  throw error;
}

/** A hash of an exported state: another one after every update that changed anything. */
export function stateHash(exported: unknown): string {
  return hashOf(stateEntries(exported));
}

/** Remembers the state as it is, and returns what throws `StackMoved` once it is another one. */
export async function holdState(engine: Pick<Engine, "exportState">): Promise<() => Promise<void>> {
  const held = stateHash(await engine.exportState());
  return async () => {
    if (stateHash(await engine.exportState()) !== held)
      throw new StackMoved("another update has changed the stack since this one began; run the same command again");
  };
}

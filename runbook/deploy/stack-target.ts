import type { Engine } from "../../io/engine.ts";
import type { HelmTemplate } from "../../io/helm-template.ts";
import type { ImageRegistry } from "../../io/registry.ts";
import type { Seal } from "../../io/seal/seal.ts";
import type { HelmStore } from "../../records/stored-release.ts";
import type { Clock } from "../../shared/clock.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { Notifications } from "../notify/notifications.ts";
import type { Keep } from "../release/keep.ts";
import type { Screen } from "../report/screen.ts";

/** One stack to deploy to, on AWS or rehearsed: all that a deploy and a rollback touch. */
export interface StackTarget {
  readonly stack: string;
  readonly engine: Engine;
  /** What the next update would be told; throws SPARKI_CONFIG with every problem. */
  config(): Promise<StackConfig>;
  /** Absolute. */
  readonly configFile: string;
  /** Whether it is of an earlier program, which may not have had every service. @default it is not */
  readonly isEarlier?: () => boolean;
  /** Holds the program and the charts. */
  readonly projectDirectory: string;
  /** In its `.sparki/plans` the plans' files are kept. */
  readonly plansDirectory: string;
  /** What a deployment is made of, as it is now. */
  readonly seal: () => Seal;
  /** The providers' plugins that are installed now, by name their hashes. */
  readonly plugins: () => Readonly<Record<string, string>>;
  readonly template: HelmTemplate;
  /** What Helm keeps in the cluster that a kubeconfig reaches. */
  readonly helmStore: (kubeconfig: string | undefined) => HelmStore;
  /** What of a promoted release's charts and values can be restored. */
  readonly keep: Keep;
  /** Where the program's gates leave their results. */
  readonly gateLogFile: string;
  /** How names are resolved and how fast modelled time runs; the machine's own ways when nothing is set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly registry: ImageRegistry;
  readonly notifications: Notifications;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

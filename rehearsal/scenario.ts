import type { ServiceName } from "../stacks/services.ts";
import type { Faults } from "./control.ts";
import type { ImageBehaviour } from "./services.ts";

/** What the images of a release do, or that the registry has none; what is not named works as it should. */
export type Behaviours = Partial<Record<keyof ReleaseDescriptor["images"], Omit<ImageBehaviour, "kind"> | "absent">>;

/** A value of the stack's config, by its path. */
export interface Setting {
  readonly key: readonly string[];
  readonly value: unknown;
}

/** A text in a file of the project that a scenario changes, as a person would by mistake. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What a scenario upgrades. */
export type Upgraded = "kubernetes" | "redis" | "postgres";

export interface ScenarioRelease {
  /**
   * The stack's own release as its config names it, or one that comes after it, with images of its own; "from" is what
   * was given as live.
   */
  readonly release: "from" | "configured" | "next" | "third";
  /** What is changed in the project's own files before it is deployed, such as in a chart. */
  readonly edits?: readonly Edit[];
  /** What is changed in the stack's config, by its path. */
  readonly settings?: readonly Setting[];
  /** What has the version before the one in the stack's config. */
  readonly isBeforeUpgrade?: Upgraded;
  /** The config permits the upgrade of what is not upgraded otherwise, by a snapshot of this name. */
  readonly permits?: { readonly upgradeOf: "postgres"; readonly snapshot: string };
  /** The schema that it asks for, otherwise than the release's own. */
  readonly schema?: { readonly level: number; readonly oldest: number };
  readonly behaviours: Behaviours;
  readonly faults?: TimedFaults;
  readonly around?: Around;
}

/** What happens around a release's deployment on this side of the cloud. */
export interface Around {
  /** Its plan is approved, and then becomes another one: by the state, or by the config. */
  readonly afterApproval?: { readonly state?: true; readonly settings?: readonly Setting[] };
  /** What becomes of the images of the release that is live, once this one is to be deployed. */
  readonly liveImages?: Behaviours;
  /** The step with whose begin the engine is killed; the deployment is begun once more then. */
  readonly crashAt?: string;
  /** The step with whose begin the person who deploys presses Ctrl-C once. */
  readonly interruptAt?: string;
}

/** What breaks in the cloud while a release is deployed, and is fixed once its update has ended. */
export interface TimedFaults {
  /** The step with whose begin it breaks. @default before the deploy */
  readonly at?: string;
  /** The step with whose end it breaks. */
  readonly after?: string;
  /** The step that waits until it is broken, and its gate with it. Its resource is the simulated AWS's or the cluster's. */
  readonly before?: string;
  /** It is fixed only once everything was done that follows the update. */
  readonly isKept?: true;
  readonly hold: Faults;
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** Deployed one after the other onto the same cloud. */
  readonly releases: readonly ScenarioRelease[];
}

/** Something that goes wrong with a release, by its images or around it. */
export interface Fault {
  readonly summary: string;
  readonly behaviours?: Behaviours;
  /** What is changed in the project's own files. */
  readonly edits?: readonly Edit[];
  readonly settings?: readonly Setting[];
  readonly schema?: ScenarioRelease["schema"];
  readonly faults?: TimedFaults;
  readonly around?: Around;
  /** It is about a release over another one, and not about a first one. */
  readonly needsLive?: true;
}

/** The release descriptor as the stack's config holds it, as far as a scenario changes it. */
export interface ReleaseDescriptor {
  readonly id: string;
  readonly gitSha: string;
  readonly images: Readonly<Record<ServiceName | "e2e", string>>;
}

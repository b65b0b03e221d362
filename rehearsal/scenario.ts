import type { ServiceName } from "../stacks/services.ts";
import type { Edit } from "./checkout.ts";
import type { Faults } from "./control-requests.ts";
import type { ImageBehaviour } from "./services.ts";

/** What the images of a release do; what is not named works as it should. */
export type Behaviours = Partial<Record<keyof ReleaseDescriptor["images"], Omit<ImageBehaviour, "kind">>>;

export interface ScenarioRelease {
  /**
   * The stack's own release as its config names it, or one that comes after it, with images of its own; "from" is what
   * was given as live.
   */
  readonly release: "from" | "configured" | "next" | "third";
  /** What is changed in the project's own files before it is deployed, such as in a chart. */
  readonly edits?: readonly Edit[];
  /** What is changed in the stack's config, by its path. */
  readonly settings?: readonly { readonly key: readonly string[]; readonly value: unknown }[];
  readonly behaviours: Behaviours;
  readonly faults?: TimedFaults;
}

/** What breaks in the cloud while a release is deployed, and is mended once its update has ended. */
export interface TimedFaults {
  /** The step with whose begin it breaks. @default before the deploy */
  readonly at?: string;
  /** The step with whose end it breaks. */
  readonly after?: string;
  /** It is mended only once everything was done that follows the update. */
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
  readonly faults?: TimedFaults;
}

/** The release descriptor as the stack's config holds it, as far as a scenario changes it. */
export interface ReleaseDescriptor {
  readonly id: string;
  readonly gitSha: string;
  readonly images: Readonly<Record<ServiceName | "e2e", string>>;
}

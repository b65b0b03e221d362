import type { Replacement } from "../../rehearsal/project.ts";
import type { DeployDocument, DeployTiming } from "../deploy/deploy-document.ts";
import type { Timeline } from "../report/timeline.ts";
import type { RehearsedProvider } from "./providers.ts";
import type { WorldReport } from "./world.ts";

/** The one JSON document of `rehearse`: that of its last deploy, and what only a rehearsal has. */
export interface RehearsalReport extends DeployDocument {
  readonly scenario: string;
  readonly seed: number;
  /** What of the stack's config cannot exist off the cloud, and what stood in for it. */
  readonly replaced: readonly Replacement[];
  /** Who answered for each provider: a stand-in, or Pulumi's own plugin. */
  readonly providers?: readonly RehearsedProvider[];
  readonly world: WorldReport;
  readonly timing: Timing;
  /** The page for people, relative to where the command ran; null when it could not be written. */
  readonly report: string | null;
}

export interface Timing extends DeployTiming, Timeline {
  readonly cloudReadySeconds: number;
}

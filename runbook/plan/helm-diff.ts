import type { HelmRequest, HelmTemplate } from "../../io/helm.ts";
import { hashOf, isRecord } from "../../records/canonical.ts";
import { objectTitle, type RenderedObject } from "../../records/object-facts.ts";
import { type HelmStore, liveRevision } from "../../records/stored-release.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { redacted } from "../../shared/text/secrets.ts";
import {
  type Callout,
  calloutsOf,
  type ObjectChange,
  objectChanges,
  objectText,
  renderedObjects,
  unified,
} from "../release/object-changes.ts";
import type { PlannedResource } from "./planned.ts";

/** What a plan changes in the objects that one Helm release installs. */
export interface HelmDiff {
  readonly release: string;
  /** A unified diff of the manifests, without secrets; empty when none differs. */
  readonly diff: string;
  readonly added: number;
  readonly removed: number;
  /** What the diff cannot show, and why; undefined when it shows all. */
  readonly note: string | undefined;
  /** SHA-256 of the planned manifests, without secrets; undefined where they could not be rendered. */
  readonly planned?: string | undefined;
  /** Where the live side is from, such as `revision 3 in the cluster`; undefined where nothing is live. */
  readonly live: string | undefined;
  /** The same by object. */
  readonly objects: readonly ObjectChange[];
  /** New flows, permissions and limits, those that are gone, and what is not known to this report. */
  readonly callouts: readonly Callout[];
}

/** What both sides of a difference are made with. */
export interface HelmSources {
  readonly kubernetesVersion: string;
  readonly template: HelmTemplate;
  /** What Helm keeps of what is live: the objects of its own chart and values, whatever the charts here are. */
  readonly store: HelmStore;
}

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** The difference of every Helm release that the plan changes: what is live by its own chart, what is planned by the chart here. */
export function helmDiffs(resources: readonly PlannedResource[], sources: HelmSources): Promise<HelmDiff[]> {
  const changed = resources.filter(({ type, action }) => type === RELEASE && action !== "same");
  return Promise.all(changed.map((resource) => helmDiff(resource, sources)));
}

async function helmDiff(resource: PlannedResource, sources: HelmSources): Promise<HelmDiff> {
  const { name, action, after } = resource;
  const nothing = { diff: "", added: 0, removed: 0, live: undefined, objects: [], callouts: [] };
  try {
    const before = action === "create" ? NOTHING_LIVE : await liveSide(resource, sources);
    const planned = action === "delete" ? [] : await rendered(name, after, sources);
    const { live, note } = before;
    const text = manifests(planned);
    const texts = unified(name, manifests(before.objects), text);
    const [objects, callouts] = [objectChanges(before.objects, planned), calloutsOf(before.objects, planned)];
    return { release: name, ...texts, note, planned: hashOf(text), live, objects, callouts };
  } catch (error) {
    return { release: name, ...nothing, note: `Not rendered: ${redacted(messageOf(error))}` };
  }
}

interface LiveSide {
  readonly objects: readonly RenderedObject[];
  readonly live: string | undefined;
  readonly note: string | undefined;
}

const NOTHING_LIVE: LiveSide = { objects: [], live: undefined, note: undefined };

/** What Helm keeps of the release; where it cannot be asked, the state's values by the chart here, which is said. */
async function liveSide({ name, before, after }: PlannedResource, sources: HelmSources): Promise<LiveSide> {
  const { release, namespace } = requestOf(name, before);
  let why = "there is no cluster to ask";
  try {
    const stored = liveRevision((await sources.store.revisions(namespace, release)) ?? []);
    if (stored !== undefined) {
      const live = `revision ${stored.revision} of ${release} in the cluster, ${stored.status}`;
      return { objects: renderedObjects(stored.manifest), live, note: undefined };
    }
    why = "Helm has no stored revision of it";
  } catch (error) {
    why = redacted(messageOf(error));
  }
  const objects = await rendered(name, before, sources);
  const isOtherChart = chartHash(before) !== chartHash(after);
  const note = isOtherChart
    ? `The chart's files changed too, and what is live is not known (${why}): both sides are rendered with the new files.`
    : `What is live is not known (${why}): the live side is rendered from the state, with this chart.`;
  return { objects, live: undefined, note };
}

async function rendered(
  name: string,
  inputs: PlannedResource["before"],
  { kubernetesVersion, template }: HelmSources,
): Promise<RenderedObject[]> {
  return renderedObjects(await template({ ...requestOf(name, inputs), kubernetesVersion }));
}

function requestOf(name: string, inputs: PlannedResource["before"]): Omit<HelmRequest, "kubernetesVersion"> {
  const text = (key: string, otherwise: string) => {
    const value = inputs[key];
    return typeof value === "string" ? value : otherwise;
  };
  const values = isRecord(inputs.values) ? inputs.values : {};
  return { release: text("name", name), namespace: text("namespace", "default"), chart: text("chart", ""), values };
}

function chartHash({ values }: PlannedResource["before"]): unknown {
  return isRecord(values) ? values.chartHash : undefined;
}

/** Objects without secrets, each in the same form and in the order of their names. */
export function manifests(objects: readonly RenderedObject[]): string {
  const texts = objects.map((object) => [objectTitle(object), objectText(object)] as const);
  return texts
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([title, text]) => `# ${title}\n${text}`)
    .join("---\n");
}

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pinConfig, type RunSettings } from "../../io/engine.ts";
import type { ChartHistory } from "../../io/helm.ts";
import { isRecord } from "../../records/canonical.ts";
import {
  type ChartContent,
  chartContentIn,
  chartContentOf,
  contentHash,
  KEPT_VARIABLE,
  type KeptInputs,
  ROLLBACK_ENVIRONMENT,
  valuesHash,
  writeChart,
} from "../../records/helm-release.ts";
import { outputIn, type StateResource } from "../../records/state.ts";
import type { HelmStore, StoredRelease } from "../../records/stored-release.ts";
import type { Promoted } from "../../records/update.ts";
import { chartFilesIn, filesHash } from "../../shared/chart-files.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { HelmRecord } from "../../stacks/outputs.ts";
import { namespaceOf, TRACKS, trackName } from "../../stacks/services.ts";

/** What of a promoted release's charts and values can be restored, each verified by its hash. */
export interface Kept {
  /** By the Helm releases' names; empty for a promotion from before these were recorded. */
  readonly releases: Readonly<Record<string, KeptRelease>>;
  /** What cannot be restored, and why; nothing is rolled back to then. */
  readonly missing: readonly string[];
  /** What a reviewer must know of it although nothing is missing. */
  readonly note: string | undefined;
}

/** One Helm release as it was promoted. */
export interface KeptRelease extends KeptInputs {
  /** Where its chart is from, such as `revision 3 in the cluster` or `git commit abc1234`. */
  readonly source: string;
  /** The objects that the cluster had of it; undefined where Helm no longer keeps that revision. */
  readonly manifest: string | undefined;
}

/** Finds what a promotion was made of, before anything is changed. */
export type Keep = (promoted: Promoted, resources: readonly StateResource[]) => Promise<Kept>;

export interface KeepSources {
  readonly helmStore: (kubeconfig: string | undefined) => HelmStore;
  readonly history: ChartHistory;
  /** Holds the program and the charts. */
  readonly projectDirectory: string;
  /** In its `.sparki/charts` restored charts are written; absolute. */
  readonly keptDirectory: string;
}

/** Where each Helm release of the program is. */
const PLACES: Readonly<Record<string, { readonly chart: string; readonly namespace: string }>> = {
  ...Object.fromEntries(
    TRACKS.map((track) => [trackName(track), { chart: track.workload, namespace: namespaceOf(track.workload) }]),
  ),
  monitoring: { chart: "monitoring", namespace: "sparki-monitoring" },
};

/** The namespace of each Helm release by its name. */
export const NAMESPACES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(PLACES).map(([name, { namespace }]) => [name, namespace]),
);

const UNRECORDED = "it was promoted before charts and values were recorded: these are left as deployed";

/** Keeps by what Helm stores in the cluster, and by git for charts that Helm has no more. */
export function openKeep(sources: KeepSources): Keep {
  return async ({ helm }, resources) => {
    if (helm === undefined) return { releases: {}, missing: [], note: UNRECORDED };
    const store = sources.helmStore(outputIn(resources, "kubeconfig"));
    const found = await Promise.all(
      Object.entries(helm).map(
        async ([name, record]) => [name, await kept(name, record, resources, { ...sources, store })] as const,
      ),
    );
    return {
      releases: Object.fromEntries(found.flatMap(([name, each]) => (typeof each === "string" ? [] : [[name, each]]))),
      missing: found.flatMap(([name, each]) => (typeof each === "string" ? [`${name}: ${each}`] : [])),
      note: undefined,
    };
  };
}

interface Looking extends KeepSources {
  readonly store: HelmStore;
}

/** The release as it was promoted, or why it cannot be restored. */
async function kept(
  name: string,
  record: HelmRecord,
  resources: readonly StateResource[],
  sources: Looking,
): Promise<KeptRelease | string> {
  const place = PLACES[name];
  if (place === undefined) return "this program has no such Helm release";
  const revisions = await stored(sources.store, place.namespace, name);
  const known = typeof revisions === "string" ? [] : revisions;
  const state = stateOf(name, resources);
  const same = known.filter(({ values }) => valuesHash(values) === record.values);
  const whole = nearestTo(
    record.revision,
    same.filter(({ chart }) => contentHash(chart) === record.content),
  );
  const values =
    whole?.values ??
    same[0]?.values ??
    (state && valuesHash(state.values) === record.values ? state.values : undefined);
  const reason = typeof revisions === "string" ? revisions : `Helm keeps revisions ${listed(known)}`;
  if (values === undefined) return `its values were not stored (${reason})`;
  const chart = await chartOf(place.chart, record, whole, sources);
  if (chart === undefined) return `its chart is neither in the cluster (${reason}) nor in git`;
  const unchanged = unchangedIn(state, record, chart.content, sources);
  return {
    chart: chart.path,
    hash: record.chart,
    content: record.content,
    values,
    source: chart.source,
    manifest: whole?.manifest,
    ...(unchanged && { state: unchanged }),
  };
}

async function stored(store: HelmStore, namespace: string, name: string): Promise<readonly StoredRelease[] | string> {
  try {
    return (await store.revisions(namespace, name)) ?? "there is no cluster to ask";
  } catch (error) {
    return `the cluster did not answer: ${messageOf(error)}`;
  }
}

function listed(revisions: readonly StoredRelease[]): string {
  return revisions.map(({ revision }) => revision).join(", ") || "none";
}

/** The recorded revision, or another one of the same chart and values. */
function nearestTo(revision: number, found: readonly StoredRelease[]): StoredRelease | undefined {
  return found.find((each) => each.revision === revision) ?? found[0];
}

interface FoundChart {
  readonly path: string;
  readonly source: string;
  readonly content: ChartContent;
}

/** The chart here where it is the same, else what Helm keeps, else what git keeps; each is what its hash says. */
async function chartOf(
  chart: string,
  { chart: hash, content: wanted }: HelmRecord,
  whole: StoredRelease | undefined,
  { projectDirectory, keptDirectory, history }: Looking,
): Promise<FoundChart | undefined> {
  const here = join(projectDirectory, "apps", "charts", chart);
  const files = chartFilesIn(here);
  if (filesHash(files) === hash)
    return { path: `./apps/charts/${chart}`, source: "unchanged here", content: chartContentOf(files) };
  const restored = (content: ChartContent) => restore(content, { chart, hash, keptDirectory });
  if (whole !== undefined)
    return { path: restored(whole.chart), source: `revision ${whole.revision} in the cluster`, content: whole.chart };
  const found = await history(chart, (each) => filesHash(each) === hash);
  const content = found && chartContentOf(found.files);
  if (found === undefined || content === undefined || contentHash(content) !== wanted) return undefined;
  return { path: restored(content), source: `git commit ${found.commit.slice(0, 12)}`, content };
}

interface Restoring {
  readonly chart: string;
  readonly hash: string;
  readonly keptDirectory: string;
}

/**
 * Writes the chart into a folder named by its hash, as a whole or not at all. Its path is absolute: what applies it may
 * run in a sealed copy, or beside the checkout, and must find the same.
 */
function restore(content: ChartContent, { chart, hash, keptDirectory }: Restoring): string {
  const folder = join(keptDirectory, ".sparki", "charts");
  const target = join(folder, `${chart}-${hash.slice(0, 16)}`);
  mkdirSync(folder, { recursive: true });
  const fresh = mkdtempSync(join(folder, ".new-"));
  try {
    writeChart(content, fresh);
    if (existsSync(target)) rmSync(target, { recursive: true });
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return target;
}

interface StateRelease {
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

function stateOf(name: string, resources: readonly StateResource[]): StateRelease | undefined {
  const found = resources.find(({ urn }) => urn.endsWith(`kubernetes:helm.sh/v3:Release::${name}`));
  const { chart, values } = found?.inputs ?? {};
  return typeof chart === "string" && isRecord(values) ? { chart, values, outputs: found?.outputs ?? {} } : undefined;
}

/**
 * What the state has, where it is what was promoted and Helm ended well: such a release need not be touched. Its chart's
 * version must be that of the chart at its path, because the provider looks there and would find another one.
 */
function unchangedIn(
  state: StateRelease | undefined,
  { values }: HelmRecord,
  content: ChartContent,
  { projectDirectory }: Looking,
): KeptInputs["state"] {
  if (state === undefined || valuesHash(state.values) !== values) return undefined;
  const { values: applied, status } = state.outputs;
  const isApplied = !isRecord(applied) || valuesHash(applied) === values;
  if (!isApplied || !isRecord(status) || status.status !== "deployed") return undefined;
  const path = resolve(projectDirectory, state.chart);
  if (!existsSync(path)) return undefined;
  const isVersion = chartContentIn(path).metadata.version === content.metadata.version;
  return isVersion ? { chart: state.chart, values } : undefined;
}

/**
 * The settings of an operation that rolls back to what was promoted, for as long as the work lasts: the release and its
 * sizes in a config of its own, and the charts and values that were kept in a file beside it.
 */
export async function withPinned<T>(
  configFile: string,
  promoted: Promoted,
  { releases }: Pick<Kept, "releases">,
  work: (run: Pick<RunSettings, "configFile" | "environment">) => Promise<T>,
): Promise<T> {
  const isKept = Object.keys(releases).length > 0;
  const { release, workloads } = promoted;
  const pinned = pinConfig(configFile, { release, ...(isKept && workloads && { workloads }) });
  try {
    const file = join(dirname(pinned.file), "kept.json");
    writeFileSync(file, JSON.stringify(releases), { mode: 0o600 });
    return await work({ configFile: pinned.file, environment: { ...ROLLBACK_ENVIRONMENT, [KEPT_VARIABLE]: file } });
  } finally {
    pinned.remove();
  }
}

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { Engine, Watcher } from "../../io/engine.ts";
import type { HelmTemplate } from "../../io/helm-template.ts";
import type { Seal } from "../../io/seal/seal.ts";
import { filesOf } from "../../io/seal/sealed-run.ts";
import { hashOf } from "../../records/canonical.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { promotionIn } from "../../records/promotion.ts";
import { outputIn, resourcesIn } from "../../records/state.ts";
import type { HelmStore } from "../../records/stored-release.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { imagesIn, type StackConfig } from "../../stacks/schema.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import { stackConfigIn } from "../preflight/stack-file.ts";
import type { Keep, Kept } from "../release/keep.ts";
import { withPinned } from "../rollback/pinned-release.ts";
import { schemaObstacle } from "../rollback/rollback.ts";
import { migratedReleases } from "../rollback/way-back.ts";
import type { FromTo } from "./cost-change.ts";
import { costChange } from "./cost-change.ts";
import { criticalPath } from "./critical-path.ts";
import { type Drift, DriftRecord, driftEntries } from "./drift.ts";
import { DURATIONS_AS_OF } from "./durations.ts";
import {
  compareFingerprints,
  configEntries,
  type Entries,
  fingerprintOf,
  type Part,
  policyEntries,
  stateEntries,
} from "./fingerprint.ts";
import { gateWaits } from "./gate-waits.ts";
import { type HelmDiff, helmDiffs } from "./helm-diff.ts";
import { inputsText } from "./inputs-text.ts";
import type { Plan, PlannedChange, SchemaLevel } from "./plan.ts";
import { type PlannedResource, PlannedResources, planEntries } from "./planned.ts";
import { plannedDependencies } from "./planned-dependencies.ts";
import { plannedDiscards } from "./planned-discards.ts";
import { type PlannedRollback, plannedRollback } from "./planned-rollback.ts";
import { RISKS, riskOf } from "./risk.ts";
import { withUnapproved } from "./unapproved.ts";

/** What a plan is made of: one stack's engine, its config file, and the seal of the program and the charts. */
export interface PlanTarget {
  readonly stack: string;
  readonly engine: Pick<Engine, "plan" | "preview" | "previewRefresh" | "exportState" | "history">;
  readonly configFile: string;
  /** Whether it is of an earlier program, which may not have had every service. @default it is not */
  readonly isEarlier?: () => boolean;
  readonly projectDirectory: string;
  /** What the deployment is made of, as it is now. */
  readonly seal: () => Seal;
  /** The providers' plugins that are installed now, by name their hashes. */
  readonly plugins: () => Entries;
  readonly template: HelmTemplate;
  /** What Helm keeps in the cluster that a kubeconfig reaches. */
  readonly helmStore: (kubeconfig: string | undefined) => HelmStore;
  /** What of a promoted release's charts and values can be restored. */
  readonly keep: Keep;
  readonly clock: Clock;
}

export interface PlanOptions {
  /** The way back is not looked at. @default false */
  readonly isBrief?: boolean;
  /** Sees the events of the deployment's preview. */
  readonly watch?: Watcher | undefined;
}

/** A plan, and the preview that it was made of. */
export interface MadePlan {
  readonly plan: Plan;
  readonly preview: EngineResult;
}

/** Looks at everything a deployment would stand on and changes nothing; a preview that refuses is a plan that says so. */
export async function makePlan(target: PlanTarget): Promise<Plan> {
  return (await planAndPreview(target)).plan;
}

/** The same, with the preview that it was made of, so that what is deployed next need not be previewed again. */
export async function planAndPreview(target: PlanTarget, options: PlanOptions = {}): Promise<MadePlan> {
  const { engine } = target;
  const causes = await causesOf(target);
  const { config, exported } = causes;
  const isLooked = options.isBrief !== true;
  const drift = resourcesIn(exported).length > 0 ? await driftOf(engine) : [];
  const previewed = await preview(target, config, options.watch);
  const { result, resources } = previewed;
  const isGood = isLooked && result.outcome === "succeeded";
  const rollback = isGood ? await wayBack(target, config, exported, resources) : undefined;
  const plan = await planOf(target, causes, previewed, { drift, wayBack: rollback });
  return { plan, preview: result };
}

/**
 * Why a deployment would no longer be the planned one, a line a part: the config, the charts, the images, the program or
 * the state are not as they were. Empty when they are; a preview is not made again.
 */
export async function movedSince({ fingerprint }: Plan, target: PlanTarget): Promise<string[]> {
  const { entries } = await causesOf(target);
  const { drift, plan, policies } = fingerprint.parts;
  const effects = { drift: drift.entries, policies: policies.entries, plan: plan.entries };
  const rendered = Object.entries(fingerprint.parts.charts.entries).filter(([name]) => name.startsWith(RENDERED));
  const charts = { ...entries.charts, ...Object.fromEntries(rendered) };
  const state = withoutNewStack(entries.state, fingerprint.parts.state.entries);
  return compareFingerprints(fingerprint, fingerprintOf({ ...entries, ...effects, charts, state }));
}

/** The engine writes a new stack itself into its state as it begins: nobody else's update did. */
function withoutNewStack(state: Entries, planned: Entries): Entries {
  const isNew = (urn: string) => urn.includes("::pulumi:pulumi:Stack::") && planned[urn] === undefined;
  return Object.fromEntries(Object.entries(state).filter(([urn]) => !isNew(urn)));
}

/** What a preview stands on, as it is now. */
interface Causes {
  readonly config: StackConfig;
  readonly exported: unknown;
  readonly seal: Seal;
  readonly entries: Readonly<Record<Exclude<Part, "drift" | "policies" | "plan">, Entries>>;
}

const CHARTS = "apps/charts/";
/** What a chart was rendered to, among the entries of the charts' files. */
const RENDERED = "rendered ";

async function causesOf({ configFile, engine, isEarlier, plugins, seal: sealNow, stack }: PlanTarget): Promise<Causes> {
  const text = await readFile(configFile, "utf8");
  const config = stackConfigIn(text, { file: configFile, stack, isEarlier: isEarlier?.() ?? false });
  const exported = await engine.exportState();
  const seal = sealNow();
  const { lock, content } = seal.dependencies;
  const entries = {
    config: configEntries(parse(text)),
    charts: Object.fromEntries(
      Object.entries(filesOf(seal, "charts")).map(([path, content]) => [path.slice(CHARTS.length), content]),
    ),
    digests: config.release.images,
    program: { commit: seal.commit ?? "none", ...filesOf(seal, "program") },
    dependencies: { "package-lock.json": lock, "installed packages": content },
    tools: { ...seal.tools, ...plugins() },
    environment: Object.fromEntries(Object.entries(seal.environment).map(([name, value]) => [name, hashOf(value)])),
    state: stateEntries(exported),
  };
  return { config, exported, seal, entries };
}

function renderedEntries(helm: readonly HelmDiff[]): Entries {
  return Object.fromEntries(
    helm.flatMap(({ release, planned }) => (planned === undefined ? [] : [[`${RENDERED}${release}`, planned]])),
  );
}

async function planOf(
  { clock, helmStore, plugins, stack, template }: PlanTarget,
  { config, entries, exported, seal }: Causes,
  { result, resources, enginePlan }: Previewed,
  { drift, wayBack }: Pick<Plan, "drift" | "wayBack">,
): Promise<Plan> {
  const discards = plannedDiscards(exported);
  const changed = [...discards, ...resources];
  const kept = resources.filter(({ urn }) => !discards.some((discard) => discard.urn === urn));
  const helm = await helmDiffs(resources, {
    kubernetesVersion: config.cluster.version,
    template,
    store: helmStore(outputIn(resourcesIn(exported), "kubeconfig")),
  });
  const charts = { ...entries.charts, ...renderedEntries(helm) };
  const policies = policyEntries(result.policy);
  // The first preview on a machine gets the providers' plugins.
  const tools = { ...seal.tools, ...plugins() };
  const effects = { charts, tools, drift: driftEntries(drift ?? []), policies, plan: planEntries(changed) };
  const { files: _, ...sealed } = { ...seal, tools };
  return {
    stack,
    madeAt: new Date(clock.now() * 1000).toISOString(),
    fingerprint: fingerprintOf({ ...entries, ...effects }),
    seal: sealed,
    outcome: result.outcome,
    failure: result.failure,
    ...releaseChange(config, exported),
    changes: changesOf(changed),
    unchanged: kept.filter(({ action }) => action === "same").length,
    drift,
    wayBack,
    policy: result.policy,
    helm,
    monthlyCost: costChange(resources),
    duration: {
      ...criticalPath(resources, plannedDependencies(enginePlan), gateWaits(config)),
      asOf: DURATIONS_AS_OF,
    },
  };
}

interface Previewed {
  readonly result: EngineResult;
  readonly resources: readonly PlannedResource[];
  readonly enginePlan: unknown;
}

async function preview({ clock, engine, stack }: PlanTarget, config: StackConfig, watch?: Watcher): Promise<Previewed> {
  const folder = temporaryFolder("plan");
  try {
    const file = join(folder, "plan.json");
    const planned = new PlannedResources();
    const result = await engine.plan(file, (record, event) => {
      planned.add(event);
      watch?.(record, event);
    });
    // A preview that fails writes none.
    const text = await readFile(file, "utf8").catch(() => "{}");
    const today = new Date(clock.now() * 1000).toISOString().slice(0, 10);
    const judged = withUnapproved(result, planned.all, { stack, config, today });
    return { result: judged, resources: planned.all, enginePlan: JSON.parse(text) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined where nothing is live to go back to. */
async function wayBack(
  { configFile, engine, keep }: PlanTarget,
  config: StackConfig,
  exported: unknown,
  planned: readonly PlannedResource[],
): Promise<PlannedRollback | undefined> {
  const state = resourcesIn(exported);
  const live = promotionIn(state);
  if (live === undefined) return undefined;
  const migrated = [...migratedReleases(await engine.history(), state, config), config.release];
  const kept = await keep(live, state);
  const found = new PlannedResources();
  const { outcome, failure } = await withPinned(configFile, live, kept, (settings) =>
    engine.preview((_record, event) => found.add(event), settings),
  );
  const missing = kept.missing.length === 0 ? undefined : `not all of it is kept: ${kept.missing.join("; ")}`;
  const refused = outcome === "succeeded" ? undefined : `its preview ${outcome}: ${failure}`;
  const obstacle = schemaObstacle(live.release, migrated) ?? missing ?? refused;
  return { ...plannedRollback(live.release, obstacle, planned, found.all), ...keptText(kept) };
}

/** Where the charts of the way back are from, each once, and what of it is not recorded. */
function keptText({ note, releases }: Kept): Pick<PlannedRollback, "note" | "charts"> {
  const charts = Object.entries(releases).map(([release, { source }]) => ({ release, source }));
  return { ...(charts.length > 0 && { charts }), ...(note !== undefined && { note }) };
}

async function driftOf(engine: PlanTarget["engine"]): Promise<readonly Drift[]> {
  const record = new DriftRecord();
  const { outcome, failure } = await engine.previewRefresh((_record, event) => record.add(event));
  if (outcome === "succeeded") return record.all;
  throw new DeployError("SPARKI_OUTSIDE", `the cloud could not be compared with the state: ${failure}`, {
    hint: "npx sparki preflight",
  });
}

/** The release that is live, by the promotion record, and the one to come. */
function releaseChange(config: StackConfig, exported: unknown): Pick<Plan, "release" | "digests" | "schema"> {
  const live = promotionIn(resourcesIn(exported))?.release;
  const { release } = config;
  const images = [...imagesIn(config)];
  const before = new Map<string, string>(Object.entries(live?.images ?? {}));
  const schema: FromTo<SchemaLevel> = { from: live?.schema, to: release.schema };
  return {
    release: { from: live?.id, to: release.id },
    digests: images.map(([image, to]) => ({ image, from: before.get(image), to })),
    schema,
  };
}

function changesOf(resources: readonly PlannedResource[]): PlannedChange[] {
  const changes = resources.flatMap((resource) => {
    const { action, name, type, replacedFor, changes } = resource;
    const risk = riskOf(resource);
    if (risk === undefined || action === "same") return [];
    const isTold = risk === "security" && action === "create";
    return [{ risk, action, name, type, replacedFor, changes, ...(isTold && { text: inputsText(resource.after) }) }];
  });
  return changes.toSorted((one, other) => RISKS.indexOf(one.risk) - RISKS.indexOf(other.risk));
}

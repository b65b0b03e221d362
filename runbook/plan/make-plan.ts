import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { wholeJson } from "../../io/disk.ts";
import type { Engine, Watcher } from "../../io/engine.ts";
import type { UsedPlugin } from "../../io/seal/plugins.ts";
import type { Seal } from "../../io/seal/seal.ts";
import { filesOf } from "../../io/seal/sealed-run.ts";
import { unapproved } from "../../policies/judging/approvals.ts";
import type { Situation } from "../../policies/policy.ts";
import { hashOf } from "../../records/canonical.ts";
import type { EngineResult, Violation } from "../../records/engine-record.ts";
import { promotionIn } from "../../records/promotion.ts";
import { outputIn, resourcesIn } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { imageText } from "../../stacks/fields.ts";
import { mayBeRead, mayBeRenamed, mayBeRetained, type Named } from "../../stacks/kept-resources.ts";
import { imagesIn, type StackConfig } from "../../stacks/schema.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { DeployedProgram, ReleaseStore } from "../deploy/stack-target.ts";
import { stackConfigIn } from "../preflight/stack-file.ts";
import { pendingCreates } from "../recovery/state-edit.ts";
import { type Kept, withPinned } from "../release/keep.ts";

import { migratedIn, schemaObstacle } from "../rollback/rollback-target.ts";
import { criticalPath, DURATIONS_AS_OF, gateWaits } from "./critical-path.ts";
import {
  compareFingerprints,
  configEntries,
  type Entries,
  fingerprintOf,
  type Part,
  policyEntries,
  stateEntries,
} from "./fingerprint.ts";
import { type HelmDiff, helmDiffs } from "./helm-diff.ts";
import { plannedNotices } from "./notices.ts";
import { costChange, type FromTo, type Plan, type PlannedChange, type SchemaLevel } from "./plan.ts";
import {
  type Drift,
  DriftRecord,
  driftEntries,
  inputsText,
  type PlannedResource,
  PlannedResources,
  type PlannedRollback,
  planEntries,
  plannedDependencies,
  plannedDiscards,
  plannedRollback,
  RISKS,
  riskOf,
  settingOf,
} from "./planned.ts";

/** What a plan is made of: one stack's engine, its config file, and the seal of the program and the charts. */
export interface PlanTarget extends DeployedProgram, Pick<ReleaseStore, "keep"> {
  readonly stack: string;
  readonly engine: Pick<Engine, "plan" | "preview" | "previewRefresh" | "exportState" | "history" | "backend" | "tags">;
  readonly configFile: string;
  /** Whether it is of an earlier program, which may not have had every service. @default it is not */
  readonly isEarlier?: () => boolean;
  readonly clock: Clock;
}

export interface PlanOptions {
  /** The rollback is not checked. @default false */
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
  const rollback = isGood ? await findRollback(target, config, exported, resources) : undefined;
  const plan = await planOf(target, causes, previewed, { drift, wayBack: rollback });
  return { plan, preview: result };
}

/**
 * Why a deployment would no longer be the planned one, a line a part: the config, the charts, the images, the program or
 * the state are not as they were. Empty when they are; a preview is not made again.
 */
export async function movedSince({ fingerprint, plugins }: Plan, target: PlanTarget): Promise<string[]> {
  const { entries } = await causesOf(target, plugins);
  const { drift, plan, policies } = fingerprint.parts;
  const effects = { drift: drift.entries, policies: policies.entries, plan: plan.entries };
  const rendered = Object.entries(fingerprint.parts.charts.entries).filter(([name]) => name.startsWith(RENDERED));
  const charts = { ...entries.charts, ...Object.fromEntries(rendered) };
  const state = withoutNewStack(entries.state, fingerprint.parts.state.entries);
  return compareFingerprints(fingerprint, fingerprintOf({ ...entries, ...effects, charts, state }));
}

/** The engine writes a new stack itself into its state as it begins: no one else's update did. */
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

async function causesOf(
  { configFile, engine, isEarlier, plugins, seal: sealNow, stack }: PlanTarget,
  used: readonly UsedPlugin[] = [],
): Promise<Causes> {
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
    tools: { ...seal.tools, ...plugins(used) },
    environment: Object.fromEntries(Object.entries(seal.environment).map(([name, value]) => [name, hashOf(value)])),
    // Another place may have a state with the very same content: none yet, above all.
    state: { backend: await engine.backend(), ...stateEntries(exported) },
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
  { result, resources, enginePlan, used }: Previewed,
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
  const tools = { ...seal.tools, ...plugins(used) };
  const effects = { charts, tools, drift: driftEntries(drift ?? []), policies, plan: planEntries(changed) };
  const { files: _, ...sealed } = { ...seal, tools };
  return {
    stack,
    madeAt: new Date(clock.now() * 1000).toISOString(),
    fingerprint: fingerprintOf({ ...entries, ...effects }),
    seal: sealed,
    plugins: used,
    outcome: result.outcome,
    failure: result.failure,
    ...(result.code !== undefined && { code: result.code }),
    ...releaseChange(config, exported),
    changes: changesOf(changed),
    notices: plannedNotices(changed, config),
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
  readonly used: readonly UsedPlugin[];
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
    const judged = withUnapproved(result, planned, { stack, config, today });
    return { result: judged, resources: planned.all, used: planned.plugins, enginePlan: wholeJson(text, file) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined where nothing is live to roll back to. */
async function findRollback(
  { configFile, engine, keep }: PlanTarget,
  config: StackConfig,
  exported: unknown,
  planned: readonly PlannedResource[],
): Promise<PlannedRollback | undefined> {
  const state = resourcesIn(exported);
  const live = promotionIn(state);
  if (live === undefined) return undefined;
  const present = { updates: await engine.history(), resources: state, begun: pendingCreates(exported) };
  const migrated = [...(await migratedIn(present, config, { engine })), config.release];
  const kept = await keep(live, state);
  const found = new PlannedResources();
  const { outcome, failure } = await withPinned(configFile, live, kept, (settings) =>
    engine.preview((_record, event) => found.add(event), settings),
  );
  const missing = kept.missing.length === 0 ? undefined : `part of it is missing: ${kept.missing.join("; ")}`;
  const refused = outcome === "succeeded" ? undefined : `its preview ${outcome}: ${failure}`;
  const obstacle = schemaObstacle(live.release, migrated) ?? missing ?? refused;
  return { ...plannedRollback(live.release, obstacle, planned, found.all), ...keptText(kept) };
}

/** Where the charts of the rollback are from, each once, and what of it is not recorded. */
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
    digests: images.map(([image, to]) => ({ image, from: before.get(image), to: imageText(to) })),
    schema,
  };
}

function changesOf(resources: readonly PlannedResource[]): PlannedChange[] {
  const changes = resources.flatMap((resource) => {
    const { action, name, type, replacedFor, changes } = resource;
    const risk = riskOf(resource);
    if (risk === undefined || action === "same") return [];
    const isTold = risk === "security" && action === "create";
    const text = isTold ? { text: inputsText(resource.after) } : {};
    return [{ risk, action, name, type, replacedFor, changes, ...text, ...settingOf(resource) }];
  });
  return changes.toSorted((one, other) => RISKS.indexOf(one.risk) - RISKS.indexOf(other.risk));
}

/**
 * The preview, refused where it would replace or delete what holds data and nobody has approved just that, and where it
 * would take over or read what already exists, or leave behind what it deletes, and nobody has declared that. The policies see
 * resources and not what is done to them: an approval to delete lifts the protection from a replacement too.
 */
function withUnapproved(
  preview: EngineResult,
  { all: planned, read }: Pick<PlannedResources, "all" | "read">,
  situation: Situation,
): EngineResult {
  const violations = [
    ...unapproved(planned, situation).map(violationOf),
    ...planned.flatMap(undeclaredOptions),
    ...read.filter((one) => !mayBeRead(one)).map((one) => undeclared(one, "being read (declared: not to be)")),
  ];
  const [first] = violations;
  if (first === undefined) return preview;
  const policy = { ...preview.policy, violations: [...preview.policy.violations, ...violations] };
  const failure = preview.failure ?? `policy ${first.policy}, ${first.resource}: ${first.message}`;
  return { ...preview, outcome: preview.outcome === "succeeded" ? "failed" : preview.outcome, policy, failure };
}

function violationOf({ name, action, replacedFor }: PlannedResource): Violation {
  const why = replacedFor.length > 0 ? `, because of ${replacedFor.join(", ")}` : "";
  const fix = `add {resource: ${name}, action: ${action}, by, until} to sparki:approvals if this is intended`;
  return {
    policy: "stateful-kept",
    level: "mandatory",
    resource: name,
    message: `[D01] it holds data, and ${action} is not approved${why}: ${fix}`,
  };
}

/** The engine tells the policy pack of none of them. */
function undeclaredOptions(resource: PlannedResource): Violation[] {
  const { isImported, isRenamed, isRetained } = resource;
  const found = [
    ...(isImported === true ? ["option import (declared: not to be set)"] : []),
    ...(isRenamed === true && !mayBeRenamed(resource) ? ["option aliases (declared: none)"] : []),
    ...(isRetained === true && !mayBeRetained(resource) ? ["option retainOnDelete (declared: false)"] : []),
  ];
  return found.map((option) => undeclared(resource, option));
}

function undeclared({ type, name }: Named, option: string): Violation {
  return {
    policy: "declared-only",
    level: "mandatory",
    resource: name,
    message: `[D09] ${type} "${name}", ${option}: remove it, or declare it in stacks/kept-resources.ts for a reviewer to judge`,
  };
}

import { stringify } from "yaml";
import { z } from "zod";
import type { UsedPlugin } from "../../io/seal/plugins.ts";
import { STATEFUL_TYPES } from "../../policies/judging/approvals.ts";
import { canonical, hashOf, isRecord, SECRET } from "../../records/canonical.ts";
import { nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { type Dependencies, dependenciesIn, resourcesIn, type StateResource } from "../../records/state.ts";
import { redacted } from "../../shared/text/secrets.ts";
import type { Release } from "../../stacks/schema.ts";
import { failedCreations } from "../recovery/state-edit.ts";
import type { Entries } from "./fingerprint.ts";

/** A resource as a preview met it, changed or not; secrets are taken out. */
export interface PlannedResource {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly action: "create" | "update" | "replace" | "delete" | "same";
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly changes: readonly InputChange[];
  /** The inputs that cannot be changed in place; empty when it is not replaced. */
  readonly replacedFor: readonly string[];
  /** Something that already exists becomes this resource. */
  readonly isImported?: boolean;
  /** It was another resource of the stack before: an alias says so. */
  readonly isRenamed?: boolean;
  /** It stays behind when the stack no longer has it. */
  readonly isRetained?: boolean;
}

/** Ops of the engine by what they come to; what only reads is left out. */
const ACTIONS: Readonly<Record<string, PlannedResource["action"]>> = {
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  same: "same",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
};

const PROVIDER = "pulumi:providers:";
const VERSION = /^v?\d+\.\d+\.\d+[\w.+-]*$/;

/** Collects a preview's events into what is planned for each resource; the several steps of a replacement are one. */
export class PlannedResources {
  readonly #byUrn = new Map<string, PlannedResource>();
  readonly #read = new Map<string, Pick<PlannedResource, "type" | "name">>();
  readonly #plugins = new Map<string, UsedPlugin>();

  add({ resourcePreEvent }: RecordedEvent): void {
    const metadata = resourcePreEvent?.metadata;
    if (metadata?.op.startsWith("read") === true)
      this.#read.set(metadata.urn, { type: metadata.type, name: nameOf(metadata.urn) });
    const custom = (metadata?.new ?? metadata?.old)?.custom === true;
    const action = metadata === undefined ? undefined : ACTIONS[metadata.op];
    if (metadata === undefined || action === undefined || !custom) return;
    const { urn, type } = metadata;
    if (type.startsWith(PROVIDER)) return void this.#addProvider(type, (metadata.new ?? metadata.old)?.inputs);
    const earlier = this.#byUrn.get(urn);
    const before = inputsOf(metadata.old?.inputs) ?? earlier?.before ?? {};
    const after = (action === "delete" ? undefined : inputsOf(metadata.new?.inputs)) ?? earlier?.after ?? {};
    const replacedFor = action === "replace" ? [...(metadata.keys ?? earlier?.replacedFor ?? [])].sort() : [];
    const isChange = action === "update" || action === "replace";
    const changes = isChange ? changesOf(before, after, metadata.diffs ?? []) : [];
    const isImported = metadata.op.startsWith("import") || earlier?.isImported === true;
    const isRetained = metadata.new?.retainOnDelete === true;
    const isRenamed = (metadata.old?.urn ?? urn) !== urn || earlier?.isRenamed === true;
    const kept = {
      ...(isImported && { isImported }),
      ...(isRenamed && { isRenamed }),
      ...(isRetained && { isRetained }),
    };
    this.#byUrn.set(urn, { urn, name: nameOf(urn), type, action, before, after, changes, replacedFor, ...kept });
  }

  #addProvider(type: string, inputs: unknown): void {
    const { version: told } = Object(inputs);
    const version = typeof told === "string" && VERSION.test(told) ? told.replace(/^v/, "") : undefined;
    const plugin = { name: type.slice(PROVIDER.length), ...(version !== undefined && { version }) };
    this.#plugins.set(`${plugin.name} ${version}`, plugin);
  }

  /** The plugins of all providers, of those too that components bring. */
  get plugins(): readonly UsedPlugin[] {
    return [...this.#plugins.values()];
  }

  /** What is only read, and made by someone else. */
  get read(): readonly Pick<PlannedResource, "type" | "name">[] {
    return [...this.#read.values()];
  }

  get all(): readonly PlannedResource[] {
    return [...this.#byUrn.values()].sort((one, other) => (one.urn < other.urn ? -1 : 1));
  }
}

/** What the approval of a plan holds of its steps: by resource, its action and what its inputs would be. */
export function planEntries(resources: readonly PlannedResource[]): Entries {
  const changed = resources.filter(({ action }) => action !== "same");
  return Object.fromEntries(
    changed.map(({ action, urn, name, before, after, replacedFor }) => [
      `${action} ${urn}`,
      hashOf({ before, after: action === "create" ? withoutRandomName(after, name) : after, replacedFor }),
    ]),
  );
}

/** What a plan tells of a change for another plan to be compared with: a creation's inputs, and what its provider filled in. */
export function settingOf({ action, name, after }: PlannedResource): {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly defaults?: readonly string[];
} {
  const defaults = action === "delete" ? undefined : defaultsIn(after);
  return {
    ...(action === "create" && { inputs: inputValues(withoutRandomName(after, name)) }),
    ...(defaults !== undefined && { defaults }),
  };
}

/** Each preview makes up another name for what the program gives none: the resource's own and random characters. */
function withoutRandomName(inputs: PlannedResource["after"], name: string): PlannedResource["after"] {
  const isMadeUp = (value: unknown) =>
    typeof value === "string" && value.startsWith(`${name}-`) && /^[0-9a-z]{7,8}$/.test(value.slice(name.length + 1));
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isMadeUp(value)));
}

/** Both values of a changed secret look the same, so the engine's own word for what differs is taken then. */
function changesOf(before: unknown, after: unknown, diffs: readonly string[]): readonly InputChange[] {
  const changes = inputChanges(before, after);
  return changes.length > 0 ? changes : diffs.map((path) => ({ path, from: NOT_SHOWN, to: NOT_SHOWN }));
}

function inputsOf(inputs: unknown): Readonly<Record<string, unknown>> | undefined {
  const known = canonical(inputs);
  return isRecord(known) ? known : undefined;
}

const goalSchema = z.object({
  type: z.string(),
  custom: z.boolean().default(false),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
});

const planSchema = z.object({
  resourcePlans: z.record(z.string(), z.object({ goal: goalSchema.nullish() })).default({}),
});

/** What each resource would wait for, from the file that the engine writes of a preview; by URN. */
export function plannedDependencies(enginePlan: unknown): Dependencies {
  const { resourcePlans } = planSchema.parse(enginePlan);
  const resources = Object.entries(resourcePlans).flatMap(([urn, { goal }]) => (goal ? [{ urn, ...goal }] : []));
  return dependenciesIn(resourcesIn({ deployment: { resources } }));
}

/** What a deploy deletes before its update, and no preview tells of: what AWS could not make, so that it is made again. */
export function plannedDiscards(exported: unknown): PlannedResource[] {
  const failed = failedCreations(exported).map(({ urn }) => urn);
  const discarded = resourcesIn(exported).filter(({ urn }) => failed.includes(urn));
  return discarded.map(deletionOf);
}

function deletionOf({ urn, type, inputs }: StateResource): PlannedResource {
  const before = canonical(inputs);
  return {
    urn,
    name: nameOf(urn),
    type,
    action: "delete",
    before: isRecord(before) ? before : {},
    after: {},
    changes: [],
    replacedFor: ["a creation that AWS abandoned"],
  };
}

/** What rolling back would do if the deployment failed once all of it was done, as the engine previews it. */
export interface PlannedRollback {
  /** The release that is live now. */
  readonly release: string;
  /** Why it would be refused; undefined when it would not be. */
  readonly obstacle: string | undefined;
  /** What a reviewer must know of it although it would not be refused. */
  readonly note?: string;
  /** Where each Helm release's chart would be from. */
  readonly charts?: readonly { readonly release: string; readonly source: string }[];
  /** What it takes back, by name. */
  readonly takesBack: readonly string[];
  /** What the deployment changes and a rollback leaves so: config that is not of the release, and what was migrated. */
  readonly leaves: readonly string[];
}

/** Jobs on the database: a rollback never runs them, and takes back nothing that they did. */
const NEVER_BACK = /^database-jobs-/;

/**
 * Compares the plan with a preview of the same program and config that is pinned to the live release, both against the
 * state of now: what both would change to the same stays changed after a rollback, all else is taken back.
 */
export function plannedRollback(
  { id }: Pick<Release, "id">,
  obstacle: string | undefined,
  planned: readonly PlannedResource[],
  pinned: readonly PlannedResource[],
): PlannedRollback {
  const after = new Map(pinned.map((resource) => [resource.urn, ending(resource)]));
  const changed = planned.filter(({ action }) => action !== "same");
  const stays = (resource: PlannedResource) =>
    NEVER_BACK.test(resource.name) || after.get(resource.urn) === ending(resource);
  return {
    release: id,
    obstacle,
    takesBack: changed.filter((resource) => !stays(resource)).map(({ name }) => name),
    leaves: changed.filter(stays).map(({ name }) => name),
  };
}

/** How a resource is in the end; what is deleted is in the end as what never was. */
function ending({ action, after }: PlannedResource): string | undefined {
  return action === "delete" ? undefined : hashOf(after);
}

/** How closely a change wants to be read, the most dangerous first. */
export const RISKS = ["stateful", "disruptive", "security", "update", "create"] as const;

export type Risk = (typeof RISKS)[number];

export const RISK_TITLES: Readonly<Record<Risk, string>> = {
  stateful: "Replaces or deletes what holds data",
  disruptive: "Replaces or deletes",
  security: "Changes permissions or network access",
  update: "Updates in place",
  create: "Creates",
};

/** What holds data besides what the policies guard: losing it loses logs, secrets or all that runs in the cluster. */
const ALSO_STATEFUL = [
  "aws:eks/cluster:Cluster",
  "aws:s3/bucket:Bucket",
  "aws:secretsmanager/secret:Secret",
  "kubernetes:core/v1:PersistentVolumeClaim",
  "random:index/randomPassword:RandomPassword",
];

const STATEFUL: readonly string[] = [...STATEFUL_TYPES, ...ALSO_STATEFUL];

const SECURITY =
  /^aws:(iam|wafv2|kms|acm)\/|securityGroup|[pP]olicy\b|PublicAccess|networkAcl|NetworkAcl|accessEntry|podIdentity|^kubernetes:(rbac|networking|policy)|^kubernetes:core\/v1:(ServiceAccount|Namespace|LimitRange|ResourceQuota)|^kubernetes:apiextensions/;

/** Replacing a command means to run it again: nothing is lost. */
const RUN_AGAIN = "command:local:Command";

/** The group that a change is shown in; undefined for what does not change. */
export function riskOf({ action, type }: Pick<PlannedResource, "action" | "type">): Risk | undefined {
  if (action === "same") return undefined;
  if (action === "replace" && type === RUN_AGAIN) return "update";
  if (action === "replace" || action === "delete") return STATEFUL.includes(type) ? "stateful" : "disruptive";
  if (SECURITY.test(type)) return "security";
  return action;
}

/** One input that an update would change, with its values as a reviewer may see them. */
export interface InputChange {
  /** Such as `tags.owner` or `ingress[0].cidrBlocks`. */
  readonly path: string;
  /** Undefined where there was none. */
  readonly from: string | undefined;
  /** Undefined where there will be none. */
  readonly to: string | undefined;
}

/** Names of what may be a secret whatever the program says of it; a reference to one is none. */
const SENSITIVE =
  /pass(word|phrase)|secret_?(string|binary|access_?key|key)(?!ref)|auth_?token|api_?key|private_?key|credential|kubeconfig/i;
const MAX_LENGTH = 120;
/** In the place of a value of which only the engine says that it differs. */
export const NOT_SHOWN = "(not shown)";

/** Every input that differs, by path; never a secret's value. */
export function inputChanges(before: unknown, after: unknown): InputChange[] {
  return differing(canonical(before), canonical(after), "");
}

function differing(before: unknown, after: unknown, path: string): InputChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const children = childrenOf(before, after);
  if (children === undefined) return [{ path, from: show(before, path), to: show(after, path) }];
  return children.flatMap(([key, one, other]) => differing(one, other, join(path, key)));
}

/** Under this name a provider lists, in each object of its inputs, what it has filled in itself. */
const DEFAULTS = "__defaults";

/** Whether a path is one of that list, and of no input. */
export function isDefaultsList(path: string): boolean {
  return path.split(/[.[]/).includes(DEFAULTS);
}

/** The paths of the inputs that the provider filled in, and not the program; undefined where the provider does not tell. */
function defaultsIn(inputs: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  return DEFAULTS in inputs ? defaultsBelow(inputs, "").sort() : undefined;
}

function defaultsBelow(value: unknown, path: string): string[] {
  const list = isRecord(value) && Array.isArray(value[DEFAULTS]) ? value[DEFAULTS] : [];
  const own = list.flatMap((name) => (typeof name === "string" ? [join(path, name)] : []));
  const children = childrenOf(value, value) ?? [];
  return [...own, ...children.flatMap(([key, each]) => (key === DEFAULTS ? [] : defaultsBelow(each, join(path, key))))];
}

/** Every value inside of inputs, by path, as a reviewer may see it; never a secret's. */
function inputValues(inputs: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(valuesIn(withoutSensitive(canonical(inputs)), ""));
}

function valuesIn(value: unknown, path: string): [string, string][] {
  const children = childrenOf(value, value) ?? [];
  if (children.length > 0)
    return children.flatMap(([key, each]) => (key === DEFAULTS ? [] : valuesIn(each, join(path, key))));
  return value === undefined || path === "" ? [] : [[path, show(value, path) ?? ""]];
}

type Child = readonly [key: string | number, before: unknown, after: unknown];

/** What to look into, where both are objects or both are lists of the same length. */
function childrenOf(before: unknown, after: unknown): Child[] | undefined {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.map((value, index): Child => [index, value, after[index]]);
  if (!isRecord(before) || !isRecord(after)) return undefined;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.map((key): Child => [key, before[key], after[key]]);
}

function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function show(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (SENSITIVE.test(path) && typeof value !== "boolean") return SECRET;
  const text = redacted(typeof value === "string" ? value : JSON.stringify(withoutSensitive(value)));
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

/** The value with everything taken out whose name says that it may be a secret, as a key or as an environment's name. */
export function withoutSensitive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSensitive);
  if (!isRecord(value)) return value;
  const named = typeof value.name === "string" && SENSITIVE.test(value.name) && typeof value.value === "string";
  const entries = Object.entries(value).map(([key, each]) => {
    const isSecret = (named && key === "value") || (SENSITIVE.test(key) && typeof each !== "boolean");
    return [key, isSecret ? SECRET : withoutSensitive(each)];
  });
  return Object.fromEntries(entries);
}

/** Inputs as YAML that a reviewer may see: without secrets, and with JSON documents in them, such as IAM policies, laid out. */
export function inputsText(inputs: Readonly<Record<string, unknown>>): string {
  return redacted(stringify(laidOut(withoutSensitive(inputs))));
}

function laidOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(laidOut);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, laidOut(each)]));
  return typeof value === "string" ? (documentIn(value) ?? value) : value;
}

function documentIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return withoutSensitive(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A resource that the cloud has otherwise than the state says: someone changed or deleted it by hand. */
export interface Drift {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly isGone: boolean;
  /** What differs, from the state's value to the cloud's, as far as it is shown. */
  readonly changes: readonly InputChange[];
  /** SHA-256 over all of the state's and the cloud's values; secrets are left out. */
  readonly hash: string;
}

/** Collects the drift from the events of a refresh, or of its preview. */
export class DriftRecord {
  readonly #found = new Map<string, Drift>();

  add({ resOutputsEvent }: RecordedEvent): void {
    const metadata = resOutputsEvent?.metadata;
    if (metadata === undefined || (metadata.op !== "update" && metadata.op !== "delete")) return;
    const { urn, type, op, old, new: found } = metadata;
    // What Pulumi itself keeps is nowhere in the cloud.
    if ((found ?? old)?.custom !== true || type.startsWith("pulumi:")) return;
    const isGone = op === "delete";
    const [before, after] = [old?.outputs ?? {}, isGone ? undefined : (found?.outputs ?? {})];
    const changes = isGone ? [] : inputChanges(before, after);
    this.#found.set(urn, { urn, name: nameOf(urn), type, isGone, changes, hash: hashOf({ before, after }) });
  }

  get all(): readonly Drift[] {
    return [...this.#found.values()].sort((one, other) => (one.urn < other.urn ? -1 : 1));
  }
}

export function driftEntries(drift: readonly Drift[]): Entries {
  return Object.fromEntries(drift.map(({ urn, hash }) => [urn, hash]));
}

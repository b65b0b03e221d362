import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { nameOf } from "../../records/engine-record.ts";
import { dependenciesIn, resourcesIn, type StateResource } from "../../records/state.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { foundBy, type Inputs } from "./found-by.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  pendingReplacement: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
  initErrors: z.array(z.string()).nullish(),
});
const exportSchema = z.looseObject({
  deployment: z.looseObject({
    manifest: z.looseObject({ time: z.string().optional() }).optional(),
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
  }),
});

type Resource = z.infer<typeof resource>;

/** A resource that an update found taken: what its creation was asked for, as far as the engine's events show it. */
export type TakenResource = Readonly<{ urn: string; type: string } & Record<string, unknown>>;

/** What was being created when an update died, by an exported state. */
export function pendingCreates(exported: unknown): PendingCreate[] {
  const { deployment } = exportSchema.parse(exported);
  const creating = (deployment.pending_operations ?? []).filter(({ type }) => type === "creating");
  return creating.map(({ resource: { urn, type, inputs = {} } }) => {
    return { urn, type, name: nameOf(urn), inputs };
  });
}

/** What AWS takes minutes to make, and an output that it has once it is made. */
const MADE_WITH: Readonly<Record<string, string>> = {
  "aws:eks/cluster:Cluster": "endpoint",
  "aws:elasticache/replicationGroup:ReplicationGroup": "primaryEndpointAddress",
  "aws:rds/instance:Instance": "endpoint",
};

/** Whether AWS was still making it when it was read. */
export function isUnfinished({ type, outputs }: Pick<Resource, "type" | "outputs">): boolean {
  const output = MADE_WITH[type];
  return output !== undefined && (outputs?.[output] ?? "") === "";
}

/**
 * What the state holds by an id alone, or as it was before it was finished: a take-over that was killed wrote it down, or
 * an update that was interrupted waited no longer, and nothing has read it since. AWS and Kubernetes tell outputs of
 * everything that exists, if only its name. What AWS gave up is not read: it has to be made again.
 */
export function unreadIn(exported: unknown): { readonly urn: string; readonly name: string }[] {
  const isUnread = ({ type, id, delete: isOld, outputs, initErrors }: Resource) => {
    if (!/^(aws|kubernetes):/.test(type) || id === undefined || isOld === true) return false;
    const errors = (initErrors ?? []).filter((each) => each !== INTERRUPTED);
    if (errors.some((each) => GAVE_UP.test(each))) return false;
    const isHalfMade = type.startsWith("aws:") && (errors.length > 0 || isUnfinished({ type, outputs }));
    return Object.keys(outputs ?? {}).length === 0 || isHalfMade;
  };
  const { resources } = exportSchema.parse(exported).deployment;
  return (resources ?? []).filter(isUnread).map(({ urn }) => ({ urn, name: nameOf(urn) }));
}

const INTERRUPTED = "its update was interrupted";

/** What was being changed when an update died, and is not yet marked to be changed again. */
export function interruptedUpdates(exported: unknown): string[] {
  const { resources, pending_operations: operations } = exportSchema.parse(exported).deployment;
  const updating = new Set(
    (operations ?? []).filter(({ type }) => type === "updating").map((each) => each.resource.urn),
  );
  const unmarked = (resources ?? []).filter(({ initErrors }) => initErrors?.includes(INTERRUPTED) !== true);
  return unmarked.filter(({ urn, delete: isOld }) => isOld !== true && updating.has(urn)).map(({ urn }) => urn);
}

/** What was being created or changed when an update died, by name; a take-over since then has left its marks. */
export function interruptedIn(exported: unknown): string[] {
  const { resources, pending_operations: operations } = exportSchema.parse(exported).deployment;
  const begun = (operations ?? []).filter(({ type }) => type === "creating" || type === "updating");
  const marked = (resources ?? []).filter((each) => each.id === UNASKED || each.initErrors?.includes(INTERRUPTED));
  return [...new Set([...begun.map((each) => each.resource.urn), ...marked.map(({ urn }) => urn)])].map(nameOf);
}

export function isRelease({ type }: { readonly type: string }): boolean {
  return type === "kubernetes:helm.sh/v3:Release";
}

/** The Helm releases of the state at these places, as far as they are not yet marked to be changed again. */
export function releasesToRepeat(
  exported: unknown,
  places: readonly { readonly namespace: string; readonly name: string }[],
): string[] {
  const releases = (exportSchema.parse(exported).deployment.resources ?? []).filter(isRelease);
  const unmarked = releases.filter(({ initErrors }) => initErrors?.includes(INTERRUPTED) !== true);
  const isThere = ({ inputs = {} }: Resource) =>
    places.some(({ namespace, name }) => inputs.namespace === namespace && inputs.name === name);
  return unmarked.filter((each) => each.delete !== true && isThere(each)).map(({ urn }) => urn);
}

/**
 * The state in which these are changed again by the next update, whatever that asks for: the state holds what they were
 * before, and what they are now may be either. Where an update rolls back to what the state says, it would else skip them.
 */
export function withUpdatesRepeated(exported: unknown, urns: readonly string[]): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = (deployment.resources ?? []).map((each) =>
    urns.includes(each.urn) && each.delete !== true
      ? { ...each, initErrors: [...(each.initErrors ?? []), INTERRUPTED] }
      : each,
  );
  return { ...rest, deployment: { ...deployment, resources } };
}

/** When the engine last wrote the state, in seconds since 1970; undefined where it does not say. */
export function savedAt(exported: unknown): number | undefined {
  const milliseconds = Date.parse(exportSchema.parse(exported).deployment.manifest?.time ?? "");
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

/**
 * The state with resources of these ids, which nothing has read yet, beside the creations. What a new resource was to replace is then to be deleted, as the update had meant it. Without outputs
 * a provider reads a resource as if it imported it, and so by the id of an import.
 */
export function withGuesses(exported: unknown, ids: ReadonlyMap<string, string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const guesses = (deployment.pending_operations ?? []).flatMap(({ type, resource: made }) => {
    const id = type === "creating" ? ids.get(made.urn) : undefined;
    return id === undefined ? [] : [{ ...made, id, outputs: {} }];
  });
  return {
    ...rest,
    deployment: { ...deployment, resources: [...replacedBy(guesses, deployment.resources), ...guesses] },
  };
}

/** What is in the state beside new resources: of what these replace, what is still there is to be deleted. */
function replacedBy(made: readonly Resource[], resources: readonly Resource[] | null | undefined): Resource[] {
  const urns = new Set(made.map(({ urn }) => urn));
  return (resources ?? [])
    .filter(({ urn, pendingReplacement: isGone }) => isGone !== true || !urns.has(urn))
    .map((old) => (urns.has(old.urn) ? { ...old, delete: true } : old));
}

const JOB = "command:local:Command";

/** A job that was being run when an update died, and all that the program would run it again for: its image first. */
export interface BegunJob {
  readonly urn: string;
  readonly name: string;
  readonly triggers: readonly unknown[];
}

/** The jobs that were being run when an update died, by an exported state. */
export function begunJobs(exported: unknown): BegunJob[] {
  return pendingCreates(exported).flatMap(({ urn, type, name, inputs: { triggers } }) =>
    type === JOB && Array.isArray(triggers) && triggers.length > 0 ? [{ urn, name, triggers }] : [],
  );
}

/** The id of a job of which nobody knows whether it ran to its end. */
const BEGUN = "sparki:begun";

/**
 * The state that has the jobs which were being run, so that it still says which release's migrations may have run. One that
 * has succeeded is there as the update would have left it. Any other names all that it runs for twice: the next update
 * forward names that once, and so runs it again, while one that rolls back leaves a job as it is.
 */
export function withBegunJobs(exported: unknown, succeeded: ReadonlySet<string>): unknown {
  const begun = new Map(begunJobs(exported).map((each) => [each.urn, each.triggers]));
  if (begun.size === 0) return exported;
  const { deployment, ...rest } = exportSchema.parse(exported);
  const pending = deployment.pending_operations ?? [];
  const jobs = pending.flatMap(({ type, resource: made }) => {
    const triggers = type === "creating" ? begun.get(made.urn) : undefined;
    if (triggers === undefined) return [];
    const isDone = succeeded.has(made.urn);
    const inputs = { ...made.inputs, triggers: isDone ? triggers : [...triggers, ...triggers] };
    const mark = isDone ? { id: SUCCEEDED } : { id: BEGUN, initErrors: [INTERRUPTED] };
    return [{ ...made, ...mark, inputs, outputs: { ...inputs, stdout: "", stderr: "" } }];
  });
  // The same one may have been begun, and cut off, before.
  const isAgain = (old: Resource) =>
    old.id === BEGUN && jobs.some(({ urn, inputs }) => urn === old.urn && isDeepStrictEqual(inputs, old.inputs));
  const others = (deployment.resources ?? []).filter((old) => !isAgain(old));
  const left = pending.filter(({ type, resource: { urn } }) => type !== "creating" || !begun.has(urn));
  const resources = [...replacedBy(jobs, others), ...jobs];
  return { ...rest, deployment: { ...deployment, resources, pending_operations: left } };
}

/** The id of a job that has succeeded after its update had died. */
const SUCCEEDED = "sparki:succeeded";

/** The state in which the creations of these URNs are not pending any more. */
export function withCreatesEnded(exported: unknown, urns: ReadonlySet<string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const left = (deployment.pending_operations ?? []).filter(
    ({ type, resource: { urn } }) => type !== "creating" || !urns.has(urn),
  );
  return { ...rest, deployment: { ...deployment, pending_operations: left } };
}

/** The state in which the creation of these is pending, as an update would have left it that was killed. */
export function withCreatesPending(exported: unknown, taken: readonly TakenResource[]): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const pending = [...(deployment.pending_operations ?? [])];
  for (const each of taken)
    if (!pending.some(({ resource: { urn } }) => urn === each.urn))
      pending.push({ type: "creating", resource: resource.parse(each) });
  return { ...rest, deployment: { ...deployment, pending_operations: pending } };
}

/** The id of a resource that may exist, where AWS could not be asked for its own. */
const UNASKED = "sparki:never-confirmed";

/**
 * The state that keeps every creation which is pending as a resource whose id is not known: the engine's import forgets
 * pending operations. Only a take-over knows what to do about it.
 */
export function withCreatesKept(exported: unknown): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const kept = (deployment.pending_operations ?? [])
    .filter(({ type }) => type === "creating")
    .map(({ resource: made }) => ({
      ...made,
      id: UNASKED,
      outputs: {},
      initErrors: ["its creation was never confirmed"],
    }));
  return { ...rest, deployment: { ...deployment, resources: [...(deployment.resources ?? []), ...kept] } };
}

/** The same state with those creations pending again, so that they are looked for. */
export function withKeptPending(exported: unknown): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const all = deployment.resources ?? [];
  const kept = all.filter(({ id }) => id === UNASKED).map(({ id: _, initErrors: __, ...made }) => made);
  if (kept.length === 0) return exported;
  const resources = all.filter(({ id }) => id !== UNASKED);
  return withCreatesPending({ ...rest, deployment: { ...deployment, resources } }, kept);
}

/** A resource whose creation was begun and whose id nobody noted. */
export interface PendingCreate {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** As they were asked for; secrets are not readable in them. */
  readonly inputs: Inputs;
}

/** How AWS is asked for what only it knows. */
export interface Finders {
  /** The ARNs of the stack's resources that carry the pending one's origin as a tag. */
  byOrigin(pending: PendingCreate): Promise<readonly string[]>;
  /** The ids of a secret's versions; never their values. */
  secretVersions(secretId: string): Promise<readonly string[]>;
  /** The ids of a zone's query logs. */
  queryLogs(zoneId: string): Promise<readonly string[]>;
}

/**
 * The ids under which a resource may exist, in the form that its provider imports; none where it can be made again
 * without harm, or where its inputs do not say. Whether it exists is for the provider to say.
 */
export async function physicalIds(pending: PendingCreate, find: Finders): Promise<readonly string[]> {
  const { type, inputs } = pending;
  const how = foundBy(type);
  if (how === undefined || how.by === "effect") return [];
  if (how.by === "tag") return (await find.byOrigin(pending)).map(how.id);
  if (how.by === "parent") {
    const parent = inputs[how.parent];
    return isKnown(parent) ? find[how.children](parent) : [];
  }
  const parts = how.parts(inputs);
  return parts.length > 0 && parts.every(isKnown) ? [parts.join("")] : [];
}

/**
 * Whether a resource in the state is the one that is imported by this id. Its own id may be another than that, such as
 * an association's, which is imported by what it associates.
 */
export function isOf({ type, id, inputs }: Pick<StateResource, "type" | "id" | "inputs">, imported: string): boolean {
  if (id === imported) return true;
  const how = foundBy(type);
  if (how?.by === "name") return how.parts(inputs).join("") === imported;
  return how?.by === "tag" && id !== undefined && imported.split(/[,/]/).includes(id);
}

function isKnown(part: unknown): part is string {
  return typeof part === "string" && part !== "";
}

/** A resource that AWS began to make, and gave up. */
interface FailedCreation {
  readonly urn: string;
  readonly name: string;
}

const schema = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ urn: z.string(), id: z.string().optional(), initErrors: z.array(z.string()).nullish() }))
      .nullish(),
  }),
});

/** How the AWS provider says that its wait for a creation met a state that nothing leads out of. */
const GAVE_UP = /\bcreat(e|ing)\b[\s\S]*\bunexpected state '[\w-]*fail/i;

/**
 * What an exported state holds of creations that failed for good. No update fixes those, and the provider's would not
 * even look: they must be deleted to be made again. What another resource was already made from is never one of them,
 * whatever its last error says.
 */
export function failedCreations(exported: unknown): FailedCreation[] {
  const { resources } = schema.parse(exported).deployment;
  const used = new Set([...dependenciesIn(resourcesIn(exported)).values()].flat());
  return (resources ?? [])
    .filter(({ urn, id, initErrors }) => id && !used.has(urn) && initErrors?.some((each) => GAVE_UP.test(each)))
    .map(({ urn }) => ({ urn, name: nameOf(urn) }));
}

/** A resource in the state, and the state in which it is the one with another id. */
export interface Exchanged {
  readonly urn: string;
  /** The id that the state had. */
  readonly before: string;
  readonly state: unknown;
}

/**
 * The state in which the only resource of a type is the one with this id, which has taken the place of the one before at
 * AWS. The rest of it stays as it was until it is read. Throws SPARKI_OUTSIDE unless there is exactly one.
 */
export function withExchanged(exported: unknown, type: string, id: string): Exchanged {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const all = deployment.resources ?? [];
  const [found, ...others] = all.filter((each) => each.type === type && each.delete !== true);
  if (found?.id === undefined || others.length > 0)
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `the state has ${found === undefined ? "no" : others.length + 1} ${type}; expected one, which was replaced at AWS`,
    );
  const exchanged = { ...found, id, outputs: { ...found.outputs, id } };
  const resources = all.map((each) => (each === found ? exchanged : each));
  return { urn: found.urn, before: found.id, state: { ...rest, deployment: { ...deployment, resources } } };
}

import { z } from "zod";
import { nameOf } from "../../records/engine-record.ts";
import type { PendingCreate } from "./physical-id.ts";

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

/**
 * What the state holds by an id alone: a take-over that was killed wrote it down, and nothing has read it yet. AWS and
 * Kubernetes tell outputs of everything that exists, if only its name.
 */
export function unreadIn(exported: unknown): { readonly urn: string; readonly name: string }[] {
  const isUnread = ({ type, id, delete: isOld, outputs }: Resource) =>
    /^(aws|kubernetes):/.test(type) && id !== undefined && isOld !== true && Object.keys(outputs ?? {}).length === 0;
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

/**
 * The state in which these are changed again by the next update, whatever that asks for: the state holds what they were
 * before, and what they are now may be either. Where an update goes back to what the state says, it would else skip them.
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
 * The state with resources of these ids, which nothing has read yet, beside the creations, which stay pending until
 * something has. What a new resource was to replace is then to be deleted, as the update had meant it. Without outputs
 * a provider reads a resource as if it imported it, and so by the id of an import.
 */
export function withGuesses(exported: unknown, ids: ReadonlyMap<string, string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const guesses = (deployment.pending_operations ?? []).flatMap(({ type, resource: made }) => {
    const id = type === "creating" ? ids.get(made.urn) : undefined;
    return id === undefined ? [] : [{ ...made, id, outputs: {} }];
  });
  const before = (deployment.resources ?? [])
    .filter(({ urn, pendingReplacement: isGone }) => isGone !== true || !ids.has(urn))
    .map((old) => (ids.has(old.urn) ? { ...old, delete: true } : old));
  return { ...rest, deployment: { ...deployment, resources: [...before, ...guesses] } };
}

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

import { z } from "zod";
import { nameOf } from "../deploy/engine-record.ts";
import type { PendingCreate } from "./physical-id.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});
const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
  }),
});

/** What was being created when an update died, by an exported state. */
export function pendingCreates(exported: unknown): PendingCreate[] {
  const { deployment } = exportSchema.parse(exported);
  const creating = (deployment.pending_operations ?? []).filter(({ type }) => type === "creating");
  return creating.map(({ resource: { urn, type, inputs = {} } }) => {
    return { urn, type, name: nameOf(urn), inputs };
  });
}

/**
 * The state in which no creation is pending: what has an id is a resource of it, whose outputs a refresh fills in, and
 * all else was never made. What a new resource was to replace is then to be deleted, as the update had meant it.
 */
export function withCreatesEnded(exported: unknown, ids: ReadonlyMap<string, string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const operations = deployment.pending_operations ?? [];
  const adopted = operations.flatMap(({ type, resource: made }) => {
    const id = type === "creating" ? ids.get(made.urn) : undefined;
    return id === undefined ? [] : [{ ...made, id, outputs: {} }];
  });
  const before = (deployment.resources ?? []).map((old) => (ids.has(old.urn) ? { ...old, delete: true } : old));
  return {
    ...rest,
    deployment: {
      ...deployment,
      resources: [...before, ...adopted],
      pending_operations: operations.filter(({ type }) => type !== "creating"),
    },
  };
}

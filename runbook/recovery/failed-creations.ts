import { z } from "zod";
import { nameOf } from "../../records/engine-record.ts";
import { dependenciesIn, resourcesIn } from "../../records/state.ts";

/** A resource that AWS began to make, and gave up. */
export interface FailedCreation {
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
 * What an exported state holds of creations that failed for good. No update mends those, and the provider's would not
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

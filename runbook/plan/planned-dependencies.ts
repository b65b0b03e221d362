import { z } from "zod";
import type { Dependencies } from "../../records/state.ts";
import { dependenciesIn, resourcesIn } from "../../records/state.ts";

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

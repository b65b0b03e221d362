import { z } from "zod";
import { RUN_RECORD_KEY } from "../stacks/run-record.ts";

const identitySchema = z.object({
  /** Whom the place knows: an account of Pulumi Cloud or GitHub, else the machine's user. */
  name: z.string(),
  /** Where the name is from, such as `GitHub Actions`. */
  through: z.string(),
  /** The run's page, where there is one. */
  run: z.string().nullable(),
});
const approvalSchema = z.object({
  /** The hash of the plan. */
  hash: z.string(),
  /** ISO 8601. */
  at: z.string(),
  by: identitySchema,
  /** Who made the plan; null where that is not known. */
  plannedBy: identitySchema.nullable(),
});
const recordSchema = z.object({
  by: z.enum(["sparki deploy", "sparki rollback"]),
  release: z.string(),
  /** ISO 8601. */
  at: z.string(),
  who: identitySchema,
  approval: approvalSchema.nullable(),
});

/** A person or an automaton, by the name that a place knows it by. */
export type Identity = z.infer<typeof identitySchema>;
export type Approval = z.infer<typeof approvalSchema>;
/** Who ran an update: kept with it in the stack's history, by whatever backend. */
export type RunRecord = z.infer<typeof recordSchema>;

/** The record among the config that an update ran with; undefined where sparki did not run it, whatever its message says. */
export function runRecordIn(config: unknown, release: string | undefined): RunRecord | undefined {
  const kept = typeof config === "object" && config !== null ? Reflect.get(config, RUN_RECORD_KEY) : undefined;
  const text: unknown = typeof kept === "object" && kept !== null ? Reflect.get(kept, "value") : kept;
  try {
    const record = recordSchema.parse(JSON.parse(String(text)));
    return record.release === release ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Whether who approved a plan is who made it, by all that is known; undefined where the planner is not known. */
export function isOwnPlan({ by, plannedBy }: Approval): boolean | undefined {
  return plannedBy === null ? undefined : by.name === plannedBy.name && by.through === plannedBy.through;
}

/** Who made a plan, by its JSON document; null where that says nothing. */
export function plannerIn(document: unknown): Identity | null {
  const parsed = z.object({ plannedBy: identitySchema }).safeParse(document);
  return parsed.success ? parsed.data.plannedBy : null;
}

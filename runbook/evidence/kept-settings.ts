import { z } from "zod";
import type { Settings } from "../../records/update.ts";
import { date } from "../../stacks/fields.ts";
import { configSchema, type StackConfig } from "../../stacks/schema.ts";

/** What of a stack's settings an auditor asks for; undefined where it cannot be read. */
export interface AuditedSettings {
  readonly exemptions: StackConfig["exemptions"] | undefined;
  readonly approvals: StackConfig["approvals"] | undefined;
  readonly relaxations: StackConfig["relaxations"] | undefined;
  /** Null where none is recorded. */
  readonly restoreTest: RestoreTest | null | undefined;
  /** An ISO 8601 date. */
  readonly passwordsSince: string | undefined;
  /** The settings that cannot be read, such as `sparki:exemptions`. */
  readonly unreadable: readonly string[];
}

export type RestoreTest = NonNullable<StackConfig["preflight"]["restoreTest"]>;

const { exemptions, approvals, relaxations, preflight } = configSchema.shape;
const databaseSchema = z.object({ passwordsSince: date });
const preflightSchema = z.object({ restoreTest: preflight.unwrap().shape.restoreTest }).default({});

/** Reads those settings, each by itself: an update of an earlier program may have had others. */
export function auditedSettings(settings: Settings): AuditedSettings {
  const unreadable: string[] = [];
  const read = <Value>(name: string, schema: z.ZodType<Value>): Value | undefined => {
    const { data, success } = schema.safeParse(settings[name]);
    if (!success) unreadable.push(`sparki:${name}`);
    return data;
  };
  const tested = read("preflight", preflightSchema);
  return {
    exemptions: read("exemptions", exemptions),
    approvals: read("approvals", approvals),
    relaxations: read("relaxations", relaxations),
    restoreTest: tested && (tested.restoreTest ?? null),
    passwordsSince: read("database", databaseSchema)?.passwordsSince,
    unreadable,
  };
}

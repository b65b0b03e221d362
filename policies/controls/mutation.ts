import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** What became of the mutants of each policy, by the policy's name; made by tools/mutate-policies.ts. */
export type MutationRecord = Readonly<
  Record<string, { readonly mutants: number; readonly killed: number; readonly sources: string }>
>;

/** SHA-256 over a policy's source and its test's: a record of other sources says nothing of these. */
export function fingerprint(policy: string): string {
  const hash = createHash("sha256");
  for (const path of [`policies/${policy}.ts`, `test/policies/${policy}.test.ts`])
    hash.update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

/** Whether negating any condition of the policy makes its test fail, as last shown for its sources as they are now. */
export function testBites(policy: string, record: MutationRecord): boolean {
  const entry = record[policy];
  return (
    entry !== undefined && entry.mutants > 0 && entry.killed === entry.mutants && entry.sources === fingerprint(policy)
  );
}

/** The record in the repository. */
export function mutationRecord(): MutationRecord {
  return JSON.parse(readFileSync(join(ROOT, "policies", "mutation.json"), "utf8"));
}

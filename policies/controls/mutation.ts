import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { subjectOf } from "../all.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** What became of the mutants of each file of policies, by its name without the ending; made by tools/mutate-policies.ts. */
export type MutationRecord = Readonly<
  Record<string, { readonly mutants: number; readonly killed: number; readonly sources: string }>
>;

/** SHA-256 over a file of policies and its test: a record of other sources says nothing of these. */
export function fingerprint(subject: string): string {
  const hash = createHash("sha256");
  for (const path of [`policies/${subject}.ts`, `test/policies/${subject}.test.ts`])
    hash.update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

/** Whether negating any condition in the policy's file makes its test fail, as last shown for the sources as they are now. */
export function testBites(policy: string, record: MutationRecord): boolean {
  const subject = subjectOf(policy);
  const entry = record[subject];
  const isWhole = entry !== undefined && entry.mutants > 0 && entry.killed === entry.mutants;
  return isWhole && entry.sources === fingerprint(subject);
}

/** The record in the repository. */
export function mutationRecord(): MutationRecord {
  return JSON.parse(readFileSync(join(ROOT, "policies", "mutation.json"), "utf8"));
}

import { approvedFingerprint } from "../plan/approval.ts";
import type { Evidence, UpdateEvidence } from "./evidence.ts";

/** What was approved, as files of the archive by path. */
export interface PlanFiles {
  readonly files: ReadonlyMap<string, string>;
  readonly plans: Evidence["plans"];
}

/**
 * The fingerprints of the plans that were approved, of those that this machine has. Only the fingerprint of a plan is what
 * its hash stands for, and only one that has that very hash is taken; it holds names and hashes, and stays as it is.
 */
export async function planFiles(
  updates: readonly Pick<UpdateEvidence, "approval">[],
  read: (hash: string) => Promise<unknown>,
): Promise<PlanFiles> {
  const hashes = [...new Set(updates.flatMap(({ approval }) => approval?.hash ?? []))].sort();
  const files = new Map<string, string>();
  const absent: string[] = [];
  for (const hash of hashes) {
    const isHash = /^[0-9a-f]{64}$/.test(hash);
    const fingerprint = isHash ? approvedFingerprint(hash, await read(hash)) : undefined;
    if (fingerprint === undefined) absent.push(hash);
    else files.set(`plans/${hash}.json`, `${JSON.stringify(fingerprint, null, 2)}\n`);
  }
  return { files, plans: { kept: [...files.keys()], absent } };
}

import { hashOf } from "../../records/canonical.ts";
import { nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { type InputChange, inputChanges } from "./difference.ts";
import type { Entries } from "./fingerprint.ts";

/** A resource that the cloud has otherwise than the state says: somebody changed or deleted it by hand. */
export interface Drift {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly isGone: boolean;
  /** What differs, from the state's value to the cloud's, as far as it is shown. */
  readonly changes: readonly InputChange[];
  /** SHA-256 over all of the state's and the cloud's values; secrets are left out. */
  readonly hash: string;
}

/** Collects the drift from the events of a refresh, or of its preview. */
export class DriftRecord {
  readonly #found = new Map<string, Drift>();

  add({ resOutputsEvent }: RecordedEvent): void {
    const metadata = resOutputsEvent?.metadata;
    if (metadata === undefined || (metadata.op !== "update" && metadata.op !== "delete")) return;
    const { urn, type, op, old, new: found } = metadata;
    // What Pulumi itself keeps is nowhere in the cloud.
    if ((found ?? old)?.custom !== true || type.startsWith("pulumi:")) return;
    const isGone = op === "delete";
    const [before, after] = [old?.outputs ?? {}, isGone ? undefined : (found?.outputs ?? {})];
    const changes = isGone ? [] : inputChanges(before, after);
    this.#found.set(urn, { urn, name: nameOf(urn), type, isGone, changes, hash: hashOf({ before, after }) });
  }

  get all(): readonly Drift[] {
    return [...this.#found.values()].sort((one, other) => (one.urn < other.urn ? -1 : 1));
  }
}

export function driftEntries(drift: readonly Drift[]): Entries {
  return Object.fromEntries(drift.map(({ urn, hash }) => [urn, hash]));
}

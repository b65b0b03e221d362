import { nameOf } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";
import { type Duration, durationOf } from "./durations.ts";
import type { PlannedResource } from "./planned.ts";

/** How long a plan takes when everything that can be made side by side is. */
export interface CriticalPath extends Duration {
  /** The resources of the longest chain of usual durations, first to last; those that take no time are left out. */
  readonly chain: readonly string[];
}

interface Chain extends Duration {
  readonly urns: readonly string[];
}

const NOTHING: Chain = { typical: 0, longest: 0, urns: [] };

/** The longest chain of changes in which each needs the one before; `waits` adds what a resource waits for, such as a gate. */
export function criticalPath(
  resources: readonly PlannedResource[],
  dependencies: Dependencies,
  waits: (resource: PlannedResource) => Duration,
): CriticalPath {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const ends = new Map<string, Chain>();
  const endOf = (urn: string): Chain => {
    const known = ends.get(urn);
    if (known !== undefined) return known;
    // Stands for itself while it is being found, so that a circle ends.
    ends.set(urn, NOTHING);
    const needs = (dependencies.get(urn) ?? []).map(endOf);
    const end = extended(longest(needs), byUrn.get(urn), waits);
    ends.set(urn, end);
    return end;
  };
  const { urns, ...duration } = longest([...byUrn.keys()].map(endOf));
  return { ...duration, chain: urns.map(nameOf) };
}

/** The longest maximum may lie on another chain than the longest usual duration. */
function longest(chains: readonly Chain[]): Chain {
  return chains.reduce(
    (one, other) => ({
      ...(other.typical > one.typical ? other : one),
      longest: Math.max(one.longest, other.longest),
    }),
    NOTHING,
  );
}

function extended(
  chain: Chain,
  resource: PlannedResource | undefined,
  waits: (resource: PlannedResource) => Duration,
): Chain {
  if (resource === undefined || resource.action === "same") return chain;
  const [own, waited] = [durationOf(resource), waits(resource)];
  return {
    typical: chain.typical + own.typical + waited.typical,
    longest: chain.longest + own.longest + waited.longest,
    urns: [...chain.urns, resource.urn],
  };
}

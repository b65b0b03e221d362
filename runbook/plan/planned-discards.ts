import { canonical, isRecord } from "../../records/canonical.ts";
import { nameOf } from "../../records/engine-record.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { failedCreations } from "../recovery/failed-creations.ts";
import type { PlannedResource } from "./planned.ts";

/** What a deploy deletes before its update, and no preview tells of: what AWS could not make, so that it is made again. */
export function plannedDiscards(exported: unknown): PlannedResource[] {
  const failed = failedCreations(exported).map(({ urn }) => urn);
  const discarded = resourcesIn(exported).filter(({ urn }) => failed.includes(urn));
  return discarded.map(deletionOf);
}

function deletionOf({ urn, type, inputs }: StateResource): PlannedResource {
  const before = canonical(inputs);
  return {
    urn,
    name: nameOf(urn),
    type,
    action: "delete",
    before: isRecord(before) ? before : {},
    after: {},
    changes: [],
    replacedFor: ["a creation that AWS gave up"],
  };
}

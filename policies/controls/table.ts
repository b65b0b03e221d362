import { cacheControls } from "./cache.ts";
import { clusterControls } from "./cluster.ts";
import type { Control, ControlId } from "./control.ts";
import { databaseControls } from "./database.ts";
import { edgeControls } from "./edge.ts";
import { identityControls } from "./identity.ts";
import { networkControls } from "./network.ts";
import { ownControls } from "./own.ts";
import { podControls } from "./pods.ts";

/** The seventy controls that the stack is audited by, in the audit's order. */
export const auditControls: readonly Control[] = [
  ...networkControls,
  ...clusterControls,
  ...databaseControls,
  ...cacheControls,
  ...edgeControls,
  ...identityControls,
  ...podControls,
];

const byId = new Map([...auditControls, ...ownControls].map((control) => [control.id, control]));

/** @throws when no control has that id. */
export function controlOf(id: ControlId): Control {
  const control = byId.get(id);
  if (control === undefined) throw new RangeError(`no control is named ${id}`);
  return control;
}

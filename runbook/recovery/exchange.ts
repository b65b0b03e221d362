import { resourcesIn } from "../../records/state.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { AdoptingEngine } from "./adopt.ts";
import { withExchanged } from "./state-edit.ts";

/** The type of the stack's one database. */
export const DATABASE = "aws:rds/instance:Instance";

/**
 * Makes the state name the resource with this id as the only one of its type, and reads what it is at AWS; changes
 * nothing there. Done again it changes nothing more. Throws SPARKI_OUTSIDE where the engine cannot read it, or does not
 * find it: then the state has what it had before.
 */
export async function exchangeInState(engine: AdoptingEngine, type: string, id: string): Promise<void> {
  const exported = await engine.exportEncrypted();
  const { urn, before, state } = withExchanged(exported, type, id);
  if (before !== id) await engine.importState(state);
  const { outcome, failure } = await engine.refresh(undefined, [urn]);
  const isThere = resourcesIn(await engine.exportEncrypted()).some((each) => each.urn === urn && each.id === id);
  if (outcome === "succeeded" && isThere) return;
  // A resource that a refresh does not find is no longer in the state: the next update would make an empty one.
  await engine.importState(exported);
  throw new DeployError("SPARKI_OUTSIDE", `the state could not take over ${id}: ${failure ?? "it was not found"}`, {
    hint: "run the same command again",
  });
}

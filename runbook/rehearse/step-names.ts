import type { EngineResult } from "../../records/engine-record.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { nearest } from "../../shared/nearest.ts";

type Previewed = Pick<EngineResult, "steps">;

const HINT = "npx sparki rehearse, whose lines and report name every step";

/** Throws SPARKI_USAGE for a step that a preview does not know, with those that are called alike. */
export function assertKnown(wanted: string, { steps }: Previewed): void {
  const names = new Set(steps.map(({ name }) => name));
  if (names.has(wanted)) return;
  const alike = nearest(wanted, names);
  const meant = alike.length === 0 ? "" : `; did you mean ${alike.join(" or ")}?`;
  throw new DeployError("SPARKI_USAGE", `no step is called ${JSON.stringify(wanted)}${meant}`, { hint: HINT });
}

/** Throws SPARKI_USAGE too for a step that the previewed deploy leaves as it is; a deploy that changes nothing has none. */
export function assertBegins(wanted: string, preview: Previewed): void {
  assertKnown(wanted, preview);
  const changed = new Set(preview.steps.filter(({ op }) => op !== "same").map(({ name }) => name));
  if (changed.size === 0 || changed.has(wanted)) return;
  const names = [...changed].join(", ");
  throw new DeployError("SPARKI_USAGE", `this deploy changes nothing in ${wanted}; its steps are ${names}`, {
    hint: HINT,
  });
}

/** The deploy ended before the step: what was to happen there was not rehearsed. */
export function neverBegan(step: string): DeployError {
  return new DeployError("SPARKI_USAGE", `the deploy ended before ${step} began: nothing was broken there`, {
    hint: "name a step that comes earlier, or leave out what ends the deploy before it",
  });
}

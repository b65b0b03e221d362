import type { Finding } from "./finding.ts";
import { type InputRecord, Inputs } from "./inputs.ts";
import { placeFindings } from "./places.ts";
import { RULES } from "./rules.ts";
import { shapeFindings } from "./shape-check.ts";

/**
 * What AWS or its provider would refuse about a resource's inputs, before it is asked: the published shape first, then
 * the rules between properties. Values that are unknown are not judged.
 * @param before the inputs of the resource as it is, in an update
 */
export function findingsOf(type: string, inputs: InputRecord, before?: InputRecord): Finding[] {
  const it = new Inputs(inputs);
  const was = before === undefined ? undefined : new Inputs(before);
  const found = [
    ...shapeFindings(type, inputs),
    ...placeFindings(inputs),
    ...(RULES[type] ?? []).flatMap((rule) => rule(it, was)),
  ];
  return found.filter((each, index) => found.findIndex((other) => other.path === each.path) === index);
}

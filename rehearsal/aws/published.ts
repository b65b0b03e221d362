import { findingsOf } from "../../aws/check.ts";
import type { Finding } from "../../aws/finding.ts";
import { type Input, type InputRecord, UNKNOWN_INPUT } from "../../aws/inputs.ts";
import { isList, isRecord, isUnknown, type Properties, type Value } from "../provider/properties.ts";

/** What AWS's published rules find in a resource's inputs; what a preview does not know is not judged. */
export function publishedFindings(type: string, inputs: Properties, before?: Properties): Finding[] {
  return findingsOf(type, readable(inputs), before === undefined ? undefined : readable(before));
}

function readable(properties: Properties): InputRecord {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, input(value)]));
}

function input(value: Value): Input {
  if (isUnknown(value)) return UNKNOWN_INPUT;
  if (isList(value)) return value.map(input);
  return isRecord(value) ? readable(value) : value;
}

import { findingsOf } from "../../aws/check.ts";
import type { Finding } from "../../aws/finding.ts";
import { inputRecordOf } from "../../aws/inputs.ts";
import { UNKNOWN_VALUES } from "../../shared/engine-values.ts";
import type { Properties } from "../provider/properties.ts";

const unknown = { isValue: (value: unknown) => typeof value === "string" && UNKNOWN_VALUES.has(value) };

/** What AWS's published rules find in a resource's inputs; what a preview does not know is not judged. */
export function publishedFindings(type: string, inputs: Properties, before?: Properties): Finding[] {
  const was = before === undefined ? undefined : inputRecordOf(before, unknown);
  return findingsOf(type, inputRecordOf(inputs, unknown), was);
}

import { mutationRecord } from "../../policies/controls/mutation.ts";
import { type ControlsReport, controlsReport } from "../../policies/controls/report.ts";
import { type CostEstimate, estimateCost } from "../../policies/pricing/estimate.ts";
import { asPolicySees, type StackPreview } from "./controls-evidence.ts";

/** What `sparki controls --json` writes. */
export interface ControlsDocument extends ControlsReport {
  /** What the preview's policies refused; empty when the stack may be deployed. */
  readonly violations: readonly string[];
  readonly cost: CostEstimate;
}

/** The audit's table of a previewed stack on that day. */
export function controlsDocument(stack: string, preview: StackPreview, now: Date): ControlsDocument {
  // Each message starts with the policy's title; the control's id stands before its other names.
  const violations = preview.violations.map(({ message }) => message.trim().split("\n").slice(1).join(" "));
  const report = controlsReport({
    situation: { stack, config: preview.config, today: now.toISOString().slice(0, 10) },
    resources: preview.resources.map(asPolicySees),
    violated: new Set(violations.flatMap((violation) => /^([SD]\d\d) \[/.exec(violation)?.[1] ?? [])),
    mutations: mutationRecord(),
  });
  return { ...report, violations, cost: estimateCost(preview.resources) };
}

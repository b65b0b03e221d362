import type { StackScan } from "./audit.ts";
import type { Exemption, Judgement } from "./exemptions.ts";
import type { Finding } from "./finding.ts";

/** The audit in lines for a person: what was looked at, what is wrong, and what is meant to be so. */
export function auditText(scans: readonly StackScan[], judgement: Judgement, exemptions: readonly Exemption[]): string {
  const looked = scans.map(({ tool, stack, objects, scan }) => {
    const count = `${objects} objects, ${scan.checks} checks, ${scan.findings.length} findings`;
    return `${tool.padEnd(10)}  ${stack.padEnd(8)} ${count}`;
  });
  const exempt = exemptions.map(({ tool, check, objects, reason }) =>
    [`exempt  ${tool} ${check}: ${objects.join(", ")}`, `        ${reason}`].join("\n"),
  );
  return [
    ...looked,
    ...exempt,
    ...judgement.open.map(openLine),
    ...judgement.unused.map(unusedLine),
    outcome(judgement),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function openLine({ tool, check, stack, object, what }: Finding): string {
  return `FINDING ${tool} ${check}: ${object} of ${stack}: ${what}`;
}

function unusedLine({ tool, check, objects }: Exemption): string {
  return `UNUSED  ${tool} ${check}: no finding for ${objects.join(", ")}`;
}

function outcome({ open, exempt, unused }: Judgement): string {
  if (open.length + unused.length === 0) return `passed: every finding is exempt with a reason (${exempt.length})`;
  return `failed: ${open.length} findings to fix or exempt in apps/charts/exemptions.yaml, ${unused.length} exemptions to remove`;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Finding, StackScan } from "./audit.ts";

/** The audit in lines for a person: what was checked, what is wrong, and what is meant to be so. */
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

const EXEMPTION = z.strictObject({
  tool: z.enum(["kube-score", "checkov"]),
  check: z.string().min(1),
  objects: z.array(z.string().regex(/^[A-Z]\w+\/[a-z0-9-]+$/, "expected Kind/name")).min(1),
  reason: z.string().min(20, "expected a reason that a reader can judge"),
});

/** Objects for which a check's finding is not followed, and why. */
export type Exemption = z.infer<typeof EXEMPTION>;

interface Judgement {
  /** Findings that no exemption covers. */
  readonly open: readonly Finding[];
  /** Findings that are covered. */
  readonly exempt: readonly Finding[];
  /** Exemptions, an object each, that no finding of any stack needs. */
  readonly unused: readonly Exemption[];
}

const FILE = join(import.meta.dirname, "..", "..", "apps", "charts", "exemptions.yaml");

/** The exemptions that the repository keeps beside its charts. */
export function chartExemptions(): Exemption[] {
  return z.array(EXEMPTION).parse(parse(readFileSync(FILE, "utf8")));
}

/** Sets findings against exemptions; one that covers nothing is told too, for it would hide what comes later. */
export function judge(findings: readonly Finding[], exemptions: readonly Exemption[]): Judgement {
  const each = exemptions.flatMap((exemption) =>
    exemption.objects.map((object) => ({ ...exemption, objects: [object] })),
  );
  const isExempt = (finding: Finding) => each.some((exemption) => covers(exemption, finding));
  return {
    open: findings.filter((finding) => !isExempt(finding)),
    exempt: findings.filter(isExempt),
    unused: each.filter((exemption) => !findings.some((finding) => covers(exemption, finding))),
  };
}

function covers({ tool, check, objects }: Exemption, finding: Finding): boolean {
  return tool === finding.tool && check === finding.check && objects.includes(finding.object);
}

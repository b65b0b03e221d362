import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { compareFingerprints, type Fingerprint, fingerprintOf } from "./fingerprint.ts";
import type { PlanTarget } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
import { readPlanDocument } from "./plan-files.ts";

const entries = z.object({ entries: z.record(z.string(), z.string()) });
const documentSchema = z.object({
  fingerprint: z.object({
    parts: z.object({
      config: entries,
      charts: entries,
      digests: entries,
      program: entries,
      dependencies: entries,
      tools: entries,
      environment: entries,
      state: entries,
      drift: entries,
      policies: entries,
      plan: entries,
    }),
  }),
});

/** Why a deploy of this plan must not begin; undefined when it is what was approved. */
export async function approvalRefusal(
  hash: string,
  plan: Plan,
  { projectDirectory, stack }: Pick<PlanTarget, "projectDirectory" | "stack">,
): Promise<string | undefined> {
  try {
    assertHash(hash);
    assertApproved(hash, plan, await readPlanDocument(projectDirectory, stack, hash));
    return undefined;
  } catch (error) {
    if (error instanceof DeployError && error.code === "SPARKI_GATE") return error.message;
    throw error;
  }
}

/** Throws SPARKI_USAGE for what is no plan's hash, before anything is checked. */
export function assertHash(hash: string): void {
  if (/^[0-9a-f]{64}$/.test(hash)) return;
  throw new DeployError(
    "SPARKI_USAGE",
    `--approved is ${JSON.stringify(hash)}; expected a plan's hash, 64 hex digits`,
    {
      hint: "npx sparki plan",
    },
  );
}

/** `document` is the approved plan as it was written; undefined where this machine does not have it. */
export function assertApproved(hash: string, { stack, fingerprint, seal }: Plan, document: unknown): void {
  if (seal.gaps.length > 0) throw refused(stack, seal.gaps);
  if (fingerprint.hash === hash) return;
  const approved = approvedFingerprint(hash, document);
  const differences =
    approved === undefined
      ? ["which part differs is not known: the approved plan's file is not on this machine, or was altered"]
      : compareFingerprints(approved, fingerprint);
  throw refused(stack, differences);
}

function refused(stack: string, differences: readonly string[]): DeployError {
  const reasons = differences.map((difference) => `  ${difference}`).join("\n");
  return new DeployError("SPARKI_GATE", `not what was approved for ${stack}; nothing was changed\n${reasons}`, {
    hint: `npx sparki plan --stack ${stack}, and have that approved`,
  });
}

/** The fingerprint in a plan's file; undefined when the file is not the one of that hash. */
export function approvedFingerprint(hash: string, document: unknown): Fingerprint | undefined {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { parts } = parsed.data.fingerprint;
  const fingerprint = fingerprintOf({
    config: parts.config.entries,
    charts: parts.charts.entries,
    digests: parts.digests.entries,
    program: parts.program.entries,
    dependencies: parts.dependencies.entries,
    tools: parts.tools.entries,
    environment: parts.environment.entries,
    state: parts.state.entries,
    drift: parts.drift.entries,
    policies: parts.policies.entries,
    plan: parts.plan.entries,
  });
  return fingerprint.hash === hash ? fingerprint : undefined;
}

import { CHECKLIST } from "../preflight/checklist.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { type PreflightReport, runPreflight } from "../preflight/run.ts";
import { type RecoverableTarget, Recovery } from "../recovery/take-over.ts";
import { showWork } from "../report/live.ts";
import { countsText } from "../verify/verify-text.ts";

/** Goes through the checklist before anything is changed, by a state that knows all that is there; closes its ports again. */
export async function goThroughChecklist(
  target: RecoverableTarget,
  open: () => Promise<Pick<OpenPreflight, "context" | "close">>,
  recovery = new Recovery(target, open),
): Promise<PreflightReport> {
  const { clock, screen, signal } = target;
  const opened = await open();
  try {
    await recovery.takeOver(opened.context);
    return await showWork(screen, clock, "preflight", async (note) => {
      const report = await runPreflight(opened.context, CHECKLIST, screen, signal);
      note(countsText(report.checks));
      return report;
    });
  } finally {
    await opened.close();
  }
}

const SHOWN_REASONS = 3;

/** Why a deploy must not begin by its checklist, the checks that failed named; undefined when none did. */
export function checklistRefusal({ checks }: Pick<PreflightReport, "checks">): string | undefined {
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length === 0) return undefined;
  const told = failed.slice(0, SHOWN_REASONS).map(({ title, reason }) => `${title}: ${reason}`);
  if (failed.length > SHOWN_REASONS) told.push(`and ${failed.length - SHOWN_REASONS} more`);
  return `preflight failed. ${told.join("; ")}`;
}

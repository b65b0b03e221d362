import type { Verdict } from "../../gates/verdict.ts";
import { worst } from "../../gates/verdict.ts";
import type { DiagnosisContext, Examination } from "../diagnosis/examination.ts";
import { errorLines } from "../diagnosis/log-lines.ts";
import { pods } from "../diagnosis/pods.ts";
import { cacheWords, databaseWords } from "../diagnosis/words.ts";
import { certificate } from "../preflight/checks/certificate.ts";
import { entrance } from "../preflight/checks/entrance.ts";
import { dashboards } from "../preflight/checks/metrics.ts";
import { zone } from "../preflight/checks/names.ts";
import { type Looked, lookSideBySide } from "../preflight/side-by-side.ts";
import type { Screen } from "../report/screen.ts";

type Watched = Pick<Examination, "id" | "title" | "timeLimitSeconds" | "run">;

/** Users are turned away: a person must look now. */
const URGENT: readonly Watched[] = [entrance];
/** People are told of it, and nobody is woken: it may mend itself, and the error rate says whether users feel it. */
const TOLD: readonly Watched[] = [pods, databaseWords, cacheWords, errorLines, zone, certificate, dashboards];

/** What each look goes through beside the requests: pods, their logs, the way in, DNS, TLS and the dashboards. */
export const WATCHED: readonly Watched[] = [...URGENT, ...TOLD];

/** Looks at everything side by side; rejects only when aborted. */
export function runChecks(context: DiagnosisContext, screen: Screen, signal: AbortSignal): Promise<Looked[]> {
  return lookSideBySide("look", WATCHED, context, { screen, signal });
}

/** What a check's finding means for the release: the tree knows verdicts. */
export function verdictOf({ id, status, isBlind }: Looked): Verdict {
  if (status === "pass" || status === "skipped") return "pass";
  if (isBlind === true) return "error";
  return status === "fail" && URGENT.some((each) => each.id === id) ? "fail" : "inconclusive";
}

/** The worst of the checks. */
export function verdictOfChecks(checks: readonly Looked[]): Verdict {
  return checks.length === 0 ? "pass" : worst(checks.map(verdictOf));
}

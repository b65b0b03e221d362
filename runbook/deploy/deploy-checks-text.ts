import type { Finding } from "../preflight/check.ts";
import { findingLines } from "../preflight/preflight-text.ts";
import { duration } from "../report/duration.ts";
import type { Paint } from "../report/screen.ts";
import { countsText, successLines } from "../verify/verify-text.ts";
import type { DeployDocument } from "./deploy-document.ts";

interface Checks {
  readonly checks: readonly (Finding & { readonly title: string })[];
  readonly seconds: number;
}

/** What the checklist and the verification came to: counts, what did not pass, and the success table. */
export function checksRows(
  { preflight, plan, verify }: Pick<DeployDocument, "preflight" | "plan" | "verify">,
  paint: Paint,
): string[] {
  return [
    ...rowsOf("preflight", preflight, paint),
    ...(plan === null ? [] : [`  plan      ${plan.files.html}`]),
    ...rowsOf("verify", verify, paint),
    ...(verify === null ? [] : ["", ...successLines(verify.success, paint), ""]),
  ];
}

function rowsOf(name: string, found: Checks | null, paint: Paint): string[] {
  if (found === null) return [];
  const loud = found.checks.filter(({ status }) => status === "fail" || status === "warn");
  const counts = `  ${name.padEnd(10)}${countsText(found.checks)}, in ${duration(found.seconds)}`;
  return [counts, ...loud.flatMap((check) => findingLines(check, paint))];
}

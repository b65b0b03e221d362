import { checksRows, type DeployDocument } from "../../../runbook/deploy/deploy-document.ts";
import type { Status } from "../../../runbook/preflight/check.ts";

const paint = {
  good: (text: string) => text,
  bad: (text: string) => text,
  dim: (text: string) => text,
  strong: (text: string) => text,
};
const looked = (title: string, status: Status, reason = "as it should be") =>
  ({
    id: title,
    group: "Application",
    title,
    status,
    reason,
    seconds: 1,
    ...(status === "fail" && { fix: "fix it" }),
  }) as const;
const confirmation = { confirmed: true, how: "flag" } as const;
const preflight: DeployDocument["preflight"] = {
  stack: "prod",
  release: "2.0",
  outcome: "passed",
  exitCode: 0,
  seconds: 2,
  checks: [looked("Images", "pass"), looked("Backup", "skipped"), looked("Slack", "warn", "Slack does not answer")],
  confirmations: { "on-call-confirmed": confirmation, "window-announced": confirmation },
};
const verify: DeployDocument["verify"] = {
  stack: "prod",
  release: "2.0",
  outcome: "failed",
  exitCode: 1,
  seconds: 80,
  checks: [looked("Pods", "pass"), looked("End-to-end tests", "fail", "exit 1")],
  slos: [],
  success: [{ metric: "Pod Health", threshold: "100 % running", found: "8 of 8", verdict: "pass" }],
};
const plan = { hash: "2f6c", files: { markdown: "p.md", html: "p.html", json: "p.json" } };

describe("checksRows", () => {
  const rows = checksRows({ preflight, plan, verify }, paint);

  it("tells counts, only what did not pass with how to fix it, and the success table", () => {
    expect(rows).toEqual([
      "  preflight 1 passed, 1 warned, 1 skipped, in 2.0 s",
      "  ! warn  Slack: Slack does not answer",
      "  plan      p.html",
      "  verify    1 passed, 1 failed, in 1 min 20 s",
      "  ✗ FAIL  End-to-end tests: exit 1",
      "          fix: fix it",
      "",
      "  Metric        Threshold      Verdict      Found",
      "  Pod Health    100 % running  pass         8 of 8",
      "",
    ]);
  });

  it("says nothing of what a refused deploy never came to", () => {
    expect(checksRows({ preflight: null, plan: null, verify: null }, paint)).toEqual([]);
  });
});

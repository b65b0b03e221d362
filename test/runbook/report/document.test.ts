import { PassThrough } from "node:stream";
import { type EndedCheck, runSideBySide } from "../../../runbook/preflight/check.ts";
import { failureDocumentSchema, rehearsalDocument, verifyDocument } from "../../../runbook/report/document.ts";
import { failureDocument } from "../../../runbook/report/failure.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { preflightReport, verifyReport } from "../../support/reports.ts";

describe("failureDocumentSchema", () => {
  it.each([
    ["a DeployError", new DeployError("SPARKI_CONFIG", "wrong", { hint: "set it right" }), 2],
    ["one without a hint", new DeployError("SPARKI_GATE", "refused"), 1],
    ["any other error", new Error("broken"), 4],
  ])("is the form of what --json says of %s", (_, error, exitCode) => {
    expect(failureDocumentSchema.parse(failureDocument(error)).exitCode).toBe(exitCode);
  });
});

describe("verifyDocument", () => {
  it("takes all that a check may say", () => {
    const said: Required<EndedCheck> = {
      ...{ id: "error-budget", title: "Error budget", status: "warn", reason: "90 % is left", fix: "keep more" },
      ...{ advisory: true, evidence: ["a line"], isBlind: true, seconds: 1 },
    };
    expect(verifyDocument.shape.checks.element.parse(said)).toEqual(said);
  });
});

describe("rehearsalDocument", () => {
  const valid = {
    scenario: "first-deploy",
    stack: "prod",
    seed: 1,
    outcome: "promoted",
    exitCode: 0,
    reason: "every gate passed",
    release: {
      id: "2026.11.1",
      gitSha: "62e8f96cd5a83fd3d59458636034078daf38251e",
      images: Object.fromEntries(
        ["engine", "web", "e2e"].map((kind) => [kind, `r.io/a/${kind}@sha256:${"a".repeat(64)}`]),
      ),
      schema: { level: 2, oldest: 1 },
    },
    previous: null,
    replaced: [],
    steps: [{ name: "a", type: "aws:x:Y", op: "create", startSeconds: 0, endSeconds: 1.5, status: "done" }],
    gates: [],
    decisions: [],
    rollback: null,
    preflight: null,
    plan: null,
    verify: null,
    notifications: [],
    policy: { checked: 861, violations: [{ policy: "p", level: "advisory", message: "m" }], verdicts: { p: "860/1" } },
    live: { engine: { oneBox: [], fleet: [] }, web: { oneBox: [], fleet: [] } },
    world: { resources: 132, orphans: 0, duplicates: 0, drift: 0, findings: [] },
    timing: {
      modelSeconds: 1,
      criticalPathSeconds: 1,
      wallSeconds: 1,
      detectSeconds: null,
      rollbackSeconds: null,
      cloudReadySeconds: 1,
      previewSeconds: 1,
      upSeconds: 1,
    },
    report: null,
  };

  it("takes a whole document", () => {
    expect(rehearsalDocument.safeParse(valid).error).toBeUndefined();
  });

  it("takes a check of the checklist, and one of what is live, that could not look", async () => {
    const run = () => Promise.reject(new Error("other side closed"));
    const look = { id: "alerts", title: "Alerts", proves: "It is known.", timeLimitSeconds: 10, run };
    const beside = { screen: plainScreen(new PassThrough().resume()), signal: new AbortController().signal };
    const found = await runSideBySide("checklist", [look], { clock: fakeClock() }, beside);
    expect(found).toMatchObject([{ status: "fail", isBlind: true }]);
    const preflight = { ...preflightReport(String), checks: found.map((each) => ({ ...each, group: "storm" })) };
    const verify = { ...verifyReport(String), checks: found };
    expect(rehearsalDocument.safeParse({ ...valid, preflight, verify }).error).toBeUndefined();
  });

  it.each(Object.keys(valid))("refuses one without %s", (key) => {
    expect(rehearsalDocument.safeParse({ ...valid, [key]: undefined }).success).toBe(false);
  });

  it("refuses what nobody promised", () => {
    expect(rehearsalDocument.safeParse({ ...valid, more: 1 }).success).toBe(false);
  });
});

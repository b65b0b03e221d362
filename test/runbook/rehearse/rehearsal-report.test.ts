import { resourcesIn } from "../../../records/state.ts";
import { decisionsOf } from "../../../runbook/deploy/deployment.ts";
import {
  alertedSchema,
  alertedText,
  compareWorld,
  type RehearsalReport,
  rehearsalText,
  worldSchema,
} from "../../../runbook/rehearse/rehearsal-report.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { byService } from "../../../stacks/services.ts";
import { subjectNamed } from "../../support/gate-subjects.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const release = (id: string, letter: string) => ({
  id,
  gitSha: letter.repeat(40),
  images: { engine: `r/engine@${digest(letter)}`, web: `r/web@${digest(letter)}`, e2e: `r/e2e@${digest(letter)}` },
});
const tracks = { oneBox: [digest("b")], fleet: [digest("a")] };
const failing = {
  gate: "engine-one-box",
  kind: "objective",
  objective: "errors",
  verdict: "fail",
  requests: 400,
  bad: 20,
  measured: 0.05,
  limit: 0.001,
  lower: 0.0281,
  upper: 0.08,
  needed: 0,
  synthetic: 380,
  reason: "20 of 400 bad: over 0.1 % for certain",
} as const;
const passing = { ...failing, verdict: "pass", bad: 0, lower: 0, upper: 0.00098, requests: 3616 } as const;
const REPORT: RehearsalReport = {
  scenario: "error-spike",
  stack: "prod",
  seed: 1,
  outcome: "rolled-back",
  exitCode: 1,
  reason: "engine-one-box, errors: 20 of 400 bad",
  release: release("2.0", "b"),
  previous: release("1.0", "a"),
  replaced: [{ key: "sparki:storm.prometheusUrl", by: "the rehearsal's Prometheus" }],
  steps: [
    { name: "engine-one-box", type: "t", op: "update", startSeconds: 0, endSeconds: 1, status: "done" },
    { name: "engine-fleet", type: "t", op: "update", startSeconds: 1, endSeconds: 5, status: "failed" },
  ],
  gates: [failing],
  decisions: [{ phase: "one-box", action: "rollback", reason: "proven bad (20 of 400 bad)", page: false }],
  preflight: null,
  plan: null,
  verify: null,
  rollback: {
    release: release("1.0", "a"),
    verdict: "pass",
    reason: "rollback, errors: 0 of 4000 requests bad: at most 0.08 %",
    steps: [
      { name: "engine-one-box", type: "t", op: "update", startSeconds: 0, endSeconds: 1, status: "done" },
      { name: "engine-fleet", type: "t", op: "same", startSeconds: 0, endSeconds: 0, status: "done" },
    ],
    gates: [{ ...failing, verdict: "pass", objective: "running digests" }],
    seconds: 14,
  },
  notifications: [],
  policy: { checked: 700, violations: [] },
  live: { ...byService(() => tracks), web: { oneBox: [], fleet: [digest("a")] } },
  world: { resources: 120, orphans: 1, duplicates: 0, drift: 0, findings: ["orphan: aws:ec2/eip:Eip eip-1"] },
  timing: {
    wallSeconds: 61.2,
    modelSeconds: 1320,
    criticalPathSeconds: 1200,
    detectSeconds: 4,
    rollbackSeconds: null,
    cloudReadySeconds: 1,
    previewSeconds: 5,
    upSeconds: 20,
  },
  report: ".sparki/rehearsal/prod/report/prod.html",
};
const { paint } = plainScreen(process.stderr);
/** The text with each row in one line. */
const unwrapped = (text: string) => text.replace(/\n {12}/g, " ");

describe("rehearsalText", () => {
  const text = rehearsalText(REPORT, paint);

  it("says the outcome with its exit code and reason first", () => {
    expect(text.trim()).toMatch(/^error-spike: rolled-back \(exit 1\)\nengine-one-box, errors: 20 of 400 bad/);
  });

  it("has the cluster's own words on its first line, whole, and the gate that refused below", () => {
    const words = "Readiness probe failed: HTTP probe failed with statuscode: 404 (engine-one-box-58c9d7c6b8-x2v4q)";
    const gates = [{ ...failing, objective: "pods ready", reason: "after 120 s: 0 of 1 pods are ready", words }];
    const reason = `${words}; engine one-box, pods ready: after 120 s: 0 of 1 pods are ready`;
    const lines = rehearsalText({ ...REPORT, gates, reason }, paint)
      .trim()
      .split("\n");
    expect(lines.slice(0, 2)).toEqual([
      `error-spike: rolled-back (exit 1): ${words}`,
      "engine one-box, pods ready: after 120 s: 0 of 1 pods are ready",
    ]);
  });

  it("says how many of the users' requests were lost, where there were any users", () => {
    expect(text).not.toContain("requests lost");
    expect(rehearsalText({ ...REPORT, users: { requests: 0, lost: 0 } }, paint)).not.toContain("requests lost");
    expect(rehearsalText({ ...REPORT, users: { requests: 1605, lost: 3 } }, paint)).toContain(
      "users     3 of 1605 requests lost",
    );
  });

  it("names the release that each track really runs", () => {
    expect(text).toContain("engine 1.0 (one-box 2.0)");
    expect(text).toContain("web 1.0 (one-box nothing)");
  });

  it("shows each gate's counts and bounds against its limit", () => {
    expect(unwrapped(text)).toContain("fail engine-one-box, errors: 20 of 400 bad, 2.8 % to 8 %, limit 0.1 %");
  });

  it("says once that the gates which passed let it go on, and every other decision by its words", () => {
    const gates = ["engine one-box", "web one-box"].map((gate) => ({ ...passing, ...subjectNamed(gate) }));
    const verified = { phase: "promoted", action: "proceed", reason: "verified: well", page: false } as const;
    const decisions = [...decisionsOf(gates), verified];
    expect(decisions).toHaveLength(3);
    expect(rehearsalText({ ...REPORT, gates, decisions }, paint)).toContain(
      "  proceed   2 gates passed\n  proceed   promoted: verified: well\n",
    );
  });

  it("says of a gate that passed only its strictest objective", () => {
    const health = { ...passing, kind: "health", objective: "pods ready", limit: 0, requests: 1 } as const;
    const loose = { ...passing, objective: "slower than 5 s", limit: 0.01 };
    const gates = [health, loose, passing];
    expect(unwrapped(rehearsalText({ ...REPORT, gates }, paint))).toContain(
      "gate      pass engine-one-box: 1 health check, 2 objectives; errors 0 of 3616 bad, 0 % to 0.098 %, limit 0.1 %",
    );
  });

  it("says what was decided, and what it went back to with the proof", () => {
    expect(text).toContain("rollback  one-box: proven bad (20 of 400 bad)");
    expect(text).toContain("back      to 1.0 in 14 s: engine-one-box\n");
    expect(unwrapped(text)).toContain("pass 1 objective; rollback, errors: 0 of 4000 requests bad: at most 0.08 %");
    expect(rehearsalText({ ...REPORT, rollback: null }, paint)).not.toContain("back      to");
  });

  it("names what was replaced and what is wrong in the world", () => {
    expect(text).toContain("sparki:storm.prometheusUrl: the rehearsal's Prometheus");
    expect(text).toContain("1 orphans, 0 duplicates");
    expect(text).toContain("orphan: aws:ec2/eip:Eip eip-1");
  });

  it("has no colour where nobody could see it", () => {
    expect(text).not.toContain("\u001b");
  });
});

const told = (service: "slack" | "pagerduty", to: string, status: "firing" | "resolved" = "firing") => ({
  ...{ at: "2026-11-30T00:00:00.000Z", service, to, alert: "CacheFailing", status },
});
const none = { told: [], refused: [], heartbeats: 3, problem: null };

describe("alertedText", () => {
  it("names each alert once, with everybody who was told that it fires", () => {
    const all = [
      told("slack", "#one"),
      told("slack", "#one"),
      told("pagerduty", "critical"),
      told("slack", "#two", "resolved"),
    ];
    expect(alertedText({ ...none, told: all })).toBe("CacheFailing told #one, pagerduty (critical)");
  });

  it("says that none fired, and what was refused or not used", () => {
    expect(alertedText(none)).toBe("none fired");
    const wrong = { ...none, refused: ["/v2/enqueue: routing_key is invalid"], problem: "no secret" };
    expect(alertedText(wrong)).toBe("refused /v2/enqueue: routing_key is invalid; no secret");
  });
});

describe("alertedSchema", () => {
  it("takes what the rehearsal's control API tells, and nothing else", () => {
    expect(alertedSchema.parse({ ...none, told: [told("slack", "#one")] }).told).toHaveLength(1);
    expect(alertedSchema.safeParse({ ...none, more: 1 }).success).toBe(false);
  });
});

const SECRET = "4dabf18193072939515e22adb298388d";
const vpc = { type: "aws:ec2/vpc:Vpc", id: "vpc-1", name: "sparki-prod", inputs: { cidrBlock: "10.40.0.0/16" } };
const world = (...resources: object[]) => worldSchema.parse({ resources }).resources;
const inState = (...resources: object[]) =>
  resourcesIn({ deployment: { resources: resources.map((each) => ({ urn: "u", custom: true, ...each })) } });

describe("compareWorld", () => {
  it("finds nothing when the account and the state agree", () => {
    const { findings, ...counts } = compareWorld(world(vpc), inState(vpc));
    expect({ findings, counts }).toEqual({
      findings: [],
      counts: { resources: 1, orphans: 0, duplicates: 0, drift: 0 },
    });
  });

  it("counts what no state knows as an orphan, but not what AWS made by itself", () => {
    const orphan = { type: "aws:ec2/eip:Eip", id: "eip-1" };
    const made = { type: "aws:ec2/routeTable:RouteTable", id: "rtb-1", owner: "vpc-1" };
    const report = compareWorld(world(vpc, orphan, made), inState(vpc));
    expect(report).toMatchObject({ resources: 2, orphans: 1, findings: ["orphan: aws:ec2/eip:Eip eip-1"] });
  });

  it("counts a second resource of the same type and name as a duplicate", () => {
    const second = { ...vpc, id: "vpc-2" };
    expect(compareWorld(world(vpc, second), inState(vpc, second)).duplicates).toBe(1);
  });

  it.each([
    ["gone", []],
    ["changed", [{ ...vpc, inputs: { cidrBlock: "10.41.0.0/16" } }]],
  ])("counts what is in the state and %s in the account as drift", (_, resources) => {
    expect(compareWorld(world(...resources), inState(vpc)).drift).toBe(1);
  });

  it("never takes a hidden secret for a difference", () => {
    const hidden = { ...vpc, inputs: { password: { [SECRET]: "x", ciphertext: "y" } } };
    expect(compareWorld(world({ ...vpc, inputs: { password: null } }), inState(hidden)).drift).toBe(0);
  });
});

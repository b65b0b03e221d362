import type { GateResult } from "../../gates/gate.ts";
import { runSloGate } from "../../gates/live/gate-runner.ts";
import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { NO_TRAFFIC } from "../../gates/traffic.ts";
import type { EngineResult, Step } from "../../records/engine-record.ts";
import { type DeployDocument, type DeployRun, deployDocument } from "../../runbook/deploy/deploy-document.ts";
import type { ConfiguredRelease } from "../../stacks/schema.ts";
import { byService } from "../../stacks/services.ts";
import { fakeClock } from "./fake-clock.ts";
import { subjectNamed } from "./gate-subjects.ts";
import { preflightReport, verifyReport } from "./reports.ts";

/** Deploys as they would have been recorded, their gates run on a clock of their own. */

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const imageOf = (kind: string, letter: string) => `ghcr.io/alexarno/sparki/${kind}@${digest(letter)}`;

export function releaseNamed(id: string, letter: string): ConfiguredRelease {
  const images = { ...byService((kind) => imageOf(kind, letter)), e2e: imageOf("e2e", letter) };
  return { id, gitSha: letter.repeat(40), images, schema: { level: 2, oldest: 1 } };
}

/** What a gate found of synthetic traffic in which one request in `badEvery` fails; none fails when that is 0. */
export function gateOf(gate: string, badEvery: number): Promise<GateResult[]> {
  const clock = fakeClock();
  const counts = () => {
    const requests = Math.round(clock.now() * 60);
    const slow = { over100ms: Math.round(requests * 0.2), over1s: Math.round(requests * 0.004), over5s: 0 };
    return { ...NO_TRAFFIC, requests, ...slow, errors: badEvery === 0 ? 0 : Math.floor(requests / badEvery) };
  };
  const synthetic = { start: () => undefined, stop: async () => undefined, counts };
  const times = { lookEverySeconds: 1, deadlineSeconds: 600, clock };
  return runSloGate({ ...subjectNamed(gate), objectives: RUNBOOK_OBJECTIVES, sources: { synthetic }, ...times });
}

const HEALTHY = { requests: 0, bad: 0, measured: null, limit: 0, lower: 0, upper: 1, needed: 0, synthetic: 0 };

/** What a health gate found. */
export function healthOf(gate: string): GateResult[] {
  const checks = { pods: "1 of 1 pods are ready", "/health": "answers with 200", "/api/projects": "answers with 200" };
  return Object.entries(checks).map(([objective, reason]) => ({
    ...subjectNamed(gate),
    kind: "health" as const,
    objective,
    verdict: "pass",
    ...HEALTHY,
    reason,
  }));
}

interface Timed {
  readonly name: string;
  readonly type: string;
  readonly from: number;
  readonly to: number;
  readonly needs?: string;
  readonly op?: string;
  readonly status?: Step["status"];
}

const RELEASE = "kubernetes:helm.sh/v3:Release";
const INFRASTRUCTURE: readonly Timed[] = [
  { name: "network-vpc", type: "aws:ec2/vpc:Vpc", from: 0.1, to: 2 },
  { name: "cluster-eks-eksCluster", type: "aws:eks/cluster:Cluster", from: 2, to: 560, needs: "network-vpc" },
  { name: "database-instance", type: "aws:rds/instance:Instance", from: 2, to: 640, needs: "network-vpc" },
  { name: "cache-group", type: "aws:elasticache/replicationGroup:ReplicationGroup", from: 2, to: 480 },
  { name: "database-jobs-migrate-run", type: "command:local:Command", from: 640, to: 652, needs: "database-instance" },
];
const APPLICATION: readonly Timed[] = [
  { name: "engine-one-box", type: RELEASE, from: 652, to: 655, needs: "database-jobs-migrate-run" },
  { name: "engine-fleet", type: RELEASE, from: 655, to: 742, needs: "engine-one-box" },
  { name: "web-one-box", type: RELEASE, from: 742, to: 744, needs: "engine-fleet" },
  { name: "web-fleet", type: RELEASE, from: 744, to: 830, needs: "web-one-box" },
  { name: "promotion-record", type: "pulumi:pulumi:Stash", from: 830, to: 935, needs: "web-fleet" },
  { name: "cutover-record", type: "aws:route53/record:Record", from: 935, to: 966, needs: "promotion-record" },
];
/** Quick ones, of which there are many. */
const POLICIES: readonly Timed[] = Array.from({ length: 60 }, (_, index) => {
  const from = 3 + index / 10;
  return { name: `role-policy-${index}`, type: "aws:iam/rolePolicy:RolePolicy", from, to: from + 0.4 };
});

function updateOf(timed: readonly Timed[], end: Partial<EngineResult> = {}): EngineResult {
  const steps = timed.map(({ name, type, from, to, op = "create", status = "done" }): Step => {
    return { urn: name, name, type, op, startSeconds: from, endSeconds: to, status };
  });
  const seconds = Math.max(0, ...timed.map(({ to }) => to));
  const policy = { checked: 861, violations: [] };
  return { outcome: "succeeded", steps, diagnostics: [], policy, changes: {}, seconds, failure: undefined, ...end };
}

function documentOf(run: DeployRun, timed: readonly Timed[]): DeployDocument {
  const dependencies = new Map(timed.map(({ name, needs }) => [name, needs === undefined ? [] : [needs]]));
  const told = { channel: "#platform", text: "✅ Production deployment successful!\n\nVersion: 1 <b>&\nNext: Monitor" };
  const untold = { ...told, channel: "#incidents", delivered: false, problem: "503 after 3 tries" };
  const notifications = [{ ...told, delivered: true, problem: null }, untold];
  return deployDocument(run, { stack: "prod", live, notifications, wallSeconds: 1_002, dependencies });
}

const TRACKS = { oneBox: [digest("a")], fleet: [digest("a")] };
/** Release `a` is live at the end of each. */
const live = byService(() => TRACKS);

/** The two deploys as their command knows them. */
export async function deployRuns(): Promise<{ readonly promoted: DeployRun; readonly rolledBack: DeployRun }> {
  return { promoted: (await promotion()).run, rolledBack: (await goingBack((text) => text)).run };
}

/** A first release that every gate let through. */
export async function promotedDeploy(): Promise<DeployDocument> {
  const { run, timed } = await promotion();
  return documentOf(run, timed);
}

/** A second release whose one-box fails one request in a hundred; `name` makes of each name and reason what a test needs. */
export async function rolledBackDeploy(name: (text: string) => string = (text) => text): Promise<DeployDocument> {
  const { run, timed } = await goingBack(name);
  return documentOf(run, timed);
}

interface RecordedDeploy {
  readonly run: DeployRun;
  readonly timed: readonly Timed[];
}

async function promotion(): Promise<RecordedDeploy> {
  const release = releaseNamed("2026.11.1", "a");
  const gates = [
    ...healthOf("engine one-box"),
    ...(await gateOf("engine one-box", 0)),
    ...healthOf("web one-box"),
    ...(await gateOf("web one-box", 0)),
    ...(await gateOf("engine fleet", 4_000)),
  ];
  const timed = [...INFRASTRUCTURE, ...POLICIES, ...APPLICATION];
  const preview = updateOf([]);
  const run: DeployRun = {
    outcome: "promoted",
    exitCode: 0,
    reason: "every gate passed",
    release,
    previous: null,
    live: release,
    deployment: { preview, up: updateOf(timed), gates },
    rollback: undefined,
    preflight: preflightReport(String),
    plan: {
      hash: "2f6c".repeat(16),
      files: { html: "a.html", markdown: "a.md", json: "a.json" },
      expected: { typicalSeconds: 1436, longestSeconds: 4800 },
    },
    verify: verifyReport(String),
    decisions: [
      { phase: "one-box", action: "proceed", reason: "engine one-box: 7 of 7 pass", page: false },
      { phase: "promoted", action: "proceed", reason: "done (every gate passed)", page: false },
    ],
  };
  return { run, timed };
}

async function goingBack(name: (text: string) => string): Promise<RecordedDeploy> {
  const release = releaseNamed(name("2026.11.2"), "b");
  const previous = releaseNamed("2026.11.1", "a");
  const gates = [...healthOf(name("engine one-box")), ...(await gateOf(name("engine one-box"), 100))];
  const reason = name("gate before-engine-fleet: fail. engine one-box, errors: at least 0.2 % of requests bad");
  const timed: readonly Timed[] = [
    { name: name("engine-one-box"), type: RELEASE, from: 1, to: 4, op: "update" },
    { name: name("engine-fleet"), type: RELEASE, from: 4, to: 14, op: "update", status: "failed" },
  ];
  const back = updateOf([{ name: name("engine-one-box"), type: RELEASE, from: 0.5, to: 4.2, op: "update" }]);
  const proof = [...healthOf("rollback"), ...(await gateOf("rollback", 0))].map(({ looks: _, ...result }) => result);
  const decision = { phase: "rollback", action: "stop", reason: "it serves again", page: false } as const;
  const violations = [
    { policy: name("stateful-kept"), level: "advisory", resource: name("x"), message: name("is kept") },
  ];
  const run: DeployRun = {
    outcome: "rolled-back",
    exitCode: 1,
    reason,
    release,
    previous,
    live: previous,
    deployment: {
      preview: updateOf([]),
      up: updateOf(timed, { outcome: "failed", failure: reason, policy: { checked: 861, violations } }),
      gates,
    },
    rollback: {
      release: previous,
      deployment: { preview: updateOf([]), up: back, gates: healthOf("engine one-box") },
      proof: { gates: proof, live },
      verdict: "pass",
      reason: "rollback, errors: 0 of 4000 requests bad: at most 0.08 %",
      decision,
      seconds: 61,
    },
    preflight: preflightReport(name),
    plan: undefined,
    verify: verifyReport(name),
    decisions: [{ phase: "one-box", action: "rollback", reason: `proven bad (${reason})`, page: true }, decision],
  };
  return { run, timed };
}

import type { GateResult } from "../../../gates/gate.ts";
import type { DeployRun, Rollback } from "../../../runbook/deploy/deploy-document.ts";
import {
  brokenMessage,
  endMessage,
  failedRollbackMessage,
  rolledBackMessage,
  startMessage,
} from "../../../runbook/notify/notify.ts";
import type { Message } from "../../../shared/text/markup.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { subjectNamed } from "../../support/gate-subjects.ts";
import { rawConfig } from "../../support/stack-config.ts";
import { releaseNamed } from "../../support/updates.ts";

const occasion = {
  stack: "prod",
  config: parseConfig(rawConfig("prod"), "prod"),
  at: Date.UTC(2026, 10, 23, 12, 0, 5) / 1000,
};
const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];
const { contacts } = occasion.config;

const gate = (objective: string, bad: number, name = "engine fleet"): GateResult => ({
  ...subjectNamed(name),
  kind: "objective",
  objective,
  verdict: "pass",
  requests: 4000,
  bad,
  measured: bad / 4000,
  limit: 0.001,
  lower: 0,
  upper: 0.00098,
  needed: 0,
  synthetic: 4000,
  reason: "",
});
const nothing = {
  outcome: "succeeded",
  steps: [],
  diagnostics: [],
  changes: {},
  seconds: 1,
  failure: undefined,
} as const;
const preview = { ...nothing, policy: { checked: 1, violations: [] } };
const run = (changes: Partial<DeployRun>, gates: readonly GateResult[] = []): DeployRun => ({
  outcome: "promoted",
  exitCode: 0,
  reason: "every gate passed",
  release: two,
  previous: one,
  live: one,
  deployment: { preview, up: preview, gates },
  rollback: undefined,
  decisions: [],
  ...changes,
});
const rollback = (changes: Partial<Rollback> = {}): Rollback => ({
  release: one,
  deployment: undefined,
  proof: undefined,
  verdict: "pass",
  reason: "rollback, errors: 0 of 2400 requests bad: at most 0.13 %",
  decision: { phase: "rollback", action: "stop", reason: "", page: false },
  seconds: 40,
  ...changes,
});

/** The fields of a message by name; what stands before the first colon of a line. */
const fieldsOf = ({ text }: Message) =>
  Object.fromEntries([...text.matchAll(/^([A-Z][\w ]*): (.*)$/gm)].map(([, name, value]) => [name, value]));

describe("endMessage", () => {
  it.each([
    ["rolled-back", "⚠️ Production deployment rolled back: "],
    ["stopped", "⛔ Production deployment stopped: "],
  ] as const)("tells on its first line what the cluster said of a deploy that ended as %s", (outcome, title) => {
    const words = "Readiness probe failed: HTTP probe failed with statuscode: 404 (engine-one-box-1)";
    const refused: GateResult = { ...gate("pods ready", 1, "engine one-box"), verdict: "fail", words };
    const reason = `${words}; engine one-box, pods ready: 0 of 1 pods are ready`;
    const { text } = endMessage(occasion, run({ outcome, exitCode: 1, reason, rollback: rollback() }, [refused]), "");
    expect(text.split("\n")[0]).toBe(`${title}${words}`);
  });

  it("tells of a promotion with every field of the runbook, in its order", () => {
    const gates = [
      gate("errors", 1),
      gate("slower than 100 ms", 100),
      gate("slower than 1 s", 3),
      gate("slower than 5 s", 0),
    ];
    const message = endMessage(occasion, run({}, gates), "0.4 % consumed");
    expect(message.channel).toBe("#platform");
    expect(message.text).toBe(
      [
        "✅ Production deployment successful!",
        "",
        `Version: ${two.gitSha} (release 2.0)`,
        "Deployed at: 2026-11-23T12:00:05.000Z",
        "Deployments: engine, web",
        "Status: All healthy",
        "",
        "Error Budget: 0.4 % consumed",
        "Error Rate: 0.025 % of 4000 requests, at most 0.098 %",
        "P99 Latency: under 1000 ms",
        "",
        "Next: Monitor for 1 hour",
      ].join("\n"),
    );
  });

  it("measures the fleets together and nothing of the one-box", () => {
    const gates = [gate("errors", 400, "engine one-box"), gate("errors", 0), gate("errors", 2, "web fleet")];
    expect(fieldsOf(endMessage(occasion, run({}, gates), ""))["Error Rate"]).toMatch(/^0.025 % of 8000 requests/);
  });

  it("does not make up figures where the fleet did not change", () => {
    const fields = fieldsOf(endMessage(occasion, run({}), "0 % consumed"));
    expect(fields["Error Rate"]).toBe("not measured: the fleet did not change");
    expect(fields["P99 Latency"]).toBe("not measured: the fleet did not change");
  });

  it("tells of a rollback with every field of the runbook, in its order", () => {
    const bad = run({ outcome: "rolled-back", exitCode: 1, reason: "13 of 262 requests bad", rollback: rollback() });
    const message = endMessage(occasion, bad, "");
    expect(message.channel).toBe(contacts.incidents.channel);
    expect(message.text.split("\n")[0]).toBe("⚠️ Production deployment rolled back");
    expect(Object.keys(fieldsOf(message))).toEqual([
      "Version",
      "Reason",
      "Rolled back to",
      "Status",
      "Proof",
      "Action",
      "Next",
    ]);
    expect(fieldsOf(message)).toMatchObject({
      Version: `${two.gitSha} (release 2.0)`,
      Reason: "13 of 262 requests bad",
      "Rolled back to": `${one.gitSha} (release 1.0)`,
      Status: "All healthy",
      Proof: expect.stringContaining("at most 0.13 %"),
      Action: "Platform team investigating",
      Next: "Post-incident review in 24h",
    });
  });

  it("pages the engineer on call and the platform's lead when the rollback failed", () => {
    const failed = run({ outcome: "failed", exitCode: 5, reason: "no image", rollback: rollback({ verdict: "fail" }) });
    const { text, channel } = endMessage(occasion, failed, "");
    expect(channel).toBe("#incidents");
    expect(text).toContain("🚨 Production rollback failed: @on-call-sre @alexarno investigate now");
    expect(text).toContain("Status: Not proven healthy");
  });

  it.each([
    ["held", 3, "⏸️ Production deployment held"],
    ["stopped", 1, "⛔ Production deployment stopped"],
    ["failed", 4, "⚠️ Production deployment failed"],
  ] as const)("tells of one that is %s what serves and what comes next", (outcome, exitCode, title) => {
    const { text, channel } = endMessage(occasion, run({ outcome, exitCode, reason: "why" }), "");
    expect(channel).toBe("#incidents");
    expect(text.startsWith(title)).toBe(true);
    expect(text).toContain(`Live: ${one.gitSha} (release 1.0) serves`);
    expect(text).toContain("npx sparki deploy --stack prod");
    expect(text).not.toContain("investigate now");
  });

  it.each([
    ["failed", 4, "⚠️ Production deployment live, but unhealthy"],
    ["held", 3, "⏸️ Production deployment live, but not proven good"],
  ] as const)(
    "tells of one that is %s once its record is written, and not verified, that it serves",
    (outcome, exitCode, title) => {
      const { text } = endMessage(occasion, run({ outcome, exitCode, reason: "the digests are apart", live: two }), "");
      expect(text.startsWith(title)).toBe(true);
      expect(text).toContain(`Live: ${two.gitSha} (release 2.0) serves`);
    },
  );

  it.each([
    ["held", 3, "⏸️ Production deployment live, but not proven good"],
    ["failed", 1, "⚠️ Production deployment live, but unhealthy"],
  ] as const)(
    "tells of one that is %s after its promotion that it serves, and how to roll back",
    (outcome, exitCode, title) => {
      const verify: DeployRun["verify"] = {
        stack: "prod",
        release: "2.0",
        outcome: "failed",
        exitCode: 1,
        seconds: 1,
        checks: [],
        slos: [],
        success: [],
      };
      const decision = {
        phase: "promoted",
        action: "escalate",
        reason: "a person decides (e2e: exit 1)",
        rule: "a person decides",
        page: false,
      } as const;
      const live = run({
        outcome,
        exitCode,
        reason: "promoted, but e2e: exit 1",
        verify,
        live: two,
        decisions: [decision],
      });
      const { text } = endMessage(occasion, live, "");
      expect(text.startsWith(title)).toBe(true);
      expect(text).toContain(`Live: ${two.gitSha} (release 2.0) serves`);
      expect(text).toContain("Action: a person decides\n");
      expect(text).toContain("roll back: npx sparki rollback --stack prod");
    },
  );

  it("mentions the engineer on call where the tree says that a person must look", () => {
    const decision = { phase: "one-box", action: "stop", reason: "none to roll back to", page: true } as const;
    const { text } = endMessage(
      occasion,
      run({ outcome: "stopped", previous: null, live: null, decisions: [decision] }),
      "",
    );
    expect(text).toContain("stopped: @on-call-sre investigate now");
    expect(text).toContain("Live: nothing yet");
  });
});

describe("a reason", () => {
  it("is one line of bearable length, told once", () => {
    const reason = `job failed:\n${"no such image ".repeat(100)}`;
    const decision = {
      phase: "database",
      action: "stop",
      reason: `nothing is half-applied (${reason})`,
      rule: "nothing is half-applied",
      page: false,
    } as const;
    const { text } = endMessage(occasion, run({ outcome: "stopped", reason, decisions: [decision] }), "");
    expect(text).toContain("Action: nothing is half-applied\n");
    expect(text).toContain("Reason: job failed: no such image");
    expect(text.length).toBeLessThan(800);
  });
});

describe("every message", () => {
  it("names its stack and version, and goes to a contact's channel", () => {
    const staging = { ...occasion, stack: "staging" };
    const messages = [
      startMessage(staging, two, null),
      brokenMessage(staging, two, "the disk is full"),
      rolledBackMessage(staging, two, "by hand", rollback()),
      failedRollbackMessage(staging, "no image", rollback()),
    ];
    for (const { channel, text } of messages) {
      expect(text.split("\n")[0]).toContain("Staging");
      expect(text).toMatch(/release [12]\.0/);
      expect(Object.values(contacts).map((contact) => contact.channel)).toContain(channel);
    }
  });
});

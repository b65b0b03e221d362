import { setTimeout as delay } from "node:timers/promises";
import { whileSilenced } from "../../io/alert-silence.ts";
import type { Http } from "../../io/http.ts";
import { waitFor } from "../../rehearsal/waiting.ts";
import { type AlertedStack, serveAlertedStack } from "../support/alerted-stack.ts";
import { headersOf } from "../support/asking.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(1_800_000);

const DATABASE = { type: "aws:rds/instance:Instance", having: { identifier: "sparki-staging-database" } };
const volumeOf = (allocatedStorage: number) => [{ ...DATABASE, to: { allocatedStorage } }];
const PODS = "/api/v1/namespaces/sparki-engine/pods";

/** One stack, whose causes are made and taken away again; test/long/outage-alerts.test.ts makes the others. */
describe("an alert that fires by its real cause", () => {
  let stack: AlertedStack;
  beforeAll(async () => {
    stack = await serveAlertedStack();
  });
  afterAll(() => stack?.close());

  it("reaches whom it concerns, and nobody else, within the promised time", async () => {
    await stack.breakCloud({
      users: 30,
      fleet: { errorRatio: 0.6 },
      changed: volumeOf(1),
      certificateDays: 3,
    });
    const alerts = [
      ...["ErrorsBudgetBurnFast", "ErrorsBudgetBurnMedium", "DatabaseStorageFull", "DatabaseStorageLow"],
      ...["CertificateExpiring", "CertificateEnding", "RestoreDrillOverdue", "CacheRestoreDrillOverdue"],
    ];
    await Promise.all(alerts.map((name) => stack.isTold(name)));
    expect(await stack.stateOf("ErrorsBudgetBurnSlow")).toBe("suppressed");
  });

  it("is told as over once its cause is gone, and a ticket is told that a page had held back", async () => {
    await stack.breakCloud({ users: 30, changed: volumeOf(50) });
    const over = ["ErrorsBudgetBurnFast", "ErrorsBudgetBurnMedium", "DatabaseStorageFull", "DatabaseStorageLow"];
    await Promise.all([...over, "CertificateExpiring", "CertificateEnding"].map((name) => stack.isOver(name)));
    await stack.isTold("ErrorsBudgetBurnSlow");
  });

  it("is silent while a deployment that causes it goes on, and is told when that is over", async () => {
    const access = headersOf(stack.variable("SPARKI_REHEARSAL_ACCESS"));
    const http: Http = async (url, { method = "GET", headers, body } = {}) => {
      const init = { method, headers: { ...headers, ...access }, ...(body !== undefined && { body }) };
      const answer = await fetch(url, init);
      return { answered: true, status: answer.status, headers: {}, body: await answer.text(), seconds: 0 };
    };
    const lines: string[] = [];
    const clock = {
      now: () => Date.now() / 1000,
      sleep: (seconds: number, signal?: AbortSignal) =>
        delay(seconds * 1000, undefined, { ref: false, ...(signal && { signal }) }),
    };
    const url = `${stack.variable("SPARKI_REGISTRY")}/storm/alertmanager`;
    const silence = { url, http, clock, stack: "staging", line: (text: string) => lines.push(text) };
    await whileSilenced(silence, "a deployment", async () => {
      await stack.breakCloud({ nodes: "closed" });
      await stack.api.delete(PODS);
      await Promise.all(["FleetUnavailable", "EngineMetricsMissing"].map((name) => stack.isTold(name)));
      const silenced = async () => (await stack.stateOf("PodsPending")) === "suppressed";
      await waitFor("PodsPending to be silenced", silenced, { limitSeconds: 120 });
      expect((await stack.alerts()).told.map(({ alert }) => alert)).not.toContain("PodsPending");
    });
    await stack.isTold("PodsPending");
    await stack.breakCloud({});
    await Promise.all(["PodsPending", "FleetUnavailable", "EngineMetricsMissing"].map((name) => stack.isOver(name)));
    expect(lines).toEqual([]);
  });

  it("is one that everybody who was told took, and the heartbeat goes on all the time", async () => {
    const { refused, problem, heartbeats } = await stack.alerts();
    expect({ refused, problem }).toEqual({ refused: [], problem: null });
    const beats = async () => (await stack.alerts()).heartbeats > heartbeats;
    await waitFor("another heartbeat", beats, { limitSeconds: 120 });
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../rehearsal/waiting.ts";
import { type AlertedStack, PACE, serveAlertedStack } from "../support/alerted-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

/** Causes beside those of test/long/alerts.test.ts, each on the stack that the one before left well. */
describe("an alert that fires by its real cause", () => {
  let stack: AlertedStack;
  beforeAll(async () => {
    stack = await serveAlertedStack();
  });
  afterAll(() => stack?.close());

  it.each([
    ["Redis", "cache"],
    ["PostgreSQL", "database"],
  ] as const)(
    "is told when %s is stopped, without which no pod is ready, and as over when it is back",
    async (_, name) => {
      stack.forget();
      await stack.breakCloud({ users: 30, down: [name] });
      await stack.isTold("FleetUnavailable");
      await stack.breakCloud({ users: 30 });
      await stack.isOver("FleetUnavailable");
    },
  );

  it("is told when the exporters are stopped, and as over when they are back", async () => {
    const missing = ["CloudWatchMetricsMissing", "ClusterMetricsMissing"];
    await stack.breakCloud({ down: ["exporters"] });
    await Promise.all(missing.map((name) => stack.isTold(name)));
    await stack.breakCloud({});
    await Promise.all(missing.map((name) => stack.isOver(name)));
  });

  it("is told when users ask for nothing any more, and as over when they ask again", async () => {
    stack.forget();
    await stack.breakCloud({ users: 30 });
    await sleep(1000 * 3600 * PACE * 1.5);
    await stack.breakCloud({});
    await stack.isTold("RequestsStopped");
    await stack.breakCloud({ users: 30 });
    await stack.isOver("RequestsStopped");
  });

  it("falls silent with the heartbeat when Prometheus is stopped, and the heartbeat comes back with it", async () => {
    await stack.breakCloud({ down: ["metrics"] });
    const ended = async () => (await stack.stateOf("Watchdog")) === undefined;
    await waitFor("the heartbeat to end", ended, { limitSeconds: 300 });
    const { heartbeats } = await stack.alerts();
    await sleep(20_000);
    expect((await stack.alerts()).heartbeats).toBe(heartbeats);
    await stack.breakCloud({});
    const again = async () => (await stack.alerts()).heartbeats > heartbeats;
    await waitFor("the heartbeat to come back", again, { limitSeconds: 300 });
  });
});

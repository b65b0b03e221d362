import { setTimeout as sleep } from "node:timers/promises";
import {
  BEHAVIOUR,
  loadOn,
  PER_SECOND,
  REPLICAS,
  sayFigures,
  TIME_SCALE,
  upgradeUnderLoad,
  wholeFleet,
} from "../support/fleet-load.ts";
import { type RunningLoad, startLoad } from "../support/load-process.ts";
import { type ServedEngine, serveEngine } from "../support/served-engine.ts";
import type { LoadFigures } from "../support/steady-load.ts";

jest.setTimeout(3_600_000);

const ENOUGH = 10_000;

const say = (what: string, figures: LoadFigures) => sayFigures("rolling update", what, figures);

let engine: ServedEngine;
let releases = 0;

beforeAll(async () => {
  engine = await serveEngine("prod", TIME_SCALE, BEHAVIOUR);
  await nextRelease();
  await allReady();
});
afterAll(() => engine?.stop());

const nextRelease = () => {
  releases += 1;
  return engine.release(`r${releases}`);
};

const load = () => loadOn(engine);
const allReady = () => wholeFleet(engine);

/** Rolls out one release after the other until enough requests were sent, something else happening in every second one. */
async function rollUntilEnough(running: RunningLoad, meanwhile: () => Promise<unknown>): Promise<number> {
  let rolled = 0;
  do {
    const before = await allReady();
    await Promise.all([nextRelease(), rolled % 2 === 0 ? undefined : meanwhile()]);
    const after = await allReady();
    expect(after.filter((pod) => before.includes(pod))).toEqual([]);
    rolled += 1;
  } while (running.sent() < ENOUGH || rolled < 2);
  return rolled;
}

/** Resolves once the last pods of the user before have left. */
async function onlyConnected(user: string): Promise<void> {
  for (const end = Date.now() + 300_000; (await engine.connectedUsers()).length > 1 && Date.now() < end; )
    await sleep(500);
  expect(await engine.connectedUsers()).toEqual([user]);
}

/** Resolves once every pod has connected to the cache again. */
async function cacheAnswers(): Promise<void> {
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(500)) {
    const calls = [{ method: "GET", path: "/api/cache/health" }] as const;
    const running = startLoad({ ...engine.site, perSecond: PER_SECOND, calls });
    await sleep(1000);
    const { failures, requests } = await running.end();
    if (failures.length === 0 && requests > 0) return void (await allReady());
  }
  throw new Error("the cache is not reached again");
}

describe("a rolling update of the engine's fleet under load", () => {
  it("loses no request, nor where one of its pods is deleted in the middle", async () => {
    const running = load();
    let deletions = 0;
    const rolled = await rollUntilEnough(running, async () => {
      await sleep(2000);
      const [pod] = await engine.readyPods();
      if (pod === undefined) throw new Error("no pod is ready");
      await engine.deletePod(pod);
      deletions += 1;
    });
    const figures = await running.end();
    say(`${rolled * REPLICAS} pods replaced, ${deletions} deleted`, figures);
    expect(figures.failures).toEqual([]);
    expect(deletions).toBe(Math.floor(rolled / 2));
    expect(figures.requests).toBeGreaterThanOrEqual(ENOUGH);
    expect(figures.requests / figures.seconds).toBeGreaterThan(PER_SECOND - 1);
  });
});

describe("an upgrade of Kubernetes under load", () => {
  it("replaces the API server, then every node and with it every pod, and loses no request", async () => {
    const [before, nodes] = [await allReady(), await engine.nodeVersions()];
    expect(nodes.every((node) => node.startsWith("v1.34."))).toBe(true);
    expect(engine.apiServers()).toHaveLength(1);
    const figures = await upgradeUnderLoad(engine, "1.35");
    expect(engine.apiServers()).toHaveLength(2);
    const after = await allReady();
    say(`${nodes.length} nodes replaced`, figures);
    expect(await engine.nodeVersions()).toHaveLength(nodes.length);
    expect(after.filter((pod) => before.includes(pod))).toEqual([]);
    expect(figures.failures).toEqual([]);
    expect(figures.requests).toBeGreaterThan(1000);
  });
});

describe("a rotation of the database's users under load", () => {
  it("loses no request, and leaves no connection of the user before", async () => {
    const before = await engine.connectedUsers();
    const running = load();
    for (const day of ["20261101", "20270201"]) {
      await sleep(1000);
      await engine.rotate(day);
      await allReady();
      // A rotation drops the users of the one before the last: months later, when no pod is left that runs with them.
      await onlyConnected(`sparki_application_${day}`);
    }
    await sleep(1000);
    const figures = await running.end();
    say("the database's users rotated twice", figures);
    expect(figures.failures).toEqual([]);
    expect(figures.requests).toBeGreaterThan(1000);
    expect(before).toEqual(["sparki_application_20260801"]);
  });
});

describe("a rotation of Redis's AUTH token under load", () => {
  it("loses no request, and Redis refuses the token before at its end", async () => {
    const running = load();
    for (const token of ["auth-token-of-a-test-2", "auth-token-of-a-test-3"]) {
      await sleep(1000);
      const said = await engine.rotateToken(token);
      expect(said).toEqual({ before: expect.stringMatching(/^WRONGPASS/), present: "OK" });
      await allReady();
    }
    await sleep(1000);
    const figures = await running.end();
    say("Redis's token rotated twice", figures);
    expect(figures.failures).toEqual([]);
    expect(figures.requests).toBeGreaterThan(1000);
  });

  it("would lose some where the token before ended at once: the same load notices it", async () => {
    const running = load();
    await sleep(1000);
    await engine.replaceToken("auth-token-of-a-test-4");
    await sleep(1000);
    const figures = await running.end();
    say("Redis's token replaced at once", figures);
    expect(figures.failures.length).toBeGreaterThan(0);
    await cacheAnswers();
  });
});

describe("an upgrade of Redis under load", () => {
  it("loses no request and no key, and restarts no pod: commands wait for the node that takes over", async () => {
    const before = await allReady();
    await engine.askCache(["SET", "session", "kept", "EX", "3600"]);
    const running = load();
    for (let upgrades = 0; upgrades < 2; upgrades++) {
      await sleep(2000);
      await engine.upgradeCache();
      await sleep(2000);
    }
    const figures = await running.end();
    say("Redis failed over twice", figures);
    expect(await engine.askCache(["GET", "session"])).toBe("kept");
    expect(Number(await engine.askCache(["TTL", "session"]))).toBeGreaterThan(0);
    expect(await allReady()).toEqual(before);
    expect(figures.failures).toEqual([]);
    expect(figures.requests).toBeGreaterThan(1000);
  });
});

describe("a process that is killed without a warning", () => {
  it("loses what it was asked until the load balancer has noticed, and nothing after", async () => {
    const running = load();
    await sleep(1000);
    const [pod = ""] = await allReady();
    const killedAt = Date.now();
    engine.killProcess(pod);
    await sleep(8000);
    expect(await allReady()).toContain(pod);
    const figures = await running.end();
    const last = Math.max(0, ...figures.failures.map(({ at }) => at - killedAt));
    say(`one process killed, the last failure ${last} ms later`, figures);
    expect(figures.failures.filter(({ what }) => !/: 50[23] /.test(what))).toEqual([]);
    expect(figures.failures.length).toBeLessThan((PER_SECOND * 3) / REPLICAS);
    expect(last).toBeLessThan(4000);
  });
});

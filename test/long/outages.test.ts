import { setTimeout as sleep } from "node:timers/promises";
import { BEHAVIOUR, loadOn, REPLICAS, sayFigures, TIME_SCALE, wholeFleet } from "../support/fleet-load.ts";
import { type ServedEngine, serveEngine } from "../support/served-engine.ts";
import type { LoadFigures } from "../support/steady-load.ts";

jest.setTimeout(3_600_000);

let engine: ServedEngine;
beforeAll(async () => {
  engine = await serveEngine("prod", TIME_SCALE, BEHAVIOUR);
  await engine.release("r1");
  await wholeFleet(engine);
});
afterAll(() => engine?.stop());

/** Whether the fleet serves without a failure: asked for a while, from now on. */
async function servesAll(what: string): Promise<void> {
  const running = loadOn(engine);
  await sleep(4000);
  const figures = await running.end();
  sayFigures("outages", `after ${what}`, figures);
  expect(figures.failures).toEqual([]);
  expect(figures.requests).toBeGreaterThan(100);
}

/** Breaks something, waits until the fleet is whole again, and tells what failed meanwhile. */
async function during(what: string, outage: () => Promise<unknown>): Promise<LoadFigures> {
  const running = loadOn(engine);
  await sleep(1000);
  const from = Date.now();
  await outage();
  await wholeFleet(engine);
  await sleep(1000);
  const figures = await running.end();
  const times = figures.failures.map(({ at }) => at - from);
  sayFigures("outages", `${what}, failures from ${Math.min(...times)} to ${Math.max(...times)} ms after it`, figures);
  return figures;
}

/** Resolves once the whole fleet is ready in other zones. */
async function allOutside(zone: string): Promise<void> {
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(200)) {
    const zones = await engine.readyZones();
    if (zones.length === REPLICAS && !zones.includes(zone)) return;
  }
  throw new Error(`the fleet is in zones ${await engine.readyZones()}; expected ${REPLICAS} pods outside of ${zone}`);
}

describe("a lost zone under load", () => {
  it("fails until the standbys have taken over, and its pods are made in the other zones", async () => {
    await wholeFleet(engine);
    expect(new Set(await engine.readyZones())).toEqual(new Set(["a", "b", "c"]));
    const figures = await during("the zone of the primaries lost", async () => {
      await engine.loseZone("a");
      await allOutside("a");
    });
    expect(figures.failures.length).toBeGreaterThan(0);
    await servesAll("a lost zone");
  });

  it("loses nothing where it comes back", async () => {
    await engine.loseZone(undefined);
    await servesAll("its return");
    await engine.release("r2");
    await wholeFleet(engine);
    expect(await engine.readyZones()).toContain("a");
  });

  it("fails only what was on its way to its pods where it is another zone", async () => {
    await wholeFleet(engine);
    const zone = (await engine.readyZones()).find((each) => each !== "a") ?? "";
    const figures = await during("another zone lost", async () => {
      await engine.loseZone(zone);
      await allOutside(zone);
    });
    // Of three pods one goes; the database and the cache serve on.
    expect(figures.failures.length).toBeLessThan(figures.requests / REPLICAS);
    await servesAll("another lost zone");
    await engine.loseZone(undefined);
  });
});

describe("a lost cache under load", () => {
  it("fails while there is none, and serves from an empty one without a restart", async () => {
    const pods = await wholeFleet(engine);
    const figures = await during("the cache lost with its data, and made again", async () => {
      await engine.loseCache();
      await sleep(10_000);
      await engine.bringCache();
    });
    expect(figures.failures.length).toBeGreaterThan(0);
    expect(await wholeFleet(engine)).toEqual(expect.arrayContaining([...pods]));
    await servesAll("a lost cache");
  });
});

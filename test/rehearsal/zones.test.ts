import { setTimeout as sleep } from "node:timers/promises";
import { Zones } from "../../rehearsal/faults.ts";

const ZONES = ["us-east-1a", "us-east-1b"];

function zonesWith({ hasStandby = true, timeScale = 0.0001 } = {}) {
  const calls: string[] = [];
  const server = (name: string) => ({
    suspend: async () => void calls.push(`${name} stops`),
    resume: async () => void calls.push(`${name} serves`),
  });
  const clusters = {
    zones: async () => ZONES,
    loseZone: async (zone: string) => void calls.push(`lose ${zone}`),
    findZones: async () => void calls.push("find"),
  };
  const options = { clusters, database: server("database"), cache: server("cache"), hasStandby: () => hasStandby };
  return { calls, zones: new Zones({ ...options, timeScale }) };
}

describe("Zones", () => {
  it("loses the primaries with the first zone, until their standbys take over by themselves", async () => {
    const { zones, calls } = zonesWith({ timeScale: 0.001 });
    await zones.set("us-east-1a");
    expect(calls).toEqual(["lose us-east-1a", "database stops", "cache stops"]);
    expect([zones.isDown("database"), zones.isDown("cache"), zones.isDown("metrics")]).toEqual([true, true, false]);
    for (let tries = 0; tries < 1000 && zones.isDown("database"); tries++) await sleep(20);
    expect(calls.slice(3)).toEqual(["cache serves", "database serves"]);
    expect([zones.isDown("database"), zones.isDown("cache")]).toEqual([false, false]);
  });

  it("leaves both alone where another zone is lost", async () => {
    const { zones, calls } = zonesWith();
    await zones.set("us-east-1b");
    await zones.set("us-east-1b");
    expect(calls).toEqual(["lose us-east-1b"]);
  });

  it("has no database without a standby until the zone is back", async () => {
    const { zones, calls } = zonesWith({ hasStandby: false });
    await zones.set("us-east-1a");
    for (let tries = 0; tries < 1000 && zones.isDown("cache"); tries++) await sleep(20);
    expect(zones.isDown("database")).toBe(true);
    await zones.set(undefined);
    expect(zones.isDown("database")).toBe(false);
    expect(calls.slice(-3)).toEqual(["find", "database serves", "cache serves"]);
  });

  it("refuses a zone that there is not", async () => {
    const { zones, calls } = zonesWith();
    await expect(zones.set("eu-west-1a")).rejects.toThrow("expected one of us-east-1a, us-east-1b");
    expect(calls).toEqual([]);
  });
});

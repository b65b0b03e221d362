import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { disturbState, Zones } from "../../rehearsal/faults.ts";

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

describe("disturbState", () => {
  const runDirectory = mkdtempSync(join(tmpdir(), "sparki-state-faults-"));
  const backend = join(runDirectory, "backend", ".pulumi");
  const [stacks, locks] = [join(backend, "stacks", "sparki"), join(backend, "locks", "organization", "sparki", "prod")];
  const file = join(stacks, "prod.json");
  const disturb = (fault?: "locked" | "unwritable") => disturbState({ runDirectory, stack: "prod" }, fault);

  beforeAll(() => {
    mkdirSync(stacks, { recursive: true });
    writeFileSync(file, "{}");
  });
  afterAll(() => rmSync(runDirectory, { recursive: true }));

  it("holds somebody's lock, in the backend's own form, until it is taken back", () => {
    disturb("locked");
    const [lock = ""] = readdirSync(locks);
    expect(JSON.parse(readFileSync(join(locks, lock), "utf8"))).toMatchObject({ username: "ann", hostname: "desk" });
    disturb();
    expect(readdirSync(locks)).toEqual([]);
  });

  it("lets nobody write the state, root neither, and gives it back as it was", () => {
    for (const _ of [1, 2]) disturb("unwritable");
    expect(() => writeFileSync(file, "lost")).toThrow("EISDIR");
    for (const _ of [1, 2]) disturb();
    expect(readFileSync(file, "utf8")).toBe("{}");
    expect(readdirSync(stacks)).toEqual(["prod.json"]);
  });
});

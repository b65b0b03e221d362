import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorldResource } from "../../../rehearsal/aws/world.ts";
import { World } from "../../../rehearsal/aws/world.ts";

const resource = (id: string, rest: Partial<WorldResource> = {}): WorldResource => ({
  ...{ type: "aws:ec2/vpc:Vpc", id, arn: `arn:${id}`, region: "us-east-1", accountId: "1", origin: id, serial: 1 },
  ...{ inputs: {}, outputs: {}, tags: {}, createdAtModelSeconds: 0, status: "available" as const },
  ...rest,
});

describe("World", () => {
  let directory: string;
  const file = () => join(directory, "world.json");

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sparki-world-"));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("is on disk once it says so, and goes on from there", async () => {
    const world = new World(file(), 5);
    world.put(resource("a", { name: "first" }));
    world.nextOrigin("urn");
    await world.saved();
    const reopened = new World(file(), 6);
    expect(reopened.all()).toEqual(world.all());
    expect(reopened.seed).toBe(5);
    expect(reopened.nextOrigin("urn")).toBe("urn#2");
  });

  it("never shows a half-written file, and ends with the last change", async () => {
    const world = new World(file(), 1);
    for (let round = 0; round < 20; round += 1) {
      world.put(resource("a", { outputs: { round } }));
      await world.saved();
      expect(JSON.parse(readFileSync(file(), "utf8")).resources[0].outputs).toEqual({ round });
    }
  });

  it("says so when it cannot be written", async () => {
    const world = new World(file(), 1);
    rmSync(directory, { recursive: true });
    world.put(resource("a"));
    await expect(world.saved()).rejects.toThrow("ENOENT");
  });

  it("finds by id, ARN and name, among the types asked for", () => {
    const world = new World(file(), 1);
    world.put(resource("a", { name: "first" }));
    for (const identifier of ["a", "arn:a", "first"]) {
      expect(world.find(["aws:ec2/vpc:Vpc"], identifier)?.id).toBe("a");
      expect(world.find(["aws:ec2/subnet:Subnet"], identifier)).toBeUndefined();
    }
  });

  it("removes what AWS made for a resource along with it", () => {
    const world = new World(file(), 1);
    world.put(resource("a"));
    world.put(resource("b", { owner: "a" }));
    world.remove(resource("a"));
    expect(world.all()).toEqual([]);
  });

  it("keeps a name taken until its time has come", () => {
    const world = new World(file(), 1);
    let now = 0;
    world.startClock(() => now);
    world.keepName({ type: "secret", name: "a", untilModelSeconds: 10 });
    expect(world.isNameKept("secret", "a")).toBe(true);
    now = 11;
    expect(world.isNameKept("secret", "a")).toBe(false);
  });
});

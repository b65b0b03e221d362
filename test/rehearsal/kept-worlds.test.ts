import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeOf, postgresUser } from "../../rehearsal/backing/postgres.ts";
import { mountInto } from "../../rehearsal/cluster/environment-and-volumes.ts";
import { type EndedRun, holdWorld, type KeptWorld, LostWorld, openedAgain } from "../../rehearsal/run-directories.ts";

const DATABASE = `kept-${process.pid}`;

describe("holdWorld", () => {
  let root: string;
  let held: KeptWorld[];
  let made: number;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-worlds-"));
    [held, made] = [[], 0];
    said.length = 0;
  });
  afterEach(() => {
    for (const world of held) world.release();
    for (const name of readdirSync(root))
      rmSync(placeOf(join(root, name), DATABASE, postgresUser()).folder, { recursive: true, force: true });
    rmSync(root, { recursive: true });
  });

  /** A run that has ended: its world, its database, and what is the run's alone. */
  const make = async (): Promise<EndedRun> => {
    made += 1;
    const runDirectory = join(root, `run-${made}`);
    const { folder, sign } = placeOf(runDirectory, DATABASE, postgresUser());
    for (const path of ["etcd", "bin", "logs", "private", "report"])
      mkdirSync(join(runDirectory, path), { recursive: true });
    for (const path of [sign, folder]) mkdirSync(path, { recursive: true });
    writeFileSync(join(folder, "rows"), "42", { mode: 0o600 });
    writeFileSync(join(runDirectory, "world.json"), `world ${made}`);
    writeFileSync(join(runDirectory, "passphrase"), "secret", { mode: 0o600 });
    writeFileSync(join(runDirectory, "private", "access.json"), "token");
    return { runDirectory, slot: 100 + made };
  };
  const isFree = async () => true;
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const worlds = () => join(root, "worlds");
  const take = async (key = "prod-1", free: (slot: number) => Promise<boolean> = isFree): Promise<KeptWorld> => {
    const world = await holdWorld(worlds(), key, { isFree: free, make, say });
    if (world === undefined) throw new Error("none is free");
    held.push(world);
    return world;
  };

  it("keeps the newest dozen of worlds, and those that are in use", async () => {
    await take("held");
    utimesSync(join(worlds(), "held-1"), 1, Date.now() / 1000 - 2000);
    for (let each = 1; each <= 13; each++) {
      mkdirSync(join(worlds(), `prod-${each}-1`));
      utimesSync(join(worlds(), `prod-${each}-1`), each, Date.now() / 1000 - 1000 + each);
    }
    (await take("last")).release();
    const kept = readdirSync(worlds()).filter((name) => !name.endsWith(".lock"));
    expect(kept).toHaveLength(14);
    expect(kept).toEqual(expect.arrayContaining(["held-1", "prod-2-1", "prod-13-1", "last-1"]));
    expect(kept).not.toContain("prod-1-1");
  });

  it("makes a world once; each copy has its data and its slot, and nothing that was the run's alone", async () => {
    (await take()).release();
    const world = await take();
    const copy = join(root, "copy");
    mkdirSync(copy);
    await world.copyTo(copy);
    expect({ made, slot: world.slot }).toEqual({ made: 1, slot: 101 });
    expect(readdirSync(copy).sort()).toEqual(["etcd", "passphrase", "postgres", "world.json"]);
    expect(statSync(join(copy, "passphrase")).mode & 0o077).toBe(0);
    expect(readFileSync(join(placeOf(copy, DATABASE, postgresUser()).folder, "rows"), "utf8")).toBe("42");
    expect(statSync(worlds()).mode & 0o777).toBe(0o700);
  });

  it("makes a world once where its pods' mounts lead to their volumes, and the run that made it is gone", async () => {
    const [pod, volume] = [join(root, "run-1", "pods", "one"), join(root, "run-1", "pods", "one", ".volumes", "cache")];
    mkdirSync(volume, { recursive: true });
    writeFileSync(join(volume, "token"), "secret");
    await mountInto(pod, { name: "engine", volumeMounts: [{ name: "cache", mountPath: "/mnt/secrets" }] });
    (await take()).release();
    rmSync(join(root, "run-1"), { recursive: true });
    await (await take()).copyTo(join(root, "copy"));
    expect({ made, said }).toEqual({ made: 1, said: [] });
    expect(readFileSync(join(root, "copy", "pods", "one", "mnt", "secrets", "token"), "utf8")).toBe("secret");
  });

  it("leaves what is kept as it is, whatever a copy's run does with the copy", async () => {
    const world = await take();
    const copy = join(root, "copy");
    await world.copyTo(copy);
    writeFileSync(join(copy, "world.json"), "another");
    writeFileSync(join(placeOf(copy, DATABASE, postgresUser()).folder, "rows"), "43");
    world.release();
    await (await take()).copyTo(join(root, "next"));
    expect(readFileSync(join(root, "next", "world.json"), "utf8")).toBe("world 1");
    expect(readFileSync(join(placeOf(join(root, "next"), DATABASE, postgresUser()).folder, "rows"), "utf8")).toBe("42");
    expect(made).toBe(1);
  });

  it.each<[string, (place: string) => void]>([
    ["world.json has changed", (place) => writeFileSync(join(place, "world.json"), "evil")],
    ["etcd/evil is not one of its files", (place) => writeFileSync(join(place, "etcd", "evil"), "")],
    ["passphrase is missing", (place) => rmSync(join(place, "passphrase"))],
    ["postgres is missing, or its mode", (place) => rmSync(join(place, "postgres"), { recursive: true })],
    ["etcd is missing, or its mode or owner has changed", (place) => chmodSync(join(place, "etcd"), 0o711)],
    ["passphrase is missing, or its mode", (place) => chmodSync(join(place, "passphrase"), 0o644)],
    ["it has no record of its files", (place) => rmSync(join(place, ".manifest.json"))],
  ])("makes it again, and says why, where %s", async (why, damage) => {
    (await take()).release();
    damage(join(worlds(), "prod-1-1"));
    const world = await take();
    await world.copyTo(join(root, "copy"));
    expect(made).toBe(2);
    expect(said.at(-1)).toContain(why);
    expect(readFileSync(join(root, "copy", "world.json"), "utf8")).toBe("world 2");
    expect(existsSync(join(root, "copy", "etcd", "evil"))).toBe(false);
  });

  it("makes it again once it was discarded, and not while its holder has it", async () => {
    const world = await take();
    world.discard();
    expect((await take()).slot).toBe(102);
    world.release();
    expect((await take()).slot).toBe(103);
  });

  it("makes another for another key, and for a second run at the same time", async () => {
    const one = await take();
    const other = await take("prod-2");
    const second = await take();
    expect([one.slot, other.slot, second.slot]).toEqual([101, 102, 103]);
    second.release();
    expect((await take()).slot).toBe(103);
  });

  it("passes over one whose slot something else uses, and answers with nothing once as many as may be are in use", async () => {
    (await take()).release();
    expect((await take("prod-1", async (slot) => slot !== 101)).slot).toBe(102);
    expect(await holdWorld(worlds(), "prod-1", { isFree: async () => false, make, say })).toBeUndefined();
  });

  it("keeps nothing of a run that could not be made, and lets the next one try", async () => {
    const failing = async () => {
      throw new Error("not promoted");
    };
    await expect(holdWorld(worlds(), "prod-1", { isFree, make: failing, say })).rejects.toThrow("not promoted");
    expect(readdirSync(worlds())).toEqual([]);
    expect((await take()).slot).toBe(101);
  });
});

describe("openedAgain", () => {
  const failing = (
    failures: number,
    failure: (start: number) => Error = (start) => new LostWorld(new Error(`${start}`)),
  ) => {
    let starts = 0;
    return async () => {
      starts += 1;
      if (starts <= failures) throw failure(starts);
      return starts;
    };
  };

  it("opens once more when the world was lost, and says why", async () => {
    const said: string[] = [];
    const answer = await openedAgain(failing(1), (why) => said.push(why));
    expect({ answer, said }).toEqual({ answer: 2, said: ["1"] });
  });

  it("fails with the second reason, and at once for any other reason", async () => {
    await expect(openedAgain(failing(2), () => undefined)).rejects.toThrow("2");
    const other = failing(1, () => new Error("no such config"));
    await expect(openedAgain(other, () => undefined)).rejects.toThrow("no such config");
  });
});

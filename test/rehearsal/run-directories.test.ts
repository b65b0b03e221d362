import { spawn } from "node:child_process";
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
import { MARK_VARIABLE } from "../../rehearsal/processes.ts";
import {
  type EndedRun,
  holdWorld,
  type KeptWorld,
  LostWorld,
  openedAgain,
  openRunDirectory,
} from "../../rehearsal/run-directories.ts";

describe("openRunDirectory", () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-run-"));
    path = join(root, "prod");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("begins with an empty backend and a passphrase of its own that only its owner reads", async () => {
    const first = await openRunDirectory(path);
    const passphrase = readFileSync(first.passphraseFile, "utf8");
    expect(statSync(first.passphraseFile).mode & 0o077).toBe(0);
    writeFileSync(join(path, "left"), "");
    first.release();
    const second = await openRunDirectory(path);
    expect(existsSync(join(path, "left"))).toBe(false);
    expect(readFileSync(second.passphraseFile, "utf8")).not.toBe(passphrase);
    second.release();
  });

  it("keeps the newest reports of earlier runs with their plans, and says when a world was there", async () => {
    const first = await openRunDirectory(path);
    expect(first.replaced).toBeUndefined();
    for (const folder of ["report", ".sparki/plans"]) mkdirSync(join(path, folder), { recursive: true });
    for (let each = 0; each < 205; each++) {
      const file = join(path, "report", `prod-${each}.json`);
      writeFileSync(file, "{}");
      utimesSync(file, each, each);
    }
    writeFileSync(join(path, ".sparki", "plans", "a.html"), "plan");
    writeFileSync(join(path, "world.json"), "{}");
    first.release();
    const second = await openRunDirectory(path);
    expect(second.replaced?.toISOString()).toMatch(/^20/);
    const kept = readdirSync(join(path, "report"));
    expect([kept.length, kept.includes("prod-204.json"), kept.includes("prod-4.json")]).toEqual([200, true, false]);
    expect(readFileSync(join(path, ".sparki", "plans", "a.html"), "utf8")).toBe("plan");
    expect([existsSync(join(path, "world.json")), existsSync(`${path}.kept`)]).toEqual([false, false]);
    second.release();
  });

  it("goes on with all that an earlier run had where that is asked for", async () => {
    const first = await openRunDirectory(path);
    const passphrase = readFileSync(first.passphraseFile, "utf8");
    writeFileSync(join(path, "world.json"), "{}");
    writeFileSync(join(first.backendDirectory, "state"), "s");
    first.release();
    const second = await openRunDirectory(path, { goesOn: true });
    expect(second.replaced).toBeUndefined();
    expect(readFileSync(join(path, "world.json"), "utf8")).toBe("{}");
    expect(readFileSync(join(second.backendDirectory, "state"), "utf8")).toBe("s");
    expect(readFileSync(second.passphraseFile, "utf8")).toBe(passphrase);
    second.release();
  });

  it("says of a place that cannot be written to which it is, and how to name another", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(openRunDirectory(join(root, "file", "rehearsal", "prod"))).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining(`${join(root, "file", "rehearsal")} cannot be written to: `),
      hint: expect.stringContaining("SPARKI_REHEARSAL_DIRECTORY"),
    });
  });

  it("refuses while another rehearsal uses it, and says which process that is", async () => {
    const held = await openRunDirectory(path);
    await expect(openRunDirectory(path)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    held.release();
  });

  it.each(['{"pid":2147483000,"identity":"gone"}', '{"pid":'])(
    "takes over what a crashed run locked as %s",
    async (lock) => {
      writeFileSync(`${path}.lock`, lock);
      (await openRunDirectory(path)).release();
    },
  );

  it("ends the processes that a crashed run left behind", async () => {
    const env = { ...process.env, [MARK_VARIABLE]: path };
    const left = spawn("sleep", ["60"], { env, stdio: "ignore", detached: true });
    const ended = new Promise((resolve) => left.once("exit", (_, signal) => resolve(signal)));
    await new Promise((resolve) => left.once("spawn", resolve));
    (await openRunDirectory(path)).release();
    expect(await ended).toBe("SIGKILL");
  });
});

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

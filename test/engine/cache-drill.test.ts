import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../io/clock.ts";
import type { CacheCopies, CacheQuestion, RestoreSource } from "../../io/restored-copies.ts";
import { addressesOf } from "../../rehearsal/addresses.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import type { Route } from "../../rehearsal/control.ts";
import { backupFacts, cacheCopyRoutes } from "../../rehearsal/copies.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { cacheSubject, type DrillPorts } from "../../runbook/drill/drill.ts";
import { type CacheChecks, cacheChecksIn } from "../../runbook/drill/restore-checks.ts";
import { chooseSource, drillRestore, removeLeftovers } from "../../runbook/drill/restore-drill.ts";
import { rehearsedCacheCopies } from "../../runbook/rehearse/rehearsed-aws.ts";
import { startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const addresses = addressesOf(248);
const LIVE = "sparki-test-cache";
const CACHE = { name: LIVE, hostnames: ["cache.example"], authToken: "token-of-the-live-cache" };
const KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1";
const CHECKS =
  cacheChecksIn(`database: { schemaLevel: SELECT 1, rows: [{ name: a, query: SELECT 1, atLeast: 0 }], newest: [{ name: b, query: SELECT 1, maxAgeHours: 1 }] }
cache:
  lastingKeys: { atLeast: 1, ofLive: 0.9 }
  counts:
    - { name: keys, command: DBSIZE, atLeast: 100 }
    - { name: waiting, command: LLEN queue, atLeast: 2, ofLive: 0.5 }
  newest:
    - { name: newest session, command: HGET sessions newest, maxAgeHours: 24 }
`);

const run = mkdtempSync(join(tmpdir(), "sparki-cache-drill-"));
const processes = new Processes(run);
/** What the account says of the cache and of its key. */
const account = { retention: 7, isEnabled: true, hasKey: true };
let backing: Backing;
let copies: CacheCopies;
let drills = 0;
let snapshots = 0;

/** The replication group and its key, as the simulated account has them. */
function resources() {
  const own = {
    region: "us-east-1",
    accountId: "111122223333",
    outputs: {},
    tags: {},
    createdAtModelSeconds: 0,
    serial: 1,
    origin: "a test",
  };
  const group = { snapshotRetentionLimit: account.retention, kmsKeyId: KEY_ARN };
  const key = { isEnabled: account.isEnabled };
  const all = [
    { type: "aws:elasticache/replicationGroup:ReplicationGroup", id: LIVE, name: LIVE, arn: "arn", inputs: group },
    ...(account.hasKey ? [{ type: "aws:kms/key:Key", id: "1", arn: KEY_ARN, inputs: key }] : []),
  ];
  return all.map((each) => ({ ...own, ...each, status: "available" as const }));
}

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  await backing.cache.start(CACHE);
  const facts = backupFacts(resources, "aws:elasticache/replicationGroup:ReplicationGroup");
  const routes: Readonly<Record<string, Route>> = cacheCopyRoutes(backing.cache, facts);
  // What the command's own port asks over HTTP, and what answers it there.
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await routes[`${method} ${path}`]?.(body, path);
    return JSON.parse(JSON.stringify(answer ?? {}));
  };
  copies = rehearsedCacheCopies(ask, LIVE);
  for (let number = 1; number <= 500; number += 1) await redis("SET", `project:${number}`, `p${number}`);
  await redis("SET", "shortly", "1", "EX", "3600");
  await redis("RPUSH", "queue", "a", "b", "c");
  await redis("ZADD", "ranks", "1", "one", "2.5", "two");
  await redis("SADD", "flags", "x", "y");
  await redis("HSET", "sessions", "newest", new Date().toISOString(), "of", "ada");
});

afterAll(async () => {
  await backing?.stop();
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

const redis = (...command: string[]) => backing.cache.ask(LIVE, command);

const ports = (
  signal = new AbortController().signal,
  say: (text: string) => void = () => {},
): DrillPorts<CacheQuestion> => ({
  ...{ copies, clock: systemClock, signal, say, pollSeconds: 0.05 },
});

function planOf(source: RestoreSource, checks: CacheChecks = CHECKS) {
  const copy = { name: `sparki-test-cache-drill-${++drills}`, source, until: Date.now() / 1000 + 300, by: "a test" };
  return { subject: cacheSubject("test", checks), copy, freshAt: Date.now() / 1000 };
}

const SUBJECT = cacheSubject("test", CHECKS);
const newest = () => chooseSource(copies, { newest: true }, { subject: SUBJECT, now: Date.now() / 1000 });

/** The newest snapshot, taken now. */
async function snapshotNow(): Promise<RestoreSource & { readonly kind: "snapshot" }> {
  await backing.cache.backUp(LIVE, `automatic.${LIVE}-${++snapshots}`);
  const source = await newest();
  if ("reason" in source || source.kind !== "snapshot") throw new Error(JSON.stringify(source));
  return source;
}

/** Nothing of a drill is left: no server, no entry. */
async function expectNothingLeft() {
  expect(backing.cache.names()).toEqual([LIVE]);
  await expect(copies.leftovers()).resolves.toEqual([]);
}

describe("drillRestore, on a real dump", () => {
  it("takes a first snapshot where the account keeps any, and none where it keeps none", async () => {
    account.retention = 0;
    expect(await newest()).toMatchObject({
      reason: "no-backup",
      message: "the cache of test has no automated snapshot that can be restored",
    });
    account.retention = 7;
    expect(await newest()).toMatchObject({ kind: "snapshot", id: expect.stringContaining(`automatic.${LIVE}-`) });
  });

  it("passes a good snapshot, with the recovery time and the data's age as measured", async () => {
    const source = await snapshotNow();
    // What is written later is in no snapshot: the copy is compared with what the live cache has now.
    await redis("SET", "later", "1");
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill.failure).toBeNull();
    expect(drill).toMatchObject({ of: "cache", outcome: "passed", exitCode: 0, removed: true });
    // 500 projects, queue, ranks, flags and sessions; the key that expires is counted by DBSIZE alone.
    expect(drill.checks.map(({ name, kind, found, passed }) => [name, kind, found, passed])).toEqual([
      ["lasting keys", "keys", "504", true],
      ["keys", "keys", "505", true],
      ["waiting", "keys", "3", true],
      ["newest session", "freshness", expect.stringMatching(/^0\.\d h old$/), true],
    ]);
    expect(drill.checks[0]?.expected).toBe("455 or more: the live cache has 505");
    expect(drill.recoverySeconds).toBeGreaterThan(0);
    expect(drill.recoverySeconds).toBeLessThanOrEqual(drill.seconds);
    expect(drill.dataAgeSeconds).toBeGreaterThan(0);
    await redis("DEL", "later");
    process.stderr.write(
      `cache drill (${backing.cache.kind}): restored in ${drill.recoverySeconds?.toFixed(2)} s, data ${drill.dataAgeSeconds?.toFixed(2)} s old, ${drill.seconds.toFixed(2)} s in all\n`,
    );
    await expectNothingLeft();
  });

  it("holds what the cache held, of every type, and not what was written later; its token is its own", async () => {
    const source = await snapshotNow();
    const { copy } = planOf(source);
    await redis("SET", "project:1", "changed");
    await backing.cache.restore(LIVE, copy.name, source.id);
    const there = (...command: string[]) => backing.cache.ask(copy.name, command);
    expect(await there("GET", "project:1")).toBe("p1");
    expect(await there("LRANGE", "queue", "0", "-1")).toBe("a,b,c");
    expect(await there("ZSCORE", "ranks", "two")).toBe("2.5");
    expect(await there("SISMEMBER", "flags", "y")).toBe("1");
    expect(await there("HGET", "sessions", "of")).toBe("ada");
    expect(Number(await there("TTL", "shortly"))).toBeGreaterThan(3000);
    await backing.cache.stop(copy.name);
    await redis("SET", "project:1", "p1");
    await expectNothingLeft();
  });

  it("finds a snapshot that has lost keys which the live cache has, and names them", async () => {
    const kept = await redis("HGET", "sessions", "newest");
    await redis("DEL", "queue", "sessions", ...Array.from({ length: 200 }, (_, index) => `project:${index + 1}`));
    const source = await snapshotNow();
    for (let number = 1; number <= 200; number += 1) await redis("SET", `project:${number}`, `p${number}`);
    await redis("RPUSH", "queue", "a", "b", "c");
    await redis("HSET", "sessions", "newest", kept ?? "", "of", "ada");
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "missing-data" }, removed: true });
    expect(drill.failure?.message).toContain("lasting keys: 302; expected 454 or more: the live cache has 504");
    expect(drill.failure?.message).toContain("waiting: 0; expected 2 or more: the live cache has 3");
    expect(drill.failure?.next).toContain("npx sparki drill restore cache --stack test --snapshot ID");
    await expectNothingLeft();
  });

  it("finds data that is too old, by the declared key and not by the snapshot's date", async () => {
    await redis("HSET", "sessions", "newest", String(Date.now() - 40 * 86_400_000));
    const drill = await drillRestore(ports(), planOf(await snapshotNow()));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "stale-data" }, removed: true });
    expect(drill.failure?.message).toContain("newest session: 960.0 h old; expected at most 24 h old");
    expect(drill.dataAgeSeconds).toBeGreaterThan(39 * 86_400);
    await redis("HSET", "sessions", "newest", new Date().toISOString());
  });

  it("finds a key of another type than was declared", async () => {
    const wrong = { ...CHECKS, counts: [{ name: "waiting", command: "LLEN flags", atLeast: 0 }] };
    const drill = await drillRestore(ports(), planOf(await snapshotNow(), wrong));
    expect(drill).toMatchObject({ exitCode: 1, failure: { reason: "missing-data" }, removed: true });
    expect(drill.failure?.message).toContain("WRONGTYPE");
  });

  it.each([
    ["cut off", (file: string) => truncateSync(file, 200)],
    [
      "changed in its middle",
      (file: string) => {
        const content = readFileSync(file);
        const middle = Math.floor(content.length / 2);
        content[middle] = (content[middle] ?? 0) ^ 0x5a;
        writeFileSync(file, content);
      },
    ],
  ])("finds a dump that is %s", async (_, damage) => {
    const source = await snapshotNow();
    damage(backing.cache.backupFileOf(LIVE, source.id));
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "unreadable" }, removed: true });
    expect(drill.failure?.message).toContain("restore-failed");
    await expectNothingLeft();
  });

  it.each([
    ["disabled", { isEnabled: false }, "is disabled"],
    ["deleted", { hasKey: false }, "does not exist"],
  ])("finds that the key of the snapshots was %s", async (_, change, words) => {
    const source = await snapshotNow();
    Object.assign(account, change);
    const drill = await drillRestore(ports(), planOf(source));
    Object.assign(account, { isEnabled: true, hasKey: true });
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "unreadable" }, removed: true });
    expect(drill.failure?.message).toMatch(new RegExp(`InvalidKMSKeyFault: key .* ${words}`));
    await expectNothingLeft();
  });

  it("finds that the newest snapshot is too old, before anything is made", async () => {
    await snapshotNow();
    const later = Date.now() / 1000 + 27 * 3_600;
    expect(await chooseSource(copies, { newest: true }, { subject: SUBJECT, now: later })).toMatchObject({
      reason: "old-backup",
      message: expect.stringContaining("27.0 hours old; expected at most 26"),
      next: expect.stringContaining("npx sparki drill restore cache --stack test --snapshot"),
    });
  });

  it("deletes the copy when it is interrupted, and says so", async () => {
    const interruption = new AbortController();
    const plan = planOf(await snapshotNow());
    const say = (text: string) => {
      if (text.includes(plan.copy.name)) interruption.abort();
    };
    const drill = await drillRestore(ports(interruption.signal, say), plan);
    expect(drill).toMatchObject({
      outcome: "broken-off",
      exitCode: 4,
      failure: { reason: "interrupted" },
      removed: true,
    });
    await expectNothingLeft();
  });

  it("removes what a killed drill left, once its time is over or it is said to be abandoned", async () => {
    const { copy } = planOf(await snapshotNow());
    await copies.restore(copy);
    const wanted = { subject: SUBJECT, isAbandoned: false };
    await expect(removeLeftovers(ports(), wanted)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      hint: expect.stringContaining("npx sparki drill restore cache --stack test --abandoned"),
    });
    expect(await removeLeftovers(ports(), { ...wanted, isAbandoned: true })).toEqual([copy.name]);
    await expectNothingLeft();
  });

  it("leaves the live cache as it was: a node that fails loses its data, dump or not", async () => {
    await snapshotNow();
    expect(Number(await redis("DBSIZE"))).toBe(505);
    await backing.cache.suspend();
    await backing.cache.resume();
    expect(Number(await redis("DBSIZE"))).toBe(0);
  });
});

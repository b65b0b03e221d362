import { Resolver } from "node:dns/promises";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { systemClock } from "../../io/clock.ts";
import type { DatabaseReplacement } from "../../io/rds-copies.ts";
import { addressesOf, PORTS } from "../../rehearsal/addresses.ts";
import { DatabaseInstances, instanceRoutes } from "../../rehearsal/aws/instances.ts";
import { Models } from "../../rehearsal/aws/models.ts";
import { Operations } from "../../rehearsal/aws/operations.ts";
import { secretValue } from "../../rehearsal/aws/services/kms-secretsmanager.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { text } from "../../rehearsal/aws/values.ts";
import { withClient } from "../../rehearsal/backing/database.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import type { Route } from "../../rehearsal/control.ts";
import { copyRoutes } from "../../rehearsal/copies.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { checksIn } from "../../runbook/drill/restore-checks.ts";
import { keepHouse } from "../../runbook/housekeeping/housekeeping.ts";
import { instanceNames, restoreDatabase, stageOf } from "../../runbook/recovery/restore-database.ts";
import { type AskRehearsal, rehearsedLeftovers, rehearsedReplacement } from "../../runbook/rehearse/rehearsed-aws.ts";

import { Account } from "../rehearsal/aws/account.ts";
import { databaseInputs, landscape } from "../rehearsal/aws/landscape.ts";
import { startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const LIVE = "sparki-test-database";
const addresses = addressesOf(254);
const run = mkdtempSync(join(tmpdir(), "sparki-point-"));
const processes = new Processes(run);
const account = new Account();
let backing: Backing;
let instances: DatabaseInstances;
let database: DatabaseReplacement;
let ask: AskRehearsal;

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  const services = { ...account.services, database: backing.database, names: backing.names };
  const cloud = { ...account.cloud, services };
  const operations = new Operations(cloud, new Models());
  instances = new DatabaseInstances(cloud, operations);
  const routes: Readonly<Record<string, Route>> = { ...copyRoutes(backing.database), ...instanceRoutes(instances) };
  ask = async (method, path, body) => {
    const answer = await routes[`${method} ${path}`]?.(body, path, {});
    return JSON.parse(JSON.stringify(answer ?? {}));
  };
  database = rehearsedReplacement(ask, LIVE);
  const inputs = { ...(await databaseInputs(account, await landscape(account))), identifier: LIVE };
  const place = { region: "us-east-1", accountId: "111122223333", secrets: [], urn: "urn", logicalName: "database" };
  await operations.create({ type: TYPES.database, inputs, ...place }, new AbortController().signal);
});

afterAll(async () => {
  for (const name of backing?.database.names() ?? []) await backing.database.stop(name, { dropData: true });
  await backing?.stop();
  await processes.stopAll();
  await account.close();
  rmSync(run, { recursive: true, force: true });
});

/** Acts on an instance as its clients do: by its present host name and its present master secret. */
async function on<T>(name: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const found = account.world.ofType(TYPES.database).find((each) => each.name === name);
  const resolver = new Resolver();
  resolver.setServers([`${addresses.dns}:${PORTS.dns}`]);
  const servername = text(found?.outputs ?? {}, "address") ?? "";
  const [host = ""] = await resolver.resolve4(servername);
  const secret = secretValue(text(found?.outputs ?? {}, "masterUserSecrets.secretArn") ?? "", account.cloud);
  const { username: user, password } = JSON.parse(secret ?? "{}");
  const ssl = { ca: readFileSync(join(run, "ca.pem"), "utf8"), servername };
  return withClient({ host, port: PORTS.database, user, password, database: "sparki", ssl }, act);
}

const query = (name: string, sql: string) => on(name, async (client) => (await client.query(sql)).rows);

/** Every row of the table, each in its order. */
const WHOLE = "SELECT md5(string_agg(orders::text, ',' ORDER BY id)) AS hash, count(*)::int AS rows FROM orders";

const CHECKS = `database:
  schemaLevel: SELECT max(level) FROM levels
  rows:
    - { name: orders, query: SELECT count(*) FROM orders, atLeast: 1, ofLive: 0.9 }
  newest:
    - { name: newest order, query: SELECT max(at) FROM orders, maxAgeHours: 1 }
`;

async function restoreTo(at: number) {
  const adopted: string[] = [];
  const ports = {
    ...{ database, clock: systemClock, signal: new AbortController().signal, pollSeconds: 0.05 },
    adopt: async (id: string) => void adopted.push(id),
    requestsSince: async () => "nobody asks",
    say: () => {},
  };
  const plan = { stack: "test", at, checks: await checksIn(CHECKS), schema: { level: 1, oldest: 1 }, limitMinutes: 10 };
  const document = await restoreDatabase(ports, plan, await stageOf(database, "test", at));
  return { document, adopted };
}

const now = async () => Number((await query(LIVE, "SELECT extract(epoch FROM clock_timestamp()) AS at"))[0]?.at);

describe("restoreDatabase, on a real PostgreSQL", () => {
  const before = { at: 0, whole: {}, id: "" };
  let dropped = 0;

  it("refuses a moment after the accident, by what is declared, and the live database goes on", async () => {
    await query(LIVE, "CREATE TABLE levels AS SELECT 1 AS level");
    await query(
      LIVE,
      "CREATE TABLE orders (id serial PRIMARY KEY, text text, at timestamptz DEFAULT clock_timestamp())",
    );
    await query(LIVE, "INSERT INTO orders (text) SELECT md5(n::text) FROM generate_series(1, 5000) n");
    // The backup is from before half of what is to come back: the rest is in the log alone.
    expect(await database.restorable()).toMatchObject({ earliest: expect.any(Number) });
    await query(LIVE, "INSERT INTO orders (text) SELECT md5(n::text) FROM generate_series(5001, 10000) n");
    await query(LIVE, "UPDATE orders SET text = 'paid' WHERE id % 7 = 0");
    before.whole = (await query(LIVE, WHOLE))[0];
    before.id = (await database.instance(LIVE))?.resourceId ?? "";
    await sleep(300);
    before.at = await now();
    await sleep(300);
    await query(LIVE, "DROP TABLE orders");
    await query(LIVE, "CREATE TABLE later AS SELECT 'written after the accident' AS text");
    dropped = await now();
    await sleep(300);
    const { document, adopted } = await restoreTo(dropped);
    expect(document).toMatchObject({ outcome: "refused", exitCode: 1, failure: { reason: "not-as-declared" } });
    expect(document.failure?.message).toContain('relation "orders" does not exist');
    expect([adopted, (await database.instance(LIVE))?.resourceId]).toEqual([[], before.id]);
    expect(await query(LIVE, "SELECT text FROM later")).toHaveLength(1);
  });

  it("brings back every row of a dropped table as it was, under the same name, and keeps what was written since", async () => {
    const { document, adopted } = await restoreTo(before.at);
    expect(document.failure).toBeNull();
    expect(document).toMatchObject({ outcome: "restored", resumed: false });
    expect(document.recoverySeconds).toBeGreaterThan(document.outageSeconds ?? Number.POSITIVE_INFINITY);
    expect((await query(LIVE, WHOLE))[0]).toEqual(before.whole);
    expect(before.whole).toMatchObject({ rows: 10_000 });
    await expect(query(LIVE, "SELECT text FROM later")).rejects.toThrow('relation "later" does not exist');
    const names = instanceNames("test", before.at);
    expect(await query(names.before, "SELECT text FROM later")).toEqual([{ text: "written after the accident" }]);
    expect((await database.instance(names.before))?.resourceId).toBe(before.id);
    expect(adopted).toEqual([(await database.instance(LIVE))?.resourceId]);
    expect(adopted).not.toEqual([before.id]);
    process.stderr.write(
      `point in time: recovered in ${document.recoverySeconds?.toFixed(1)} s, no database for ${document.outageSeconds?.toFixed(1)} s\n`,
    );
  });

  it("can be written to and backed up from then on, so that there is a way back from that too", async () => {
    await query(LIVE, "INSERT INTO orders (text) VALUES ('new')");
    await backing.database.backUp(LIVE, "after");
    expect((await query(LIVE, WHOLE))[0]).toMatchObject({ rows: 10_001 });
  });
});

describe("keepHouse, after a recovery", () => {
  const plan = (now: number, id: string) => ({
    ...{ stack: "test", now, days: 35, drilledSnapshot: undefined, logGroups: [], costs: "not asked" },
    resources: [{ urn: "urn", type: "aws:rds/instance:Instance", id, custom: true, inputs: {}, outputs: {} }],
  });
  const house = async (days: number, isApplied: boolean) => {
    const id = (await database.instance(LIVE))?.resourceId ?? "";
    return keepHouse(rehearsedLeftovers(ask, "test"), plan(Date.now() / 1000 + days * 86_400, id), { isApplied, say });
  };
  const say = () => {};

  it("keeps what a recovery replaced for a month, and offers it then, without deleting it", async () => {
    const [early, late] = [await house(34, true), await house(36, false)];
    expect(early.offered).toEqual([]);
    expect(late.offered.map(({ id, removed }) => [/-(before|restored)-/.exec(id)?.[1], removed]).sort()).toEqual([
      ["before", null],
      ["restored", null],
    ]);
    expect(late.kept).toEqual([{ kind: "database-instance", id: LIVE, why: "Pulumi's state names it" }]);
    expect((await query(LIVE, "SELECT count(*)::int AS rows FROM orders"))[0]?.rows).toBe(10_001);
    expect(backing.database.names()).toHaveLength(3);
  });

  it("deletes exactly that once it is told to, and leaves a final snapshot of each", async () => {
    const { exitCode, offered } = await house(36, true);
    expect([exitCode, offered.map(({ removed }) => removed)]).toEqual([0, [true, true]]);
    expect(backing.database.names()).toEqual([LIVE]);
    for (const { id } of offered) expect(account.world.isNameKept("snapshot", `${id}-final`)).toBe(true);
    expect((await query(LIVE, WHOLE))[0]).toMatchObject({ rows: 10_001 });
  });
});

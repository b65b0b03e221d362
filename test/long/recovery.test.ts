import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { addressesOf, PORTS } from "../../rehearsal/addresses.ts";
import { withClient } from "../../rehearsal/backing/database.ts";
import { SUPERUSER } from "../../rehearsal/backing/postgres.ts";
import { placeOf, postgresUser } from "../../rehearsal/backing/postgres-user.ts";
import { headersOf } from "../support/asking.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const LIVE = "sparki-staging-database";
const WHOLE = "SELECT md5(string_agg(projects::text, ',' ORDER BY id)) AS hash, count(*)::int AS rows FROM projects";

/** One promoted stack whose users go on asking; each test goes on from the one before. */
describe("sparki recover database", () => {
  let stack: RehearsedStack;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
  });
  afterAll(() => stack?.close());

  const control = () => stack.variable("SPARKI_REGISTRY");
  /** Acts as RDS's own superuser, at whichever address the instance has. */
  async function on<T>(name: string, index: number, act: (client: pg.Client) => Promise<T>): Promise<T> {
    const { folder } = placeOf(stack.runDirectory, name, postgresUser());
    const password = readFileSync(join(folder, "superuser"), "utf8");
    const slot = Number(/127\.(\d+)\./.exec(control())?.[1]);
    const ssl = { ca: readFileSync(stack.variable("SPARKI_CA_FILE"), "utf8") };
    const own = { host: addressesOf(slot).database(index), port: PORTS.database, user: SUPERUSER, password, ssl };
    return withClient({ ...own, database: "sparki" }, act);
  }
  const query = (name: string, index: number, sql: string) =>
    on(name, index, async (client) => (await client.query(sql)).rows);

  it("takes back a dropped table under users' requests, and the next deployment finds its own database", async () => {
    const headers = headersOf(stack.variable("SPARKI_REHEARSAL_ACCESS"));
    const body = JSON.stringify({ name: LIVE });
    await fetch(`${control()}/copies/backups`, { method: "POST", headers, body });
    await stack.breakCloud({ users: 30 });
    await query(
      LIVE,
      1,
      "INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, 500) n",
    );
    const [before] = await query(LIVE, 1, WHOLE);
    await sleep(2000);
    const moment = new Date(Date.now() - 1000).toISOString();
    await query(LIVE, 1, "DROP TABLE projects CASCADE");
    await sleep(5000);
    const { exitCode, document, stderr } = await stack.run(`recover database --yes --point-in-time ${moment}`);
    expect({ exitCode, document, stderr: stderr.slice(-3000) }).toMatchObject({
      exitCode: 0,
      document: { outcome: "restored", resumed: false, failure: null },
    });
    // The restored instance has the second address; the one before is started again on the first.
    expect((await query(LIVE, 2, WHOLE))[0]).toEqual(before);
    expect(document.requests.bad).toBeGreaterThan(0);
    process.stderr.write(`recovery of a dropped table: ${JSON.stringify({ ...document, checks: undefined })}\n`);
    const { findings } = await stack.compared();
    const kept = (await stack.world()).find(({ name }) => name === document.instances.before);
    expect(findings.filter((text) => /^(?:orphan|duplicate)/.test(text))).toEqual([
      `orphan: ${kept?.type} ${kept?.id}`,
    ]);
  });

  it("is settled by the next deployment, which makes no other database and loses nothing", async () => {
    const { exitCode, document, stderr } = await stack.runPaced(0.02, "deploy --yes");
    if (exitCode !== 0) throw new Error(`${document.reason}\n${stderr.slice(-6000)}`);
    expect(document.outcome).toBe("promoted");
    const databases = (await stack.world()).filter(({ type }) => type === "aws:rds/instance:Instance");
    expect(databases).toHaveLength(2);
    expect((await query(LIVE, 2, WHOLE))[0]?.rows).toBeGreaterThanOrEqual(500);
  });
});

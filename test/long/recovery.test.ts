import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { parse } from "yaml";
import { addressesOf, PORTS } from "../../rehearsal/addresses.ts";
import { withClient } from "../../rehearsal/backing/database.ts";
import { placeOf, postgresUser, SUPERUSER } from "../../rehearsal/backing/postgres.ts";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import type { KubernetesObject, Pod } from "../../rehearsal/cluster/objects.ts";
import { waitFor } from "../../rehearsal/waiting.ts";
import { headersOf } from "../support/asking.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const LIVE = "sparki-staging-database";
const WHOLE = "SELECT md5(string_agg(projects::text, ',' ORDER BY id)) AS hash, count(*)::int AS rows FROM projects";

/** One promoted stack whose users go on asking; each test goes on from the one before. */
describe("a production that has lost something", () => {
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

  it("is settled by the next deployment, which makes no other database, and calls the outage by its name", async () => {
    const { exitCode, document, stderr } = await stack.runPaced(0.02, "deploy --yes");
    // What RDS does not carry over, and what names the master secret; nothing else changes.
    const updated = [...stderr.matchAll(/✓ (?:create|update|replace|delete) \S+ (\S+)/g)].map(([, name]) => name);
    expect({ updated: updated.sort(), stderr }).toEqual({
      updated: ["database-instance", "database-jobs-users-credentials", "identities-database-users-role-policy"],
      stderr,
    });
    const databases = (await stack.world()).filter(({ type }) => type === "aws:rds/instance:Instance");
    const live = databases.find(({ name }) => name === LIVE);
    expect([databases.length, live?.inputs.monitoringInterval]).toEqual([2, 60]);
    expect((await query(LIVE, 2, WHOLE))[0]?.rows).toBeGreaterThanOrEqual(500);
    // The update is done; the users' error budget still has what failed while the table was gone.
    expect([exitCode, document.outcome, document.reason]).toEqual([
      1,
      "failed",
      expect.stringMatching(/^promoted, but Err/),
    ]);
  });

  it("loses a zone with all that runs in it, has that made in the other ones, and its nodes again afterwards", async () => {
    const [cluster] = parse(readFileSync(stack.variable("KUBECONFIG"), "utf8")).clusters;
    const { user } = parse(readFileSync(stack.variable("KUBECONFIG"), "utf8")).users[0];
    const certificateAuthorityPem = Buffer.from(cluster.cluster["certificate-authority-data"], "base64").toString();
    const api = new KubernetesApi({ endpoint: cluster.cluster.server, certificateAuthorityPem, token: user.token });
    const zones = async () => {
      const { items } = await api.list<KubernetesObject>("/api/v1/nodes");
      return new Map(items.map(({ metadata: { name, labels } }) => [name, labels?.["topology.kubernetes.io/zone"]]));
    };
    const fleet = async () => {
      const labelSelector = "app.kubernetes.io/instance=engine-fleet";
      const { items } = await api.list<Pod>("/api/v1/namespaces/sparki-engine/pods", { labelSelector });
      const at = await zones();
      const ready = items.filter(({ metadata, status }) => {
        const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True");
        return isReady === true && metadata?.deletionTimestamp === undefined;
      });
      return ready.map(({ spec }) => at.get(spec?.nodeName ?? ""));
    };
    const before = await fleet();
    // Staging's database has no standby: with the first zone it is away as long as that, and no pod is ready.
    const zone = before.find((each) => each?.endsWith("a") === false) ?? "";
    await stack.breakCloud({ users: 30, zone });
    const isOutside = async () => {
      const now = await fleet();
      return now.length >= before.length && !now.includes(zone) && !now.includes(undefined);
    };
    await waitFor("the fleet in the other zones", isOutside, { limitSeconds: 600 });
    expect([...(await zones()).values()]).not.toContain(zone);
    await stack.breakCloud({ users: 30 });
    expect([...(await zones()).values()]).toContain(zone);
    await api.close();
  });
});

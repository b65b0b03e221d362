import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { addressesOf, PORTS } from "../../rehearsal/addresses.ts";
import { withClient } from "../../rehearsal/backing/database.ts";
import { placeOf, postgresUser, SUPERUSER } from "../../rehearsal/backing/postgres.ts";
import type { UserFigures } from "../../rehearsal/backing/users.ts";
import { headersOf } from "../support/asking.ts";
import { type Ran, type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const DATABASE = "sparki-staging-database";
const CLUSTER = "aws:eks/cluster:Cluster";
const WHOLE = "SELECT md5(string_agg(projects::text, ',' ORDER BY id)) AS hash, count(*)::int AS rows FROM projects";
const GONE = "the cluster sparki-staging that the state names does not exist at AWS";
const RECOVER = "npx sparki recover cluster --stack staging";
const SPARKI = join(import.meta.dirname, "..", "..", "runbook", "sparki.ts");
/** Of users. */
const A_SECOND = 20;

/** One promoted stack whose users go on asking; each test goes on from the one before. */
describe("a production whose cluster somebody has deleted", () => {
  let stack: RehearsedStack;
  let before: readonly StateResource[];
  let issuer: unknown;
  let data: unknown;
  let lostAt: number;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
    await stack.breakCloud({ users: A_SECOND });
    await query("INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, 500) n");
    before = await state();
    issuer = outputsOf(before, CLUSTER).identities;
    data = await query(WHOLE);
  });
  afterAll(() => stack?.close());

  const control = () => stack.variable("SPARKI_REGISTRY");
  // Encrypted again with each import, secrets could not be compared.
  const state = async () => resourcesIn(JSON.parse(await stack.ask("pulumi stack export --show-secrets")));
  const outputsOf = (resources: readonly StateResource[], type: string) =>
    resources.find((each) => each.type === type)?.outputs ?? {};
  /** Acts as RDS's own superuser. */
  async function query(sql: string): Promise<unknown> {
    const { folder } = placeOf(stack.runDirectory, DATABASE, postgresUser());
    const password = readFileSync(join(folder, "superuser"), "utf8");
    const slot = Number(/127\.(\d+)\./.exec(control())?.[1]);
    const ssl = { ca: readFileSync(stack.variable("SPARKI_CA_FILE"), "utf8") };
    const own = { host: addressesOf(slot).database(1), port: PORTS.database, user: SUPERUSER, password, ssl };
    return withClient({ ...own, database: "sparki" }, async (client) => (await client.query(sql)).rows);
  }
  const users = async (): Promise<UserFigures> => {
    const headers = headersOf(stack.variable("SPARKI_REHEARSAL_ACCESS"));
    return JSON.parse(await (await fetch(`${control()}/users`, { headers })).text());
  };
  /** What of the state is made of AWS's own and outlives a cluster, as it is there and as it is protected. */
  const outside = (resources: readonly StateResource[]) =>
    resources
      .filter(({ type, custom }) => custom && /^aws:(?!eks\/)|^random:/.test(type))
      .map(({ urn, id, inputs, outputs, ...rest }) => ({ urn, id, inputs, outputs, protect: "protect" in rest }));
  const ofCluster = (resources: readonly StateResource[]) =>
    resources.filter(({ type }) => /^(aws:eks|kubernetes:)/.test(type)).map(({ urn }) => urn);
  const said = ({ exitCode, document, stderr }: Ran) => ({ exitCode, document, stderr: stderr.slice(-3000) });

  it("is named by status, deploy, plan and rollback, each with the command that helps, and they change nothing", async () => {
    lostAt = Date.now();
    await stack.breakCloud({ users: A_SECOND, cluster: "deleted" });
    expect((await stack.world()).filter(({ type }) => /^aws:eks/.test(type))).toEqual([]);
    const status = await stack.run("status");
    expect(said(status)).toMatchObject({
      exitCode: 1,
      document: { health: "bad", lostCluster: { name: "sparki-staging", standing: "gone", message: GONE } },
    });
    expect(status.document.next[0].command).toBe(RECOVER);
    const deploy = await stack.run("deploy --yes");
    expect(said(deploy)).toMatchObject({
      exitCode: 1,
      document: { outcome: "stopped", reason: `preflight failed. ${GONE}. Run: ${RECOVER}` },
    });
    const plan = await stack.run("plan");
    expect(said(plan)).toMatchObject({ exitCode: 4, document: { error: { message: GONE, hint: RECOVER } } });
    const rollback = await stack.run("rollback --dry-run");
    expect(said(rollback)).toMatchObject({ exitCode: 4, document: { error: { message: GONE, hint: RECOVER } } });
    expect(await state()).toEqual(before);
  });

  it("is recovered however often the recovery is interrupted and killed, in one step", async () => {
    const interrupted = await stack.runPaced(0.002, "recover cluster --yes", "ask AWS for the cluster");
    expect(interrupted).toMatchObject({ exitCode: 4, document: { error: { code: "SPARKI_OUTSIDE" } } });
    expect(await state()).toEqual(before);
    await stack.ask(KILLED);
    const half = await state();
    // It may have been past its one step when it was killed.
    if (ofCluster(half).length > 0) expect(half).toEqual(before);
    const ran = await stack.run("recover cluster --yes");
    const outcome = ofCluster(half).length > 0 ? "recovered" : "unchanged";
    expect(said(ran)).toMatchObject({ exitCode: 0, document: { outcome, reason: null } });
    const { document } = ran;
    const after = await state();
    expect(ofCluster(after)).toEqual([]);
    expect(outside(after)).toEqual(outside(before));
    process.stderr.write(`a lost cluster: ${JSON.stringify({ ...document, lost: document.lost.length })}\n`);
    const again = await stack.run("recover cluster --yes");
    expect(again).toMatchObject({ exitCode: 0, document: { outcome: "unchanged", lost: [] } });
    const status = await stack.run("status");
    expect(status).toMatchObject({ exitCode: 3, document: { health: "nothing", live: null, lostCluster: null } });
    expect(status.document.next[0].command).toBe("npx sparki deploy --stack staging");
  });

  it("is made again by the next deployment, beside the same database, cache, network and names", async () => {
    const ended = new AbortController();
    const answered = served(ended.signal);
    const deployedAt = Date.now();
    const { exitCode, document, stderr } = await stack.run("deploy --yes").finally(() => ended.abort());
    const told = { exitCode, outcome: document.outcome, reason: document.reason };
    expect({ ...told, stderr }).toEqual({ exitCode: 0, outcome: "promoted", reason: expect.anything(), stderr });
    const [servedAt, serves] = [await answered, await users()];
    const [recoverySeconds, deploySeconds] = [(servedAt - lostAt) / 1000, (servedAt - deployedAt) / 1000];
    const after = await state();
    // Only what names the cluster's own security group is changed, and none of it is made again but its own rules.
    const kept = new Map(outside(after).map((each) => [each.urn, each]));
    const changed = outside(before).filter(({ urn, id }) => kept.get(urn)?.id !== id);
    expect(changed.map(({ urn }) => urn.split("::").at(-1)).sort()).toEqual([
      "cluster-api-from-runner",
      "edge-lb-pods-from-entrance",
    ]);
    expect(ofCluster(after).sort()).toEqual(ofCluster(before).sort());
    expect(outputsOf(after, CLUSTER).identities).not.toEqual(issuer);
    expect(await query(WHOLE)).toEqual(data);
    const { findings, orphans, duplicates } = await stack.compared();
    expect({ orphans, duplicates, findings }).toEqual({ orphans: 0, duplicates: 0, findings: [] });
    const measured = { recoverySeconds, deploySeconds, ...serves, ...told };
    process.stderr.write(`a lost cluster, made again: ${JSON.stringify(measured)}\n`);
    const status = await stack.run("status");
    expect(status.document).toMatchObject({ live: { release: { id: document.release.id } }, lostCluster: null });
  });

  it("is not lost any more, and so refused", async () => {
    const { exitCode, document } = await stack.run("recover cluster --yes");
    expect({ exitCode, document }).toMatchObject({
      ...{ exitCode: 1, document: { outcome: "refused", lost: [] } },
    });
    expect(document.reason).toContain("exists at AWS: it is not lost");
  });

  /** Since when users are answered, once the signal aborts: none of their requests was lost since then. */
  async function served(signal: AbortSignal): Promise<number> {
    let since = Date.now();
    for (let last = await users(); !signal.aborted; ) {
      await sleep(250);
      const now = await users();
      if (now.lost > last.lost || now.requests === last.requests) since = Date.now();
      last = now;
    }
    return since;
  }
});

/** Killed when it has just said what it will do. */
const KILLED = `said=$(mktemp); SPARKI_TIME_SCALE=0.002 node ${SPARKI} recover cluster --yes --stack staging >/dev/null 2>"$said" & pid=$!
until grep -q 'Kept as they are' "$said" || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
kill -KILL $pid; wait $pid; rm "$said"; true`;

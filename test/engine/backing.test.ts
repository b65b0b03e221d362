import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { systemClock } from "../../io/clock.ts";
import { request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { addressesOf } from "../../rehearsal/addresses.ts";
import { postgresUser } from "../../rehearsal/backing/postgres.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { Processes, readRecords, recordsFile } from "../../rehearsal/processes.ts";
import type { LoadBalancerState } from "../../rehearsal/services.ts";
import { checkConformance } from "../../runbook/conformance/conformance.ts";
import type { Conformance } from "../../runbook/conformance/report.ts";
import { Client } from "../rehearsal/backing/load.ts";
import { podObject, servePods } from "../rehearsal/backing/pod-list.ts";
import { type Pod, Pods } from "../rehearsal/backing/pods.ts";
import { headersWith, TEST_TOKEN } from "../support/asking.ts";
import { startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const addresses = addressesOf(252);
const DNS = `${addresses.dns}:5353`;
const NAMES = {
  database: "sparki-test-database.c1.us-east-1.rds.amazonaws.com",
  cache: "master.sparki-test.use1.cache.amazonaws.com",
};
const DATABASE = {
  name: "sparki-test-database",
  hostnames: [NAMES.database],
  databaseName: "sparki",
  username: "sparki",
  password: "first'password",
};
const TOKEN = "first-token-of-the-cache";
const CACHE = { name: "sparki-test", hostnames: [NAMES.cache], authToken: TOKEN };
const BALANCER = "sparki-test-1.us-east-1.elb.amazonaws.com";
const SITE = "app.sparki.example";
const ENGINES = ["127.252.16.1", "127.252.16.2"] as const;
const WEB = "127.252.16.9";

const run = mkdtempSync(join(tmpdir(), "sparki-backing-"));
const processes = new Processes(run);
const caFile = join(run, "ca.pem");
const pods = new Pods(
  processes,
  {
    SPARKI_DNS_SERVER: DNS,
    SPARKI_CA_FILE: caFile,
    SPARKI_PORT_MAP: "443:8443,80:8080",
    DATABASE_HOST: NAMES.database,
    CACHE_HOST: NAMES.cache,
    RELEASE_ID: "r1",
    TRACK: "fleet",
    SHUTDOWN_DELAY_SECONDS: "0.5",
  },
  { "database/username": DATABASE.username, "database/password": DATABASE.password, "cache/auth-token": TOKEN },
);
let backing: Backing;
let client: Client;
let engines: readonly [Pod, Pod];

const balancer: LoadBalancerState = {
  name: "sparki-test",
  certificateNames: [SITE],
  listeners: [
    {
      port: 443,
      protocol: "HTTPS",
      rules: [
        {
          conditions: { pathPatterns: ["/api/*", "/health"] },
          action: { type: "forward", targets: [{ arn: "engine", weight: 1 }] },
        },
        { conditions: {}, action: { type: "forward", targets: [{ arn: "web", weight: 1 }] } },
      ],
    },
    {
      port: 80,
      protocol: "HTTP",
      rules: [{ conditions: {}, action: { type: "redirect", protocol: "HTTPS", port: "443", statusCode: 301 } }],
    },
  ],
  targetGroups: ["engine", "web"].map((arn) => {
    return {
      arn,
      healthCheck: { path: "/ready", intervalSeconds: 10, healthyThreshold: 2 },
      takesPods: true,
      deregistrationDelaySeconds: 30,
    };
  }),
};

async function until(holds: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${holds}`);
    await sleep(50);
  }
}

const pidOf = (name: string) =>
  readRecords(readFileSync(recordsFile(run), "utf8")).find((record) => record.name === name)?.pid ?? 0;
const healthy = (arn: string) => backing.loadBalancer.health(arn).filter((target) => target.healthy).length;
const report = (line: string) => process.stderr.write(`backing: ${line}\n`);

async function connected<T>(act: (connection: pg.Client) => Promise<T>, password = DATABASE.password): Promise<T> {
  const ssl = { ca: readFileSync(caFile, "utf8") };
  const { username: user, databaseName: database } = DATABASE;
  const connection = new pg.Client({ host: addresses.database(1), user, password, database, ssl });
  await connection.connect();
  try {
    return await act(connection);
  } finally {
    await connection.end();
  }
}

const sql = (text: string, password?: string) =>
  connected(async (connection) => (await connection.query(text)).rows, password);

/** Holds every lock on the projects for so many milliseconds, as a long query of a user's would, while `act` runs. */
function holdingLock<T>(milliseconds: number, act: () => Promise<T>): Promise<T> {
  return connected(async (connection) => {
    await connection.query("BEGIN; LOCK TABLE projects");
    const result = act();
    await sleep(milliseconds);
    await connection.query("ROLLBACK");
    return result;
  });
}

/** What `sparki conformance` finds at a pod's own address. */
async function conformanceOf(service: "engine" | "web", address: string, away = false): Promise<Conformance> {
  const network = openNetwork({});
  try {
    return await checkConformance({
      ...{ url: `http://${address}:8080`, service, limits: [0.1, 1, 5], away, clock: systemClock },
      http: (url, options) => request(network, url, options),
      signal: new AbortController().signal,
      say: () => undefined,
    });
  } finally {
    await network.close();
  }
}

const failedIn = ({ points }: Conformance) => points.filter(({ status }) => status === "fail");

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  const start = performance.now();
  const database = await backing.database.start(DATABASE);
  report(`PostgreSQL answered after ${Math.round(performance.now() - start)} ms`);
  const cache = await backing.cache.start(CACHE);
  const { address } = await backing.loadBalancer.apply(balancer);
  backing.names.setAddress(NAMES.database, database.address);
  backing.names.setAddress(NAMES.cache, cache.address);
  backing.names.setAddress(BALANCER, address);
  backing.names.setRecords("Z1", [{ name: SITE, type: "A", values: [], aliasTo: BALANCER }]);
  client = new Client(`https://${SITE}:8443`, DNS, readFileSync(caFile, "utf8"));
});

afterAll(async () => {
  await client?.close();
  await backing?.database.stop(DATABASE.name, { dropData: true });
  await backing?.stop();
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

describe("migrate up", () => {
  it("applies nothing of a migration that fails in its middle", async () => {
    const behaviour = { SPARKI_BEHAVIOUR: JSON.stringify({ failMigration: "0002_detections" }) };
    const { code, lines } = await pods.run("migrate up", behaviour);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: "ERROR", reason: "0002_detections: division by zero" });
    expect(await sql("SELECT level FROM schema_migrations")).toEqual([{ level: 1 }]);
    expect(await sql("SELECT to_regclass('detections') AS detections")).toEqual([{ detections: null }]);
  });

  it("applies each migration once though two run at once and a user's query holds a lock for a while", async () => {
    const both = await holdingLock(4000, () => Promise.all([pods.run("migrate up"), pods.run("migrate up")]));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const lines = both.flatMap((each) => each.lines);
    expect(lines.flatMap((line) => line.applied ?? [])).toEqual(["0002_detections", "0003_project_status"]);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "waiting for a lock", attempt: 1 }));
    expect(lines).toContainEqual(expect.objectContaining({ msg: "waiting for another migrator" }));
  });

  it("applies nothing the second time", async () => {
    const { code, lines } = await pods.run("migrate up");
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ msg: "schema is at level 3", schema_level: 3, applied: [] });
  });
});

describe("seed-data", () => {
  it("leaves the same data however often it runs", async () => {
    const count = "SELECT count(*)::int AS projects FROM projects";
    expect((await pods.run("seed-data")).code).toBe(0);
    const [first] = await sql(count);
    expect((await pods.run("seed-data")).code).toBe(0);
    expect(await sql(count)).toEqual([first]);
    expect(first).toEqual({ projects: 3 });
  });
});

describe("the stand-in application behind the load balancer", () => {
  beforeAll(async () => {
    const [one, other] = ENGINES;
    engines = [
      await pods.start("engine", { SPARKI_LISTEN_ADDRESS: one }),
      await pods.start("engine", { SPARKI_LISTEN_ADDRESS: other }),
    ];
    await pods.start("web", { SPARKI_LISTEN_ADDRESS: WEB });
    backing.loadBalancer.setTargets(
      "engine",
      ENGINES.map((address) => ({ address, port: 8080 })),
    );
    backing.loadBalancer.setTargets("web", [{ address: WEB, port: 8080 }]);
    await until(() => healthy("engine") === 2 && healthy("web") === 1);
  });

  it("is walked by the end-to-end tests over the site's name", async () => {
    const { code, lines } = await pods.run("e2e", { APP_URL: `https://${SITE}` });
    expect(lines.filter(({ level }) => level === "ERROR")).toEqual([]);
    expect(code).toBe(0);
  });

  it.each([
    ["engine", ENGINES[0], 19],
    ["web", WEB, 16],
  ] as const)("keeps every point of the contract that a URL shows: %s", async (service, address, passed) => {
    const report = await conformanceOf(service, address);
    expect(failedIn(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "conforms", passed });
  });

  it("fails the end-to-end tests when it fails", async () => {
    for (const engine of engines) engine.behave({ errorRatio: 1 });
    await until(async () => (await client.get("/api/projects")).status === 500);
    const { code, lines } = await pods.run("e2e", { APP_URL: `https://${SITE}` });
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: "ERROR", reason: expect.stringContaining("status 500") });
    for (const engine of engines) engine.behave({});
    await until(async () => (await client.load("/api/projects", { seconds: 5, requests: 4 })).statuses[200] === 4);
  });

  it.each([
    ["/health", 500],
    ["/api/cache/health", 500],
    ["/api/projects", 300],
  ])("serves %s many times a second without a failure", async (path, minPerSecond) => {
    const { perSecond, statuses, requests } = await client.load(path, { seconds: 2 });
    report(`${path}: ${perSecond} requests/s through TLS, balancer and engines`);
    expect(statuses).toEqual({ 200: requests });
    expect(perSecond).toBeGreaterThan(minPerSecond);
  });

  it("fails exactly the share of requests that it is told to", async () => {
    for (const engine of engines) engine.behave({ errorRatio: 0.1 });
    await sleep(600);
    const { statuses } = await client.load("/api/projects", { seconds: 20, requests: 400 });
    for (const engine of engines) engine.behave({});
    // Each of the two engines rounds its own share down.
    expect(statuses[500]).toBeGreaterThanOrEqual(38);
    expect(statuses[500]).toBeLessThanOrEqual(40);
    expect(engines.flatMap((engine) => engine.lines())).toContainEqual(
      expect.objectContaining({ level: "ERROR", path: "/api/projects", status: 500, duration_ms: expect.any(Number) }),
    );
  });

  it("goes on when the database's password and the cache's token change and every connection is lost", async () => {
    await backing.database.setPassword(DATABASE.name, DATABASE.username, "second");
    await backing.cache.stop("sparki-test");
    await backing.cache.start({ ...CACHE, authToken: "second-token" });
    for (const engine of engines) {
      engine.rotate("database/password", "second");
      engine.rotate("cache/auth-token", "second-token");
    }
    await sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user",
      "second",
    );
    for (const path of ["/api/projects", "/api/cache/health"]) {
      await until(async () => (await client.load(path, { seconds: 5, requests: 16 })).statuses[200] === 16);
    }
  });

  it("waits out a restart of the database and keeps its data", async () => {
    const before = await sql("SELECT id FROM projects ORDER BY id", "second");
    await backing.database.stop(DATABASE.name, { dropData: false });
    await until(() => healthy("engine") === 0);
    expect((await client.get("/api/projects")).status).toBe(503);
    const start = performance.now();
    await backing.database.start({ ...DATABASE, password: "second" });
    report(`PostgreSQL answered again after ${Math.round(performance.now() - start)} ms`);
    await until(() => healthy("engine") === 2);
    expect((await client.get("/api/projects")).status).toBe(200);
    expect(await sql("SELECT id FROM projects ORDER BY id", "second")).toEqual(before);
  });

  it.each([
    ["database", () => backing.database],
    ["cache", () => backing.cache],
  ] as const)("is unready while the %s is away, and goes on with what it had when it is back", async (_, server) => {
    const before = await sql("SELECT id FROM projects ORDER BY id", "second");
    await server().suspend();
    await until(() => healthy("engine") === 0);
    const report = await conformanceOf("engine", ENGINES[0], true);
    expect(failedIn(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "conforms", passed: 2 });
    await server().resume();
    await until(() => healthy("engine") === 2);
    expect((await client.get("/api/cache/health")).status).toBe(200);
    expect((await client.get("/api/projects")).status).toBe(200);
    expect(await sql("SELECT id FROM projects ORDER BY id", "second")).toEqual(before);
  });

  it.each(["postgres-sparki-test-database", "redis-sparki-test-1"])(
    "goes on when %s dies, which is started again as AWS would, with the passwords of now",
    async (server) => {
      const before = await sql("SELECT id FROM projects ORDER BY id", "second");
      const pid = pidOf(server);
      process.kill(pid, "SIGKILL");
      await until(() => ![0, pid].includes(pidOf(server)));
      for (const path of ["/api/projects", "/api/cache/health"])
        await until(async () => (await client.load(path, { seconds: 5, requests: 16 })).statuses[200] === 16);
      expect(await sql("SELECT id FROM projects ORDER BY id", "second")).toEqual(before);
    },
  );

  it("starts the database over a lock whose process number another program has by now", async () => {
    await backing.database.stop(DATABASE.name, { dropData: false });
    const stranger = await processes.start({
      name: "stranger",
      command: process.execPath,
      args: ["-e", "setInterval(() => {}, 1000)"],
      cwd: "/",
      ...postgresUser(),
    });
    const lock = join(backing.database.folderOf(DATABASE.name), "data", "postmaster.pid");
    writeFileSync(lock, `${stranger.pid}\n`);
    await backing.database.start({ ...DATABASE, password: "second" });
    expect(stranger.running()).toBe(true);
    await stranger.stop();
    await until(() => healthy("engine") === 2);
  });

  it("loses no request while an engine is told to stop, which ends with 0", async () => {
    const [stays, goes] = engines;
    const load = client.load("/api/projects", { seconds: 3 });
    await sleep(500);
    backing.loadBalancer.setTargets("engine", [{ address: ENGINES[0], port: 8080 }]);
    goes.handle.signal("SIGTERM");
    expect(await goes.handle.exited).toEqual({ code: 0, signal: null });
    const { statuses, requests } = await load;
    expect(statuses).toEqual({ 200: requests });
    expect(stays.handle.running()).toBe(true);
  });

  it("gets no request while it is not ready, and the balancer answers 503 itself", async () => {
    engines[0].behave({ neverReady: true });
    await until(() => healthy("engine") === 0);
    expect(await client.get("/api/projects")).toMatchObject({ status: 503, headers: { server: "awselb/2.0" } });
    engines[0].behave({});
    await until(() => healthy("engine") === 1);
    expect((await client.get("/api/projects")).status).toBe(200);
  });

  it("ends with 1 and a last word when its image crashes", async () => {
    const { code, lines } = await pods.run("engine", { SPARKI_BEHAVIOUR: '{"crash":true}' });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.objectContaining({ level: "ERROR", msg: "fatal: cannot start", release: "r1" })]);
  });
});

describe("the load balancer", () => {
  it("sends plain HTTP to the same place over HTTPS", async () => {
    const plain = new Client(`http://${SITE}:8080`, DNS, "");
    const { status, headers } = await plain.get("/a?b=c");
    expect([status, headers.location]).toEqual([301, `https://${SITE}:443/a?b=c`]);
    await plain.close();
  });

  it("sends a page's request to the web front and passes its answer back", async () => {
    const { status, headers, body } = await client.get("/");
    expect([status, headers["x-sparki-release"]]).toEqual([200, "r1"]);
    expect(body).toContain("Release r1, fleet.");
  });
});

describe("startPrometheus", () => {
  it("scrapes the pods where they listen, with the labels of their metadata", async () => {
    const authority = await CertificateAuthority.open(run);
    const certificate = await authority.issue({ commonName: "kubernetes", addresses: [addresses.apiServer] });
    const apiServer = servePods(certificate, "administrator", [podObject("engine-0", "10.40.16.1", "r1")]);
    await new Promise<void>((resolve) => apiServer.listen(6443, addresses.apiServer, resolve));
    const access = {
      endpoint: `https://${addresses.apiServer}:6443`,
      certificateAuthorityPem: authority.pem,
      token: "administrator",
    };
    const start = performance.now();
    const { url, stop } = await backing.startPrometheus(access);
    report(`Prometheus answered after ${Math.round(performance.now() - start)} ms`);
    const query = `${url}/api/v1/query?query=${encodeURIComponent("sum by (namespace, pod, track, release, stack) (http_requests_total)")}`;
    let found: unknown[] = [];
    await until(async () => {
      const { data }: { data: { result: unknown[] } } = JSON.parse(
        await (await fetch(query, { headers: headersWith(TEST_TOKEN) })).text(),
      );
      found = data.result;
      return found.length > 0;
    }, 20);
    report(`Prometheus had the first samples after ${Math.round(performance.now() - start)} ms`);
    expect(found).toEqual([
      expect.objectContaining({
        metric: { namespace: "sparki-engine", pod: "engine-0", track: "fleet", release: "r1", stack: "test" },
      }),
    ]);
    await stop();
    apiServer.closeAllConnections();
    await new Promise((resolve) => apiServer.close(resolve));
  });
});

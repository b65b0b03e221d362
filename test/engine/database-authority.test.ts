import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { addressesOf } from "../../rehearsal/addresses.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import { CertificateAuthority, openDatabaseAuthorities, writeClientAuthorities } from "../../rehearsal/certificates.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const addresses = addressesOf(243);
const HOST = "db.example";
const DATABASE = { name: "sparki-test-database", hostnames: [HOST], databaseName: "sparki" };
const MASTER = { username: "sparki_admin", password: "password-of-the-master-user" };
const NEXT = "rds-ca-rsa4096-g1";

const run = mkdtempSync(join(tmpdir(), "sparki-authority-"));
const processes = new Processes(run);
let backing: Backing;
let bundle: string;

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  await backing.database.start({ ...DATABASE, ...MASTER });
  const own = await CertificateAuthority.open(run);
  bundle = readFileSync(writeClientAuthorities(run, await openDatabaseAuthorities(run, own)), "utf8");
});

afterAll(async () => {
  await backing?.database.stop(DATABASE.name, { dropData: true });
  await backing?.stop();
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

/** A connection as a client makes it that trusts these authorities and checks the name. */
async function connected(ca: string): Promise<pg.Client> {
  const ssl = { ca, rejectUnauthorized: true, servername: HOST };
  const { username: user, password } = MASTER;
  const client = new pg.Client({ host: addresses.database(1), user, password, database: "sparki", ssl });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function started(ca: string): Promise<string> {
  const client = await connected(ca);
  try {
    const { rows } = await client.query("SELECT pg_postmaster_start_time()::text AS at");
    return rows[0].at;
  } finally {
    await client.end();
  }
}

describe("another authority of a running database", () => {
  const firstAlone = () => readFileSync(join(run, "ca.pem"), "utf8");

  it("signs what new connections get, without a restart, and leaves open ones as they are", async () => {
    const before = await started(firstAlone());
    const open = await connected(bundle);
    await backing.database.setAuthority(DATABASE.name, NEXT);
    expect((await open.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await open.end();
    expect(await started(bundle)).toBe(before);
  });

  it("shuts out a client whose bundle lacks it", async () => {
    await expect(connected(firstAlone())).rejects.toThrow(/self-signed certificate|unable to (?:get|verify)/);
  });

  it("still signs after the server was stopped and started", async () => {
    await backing.database.interrupt(DATABASE.name, async () => {});
    await expect(connected(firstAlone())).rejects.toThrow(/self-signed certificate|unable to (?:get|verify)/);
    await started(bundle);
  });

  it("is one that RDS has", async () => {
    await expect(backing.database.setAuthority(DATABASE.name, "rds-ca-2019")).rejects.toThrow(
      "Certificate not found: rds-ca-2019",
    );
    await started(bundle);
  });
});

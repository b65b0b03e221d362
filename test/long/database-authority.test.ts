import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { placeOf, postgresUser } from "../../rehearsal/backing/postgres.ts";
import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** The authorities are the rehearsal's own; PostgreSQL, its certificates and its clients' trust are real. */
describe("sparki rehearse database-authority", () => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    const args = ["rehearse", "database-authority", "--stack", "staging", "--json", "--time-scale", "0.004"];
    run = await sparki(args, runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it("promotes a release whose pods all connect by the next authority's certificate", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome, reason: report.reason }).toMatchObject({
      exitCode: 0,
      outcome: "promoted",
    });
    const changed = report.steps.filter(({ op, type }) => op !== "same" && type.startsWith("aws:"));
    expect(changed).toEqual([]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });

  it("has RDS give the instance the authority in its window, and PostgreSQL a certificate that this one signed", () => {
    const folder = join(runs.directory, "staging");
    const { folder: place } = placeOf(folder, "sparki-staging-database", postgresUser());
    const certificate = new X509Certificate(readFileSync(join(place, "server.crt")));
    const authorities = join(folder, "database-authorities");
    const signedBy = (name: string) => {
      const authority = readFileSync(join(authorities, name, "ca.pem"));
      return certificate.verify(new X509Certificate(authority).publicKey);
    };
    expect([signedBy("rds-ca-rsa4096-g1"), signedBy("rds-ca-ecc384-g1")]).toEqual([true, false]);
    expect(readFileSync(join(folder, "world.json"), "utf8")).toContain('"caCertIdentifier":"rds-ca-rsa4096-g1"');
  });

  it("loses none of its users' requests", () => {
    process.stderr.write(`database-authority: ${report.users?.lost} of ${report.users?.requests} requests lost\n`);
    expect(report.users?.requests).toBeGreaterThan(100);
    expect(report.users?.lost).toBe(0);
  });
});

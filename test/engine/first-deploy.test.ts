import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, parseDocument } from "yaml";
import { outputsSchema } from "../../stacks/outputs.ts";
import { Client } from "../rehearsal/backing/load.ts";
import { headersOf } from "../support/asking.ts";
import { type Dashboard, queriesOf, samplesOf } from "../support/dashboards.ts";
import { ProcessWatch } from "../support/process-watch.ts";
import { leakedFiles, leakedIn, type Secrets, secretsOf } from "../support/secrets.ts";
import { makeRuns, type Runs, type SparkiRun, sparki } from "../support/sparki.ts";
import { engineLines, Terminal } from "../support/terminal.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");
const UP = "pulumi up --yes --skip-preview --non-interactive";
const DESTROY = "pulumi destroy --yes --skip-preview --non-interactive";

/** What README.md says to put into the stack's config before it is destroyed on purpose. */
const LIFTED = {
  "sparki:protection": false,
  "sparki:approvals": ["database-*", "cache-*", "keys-*", "edge-*"].map((resource) => ({
    resource,
    action: "delete",
    by: "@alexarno",
    until: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10),
  })),
};

const SNAPSHOTS_KEY = "Sparki prod: PostgreSQL and Redis storage, snapshots and Performance Insights";

/** A secret in an exported state. */
const CIPHERTEXT = { "4dabf18193072939515e22adb298388d": expect.any(String), ciphertext: expect.any(String) };

/** One cloud and one deploy, by plain pulumi as a person uses it in a second terminal; each test continues from the one before. */
describe("sparki cloud", () => {
  let runs: Runs;
  let run: string;
  let temporary: string;
  let serving: Promise<SparkiRun>;
  let end: () => void;
  let printed: string;
  let terminal: Terminal;
  let secrets: Secrets;
  let processes: readonly string[];
  const config = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");

  beforeAll(async () => {
    runs = makeRuns();
    run = join(runs.directory, "prod");
    temporary = join(runs.directory, "tmp");
    mkdirSync(temporary);
    const environment = { TMPDIR: temporary };
    printed = await new Promise<string>((resolve, reject) => {
      // From the first call to the last AWS refuses what the documents in delivery/ do not allow.
      const options = ["cloud", "--time-scale", "0.002", "--as", "deploying-role"];
      const watch: Parameters<typeof sparki>[2] = ({ stdout }, child) => {
        end = () => child.kill("SIGINT");
        if (stdout.includes("is ready")) resolve(stdout);
      };
      serving = sparki(options, runs, watch, environment);
      serving.then(({ stderr }) => reject(new Error(stderr)), reject);
    });
    terminal = new Terminal(printed, environment);
  });
  afterAll(async () => {
    end();
    await serving;
    runs.remove();
  });

  const variable = (name: string) => new RegExp(`^export ${name}=(.*)$`, "m").exec(printed)?.[1] ?? "";
  const headers = () => headersOf(variable("SPARKI_REHEARSAL_ACCESS"));
  const authority = () => readFileSync(variable("SPARKI_CA_FILE"), "utf8");
  const prometheusUrl = () =>
    `${parse(readFileSync(join(run, "work", "Pulumi.prod.yaml"), "utf8")).config["sparki:storm"].prometheusUrl}`;
  const world = () => {
    const { resources, remains } = JSON.parse(readFileSync(join(run, "world.json"), "utf8"));
    return { resources, kept: remains.map(({ name }: { name: string }) => name).sort() };
  };

  it("prints all that plain pulumi needs, the policies among it", async () => {
    expect(await terminal.ask("pulumi preview --non-interactive")).toMatch(/\+ \d+ to create/);
    await terminal.ask("pulumi config set --path sparki:database.multiZone false");
    const refused = await terminal.run("pulumi preview --non-interactive");
    expect(refused).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("[mandatory]  database-in-several-zones"),
    });
    await terminal.ask("pulumi config set --path sparki:database.multiZone true");
  });

  it("ends with its network where it is told to, so that the rest can be deployed from inside it", async () => {
    const changed = await terminal.run(`SPARKI_LAST_PART=all ${UP}`);
    expect(changed).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/SPARKI_LAST_PART is "all"; expected network/),
    });
    await terminal.ask(`SPARKI_LAST_PART=network ${UP}`);
    const types = world().resources.map(({ type }: { type: string }) => type.split(":").at(-1));
    expect(types).toEqual(expect.arrayContaining(["Vpc", "NatGateway", "VpcEndpoint", "FlowLog", "SecurityGroup"]));
    expect(
      types.filter((type: string) => /^(Cluster|Instance|ReplicationGroup|LoadBalancer|Zone)$/.test(type)),
    ).toEqual([]);
    const { network, ...others } = JSON.parse(await terminal.ask("pulumi stack output --json"));
    expect(others).toEqual({});
    expect(network).toEqual({
      vpcId: expect.stringMatching(/^vpc-/),
      subnetIds: [1, 2, 3].map(() => expect.stringMatching(/^subnet-/)),
      securityGroupId: expect.stringMatching(/^sg-/),
    });
  });

  it("lets plain pulumi up bring the configured release from there to promoted, and leaves the network as it is", async () => {
    const watch = new ProcessWatch();
    const lines = engineLines(await terminal.ask(`${UP} --json`));
    processes = watch.stop();
    secrets = secretsOf(run);
    expect(lines.find(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges).toEqual({
      create: expect.any(Number),
      same: expect.any(Number),
    });
    const outputs = outputsSchema.parse(JSON.parse(await terminal.ask("pulumi stack output --json")));
    expect(config).toContain(outputs.promotion.release.images.engine);
    expect(new Set(outputs.gates.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
  });

  it("has made every role, EKS's own among them, under the boundary that the deploying role is bound to", () => {
    const roles = world().resources.filter(({ type }: { type: string }) => type === "aws:iam/role:Role");
    expect(roles).toHaveLength(7);
    const boundary = "arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary";
    for (const { id, inputs } of roles) expect([id, inputs.permissionsBoundary]).toEqual([id, boundary]);
  });

  it("answers users, who are counted from now on", async () => {
    const client = new Client("https://prod.sparki.tools:8443", variable("SPARKI_DNS_SERVER"), authority());
    // Prometheus looks every second, and sees no rate in counters that have their last value at its first look.
    for (let wave = 0; wave < 5; wave += 1) {
      for (const path of ["/", "/api/projects", "/api/cache/health"]) {
        const { statuses } = await client.load(path, { seconds: 20, requests: 20 }, 4);
        expect({ path, statuses }).toEqual({ path, statuses: { 200: 20 } });
      }
      await sleep(2000);
    }
    await client.close();
  });

  it("finds everything the same the second time: no migration, no seed, no gate", async () => {
    const lines = engineLines(await terminal.ask(`${UP} --json`));
    const steps = lines.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
    const others = steps.filter(({ op }) => op !== "same");
    expect(steps.length).toBeGreaterThan(150);
    expect(others).toEqual([
      expect.objectContaining({ op: "read", urn: expect.stringMatching(/::previous-outputs$/) }),
    ]);
    const said = lines.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? []);
    expect(said.filter((message) => /one-box|fleet|applied|seed/.test(message))).toEqual([]);
  });

  it("has data for every query of every dashboard that the cluster holds, markers included", async () => {
    const grafana = await fetch(`${variable("SPARKI_REGISTRY")}/storm/grafana/api/search`, { headers: headers() });
    const dashboards: Dashboard[] = JSON.parse(await grafana.text());
    const queries = dashboards.flatMap(queriesOf);
    let without = queries;
    // Half an hour is six seconds at this pace: users have to ask while their burn rate is looked for.
    const ask = (users: number) => {
      const post = { method: "POST", headers: headers(), body: JSON.stringify({ users }) };
      return fetch(`${variable("SPARKI_REGISTRY")}/faults`, post);
    };
    expect((await ask(10)).status).toBe(200);
    // Rules are recorded every few seconds, and a rate needs two samples after that.
    for (const end = Date.now() + 300_000; without.length > 0 && Date.now() < end; await sleep(1000)) {
      const samples = await Promise.all(without.map((query) => samplesOf(prometheusUrl(), query, headers())));
      without = without.filter((_, index) => samples[index] === 0);
    }
    const found = `${queries.length - without.length} of ${queries.length} queries`;
    expect((await ask(0)).status).toBe(200);
    process.stderr.write(`dashboards: ${found} of ${dashboards.length} dashboards have samples\n`);
    expect(without).toEqual([]);
    expect({ dashboards: dashboards.length, enough: queries.length > 30 }).toEqual({ dashboards: 3, enough: true });
  });

  it("shows no secret in state, events, outputs, logs, files of the run or processes", async () => {
    await terminal.ask("pulumi stack export");
    await terminal.ask("pulumi stack output --json");
    expect(leakedIn(terminal.written.join("\n"), secrets)).toEqual([]);
    expect(leakedIn(processes.join("\n"), secrets)).toEqual([]);
    expect([...leakedFiles(run, secrets), ...leakedFiles(temporary, secrets)]).toEqual([]);
  });

  it("keeps Slack's address for Alertmanager in the state as ciphertext alone", async () => {
    const { deployment } = JSON.parse(await terminal.ask("pulumi stack export"));
    const found = deployment.resources.filter(({ urn }: { urn: string }) => urn.endsWith("::monitoring-slack"));
    expect(found).toEqual([
      expect.objectContaining({
        inputs: expect.objectContaining({ data: CIPHERTEXT }),
        id: "sparki-monitoring/slack",
      }),
    ]);
    expect(leakedIn(JSON.stringify(deployment), { address: `${variable("SPARKI_REGISTRY")}/slack` })).toEqual([]);
  });

  it("refuses to destroy what is protected before anything is gone, and says how to lift that", async () => {
    const before = world();
    const { exitCode, stdout } = await terminal.run(DESTROY);
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain("set sparki:protection to false");
    expect(stdout).not.toMatch(/ deleted( |$)/m);
    expect(world()).toEqual(before);
  });

  it("lifts every protection by config alone, and changes nothing else", async () => {
    const file = join(run, "work", "Pulumi.prod.yaml");
    const settings = parseDocument(readFileSync(file, "utf8"));
    for (const [key, value] of Object.entries(LIFTED)) settings.setIn(["config", key], settings.createNode(value));
    writeFileSync(file, settings.toString());
    const lines = engineLines(await terminal.ask(`${UP} --json`));
    const steps = lines.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
    const changed = steps.filter(({ op }) => op !== "same" && op !== "read").map(({ op, type }) => `${op} ${type}`);
    expect(changed.sort()).toEqual([
      "update aws:eks/cluster:Cluster",
      "update aws:lb/loadBalancer:LoadBalancer",
      "update aws:rds/instance:Instance",
      "update aws:s3/bucket:Bucket",
      "update command:local:Command",
      "update eks:index:Cluster",
    ]);
  });

  it("leaves only the final snapshots with their key, and the secret's recovery window, after a destroy then", async () => {
    await terminal.ask(DESTROY);
    expect(world()).toEqual({
      resources: [expect.objectContaining({ inputs: expect.objectContaining({ description: SNAPSHOTS_KEY }) })],
      kept: [
        "sparki-prod-cache-final",
        "sparki-prod-database-final",
        "sparki/prod/cache",
        expect.stringMatching(/^sparki\/prod\/database\/application-/),
        expect.stringMatching(/^sparki\/prod\/database\/migrations-/),
      ],
    });
    // Storm's Prometheus and Alertmanager are outside the account, as are the two processes of `sparki cloud` itself.
    const outside = /(rehearsal\/main|runbook\/sparki)\.ts|\/(prometheus|alertmanager) /;
    expect(runs.processes().filter((command) => !outside.test(command))).toEqual([]);
  });

  it("ends on Ctrl-C with all its processes, says what was kept, and never wrote to the stack's own config", async () => {
    end();
    const { exitCode, stderr } = await serving;
    expect(exitCode).toBe(0);
    expect(stderr).toContain("ends with 1 resources");
    expect(stderr).toContain("kept: snapshot sparki-prod-database-final");
    expect(runs.processes()).toEqual([]);
    expect(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8")).toBe(config);
  });

  it("has shown no secret in anything it wrote, to the end", async () => {
    const { stdout, stderr } = await serving;
    expect(leakedIn([...terminal.written, stdout, stderr].join("\n"), secrets)).toEqual([]);
    expect([...leakedFiles(run, secrets), ...leakedFiles(temporary, secrets)]).toEqual([]);
  });
});

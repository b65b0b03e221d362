import { spawn } from "node:child_process";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { CostExplorer, costRoutes } from "../../../rehearsal/aws/cost-explorer.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Route } from "../../../rehearsal/control.ts";
import { Account } from "../../rehearsal/aws/account.ts";
import { cacheInputs, clusterInputs, landscape } from "../../rehearsal/aws/landscape.ts";
import { runSparki } from "../../support/command-line.ts";
import { type HttpServer, serveHttp } from "../../support/http-server.ts";
import { rehearsed } from "../../support/rehearsal-access.ts";
import { type StandInTools, standInTools } from "../../support/stand-in-tools.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

describe("sparki housekeeping", () => {
  it.each([
    [["housekeeping", "everything"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "0"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "6"], "SPARKI_USAGE"],
    [["housekeeping", "--days", "all", "--yes"], "SPARKI_USAGE"],
    [["housekeeping", "--stack", "nowhere", "--yes"], "SPARKI_CONFIG"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  it("teaches what is never offered, and that nothing is deleted by default", async () => {
    const { exitCode, out } = await runSparki(["housekeeping", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of ["It deletes nothing unless --yes is given", "never offered", "a final snapshot is taken"])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

describe("sparki housekeeping, of what a stack costs", () => {
  const DAY = 86_400;
  const TODAY = Date.now() / 1000;
  const account = new Account();
  let [made, now] = [TODAY, TODAY];
  const costs = new CostExplorer({
    resources: () => account.world.all(),
    modelSeconds: () => account.cloud.clock.now() + now - made,
    now: () => now,
    pageSize: 100,
  });
  const asked: string[] = [];
  let server: HttpServer;
  let tools: StandInTools;

  beforeAll(async () => {
    const defaultTags = '{"tags":{"project":"sparki","stack":"staging"}}';
    const config = { ...account.session.config, allowedAccountIds: '["444455556666"]', defaultTags };
    account.session = { ...account.session, config };
    const land = await landscape(account);
    const cluster = { ...(await clusterInputs(account, land)), name: "sparki-staging" };
    await account.create({ type: TYPES.cluster, name: "cluster", inputs: cluster });
    const cache = await cacheInputs(account, land);
    await account.create({ type: TYPES.replicationGroup, name: "cache", inputs: cache, secrets: [["authToken"]] });
    const routes: Readonly<Record<string, Route>> = {
      ...costRoutes(costs),
      "GET /instances": async () => ({ instances: [] }),
    };
    server = await serveHttp(async (request, response) => {
      const name = `${request.method} ${request.url}`;
      asked.push(name);
      const body = request.method === "POST" ? await json(request) : undefined;
      const answer = await routes[name]?.(body, name)?.catch((error: Error) => ({ message: error.message }));
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? {}));
    });
    const state = account.world.all().filter(({ type }) => type !== TYPES.kmsKey);
    const resources = state.map(({ type, id, inputs }) => ({
      ...{ urn: `urn:pulumi:staging::sparki::${type}::${id}`, custom: true, type, id, inputs, outputs: {} },
    }));
    tools = standInTools({ "stack export": { version: 3, deployment: { resources } }, "stack ls": [] });
  });

  afterAll(async () => {
    tools.remove();
    await server.close();
    await account.close();
  });

  /** The command as a process of its own, with a rehearsal's Cost Explorer and nothing beyond this machine in reach. */
  async function run() {
    const access = rehearsed(new URL(server.url).origin);
    const env = { ...process.env, ...access, PATH: `${tools.folder}:/usr/bin:/bin`, SPARKI_DNS_SERVER: "127.0.0.1:9" };
    const argv = [join(ROOT, "runbook", "sparki.ts"), "housekeeping", "--stack", "staging", "--json"];
    const child = spawn(process.execPath, argv, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    const [exitCode, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { exitCode, out, err };
  }

  it("says that nothing is known, and how to change that, where no tag is activated", async () => {
    [made, now] = [TODAY - 100 * DAY, TODAY];
    const { exitCode, out, err } = await run();
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: expect.stringContaining("costs are not known") });
    expect(JSON.parse(out)).toMatchObject({
      exitCode: 0,
      costs: expect.stringMatching(
        /account 444455556666 .*which is not 0: .*aws ce update-cost-allocation-tags-status/,
      ),
    });
  });

  it("compares what was spent with the estimate by service, and names what is on one side alone", async () => {
    const keys = ["project", "stack", "aws:eks:cluster-name"];
    now = made;
    costs.updateTagsStatus({ CostAllocationTagsStatus: keys.map((TagKey) => ({ TagKey, Status: "Active" })) });
    now = TODAY;
    asked.length = 0;
    const { exitCode, out, err } = await run();
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: expect.stringContaining("spent on") });
    expect(JSON.parse(out).costs).toMatchObject({
      currency: "USD",
      services: [
        { service: "Amazon Elastic Compute Cloud - Compute", estimatedUsd: 111.69, spentUsd: 111.69, ratio: 1 },
        { service: "Amazon Elastic Container Service for Kubernetes", ratio: 1 },
        { service: "Amazon ElastiCache", estimatedUsd: 46.72, spentUsd: 46.72, ratio: 1 },
        // Not in the state: someone else made it under the stack's tags.
        { service: "AWS Key Management Service", estimatedUsd: null, spentUsd: 1, ratio: null },
      ],
    });
    expect(err).toMatch(/\n {2}Amazon ElastiCache +46\.72 +46\.72 +1\.00\n/);
    expect(err).toContain("spent, and in no estimate: AWS Key Management Service");
    // A day has four groups, and a page a hundred.
    expect(asked.filter((each) => each === "POST /cost-explorer/get-cost-and-usage")).toHaveLength(3);
  }, 120_000);
});

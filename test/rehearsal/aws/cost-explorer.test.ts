import { CostExplorer } from "../../../rehearsal/aws/cost-explorer.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { type CostByService, type CostRequest, costByService, spentDays } from "../../../runbook/housekeeping/costs.ts";
import { Account } from "./account.ts";
import { cacheInputs, clusterInputs, databaseInputs, landscape } from "./landscape.ts";

const MADE = Date.UTC(2026, 8, 20, 12) / 1000;
const DAY = 86_400;
const TEST = { stack: "test", accountId: "111122223333" };
const TAGS = ["project", "stack", "aws:eks:cluster-name"];

const account = new Account();
/** The account's own time, which a test moves. */
let now = MADE;
const explorer = (pageSize?: number) =>
  new CostExplorer({
    resources: () => account.world.all(),
    modelSeconds: () => account.cloud.clock.now() + now - MADE,
    now: () => now,
    ...(pageSize !== undefined && { pageSize }),
  });
const activate = (costs: CostExplorer, keys: readonly string[] = TAGS) =>
  costs.updateTagsStatus({ CostAllocationTagsStatus: keys.map((TagKey) => ({ TagKey, Status: "Active" })) });
const spent = (costs: CostExplorer, spender = TEST) =>
  spentDays(async (request) => costs.costAndUsage(request), spender, now);

/** What Pulumi's state would hold of the account. */
function state() {
  const own = account.world.all().filter(({ owner }) => owner === undefined);
  return own.map(({ type, id, inputs }) => ({
    ...{ urn: `urn:pulumi:test::sparki::${type}::${id}`, type, id, custom: true, outputs: {} },
    inputs: { ...inputs },
  }));
}

function known(found: CostByService | string): CostByService {
  if (typeof found === "string") throw new Error(found);
  return found;
}
const compared = async (costs: CostExplorer) => known(costByService(state(), await spent(costs), TEST, now));

beforeAll(async () => {
  const config = { ...account.session.config, defaultTags: '{"tags":{"project":"sparki","stack":"test"}}' };
  account.session = { ...account.session, config };
  const land = await landscape(account);
  const [cluster, database, cache] = await Promise.all([
    clusterInputs(account, land),
    databaseInputs(account, land),
    cacheInputs(account, land),
  ]);
  await account.create({ type: TYPES.cluster, name: "cluster", inputs: cluster });
  await account.create({ type: TYPES.database, name: "database", inputs: database });
  await account.create({ type: TYPES.replicationGroup, name: "cache", inputs: cache, secrets: [["authToken"]] });
});

beforeEach(() => {
  now = MADE;
});

afterAll(() => account.close());

describe("CostExplorer", () => {
  it("bills by the hour what the estimate expects by the month, service by service", async () => {
    const costs = explorer();
    expect(activate(costs)).toEqual({ Errors: [] });
    now = MADE + 60 * DAY;
    const found = await compared(costs);
    expect(found).toMatchObject({ from: "2026-10-01", to: "2026-10-31", days: 31, partial: [] });
    expect(found.services.map(({ service, ratio }) => [service, ratio]).sort()).toEqual([
      ["AWS Key Management Service", 1],
      // The master secret of the database is RDS's own, and bears none of the stack's tags.
      ["AWS Secrets Manager", null],
      ["Amazon ElastiCache", 1],
      ["Amazon Elastic Compute Cloud - Compute", 1],
      ["Amazon Elastic Container Service for Kubernetes", 1],
      ["Amazon Relational Database Service", 1],
    ]);
    expect(found.spentUsd).toBeCloseTo(found.estimatedUsd, 0);
  });

  it("finds nothing by tags that are not activated, and nodes only by EKS's own", async () => {
    const costs = explorer();
    now = MADE + 60 * DAY;
    expect(costByService(state(), await spent(costs), TEST, now)).toContain("which is not 0");
    activate(costs, ["project", "stack"]);
    now += 10 * DAY;
    const compute = (await compared(costs)).services.find(({ service }) => service.endsWith("- Compute"));
    expect(compute).toMatchObject({ spentUsd: null, ratio: null });
    activate(costs, ["aws:eks:cluster-name"]);
    now += 10 * DAY;
    expect((await spent(costs)).at(-3)?.services.get("Amazon Elastic Compute Cloud - Compute")).toBeGreaterThan(0);
  });

  it("finds nothing of another stack, nor of another account", async () => {
    const costs = explorer();
    activate(costs);
    now = MADE + 60 * DAY;
    for (const other of [
      { ...TEST, stack: "prod" },
      { ...TEST, accountId: "444455556666" },
    ])
      expect((await spent(costs, other)).every(({ services }) => services.size === 0)).toBe(true);
  });

  it("tells the same on many small pages", async () => {
    const [whole, paged] = [explorer(), explorer(50)];
    activate(whole);
    activate(paged);
    now = MADE + 60 * DAY;
    let pages = 0;
    const days = await spentDays(
      async (request) => {
        pages += 1;
        return paged.costAndUsage(request);
      },
      TEST,
      now,
    );
    expect(days).toEqual(await spent(whole));
    expect(pages).toBeGreaterThan(2);
  });

  it("is a day late, and calls a month estimated until its bill is final", async () => {
    const costs = explorer();
    activate(costs);
    now = Date.UTC(2026, 10, 4, 12) / 1000;
    expect((await spent(costs)).filter(({ isEstimated }) => !isEstimated).at(-1)?.day).toBe("2026-09-30");
    now = Date.UTC(2026, 10, 5, 12) / 1000;
    const days = await spent(costs);
    expect(days.filter(({ isEstimated }) => !isEstimated).at(-1)?.day).toBe("2026-10-31");
    const database = "Amazon Relational Database Service";
    const [half = 0, all = 0] = [days.at(-1)?.services.get(database), days.at(-2)?.services.get(database)];
    expect(half / all).toBeCloseTo(0.5, 3);
  });

  it.each<[string, object, string]>([
    ["a metric that is not modelled", { Metrics: ["BlendedCost"] }, "ValidationException: Metrics.0"],
    ["no days", { TimePeriod: { Start: "2026-09-20", End: "2026-09-20" } }, "Start date (and hour) should be before"],
    ["days to come", { TimePeriod: { Start: "2026-09-22", End: "2026-09-23" } }, "cannot be after today"],
    ["days long ago", { TimePeriod: { Start: "2024-09-22", End: "2026-09-23" } }, "beyond 14 months"],
    ["one condition in an And", { Filter: { And: [{ Tags: { Key: "stack", Values: ["test"] } }] } }, "Filter.And"],
    ["two conditions in one place", { Filter: { Not: {}, Tags: { Key: "stack", Values: ["test"] } } }, "Filter"],
    ["a token of its own", { NextPageToken: "page" }, "InvalidNextTokenException"],
    ["what nobody knows", { Sort: "DAY" }, "Sort"],
  ])("refuses %s", async (_, more, message) => {
    const asked: CostRequest[] = [];
    const keep = async (request: CostRequest) => {
      asked.push(request);
      return { ResultsByTime: [] };
    };
    await spentDays(keep, TEST, now);
    expect(() => explorer().costAndUsage({ ...asked[0], ...more })).toThrow(message);
  });

  it("does not activate a tag that nothing bears", () => {
    expect(activate(explorer(), ["stack", "team"])).toEqual({
      Errors: [{ TagKey: "team", Code: "TagKeysNotFound", Message: "Tag keys not found" }],
    });
  });
});

import { PassThrough } from "node:stream";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { upgradesOf, upgradesText } from "../../../runbook/upgrades/upgrades.ts";
import { parsedStackConfig } from "../../support/policy-stack.ts";

const { paint } = plainScreen(new PassThrough());
const TODAY = "2026-11-29";
const config = parsedStackConfig();

const stateOf = (what: RegExp, changes: object, today = TODAY, within = 30) => {
  const { endings, exitCode } = upgradesOf("prod", { ...config, ...changes }, today, within);
  const found = endings.find((ending) => what.test(ending.what));
  return { exitCode, state: found?.state, ends: found?.ends, daysLeft: found?.daysLeft };
};

describe("upgradesOf", () => {
  const quiet = { exemptions: [], approvals: [], database: { ...config.database, passwordsSince: TODAY } };

  it.each([
    ["1.34", "2026-12-02", "2026-12-02", "soon", 0],
    ["1.34", "2026-12-03", "2026-12-02", "ended", -1],
    ["1.35", TODAY, "2027-03-27", "later", 118],
  ])("counts the days of Kubernetes %s on %s", (version, today, ends, state, daysLeft) => {
    const cluster = { ...config.cluster, version };
    const database = { ...quiet.database, passwordsSince: today };
    const exitCode = state === "later" ? 0 : 1;
    expect(stateOf(/^Kubernetes/, { ...quiet, database, cluster }, today)).toEqual({ exitCode, state, ends, daysLeft });
  });

  it("says of a version in no table that it knows nothing, first of all, and never that it is well", () => {
    const changes = { ...quiet, cluster: { ...config.cluster, version: "1.99" } };
    expect(stateOf(/^Kubernetes/, changes)).toMatchObject({ exitCode: 1, state: "unknown", ends: null });
    expect(upgradesOf("prod", { ...config, ...changes }, TODAY, 30).endings[0]?.what).toBe("Kubernetes 1.99 on EKS");
  });

  it("asks the API server of the next version before the config names it, where that is pinned here", () => {
    const next = (version: string) => {
      const { endings } = upgradesOf("prod", { ...config, cluster: { ...config.cluster, version } }, TODAY, 30);
      return endings.find(({ what }) => what.startsWith("Kubernetes"))?.next;
    };
    const set = (version: string) => `set sparki:cluster.version to ${version} in Pulumi.prod.yaml`;
    expect(next("1.34")).toContain(`npx sparki upgrades --kubernetes 1.35; then ${set("1.35")}`);
    expect(next("1.32")).toMatch(new RegExp(`^${set("1.33")}`));
  });

  it.each([
    ["14.20", "2027-02-28", "later"],
    ["13.22", "2026-02-28", "ended"],
    ["17.6", "2030-02-28", "later"],
  ])("knows when PostgreSQL %s ends", (engineVersion, ends, state) => {
    expect(stateOf(/^PostgreSQL/, { database: { ...quiet.database, engineVersion } })).toMatchObject({ ends, state });
  });

  it.each([
    ["16.10", "17"],
    ["17.6", "18"],
  ])("says by which key of the config PostgreSQL %s is upgraded, to the next that RDS makes", (engineVersion, next) => {
    const database = { ...quiet.database, engineVersion };
    const { endings } = upgradesOf("prod", { ...config, database }, TODAY, 30);
    expect(endings.find(({ what }) => what.startsWith("PostgreSQL"))?.next).toBe(
      `plan the upgrade to ${next} by sparki:database.majorUpgrade in Pulumi.prod.yaml: docs/upgrades.md`,
    );
  });

  it.each([
    ["7.1", null, "open"],
    ["6.2", "2027-01-31", "later"],
  ] as const)("knows when Redis %s ends, if AWS has said so", (engineVersion, ends, state) => {
    expect(stateOf(/^Redis/, { cache: { ...config.cache, engineVersion } })).toMatchObject({ ends, state });
  });

  it("counts the age of passwords as the policies do", () => {
    const database = { ...config.database, passwordsSince: "2026-09-15" };
    expect(stateOf(/passwords/, { database })).toMatchObject({ exitCode: 1, state: "soon", ends: "2026-12-14" });
  });

  it("counts the age of Redis's token as well", () => {
    const cache = { ...config.cache, authTokenSince: "2026-08-15" };
    expect(stateOf(/AUTH token/, { cache })).toMatchObject({ exitCode: 1, state: "ended", ends: "2026-11-13" });
  });

  it("lists exemptions, approvals and the restore tests with the day that each ends", () => {
    const changes = {
      exemptions: [{ control: "S32", resource: "*-instance.port", reason: "x", by: "@ada", until: "2026-12-10" }],
      approvals: [{ resource: "cache-redis", action: "replace", by: "@ada", until: "2026-11-28" }],
      preflight: {
        ...config.preflight,
        restoreTest: { on: "2026-10-01", by: "ada", snapshot: "s" },
        cacheRestoreTest: { on: "2026-08-20", by: "ada", snapshot: "automatic.s" },
      },
    } as const;
    expect(stateOf(/^the exemption/, changes)).toMatchObject({ state: "soon", daysLeft: 11 });
    expect(stateOf(/^the approval/, changes)).toMatchObject({ state: "ended", daysLeft: -1 });
    expect(stateOf(/^the recorded restore test$/, changes)).toMatchObject({ state: "later", ends: "2027-01-01" });
    expect(stateOf(/^the recorded restore test of the cache$/, changes)).toMatchObject({
      ...{ exitCode: 1, state: "ended", ends: "2026-11-20" },
    });
  });

  it("tells the soonest first, what has no end last, and is done when nothing is due", () => {
    const found = upgradesOf("prod", { ...config, ...quiet }, TODAY, 30);
    const days = found.endings.map(({ daysLeft }) => daysLeft ?? Number.POSITIVE_INFINITY);
    expect(days).toEqual([...days].sort((one, other) => one - other));
    expect(found.exitCode).toBe(0);
  });
});

describe("upgradesText", () => {
  it("says what to do only of what is due, in 80 columns", () => {
    const cluster = { ...config.cluster, version: "1.34" };
    const text = upgradesText(upgradesOf("prod", { ...config, cluster }, TODAY, 30), paint);
    expect(text).toContain("2026-12-02, in 3 days");
    expect(text.replace(/\s+/g, " ")).toContain("→ npx sparki upgrades --kubernetes 1.35; then set");
    expect(text.match(/→/g)).toHaveLength(1);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

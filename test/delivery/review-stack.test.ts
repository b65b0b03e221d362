import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { pullRequestOf, reviewConfig } from "../../delivery/review-stack.ts";
import { readStack, stackConfigIn } from "../../runbook/preflight/stack-file.ts";
import { longestStackName } from "../../stacks/config.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const REVIEW = { by: "@alexarno", until: "2026-12-04" };
const text = reviewConfig("pr-123", REVIEW);
const config = stackConfigIn(text, { file: "Pulumi.pr-123.yaml", stack: "pr-123" });
const staging = readStack("staging", { cwd: ROOT, env: {} }).config;

describe("reviewConfig", () => {
  it("is a config that sparki takes, of sizes no larger than staging's, with data and the way out in one zone", () => {
    expect(config.network.zones).toEqual(staging.network.zones.slice(0, 2));
    expect(config.network.natGateways).toBe("one");
    expect(config.database).toMatchObject({ instanceClass: "db.t4g.medium", multiZone: false, storageGib: 20 });
    expect(config.cache).toMatchObject({ nodeType: "cache.t4g.small", replicas: 1 });
    expect(config.database.storageGib).toBeLessThan(staging.database.storageGib);
    for (const name of ["engine", "web"] as const)
      expect(config[name].maxReplicas).toBeLessThanOrEqual(staging[name].maxReplicas);
  });

  it("runs the commit's own release under the same gates, in the same account, by a name of its own", () => {
    for (const same of [
      "release",
      "objectives",
      "gate",
      "accountId",
      "region",
      "exemptions",
      "allowedRegistries",
    ] as const)
      expect([same, config[same]]).toEqual([same, staging[same]]);
    expect(config.domain).toBe(`pr-123.${staging.domain}`);
    expect(config.network.cidr).not.toBe(staging.network.cidr);
    expect(config.permissionsBoundary).toBe(
      `arn:aws:iam::${staging.accountId}:policy/sparki-pr-123-permission-boundary`,
    );
    const roles = ["deploys", "plans"].map((does) => `arn:aws:iam::${staging.accountId}:role/${does}-sparki-pr-123`);
    const people = staging.cluster.administrators.filter((arn) => !/role\/(deploys|drills)-sparki-/.test(arn));
    expect(people).toHaveLength(1);
    expect(config.cluster).toMatchObject({ administrators: [...people, ...roles], readers: [] });
  });

  it("is no production, is relaxed by name, and may be deleted by whom it names until the day that it names", () => {
    expect([config.production, config.protection]).toEqual([false, false]);
    expect(config.relaxations.map(({ control }) => control)).toEqual(["S24", "D07"]);
    expect(config.approvals.map(({ resource }) => resource)).toEqual(["database-*", "cache-*", "keys-*", "edge-*"]);
    for (const { by, until, action } of config.approvals)
      expect([by, until, action]).toEqual(["@alexarno", "2026-12-04", "delete"]);
  });

  it("holds no secret of the stack that it begins with, which is encrypted for that one", () => {
    const like = parse(readFileSync(join(ROOT, "Pulumi.staging.yaml"), "utf8"));
    const secret = { secure: "v1:abc" };
    const secrets = { "sparki:slackToken": secret, "sparki:pagerdutyKey": secret, "sparki:imagePullSecret": secret };
    const own = {
      encryptionsalt: "v1:salt",
      config: { ...like.config, ...secrets, "sparki:onCall": { page: ["pagerduty"], ticket: [] } },
    };
    const made = reviewConfig("pr-123", REVIEW, stringify(own, { defaultStringType: "QUOTE_DOUBLE" }));
    expect(made).not.toMatch(/secure|salt|pagerduty/);
    expect(stackConfigIn(made, { file: "Pulumi.pr-123.yaml", stack: "pr-123" })).toEqual(config);
  });

  it.each([
    ["prod", REVIEW, "expected pr-<number>"],
    ["pr-0", REVIEW, "expected pr-<number>"],
    ["pr-12345678", REVIEW, "expected pr-<number>"],
    ["pr-1", { ...REVIEW, by: "alexarno" }, "expected a handle at GitHub"],
    ["pr-1", { ...REVIEW, by: "@dependabot[bot]" }, "expected a handle at GitHub"],
    ["pr-1", { ...REVIEW, until: "tomorrow" }, "expected one such as 2026-12-04"],
  ])("refuses %s with %j", (stack, review, words) => {
    expect(() => reviewConfig(stack, review)).toThrow(words);
  });

  it("is written by the command that the workflow and the deployments run", () => {
    const words = ["delivery/review-stack.ts", "pr-123", "@alexarno", "2026-12-04"];
    const { status, stdout } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: "utf8" });
    expect([status, stdout]).toEqual([0, text]);
  });
});

describe("pullRequestOf", () => {
  it("knows a pull request's stack by its name, which AWS's names have room for", () => {
    expect(["pr-1", "pr-9999999"].map(pullRequestOf)).toEqual([1, 9_999_999]);
    expect(["prod", "pr-", "pr-01", "pr-1x", "pr-10000000"].map(pullRequestOf)).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect("pr-9999999".length).toBeLessThanOrEqual(longestStackName());
  });
});

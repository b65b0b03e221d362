import { controlPlanesOf, settingsBeforeUpgrade, settingsOfUpgrade } from "../../../runbook/rehearse/live-before.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../support/stack-config.ts";

const raw = rawConfig("prod");
const withValues = (key: string, values: object) => ({
  ...raw,
  [key]: JSON.stringify({ ...JSON.parse(raw[key] ?? ""), ...values }),
});
const at = (version: string) => withValues("sparki:cluster", { version });
const withPostgres = (engineVersion: string) => withValues("sparki:database", { engineVersion });
const withRedis = (engineVersion: string) => withValues("sparki:cache", { engineVersion });

describe("settingsBeforeUpgrade", () => {
  it("is the minor version before, while AWS supports it", () => {
    expect(settingsBeforeUpgrade("kubernetes", at("1.35"), "prod", Date.parse("2026-12-02T12:00:00Z"))).toEqual([
      { key: ["sparki:cluster", "version"], value: "1.34" },
    ]);
  });

  it("has an exemption for days beside the stack's own, once AWS's standard support has ended", () => {
    const [version, exempt] = settingsBeforeUpgrade(
      "kubernetes",
      at("1.35"),
      "prod",
      Date.parse("2026-12-03T12:00:00Z"),
    );
    expect(version).toEqual({ key: ["sparki:cluster", "version"], value: "1.34" });
    expect(exempt?.key).toEqual(["sparki:exemptions"]);
    const own = JSON.parse(raw["sparki:exemptions"] ?? "[]");
    expect(exempt?.value).toEqual([
      ...own,
      expect.objectContaining({ control: "S10", resource: "cluster-eks-eksCluster.version", until: "2026-12-05" }),
    ]);
  });

  it.each([
    ["7.1", "7.0"],
    ["7.0", "6.2"],
  ])("is for Redis %s the version before that a config can name, %s", (version, value) => {
    expect(settingsBeforeUpgrade("redis", withRedis(version), "prod", Date.now())).toEqual([
      { key: ["sparki:cache", "engineVersion"], value },
    ]);
  });

  it.each([
    ["17.6", "16.10"],
    ["18.1", "17.7"],
  ])("is for PostgreSQL %s the newest version that RDS upgrades to it, %s", (version, value) => {
    expect(settingsBeforeUpgrade("postgres", withPostgres(version), "prod", Date.now())).toEqual([
      { key: ["sparki:database", "engineVersion"], value },
    ]);
  });

  it("permits the upgrade of PostgreSQL from the major version before, for days", () => {
    const permits = { upgradeOf: "postgres", snapshot: "before" } as const;
    expect(settingsOfUpgrade(permits, withPostgres("17.6"), "prod", Date.parse("2026-11-30T12:00:00Z"))).toEqual([
      {
        key: ["sparki:database", "majorUpgrade"],
        value: { from: "16", snapshot: "before", by: "@rehearsal", until: "2026-12-02" },
      },
      {
        key: ["sparki:preflight", "restoreTest"],
        value: { on: "2026-11-30", by: "rehearsal", snapshot: "none", upgrade: { to: "17.6", on: "2026-11-30" } },
      },
    ]);
  });

  it("refuses the oldest version there is, and names it", () => {
    const of = (what: "kubernetes" | "postgres" | "redis", config: typeof raw) => () =>
      settingsBeforeUpgrade(what, config, "prod", Date.now());
    expect(of("kubernetes", at("1.31"))).toThrow("sparki:cluster.version is 1.31; expected one after 1.31");
    expect(of("postgres", withPostgres("13.22"))).toThrow("sparki:database.engineVersion is 13.22; expected one after");
    expect(of("redis", withRedis("6.2"))).toThrow("sparki:cache.engineVersion is 6.2; expected one after 6.2");
  });
});

describe("controlPlanesOf", () => {
  const planes = (version: string) => controlPlanesOf(parseConfig(at(version), "prod"));

  it("are the programs of the version before and of the config's own, none newer than its API server", () => {
    const programs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    expect(planes("1.35")).toEqual({ tools: [...programs.map((name) => `${name}-1.34`), ...programs] });
  });

  it("are none where one of the two is not pinned, and it says which", () => {
    expect(planes("1.34")).toEqual({ tools: [], why: expect.stringContaining("of Kubernetes 1.33 it is not pinned") });
  });
});

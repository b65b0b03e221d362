import { readFileSync } from "node:fs";
import { join } from "node:path";
import { usersSql } from "../../../apps/database-jobs.ts";
import { databaseRights, podReaches, podsPage } from "../../../policies/declared/pod-reach.ts";

const reachOf = (name: string) => podReaches().find(({ serviceAccount }) => serviceAccount === name);

describe("docs/engine-pod.md", () => {
  it("is what the policies declare (after a change: node docs/generate.ts engine-pod)", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "engine-pod.md"), "utf8");
    expect(page).toBe(podsPage());
  });
});

describe(podReaches.name, () => {
  it("knows every pod that has a service account", () => {
    expect(podReaches().map(({ serviceAccount }) => serviceAccount)).toEqual([
      "engine",
      "migrations",
      "database-users",
      "web",
      "e2e",
    ]);
  });

  it("gives the engine rows, its cache and the ways to both, and nothing of Kubernetes", () => {
    expect(reachOf("engine")).toMatchObject({
      databaseRoles: ["sparki_application"],
      hasCache: true,
      hasToken: false,
      clusterRules: 0,
      writable: ["/tmp"],
      egress: [
        "addresses within the cluster's resolver: UDP 53, TCP 53",
        "addresses within the database subnets: TCP 5432",
        "addresses within the database subnets: TCP 6379",
      ],
    });
  });

  it("gives the web UI's pods nothing to read and nowhere to go", () => {
    expect(reachOf("web")).toMatchObject({
      grants: [],
      databaseRoles: [],
      hasCache: false,
      hasToken: false,
      egress: [],
    });
  });

  it("gives the engine's role no action that writes", () => {
    const actions = new Set(reachOf("engine")?.grants.flatMap((grant) => grant.actions));
    expect([...actions].sort()).toEqual([
      "kms:Decrypt",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
    ]);
  });
});

describe(databaseRights.name, () => {
  it("reads of the reviewed statements that the application may change rows and no object", () => {
    expect(databaseRights(usersSql())).toEqual({
      sparki_application: {
        database: ["CONNECT"],
        schema: ["USAGE"],
        tables: ["SELECT", "INSERT", "UPDATE", "DELETE"],
        sequences: ["USAGE", "SELECT"],
      },
    });
  });

  it("reads no statements that were not reviewed", () => {
    expect(() => databaseRights("GRANT ALL ON SCHEMA public TO sparki_application;")).toThrow(/not reviewed/);
  });
});

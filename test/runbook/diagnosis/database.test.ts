import {
  databaseAccess,
  databaseConnections,
  databaseErrors,
  databaseName,
  secretsPresent,
} from "../../../runbook/diagnosis/diagnose.ts";
import { diagnosisContext, examine } from "../../support/diagnosis.ts";
import { fakeState, NO_NAMES, resource } from "../../support/preflight.ts";

const { config } = diagnosisContext();
const address = "sparki-prod-database.c1.us-east-1.rds.amazonaws.com";
const instance = { address, vpcSecurityGroups: ["sg-db"] };
const looks = { "rds/getInstance": instance };
const names = (...addresses: string[]) => ({
  ...NO_NAMES,
  addressesOf: async () => addresses,
});

describe("secretsPresent", () => {
  it("fails when the secrets that the state has are gone", async () => {
    const application = `sparki/prod/database/application-${config.database.passwordsSince}`;
    const names = [application, "sparki/prod/cache"];
    const made = names.map((name) => resource("aws:secretsmanager/secret:Secret", name, { inputs: { name } }));
    expect(await examine(secretsPresent, diagnosisContext({ state: fakeState(made) }))).toMatchObject({
      status: "fail",
      reason: `${names.join(" and ")} does not exist`,
    });
  });
});

describe("databaseName", () => {
  it("passes with its addresses", async () => {
    expect(await examine(databaseName, diagnosisContext({ looks, names: names("10.40.3.7") }))).toEqual({
      status: "pass",
      reason: `${address} is 10.40.3.7`,
    });
  });

  it("fails without one, and without a database", async () => {
    const fix = "aws rds describe-db-instances --db-instance-identifier sparki-prod-database";
    expect(await examine(databaseName, diagnosisContext({ looks }))).toEqual({
      status: "fail",
      reason: `${address} has no address: the instance is not up`,
      fix,
    });
    expect(await examine(databaseName, diagnosisContext())).toEqual({
      status: "fail",
      reason: "there is no database",
      fix,
    });
  });
});

describe("databaseAccess", () => {
  const cluster = { vpcConfig: { clusterSecurityGroupId: "sg-pods" } };
  const rule = { isEgress: false, fromPort: 5432, toPort: 5432, referencedSecurityGroupId: "sg-pods" };
  const lookAt = (changes: object) => {
    const rules = { "vpc/getSecurityGroupRules": { ids: ["r"] }, "vpc/getSecurityGroupRule": { ...rule, ...changes } };
    return examine(databaseAccess, diagnosisContext({ looks: { ...looks, "eks/getCluster": cluster, ...rules } }));
  };

  it("passes when the group lets the pods in", async () => {
    expect(await lookAt({})).toEqual({ status: "pass", reason: "sg-db lets sg-pods in on port 5432" });
  });

  it.each([
    ["from elsewhere", { referencedSecurityGroupId: "sg-other" }],
    ["to another port", { fromPort: 443, toPort: 443 }],
    ["outwards", { isEgress: true }],
  ])("fails when it only lets others in: %s", async (_, changes) => {
    expect(await lookAt(changes)).toMatchObject({
      status: "fail",
      reason: "sg-db does not let the cluster's pods (sg-pods) in on port 5432",
      fix: expect.stringContaining("aws cloudtrail lookup-events"),
    });
  });

  it("is skipped where there is none", async () => {
    expect(await examine(databaseAccess, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});

describe("databaseConnections", () => {
  const lookAt = (active: number, waiting: number) =>
    examine(
      databaseConnections,
      diagnosisContext({
        metrics: {
          "database_connections{": active,
          database_connections_max: 100,
          database_connection_waiters: waiting,
        },
      }),
    );

  it.each([
    [90, 0, "pass", "90 of 100 connections are in use, 0 requests wait for one"],
    [20, 3, "warn", "20 of 100 connections are in use, 3 requests wait for one"],
    [91, 0, "fail", "91 of 100 connections are in use, 0 requests wait for one"],
  ])("with %d in use and %d waiting is a %s", async (active, waiting, status, reason) => {
    expect(await lookAt(active, waiting)).toMatchObject({ status, reason });
  });

  it("is skipped where nothing is measured", async () => {
    expect(await examine(databaseConnections, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});

describe("databaseErrors", () => {
  it.each([
    [0.01, "pass", "1.00 % of queries failed in the last 5 minutes"],
    [0.02, "fail", "2.00 % of queries failed in the last 5 minutes"],
  ])("at %d is a %s", async (ratio, status, reason) => {
    const metrics = { database_queries_total: ratio };
    expect(await examine(databaseErrors, diagnosisContext({ metrics }))).toMatchObject({ status, reason });
  });
});

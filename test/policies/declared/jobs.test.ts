import { authoritiesOf, jobManifest, usersCommand, usersSql } from "../../../apps/database-jobs.ts";
import { JOB_INPUTS, USERS_FILES } from "../../../policies/declared/jobs.ts";
import { mismatches } from "../../../policies/declared/shape.ts";
import { situation } from "../../support/policy-fixtures.ts";
import { kubeconfigOf } from "../../support/policy-kubeconfig.ts";

const world = { ...situation(), bound: {} };
const host = "sparki-prod-database.c0123456789a.us-east-1.rds.amazonaws.com";
const target = { host, port: 5432, databaseName: "sparki" };
const { database: stores, release } = world.config;
const image = stores.clientImage;
const database = { DATABASE_HOST: host, DATABASE_PORT: "5432", DATABASE_NAME: "sparki" };

const users = {
  name: "users",
  image,
  releaseId: undefined,
  serviceAccount: "database-users",
  secretProviderClass: "jobs-users",
  deadlineSeconds: 600,
  imagePullSecrets: [],
  ...usersCommand(target),
};
const migrate = {
  ...users,
  name: "migrate",
  image: release.images.engine,
  releaseId: "2026.11.1",
  serviceAccount: "migrations",
  secretProviderClass: "jobs-migrate",
  command: ["/app/migrate", "up"],
  environment: database,
};
const seed = {
  ...migrate,
  name: "seed",
  serviceAccount: "engine",
  secretProviderClass: "jobs-seed",
  command: ["/app/seed-data"],
};
const withoutFiles = ({ files: _, ...settings }: typeof users | typeof migrate) => settings;
const input = (settings: Parameters<typeof jobManifest>[0], more: object = {}) =>
  JSON.stringify({ kubeconfig: kubeconfigOf(), job: { ...jobManifest(settings), ...more } });
const isDeclared = (job: keyof typeof JOB_INPUTS, text: string) =>
  mismatches(() => text, JOB_INPUTS[job], world).length === 0;

describe("JOB_INPUTS", () => {
  it("has what the program tells each of its jobs (a changed script is reviewed, and its digest declared)", () => {
    expect(isDeclared("users", input(users))).toBe(true);
    expect(isDeclared("migrate", input(withoutFiles(migrate)))).toBe(true);
    expect(isDeclared("seed", input(withoutFiles(seed)))).toBe(true);
    expect(isDeclared("seed", input({ ...withoutFiles(seed), imagePullSecrets: [{ name: "image-pull" }] }))).toBe(true);
  });

  it.each([
    ["another script", { ...users, command: ["/bin/sh", "-euc", `${users.command[2]}\nid`] }],
    ["another shell", { ...users, command: ["/bin/bash", "-euc", users.command[2] ?? ""] }],
    ["a server that is not verified", { ...users, environment: { ...users.environment, PGSSLMODE: "require" } }],
    ["one more variable", { ...users, environment: { ...users.environment, LD_PRELOAD: "/tmp/x.so" } }],
    ["another identity", { ...users, serviceAccount: "engine" }],
    ["another job's secrets", { ...users, secretProviderClass: "jobs-migrate" }],
    ["another name", { ...users, name: "migrate" }],
    ["an image by its tag", { ...users, image: "ghcr.io/alexarno/sparki/engine:latest" }],
    ["an image from elsewhere", { ...users, image: `ghcr.io/alexarno/../evil@sha256:${"1".repeat(64)}` }],
    ["other files", { ...users, files: { configMap: "evil", folder: "/etc/sparki" } }],
    ["files in another place", { ...users, files: { configMap: "database-users", folder: "/mnt" } }],
    ["another pull secret", { ...users, imagePullSecrets: [{ name: "slack" }] }],
  ])("has nothing with %s", (_what, settings) => expect(isDeclared("users", input(settings))).toBe(false));

  it("has no job of another namespace or kind, and no text that is not JSON", () => {
    expect(isDeclared("users", input(users, { kind: "CronJob" }))).toBe(false);
    expect(isDeclared("users", input(users, { metadata: { name: "users", namespace: "kube-system" } }))).toBe(false);
    expect(isDeclared("users", "kubeconfig: {}")).toBe(false);
  });
});

describe("USERS_FILES", () => {
  const files = { "database-users.sql": usersSql(), "rds-ca.pem": authoritiesOf("us-east-1") };
  const isThere = (changes: object) => mismatches(() => ({ ...files, ...changes }), USERS_FILES, world).length === 0;

  it("has the statements and authorities that the program brings", () => expect(isThere({})).toBe(true));

  it.each([
    ["one more statement", { "database-users.sql": `${usersSql()}\nALTER USER postgres SUPERUSER;` }],
    ["another authority", { "rds-ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" }],
    ["more than authorities", { "rds-ca.pem": `${files["rds-ca.pem"]}x` }],
    ["no authority", { "rds-ca.pem": "" }],
    ["one more file", { "evil.sh": "id" }],
  ])("has nothing with %s", (_what, changes) => expect(isThere(changes)).toBe(false));
});

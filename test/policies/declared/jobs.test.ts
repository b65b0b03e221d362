import { authoritiesOf, jobManifest, usersCommand, usersSql } from "../../../apps/database-jobs.ts";
import { JOB_INPUTS, USERS_FILES } from "../../../policies/declared/jobs.ts";
import { mismatches } from "../../../policies/declared/shape.ts";
import { declarationOf } from "../../../policies/declared/world.ts";
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

describe("the triggers of a job", () => {
  const SQL = "96f85d322d1c85a9e405d0169843dba3cba6adc24503d2db2de61699277540a4";
  const isTaken = (job: keyof typeof JOB_INPUTS, triggers: unknown, kept = "") => {
    const name = `database-jobs-${job}-run`;
    const options = {
      ...{ protect: false, aliases: [], additionalSecretOutputs: [], customTimeouts: {} },
      ignoreChanges: kept.split(" ").filter((each) => each !== ""),
    };
    const declared = declarationOf({ type: "command:local:Command", name, options }, world);
    const shape = declared?.shape.triggers ?? null;
    return declared !== undefined && mismatches(() => triggers, shape, declared.world).length === 0;
  };
  const [day] = [stores.passwordsSince.replaceAll("-", "")];
  const made = [image, `sparki_application_${day}`, `sparki_migrations_${day}`, SQL];
  const earlier = [image, "sparki_application_20250101", "sparki_migrations_20250101", "a".repeat(64)];

  it("are all that the job is there for, in their order", () => {
    expect(isTaken("users", made)).toBe(true);
    expect(isTaken("users", made.toReversed())).toBe(false);
    expect(isTaken("migrate", [release.images.engine])).toBe(true);
    expect(isTaken("seed", [release.images.engine])).toBe(true);
  });

  it("may be others of a job that an update leaves as it last ran, and of no other", () => {
    expect(isTaken("users", earlier)).toBe(false);
    expect(isTaken("users", earlier, "stdin triggers")).toBe(true);
    expect(isTaken("users", earlier, "stdin")).toBe(false);
    expect(isTaken("users", ["evil"], "stdin triggers")).toBe(false);
  });
});

import { podReaches } from "../../../policies/declared/pod-reach.ts";
import { secretFor } from "../../../rehearsal/aws/services/kms-secretsmanager.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { find, type Recorded, record } from "../../support/recorder.ts";
import { rawConfig } from "../../support/stack-config.ts";
import { Account } from "./account.ts";
import { clusterInputs, landscape } from "./landscape.ts";

const account = new Account();
const secretArn = (path: string) => `arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/${path}`;
const SECRETS = ["database/application-2026-11-01", "database/migrations-2026-11-01", "cache", "of-somebody-else"];
const IDENTITIES = ["engine", "migrations", "database-users"];

let recorded: Recorded[];
let arns: ReadonlyMap<string, string>;

/** The program's own policies and trusts, in an account with secrets of its own and one that is not. */
beforeAll(async () => {
  const pulumi = await import("@pulumi/pulumi");
  recorded = await record(async () => {
    pulumi.runtime.setAllConfig({ ...rawConfig("prod"), "sparki:slackWebhook": "https://slack.test/services/x" });
    const { default: deployment } = await import("../../../index.ts");
    await deployment();
  });
  const make = (type: string, name: string, inputs: Properties) => account.create({ type, name, inputs });
  const land = await landscape(account);
  await make(TYPES.cluster, "cluster", { ...(await clusterInputs(account, land)), name: "sparki-prod" });
  const key = (await make(TYPES.kmsKey, "secrets", {})).properties.arn ?? "";
  const made = SECRETS.map(async (path) => {
    const { id } = await make(TYPES.secret, path, { name: `sparki/prod/${path}`, kmsKeyId: key });
    await make(TYPES.secretVersion, path, { secretId: id, secretString: `value of ${path}` });
    return [path, id] as const;
  });
  arns = new Map(await Promise.all(made));
  for (const identity of IDENTITIES) {
    const role = find(recorded, "aws:iam/role:Role", `identities-${identity}-role`).inputs;
    const { properties } = await make(TYPES.role, identity, {
      name: String(role.name),
      assumeRolePolicy: String(role.assumeRolePolicy),
    });
    const policy = String(
      find(recorded, "aws:iam/rolePolicy:RolePolicy", `identities-${identity}-role-policy`).inputs.policy,
    );
    const real = policy
      .replaceAll(/arn:aws:test:[^"]*:keys-secrets\b/g, String(key))
      .replaceAll(/arn:aws:test:[^"]*:secrets-cache-value\b/g, arns.get("cache") ?? "");
    await make(TYPES.rolePolicy, identity, { role: String(role.name), name: String(role.name), policy: real });
    const association = { clusterName: "sparki-prod", namespace: "sparki-engine", serviceAccount: identity };
    await make(TYPES.podIdentityAssociation, identity, { ...association, roleArn: properties.arn ?? "" });
  }
});
afterAll(() => account.close());

/** The value, or why not. */
function read(serviceAccount: string, path: string, namespace = "sparki-engine"): string | undefined {
  try {
    return secretFor(
      arns.get(path) ?? secretArn(path),
      { cluster: "sparki-prod", namespace, serviceAccount },
      account.cloud,
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("what the pods of a service account can read, by the program's own policies", () => {
  it("is exactly what it is declared to need", () => {
    const readable = IDENTITIES.map((identity) => [
      identity,
      SECRETS.filter((path) => read(identity, path) === `value of ${path}`),
    ]);
    expect(Object.fromEntries(readable)).toEqual({
      engine: ["database/application-2026-11-01", "cache"],
      migrations: ["database/migrations-2026-11-01"],
      "database-users": ["database/application-2026-11-01", "database/migrations-2026-11-01"],
    });
  });

  it("is what docs/engine-pod.md computes, for every service account and secret", () => {
    const filled = (text: string) =>
      text.replace("{region}", "us-east-1").replace("{account}", "111122223333").replace("{stack}", "prod");
    const covers = (resource: string, arn: string) => {
      const [begin = ""] = filled(resource).split(/\{any\}|\*/);
      return arn.startsWith(begin);
    };
    const computed = podReaches().map(({ namespace, serviceAccount, grants }) => {
      const resources = grants
        .filter(({ actions }) => actions.includes("secretsmanager:GetSecretValue"))
        .flatMap((grant) => grant.resources ?? []);
      return [
        namespace,
        serviceAccount,
        SECRETS.filter((path) => resources.some((one) => covers(one, `${secretArn(path)}-AbCdEf`))),
      ];
    });
    const found = podReaches().map(({ namespace, serviceAccount }) => [
      namespace,
      serviceAccount,
      SECRETS.filter((path) => read(serviceAccount, path, namespace) === `value of ${path}`),
    ]);
    expect(found).toEqual(computed);
  });

  it("is told to be forbidden in the words of Secrets Manager", () => {
    expect(read("engine", "database/migrations-2026-11-01")).toMatch(
      /AccessDeniedException.*sparki-prod-engine is not authorized to perform: secretsmanager:GetSecretValue/,
    );
  });

  it.each([
    ["a service account without an identity", "web", "sparki-web"],
    ["one of the same name in another namespace", "engine", "sparki-test"],
  ])("is nothing for %s", (_, serviceAccount, namespace) => {
    expect(read(serviceAccount, "cache", namespace)).toContain("no Pod Identity association");
  });
});

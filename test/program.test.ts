import * as pulumi from "@pulumi/pulumi";
import { namesAtAws } from "../runbook/preflight/checks/names.ts";
import { parseConfig } from "../stacks/config.ts";
import { isTagged } from "../stacks/tagging.ts";
import { KNOWN_CALLS } from "../tools/chaos/points.ts";
import { find, type Recorded, record } from "./support/recorder.ts";
import { rawConfig } from "./support/stack-config.ts";

const SLACK = "https://slack.test/services/of-a-test";

/** What the program asks for as a stack's config says, with changes. */
function recordedOf(stack: string, changes: Readonly<Record<string, string>> = {}): Promise<Recorded[]> {
  const program = async () => {
    pulumi.runtime.setAllConfig({ ...rawConfig(stack), ...changes });
    const { default: deployment } = await import("../index.ts");
    await pulumi.runtime.runInPulumiStack(async () => {
      await deployment();
    });
  };
  return record(program, { stack });
}

let recorded: Recorded[] = [];
beforeAll(async () => {
  recorded = await recordedOf("prod", { "sparki:slackWebhook": SLACK });
});

interface Egress {
  readonly to?: unknown;
  readonly ports?: readonly { readonly port: number }[];
}
const egressOf = ({ spec }: Recorded["inputs"]): readonly Egress[] => Object(spec).egress ?? [];

const isTaggedWith = ({ tags }: Recorded["inputs"], release: string) =>
  typeof tags === "object" && tags !== null && Reflect.get(tags, "release") === release;
const release = (name: string) => find(recorded, "kubernetes:helm.sh/v3:Release", name);

/** Of a VPC, a role or a zone that the stack makes itself, or looked for by another check. */
const UNSOUGHT = [
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:route53/keySigningKey:KeySigningKey",
  "aws:route53/record:Record",
  "aws:route53/zone:Zone",
  "aws:secretsmanager/secret:Secret",
];

describe("deployment", () => {
  it.each(["us-east-1", "eu-west-1"])("gives AWS no name in %s that preflight does not look for", async (region) => {
    const elsewhere = { "aws:region": region };
    const config = parseConfig({ ...rawConfig("prod"), ...elsewhere }, "prod");
    const recorded = await recordedOf("prod", elsewhere);
    // The cluster itself is made within its package's component.
    const sought = namesAtAws({ stack: "prod", config }).filter(
      ({ own: [type] }) => type !== "aws:eks/cluster:Cluster",
    );
    const properties = new Map(sought.map(({ own }) => own));
    const given = [...properties].flatMap(([type, property]) =>
      recorded.flatMap((each) => (each.type === type ? [`${type} ${each.inputs[property]}`] : [])),
    );
    expect(sought.map(({ own: [type], name }) => `${type} ${name}`).sort()).toEqual(given.sort());
    const named = recorded.filter(
      ({ type, inputs }) => type.startsWith("aws:") && ["name", "identifier"].some((key) => key in inputs),
    );
    const types = new Set(named.map(({ type }) => type));
    expect([...types].filter((type) => !properties.has(type)).sort()).toEqual(UNSOUGHT);
  });

  it("installs both tracks of both services, and monitoring", () => {
    const names = recorded.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release").map(({ name }) => name);
    expect(names.sort()).toEqual(["engine-fleet", "engine-one-box", "monitoring", "web-fleet", "web-one-box"]);
  });

  it("waits for the fleets with Helm, and for the one-boxes with the gate", () => {
    expect(release("engine-one-box").inputs).toMatchObject({ skipAwait: true });
    expect(release("engine-fleet").inputs).toMatchObject({ atomic: true, cleanupOnFail: true });
  });

  it("gives both tracks the same image, by digest, and secrets only by name", () => {
    const values = ["engine-one-box", "engine-fleet"].map((name) => JSON.stringify(release(name).inputs.values));
    for (const text of values) {
      expect(text).toMatch(/"image":"ghcr\.io\/alexarno\/sparki\/engine@sha256:[0-9a-f]{64}"/);
      expect(text).toContain("secretArn");
      expect(text).not.toMatch(/password|authToken/i);
    }
  });

  it("keeps Slack's address in one Secret, and out of every chart's values", () => {
    const written = [SLACK, Buffer.from(SLACK).toString("base64")];
    const holding = recorded.filter(({ inputs }) => written.some((text) => JSON.stringify(inputs).includes(text)));
    expect(holding.map(({ type, name }) => [type, name])).toEqual([["kubernetes:core/v1:Secret", "monitoring-slack"]]);
    expect(release("monitoring").inputs.values).toMatchObject({
      slack: { secretName: "slack", addressKey: "address" },
    });
  });

  it("makes the database's users before the migrations, and those before the seed, each once for an image", () => {
    const jobs = recorded.filter(({ type, name }) => type === "command:local:Command" && name !== "destroy-guard");
    const [users, migrate, seed] = jobs.map(({ name }) => name);
    expect([users, migrate, seed]).toEqual(["users", "migrate", "seed"].map((job) => `database-jobs-${job}-run`));
    for (const job of jobs.slice(1)) expect(job.inputs.triggers).toEqual([expect.stringContaining("engine@sha256:")]);
  });

  it("makes the database's users again for each rotation and each change of the script", () => {
    const { triggers } = find(recorded, "command:local:Command", "database-jobs-users-run").inputs;
    expect(triggers).toEqual([
      expect.stringContaining("postgres-client@sha256:"),
      "sparki_application_20261101",
      "sparki_migrations_20261101",
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });

  it("leaves the job of the users as it is for another release", () => {
    const { stdin } = find(recorded, "command:local:Command", "database-jobs-users-run").inputs;
    expect(JSON.stringify(stdin)).toContain("database-users");
    expect(JSON.stringify(stdin)).not.toContain("2026.11.1");
  });

  it("lets each service account read its own secrets, and the users' job alone the master's", () => {
    const policies = recorded.filter(
      ({ type, name }) => type === "aws:iam/rolePolicy:RolePolicy" && name.startsWith("identities-"),
    );
    const readable = policies.map(({ name, inputs }) => {
      const { Statement }: { Statement: { Action: string[]; Resource: string[] }[] } = JSON.parse(
        String(inputs.policy),
      );
      const secrets = Statement.filter(({ Action }) => Action.includes("secretsmanager:GetSecretValue"));
      return [name, secrets.flatMap(({ Resource }) => Resource)];
    });
    const own = (purpose: string) =>
      `arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/${purpose}-*`;
    expect(Object.fromEntries(readable)).toEqual({
      "identities-engine-role-policy": [own("application"), expect.stringContaining("secrets-cache-value")],
      "identities-migrations-role-policy": [own("migrations")],
      "identities-database-users-role-policy": [
        expect.stringContaining("secret:rds-db"),
        own("application"),
        own("migrations"),
      ],
    });
  });

  it.each([
    ["prod", "111122223333"],
    ["staging", "444455556666"],
  ])(
    "makes no role of %s without its boundary, under which alone the deploying role may make one",
    async (stack, account) => {
      const all = stack === "prod" ? recorded : await recordedOf(stack);
      const roles = all.filter(({ type }) => type === "aws:iam/role:Role");
      const boundary = `arn:aws:iam::${account}:policy/sparki-${stack}-permission-boundary`;
      expect(Object.fromEntries(roles.map(({ name, inputs }) => [name, inputs.permissionsBoundary]))).toEqual({
        "network-flow-logs": boundary,
        "database-monitoring": boundary,
        "identities-engine-role": boundary,
        "identities-migrations-role": boundary,
        "identities-database-users-role": boundary,
      });
    },
  );

  it("lets no service assume a role but for this account", () => {
    const roles = recorded.filter(({ type }) => type === "aws:iam/role:Role");
    expect(roles.length).toBeGreaterThan(4);
    for (const { name, inputs } of roles) {
      const { Statement } = JSON.parse(String(inputs.assumeRolePolicy));
      for (const { Condition } of Statement)
        expect([name, JSON.stringify(Condition)]).toEqual([name, expect.stringContaining("111122223333")]);
    }
  });

  it("lets jobs and tests ask the cluster's resolver for names, and no other", () => {
    const policies = recorded.filter(({ type }) => type === "kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const rules = policies.flatMap(({ name, inputs }) => egressOf(inputs).map((rule) => ({ name, ...rule })));
    const dns = rules.filter(({ ports }) => ports?.some(({ port }) => port === 53));
    expect(dns.map(({ name, to }) => [name, to])).toEqual([
      ["sparki-test-site", [{ ipBlock: { cidr: "172.20.0.10/32" } }]],
      ["database-jobs-reach", [{ ipBlock: { cidr: "172.20.0.10/32" } }]],
    ]);
  });

  it("enforces Pod Security restricted and denies by default in every namespace", () => {
    const namespaces = recorded.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
    expect(new Set(namespaces.map(({ name }) => name))).toEqual(
      new Set(["sparki-engine", "sparki-web", "sparki-test", "sparki-monitoring"]),
    );
    for (const { name, inputs } of namespaces) {
      expect(JSON.stringify(inputs)).toContain('"pod-security.kubernetes.io/enforce":"restricted"');
      const deny = find(recorded, "kubernetes:networking.k8s.io/v1:NetworkPolicy", `${name}-default-deny`);
      expect(deny.inputs.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    }
  });

  it("tags everything on AWS that takes tags with the release that made it", () => {
    const untagged = recorded.filter(({ type, inputs }) => isTagged(type) && !isTaggedWith(inputs, "2026.11.1"));
    expect(untagged.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
    expect(recorded.filter(({ type }) => isTagged(type)).length).toBeGreaterThan(60);
  });

  it("keeps Helm's revisions in the promotion record", () => {
    const { inputs } = find(recorded, "pulumi:index:Stash", "promotion-record");
    expect(inputs.input).toMatchObject({ release: { id: "2026.11.1" }, chartHashes: { engine: expect.any(String) } });
  });

  it("points the domain at the load balancer with a weight, so that another answer can stand beside it", () => {
    const { inputs } = find(recorded, "aws:route53/record:Record", "cutover-record");
    expect(inputs).toMatchObject({
      name: "prod.sparki.tools",
      setIdentifier: "sparki-prod",
      weightedRoutingPolicies: [{ weight: 100 }],
    });
  });

  it("is killed by `npm run chaos` at every step that it has: --record writes them again", async () => {
    const killed = new Set(KNOWN_CALLS["first-deploy"]?.map(({ step }) => step));
    const made = (await recordedOf("staging")).filter(
      ({ type }) => !/^(sparki|eks|pulumi:providers|pulumi:pulumi):/.test(type),
    );
    expect(made.length).toBeGreaterThan(150);
    expect(made.filter(({ name }) => !killed.has(name)).map(({ type, name }) => `${type} ${name}`)).toEqual([]);
  });
});

import { isDeepStrictEqual } from "node:util";
import { NotShown } from "../../../../io/aws-lookups.ts";
import { TYPES } from "../../../../rehearsal/aws/types.ts";
import type { AccountProfile } from "../../../../rehearsal/aws/world.ts";
import { AWS_FAULTS } from "../../../../rehearsal/scenarios.ts";
import type { Check, Finding } from "../../../../runbook/preflight/check.ts";
import {
  awsCli,
  offers,
  permissions,
  permissionsBoundary,
  serviceRoles,
} from "../../../../runbook/preflight/checks/account.ts";
import { namesAtAws, takenNames } from "../../../../runbook/preflight/checks/names.ts";
import { quotas } from "../../../../runbook/preflight/checks/quotas.ts";
import type { PreflightContext } from "../../../../runbook/preflight/context.ts";
import { configWith, fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";
import { RehearsedAccount } from "../../../support/rehearsed-account.ts";

const opened: RehearsedAccount[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

function accountWith(profile: Partial<AccountProfile> = {}): RehearsedAccount {
  const account = new RehearsedAccount(profile);
  opened.push(account);
  return account;
}

/** What the rehearsal's fault makes of the account. */
const faulty = (id: string) => accountWith(AWS_FAULTS[id]?.faults?.hold.account ?? {});

/** What the command line says of a secret, by its name; of others, that there is none. */
const secretsOf = (secrets: Readonly<Record<string, string>>): PreflightContext["commands"] => ({
  ...fakeContext().commands,
  aws: async (args) => {
    const found = secrets[args[args.indexOf("--secret-id") + 1] ?? ""];
    return found === undefined
      ? { code: 254, stdout: "", stderr: "An error occurred (ResourceNotFoundException) when calling DescribeSecret" }
      : { code: 0, stdout: found, stderr: "" };
  },
});
const commands = secretsOf({});

async function ask(check: Check, aws: RehearsedAccount, more: Partial<PreflightContext> = {}): Promise<Finding> {
  const context = fakeContext({ commands });
  return look(check, { ...context, aws, ...more });
}

const { config } = fakeContext();

describe("preflight, asking a rehearsed account", () => {
  it.each([offers, quotas, serviceRoles, takenNames, permissions, permissionsBoundary])(
    "passes $id on an account that is used already",
    async (check) => {
      expect(await ask(check, accountWith())).toMatchObject({ status: "pass" });
    },
  );

  it("finds a quota of five processors before anything is made (F08)", async () => {
    expect(await ask(quotas, faulty("F08"))).toMatchObject({
      status: "fail",
      reason: "vCPUs of instances 0 of 5 used, 6 more needed",
    });
  });

  it("counts the processors of what runs already by its instances' types", async () => {
    const running = accountWith({ instances: ["m7g.4xlarge", "m7g.4xlarge", "t4g.medium", "p5.48xlarge"] });
    expect(await ask(quotas, running)).toMatchObject({
      status: "fail",
      reason: "vCPUs of instances 34 of 32 used, 6 more needed",
      fix: expect.stringContaining("--quota-code L-1216C47A --desired-value 40"),
    });
  });

  it("finds that a zone has no room for a NAT gateway, and the account none for another address", async () => {
    const aws = accountWith();
    const { account } = aws;
    const vpc = await account.create({ type: TYPES.vpc, name: "theirs", inputs: { cidrBlock: "10.9.0.0/16" } });
    const within = { vpcId: vpc.id, cidrBlock: "10.9.0.0/24", availabilityZone: "us-east-1b" };
    const subnet = await account.create({ type: TYPES.subnet, name: "theirs", inputs: within });
    for (const name of ["1", "2", "3", "4", "5"]) {
      const inputs = { subnetId: subnet.id, connectivityType: "private" };
      await account.create({ type: TYPES.natGateway, name, inputs });
      if (name < "4") await account.create({ type: TYPES.eip, name, inputs: {} });
    }
    expect(await ask(quotas, aws)).toMatchObject({
      status: "fail",
      reason: "Elastic IPs 3 of 5 used, 3 more needed; NAT gateways in a zone 5 of 5 used, 1 more needed",
    });
  });

  it("finds that a zone's letter leads to use1-az3 before anything is made (F51)", async () => {
    expect(await ask(offers, faulty("F51"))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("us-east-1a is use1-az3 in this account, where EKS supports no clusters"),
      fix: "edit sparki:network.zones",
    });
  });

  it("warns of each service that has no role of its own yet, with the command that makes it (F52)", async () => {
    const found = await ask(serviceRoles, faulty("F52"));
    expect(found).toMatchObject({ status: "warn", reason: expect.stringContaining("AWSServiceRoleForElastiCache") });
    expect(found.fix?.split("\n")).toContain("aws iam create-service-linked-role --aws-service-name rds.amazonaws.com");
  });

  it("finds that the boundary of the stack's roles is not there before any role is made", async () => {
    expect(await ask(permissionsBoundary, accountWith({ hasDelivery: false }))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("policy/sparki-prod-permission-boundary does not exist"),
      fix: expect.stringContaining("npx sparki bootstrap --stack prod"),
    });
  });

  it("has no boundary to ask for where the config names none, and says what follows", async () => {
    const { permissionsBoundary: _, ...unbounded } = config;
    expect(await ask(permissionsBoundary, accountWith({ hasDelivery: false }), { config: unbounded })).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("may create no role"),
    });
  });

  it("names what the principal may not do, by IAM's own simulation (F54)", async () => {
    expect(await ask(permissions, faulty("F54"))).toMatchObject({
      status: "fail",
      reason: "arn:aws:iam::111122223333:role/platform-engineering may not do eks:CreateCluster",
    });
  });

  const ada = { arn: "arn:aws:iam::111122223333:user/ada" };
  const session = { arn: "arn:aws:sts::111122223333:assumed-role/deployer/ada" };
  const unclear = ({ actionNames }: { actionNames: readonly string[] }) => ({
    results: actionNames.map((actionName) => ({
      actionName,
      allowed: false,
      missingContextKeys: ["aws:SourceVpc"],
    })),
  });
  it("does not judge an action that depends on what is not known", async () => {
    const looks = { "index/getCallerIdentity": ada, "iam/getPrincipalPolicySimulation": unclear };
    expect(await look(permissions, fakeContext({ looks }))).toMatchObject({ status: "pass" });
  });

  it.each<[string, object, RegExp]>([
    ["judges nothing", { "iam/getPrincipalPolicySimulation": { results: [] } }, /ada may do .*eks:CreateCluster/],
    ["knows no such principal", {}, /ada may do .*eks:CreateCluster/],
    ["does not report the caller's identity", { "index/getCallerIdentity": undefined }, /caller's identity/],
    ["does not say whose session it is", { "index/getCallerIdentity": session }, /whose session/],
  ])("never takes for allowed what AWS left open, where it %s", async (_, answers, said) => {
    const looks = { "index/getCallerIdentity": ada, ...answers };
    await expect(look(permissions, fakeContext({ looks }))).rejects.toThrow(said);
  });

  it.each(["", "unknown", "9999-99-99"])("never takes %j for the end of EKS's support", async (end) => {
    const version = config.cluster.version;
    const versions = { clusterVersions: [{ clusterVersion: version, endOfStandardSupportDate: end }] };
    const context = fakeContext({ looks: { "eks/getClusterVersions": versions } });
    expect(await look(offers, context)).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(`EKS does not say until when it supports Kubernetes ${version}`),
    });
  });

  it("finds a class, a version and an add-on that are not offered", async () => {
    const other = configWith({
      database: { ...config.database, instanceClass: "db.r99g.large" },
      cluster: { ...config.cluster, version: "1.29" },
    });
    expect(await ask(offers, accountWith(), { config: other })).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(
        /RDS does not offer PostgreSQL .* on db\.r99g\.large.*; EKS makes no clusters of version 1\.29/,
      ),
    });
  });

  describe("of add-ons that are installed, which EKS never updates by itself", () => {
    const type = "aws:eks/addon:Addon";
    const clusterName = "sparki-prod";
    const state = fakeState(
      ["metrics-server", "aws-secrets-store-csi-driver-provider"].map((addonName) =>
        resource(type, `cluster-${addonName}`, { inputs: { addonName, clusterName } }),
      ),
    );
    const asked = async (installed: Readonly<Record<string, string>>, offered: string): Promise<Finding> => {
      const real = accountWith();
      const find: PreflightContext["aws"]["find"] = async (name, args, schema) => {
        const own = installed[String(args.addonName)];
        if (name === "eks/getAddon")
          return own === undefined ? undefined : schema.parse({ ...args, addonVersion: own });
        if (name === "eks/getAddonVersion") return schema.parse({ ...args, version: offered });
        return real.find(name, args, schema);
      };
      return ask(offers, { find } as RehearsedAccount, { state });
    };
    const both = (version: string) => ({
      "metrics-server": version,
      "aws-secrets-store-csi-driver-provider": version,
    });

    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3448
    it("warns of one that is older than EKS's for the config's Kubernetes, with the command that updates it", async () => {
      const found = await asked(
        { ...both("v0.8.0-eksbuild.10"), "metrics-server": "v0.8.0-eksbuild.9" },
        "v0.8.0-eksbuild.10",
      );
      expect(found).toMatchObject({
        status: "warn",
        reason: `the add-on metrics-server is v0.8.0-eksbuild.9, EKS's for Kubernetes ${config.cluster.version} is v0.8.0-eksbuild.10`,
        fix: "aws eks update-addon --region us-east-1 --cluster-name sparki-prod --addon-name metrics-server --addon-version v0.8.0-eksbuild.10",
      });
    });

    it.each(["v0.8.0-eksbuild.10", "v0.8.0-eksbuild.11", "v0.10.0-eksbuild.1", "v1.0.0-eksbuild.1"])(
      "passes %s where EKS's is v0.8.0-eksbuild.10",
      async (version) => {
        expect(await asked(both(version), "v0.8.0-eksbuild.10")).toMatchObject({ status: "pass" });
      },
    );

    it("warns of a version that it cannot compare, and of one that is gone", async () => {
      expect(await asked({ "metrics-server": "custom" }, "v0.8.0-eksbuild.10")).toMatchObject({
        status: "warn",
        reason: expect.stringMatching(
          /^the add-on metrics-server is custom, .*; EKS has no add-on aws-secrets-store-csi-driver-provider, which the state names$/,
        ),
        fix: expect.stringContaining("pulumi refresh --stack prod"),
      });
    });
  });

  it("finds that a version is out of standard support on the day of the deployment", async () => {
    const context = fakeContext();
    const late = { ...context.clock, now: () => Date.UTC(2028, 5, 1) / 1000 };
    expect(await ask(offers, accountWith(), { clock: late })).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/Kubernetes 1\.\d+ is out of EKS's standard support since \d{4}-\d\d-\d\d/),
    });
  });

  it("finds EKS's log group of a cluster that was destroyed, which EKS made again", async () => {
    const aws = accountWith({ hasLateClusterLogs: true });
    const name = "/aws/eks/sparki-prod/cluster";
    const { id } = await aws.account.create({ type: TYPES.logGroup, name: "logs", inputs: { name } });
    const own = fakeState([resource(TYPES.logGroup, "cluster-logs", { inputs: { name } })]);
    expect(await ask(takenNames, aws, { state: own })).toMatchObject({ status: "pass" });
    await aws.account.delete(TYPES.logGroup, id);
    expect(await ask(takenNames, aws)).toMatchObject({
      status: "fail",
      reason: `there is a log group ${name} that this stack did not create`,
      fix: `aws logs delete-log-group --region us-east-1 --log-group-name ${name}`,
    });
    const again = aws.account.create({ type: TYPES.logGroup, name: "logs", inputs: { name } });
    await expect(again).rejects.toThrow("ResourceAlreadyExistsException");
  });

  it.each(namesAtAws({ stack: "prod", config }).map((each) => [each.what, each.name, each] as const))(
    "finds the %s %s before it fails in mid-deployment, there where the stack would make it",
    async (what, name, { look: [token, wanted], release }) => {
      const context = fakeContext({ commands });
      const find = async (asked: string, args: object) =>
        asked === token && isDeepStrictEqual(args, wanted) ? {} : undefined;
      const said = await look(takenNames, { ...context, aws: { ...context.aws, find } as PreflightContext["aws"] });
      expect(said).toMatchObject({
        status: "fail",
        reason: `there is a ${what} ${name} that this stack did not create`,
        fix: expect.stringContaining(release),
      });
    },
  );

  it("looks for Route 53's log group where Route 53 writes, and not in the stack's region", () => {
    const sought = namesAtAws({ stack: "prod", config: { ...config, region: "eu-west-1" } });
    const elsewhere = sought.filter(({ look: [, { region = "eu-west-1" }] }) => region !== "eu-west-1");
    expect(elsewhere.map(({ name, look: [, { region }] }) => [name, region])).toEqual([
      ["alias/sparki-prod-global-logs", "us-east-1"],
      [`/aws/route53/${config.domain}`, "us-east-1"],
    ]);
  });

  it("never only tells to delete what serves, where the state knows nothing: it may be lost, or elsewhere", async () => {
    const database = { "rds/getInstance": {} };
    const context = fakeContext({ looks: database, commands });
    expect(await look(takenNames, context)).toMatchObject({
      status: "fail",
      reason: "there is a database sparki-prod-database that this stack did not create",
      fix: [
        "if this stack made it, its state is lost, or in another backend than the one that was asked: pulumi whoami --verbose",
        "then npx sparki rebuild state --stack prod, which only adopts what exists; else, and only if nobody needs it:",
        "aws rds delete-db-instance --region us-east-1 --db-instance-identifier sparki-prod-database",
      ].join("\n"),
    });
    const some = fakeState([resource("aws:ec2/vpc:Vpc", "network-vpc")]);
    expect(await look(takenNames, fakeContext({ looks: database, state: some, commands }))).toMatchObject({
      fix: "aws rds delete-db-instance --region us-east-1 --db-instance-identifier sparki-prod-database",
    });
  });

  it("finds a secret that a destroyed stack left to be deleted: its name is taken for a month", async () => {
    const name = "sparki/prod/cache";
    const kept = secretsOf({ [name]: JSON.stringify({ Name: name, DeletedDate: "2026-11-20T10:00:00+00:00" }) });
    expect(await look(takenNames, fakeContext({ commands: kept }))).toEqual({
      status: "fail",
      reason: `the secret ${name} is deleted, and AWS keeps its name for as long as it can be restored`,
      fix: `aws secretsmanager delete-secret --region us-east-1 --secret-id ${name} --force-delete-without-recovery, if its value is needed no more`,
    });
    const own = fakeState([resource("aws:secretsmanager/secret:Secret", "secrets-cache", { inputs: { name } })]);
    expect(await look(takenNames, fakeContext({ commands: kept, state: own }))).toMatchObject({ status: "pass" });
    expect(await look(takenNames, fakeContext({ commands: kept, isRehearsal: true }))).toMatchObject({
      status: "pass",
    });
  });

  it("finds a secret of a rotation that somebody else made, and says when it cannot know", async () => {
    const name = `sparki/prod/database/migrations-${config.database.passwordsSince}`;
    expect(await look(takenNames, fakeContext({ commands: secretsOf({ [name]: "{}" }) }))).toMatchObject({
      status: "fail",
      reason: `there is a secret ${name} that this stack did not create`,
    });
    const refused = { ...commands, aws: async () => ({ code: 254, stdout: "", stderr: "AccessDeniedException" }) };
    await expect(look(takenNames, fakeContext({ commands: refused }))).rejects.toThrow(/whether there is a secret/);
    const mute = { ...commands, aws: async () => ({ code: 0, stdout: "a page", stderr: "" }) };
    await expect(look(takenNames, fakeContext({ commands: mute }))).rejects.toThrow(/a secret .*: answered no JSON/);
  });

  it("finds that another account has the bucket's name, and takes no other refusal for that", async () => {
    const forbidden = new NotShown("StatusCode: 403", {});
    const context = (looks: object) => fakeContext({ commands, looks: { ...looks } });
    expect(await look(takenNames, context({ "s3/getBucket": forbidden }))).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^S3 shows nothing of the bucket sparki-prod-access-logs-\d+: another account/),
    });
    await expect(look(takenNames, context({ "rds/getInstance": forbidden }))).rejects.toBe(forbidden);
  });

  const saying = (stdout: string) => async () => ({ code: 0, stdout, stderr: "" });
  it.each([
    ["passes", "aws-cli/2.31.4 Python/3.13.7 Linux/6.8", "pass", "aws 2.31.4"],
    ["refuses one that is too old", "aws-cli/2.6.1 Python/3.9", "fail", "aws is 2.6.1; expected 2.7.0 or newer"],
    ["refuses another program", "no version", "fail", "aws --version says no version; expected aws-cli/2..."],
  ])("%s by what the AWS command line says of itself", async (_, said, status, reason) => {
    const context = fakeContext({ commands: { ...commands, aws: saying(said) } });
    expect(await look(awsCli, context)).toMatchObject({ status, reason });
  });

  it("fails without the AWS command line, and skips it in a rehearsal", async () => {
    expect(await look(awsCli, fakeContext())).toMatchObject({ status: "fail", reason: "there is no aws on PATH" });
    expect(await look(awsCli, fakeContext({ isRehearsal: true }))).toMatchObject({ status: "skipped" });
  });
});

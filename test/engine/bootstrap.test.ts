import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { DELIVERY_OWNER, secretsAliasOf } from "../../delivery/names.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { BootstrappedAccount, type Ended, ended } from "../support/bootstrapped-account.ts";

jest.setTimeout(3_600_000);

const reportSchema = z.object({
  outcome: z.string(),
  did: z.array(z.string()),
  next: z.object({ id: z.string() }).nullable(),
  steps: z.array(z.object({ id: z.string(), state: z.string() })),
});

/** What a run did, what comes next, and the state of each step by its name. */
function reportIn({ document, stderr }: Ended) {
  const parsed = reportSchema.safeParse(document);
  if (!parsed.success) throw new Error(`no report: ${JSON.stringify(document)} ${stderr}`);
  const { outcome, did, next, steps } = parsed.data;
  return { outcome, did, next: next?.id, ...Object.fromEntries(steps.map(({ id, state }) => [id, state])) };
}

const [PEOPLE, DEPLOYS, PLANS] = ["platform-engineering", "deploys-sparki-prod", "plans-sparki-prod"].map(
  (role) => `arn:aws:iam::111122223333:role/${role}`,
);
const DONE = {
  ...{ account: "done", quotas: "done", config: "done", delivery: "done", state: "done", stack: "done" },
  network: "done",
};
/** What the rehearsal has no AWS command line or token of GitHub for. */
const UNKNOWN = { tools: "unknown", mails: "unknown", github: "unknown" };
const PROVIDERS = { delivery: secretsAliasOf(DELIVERY_OWNER), own: secretsAliasOf("prod") };

describe("sparki bootstrap on the real engine, in an empty account", () => {
  let account: BootstrappedAccount;

  beforeAll(async () => {
    account = await BootstrappedAccount.open();
  });
  afterAll(() => account.close());

  /** Starts it, and once that holds ends it, with all that it started, as a crash of the machine would. */
  async function crash(holds: () => boolean): Promise<void> {
    const child = account.start("bootstrap", "--yes");
    const end = ended(child);
    while (!holds()) {
      if (child.exitCode !== null) throw new Error(`it ended before: ${(await end).stderr}`);
      await delay(10);
    }
    account.kill();
    await end;
  }

  it("stops at the config that a person has to write, and changes nothing", async () => {
    account.configure("Pulumi.prod.yaml", { "sparki:cluster/administrators": [PEOPLE], "sparki:cluster/readers": [] });
    const run = await account.sparki("bootstrap", "--yes");
    expect(run.code).toBe(3);
    expect(reportIn(run)).toMatchObject({ did: [], next: "config", account: "done", config: "open", delivery: "open" });
    expect(run.stderr.replace(/\s+/g, " ")).toContain(
      `add ${DEPLOYS} to sparki:cluster.administrators, and ${PLANS} to sparki:cluster.readers`,
    );
    expect(account.there()).toEqual({});
    expect(account.hasFolder()).toBe(false);
  });

  it("loses nothing when the machine crashes while it creates delivery, and again while it moves the state", async () => {
    account.configure("Pulumi.prod.yaml", {
      "sparki:cluster/administrators": [PEOPLE, DEPLOYS],
      "sparki:cluster/readers": [PLANS],
    });
    // An account has one detector at most, by an id that AWS chooses: whoever forgets it never makes another.
    await crash(() => account.simulated.world.all().some(({ type }) => type === TYPES.detector));
    await crash(() => account.hasFolder("prod.json"));
    expect(account.there()).toMatchObject({ Bucket: 3, Role: 6, Policy: 9, Topic: 2, Trail: 1, Budget: 1 });
    expect(account.hasFolder()).toBe(true);
  });

  it("continues from where the account is, up to the first step that a person has to do", async () => {
    const run = await account.sparki("bootstrap", "--yes");
    expect(run.code).toBe(3);
    expect(reportIn(run)).toMatchObject({ did: ["state", "stack", "network"], ...DONE, ...UNKNOWN, runner: "open" });
    expect(account.hasFolder()).toBe(false);
    // The keys and the network, and nothing that needs the runner.
    expect(account.there()).toMatchObject({ Vpc: 1, Subnet: 9, NatGateway: 3, VpcEndpoint: 8 });
    expect(Object.keys(account.there())).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(Cluster|Instance)$/)]),
    );
    const providers = ["delivery/Pulumi.prod.yaml", "Pulumi.prod.yaml"].map((file) => {
      const { secretsprovider }: { secretsprovider: string } = parse(account.read(file));
      return secretsprovider;
    });
    expect(providers).toEqual(
      [PROVIDERS.delivery, PROVIDERS.own].map((alias) => `awskms://alias/${alias}?region=us-east-1`),
    );
  });

  it("has the runner made inside that network, by the settings that the check prints, and judged by delivery's policies", async () => {
    const { SecurityGroup: groups = 0 } = account.there();
    const { document } = await account.sparki("preflight", "--phase", "runner");
    const { checks } = z
      .object({ checks: z.array(z.object({ id: z.string(), fix: z.string().nullish() })) })
      .parse(document);
    const fix = checks.find(({ id }) => id === "runner")?.fix ?? "";
    expect(fix).toMatch(/^write into delivery\/Pulumi\.prod\.yaml: sparki-delivery:runner: \{stack: prod, /);
    const printed = fix.slice(fix.indexOf("{"));
    const connection = "arn:aws:codeconnections:us-east-1:111122223333:connection/0a1b2c3d-0000-1111-2222-333344445555";
    const runner = parse(printed.replace("CONNECTION_ARN", connection));
    account.configure("delivery/Pulumi.prod.yaml", { "sparki-delivery:runner": runner });
    const judged = await account.pulumi(
      ...["up", "--cwd", "delivery", "--stack", "prod", "--yes", "--skip-preview"],
      ...["--policy-pack", "../policies/delivery/pack"],
    );
    expect(judged).toMatch(/sparki-delivery@v\d/);
    const [project] = account.simulated.world.all().filter(({ type }) => type === "aws:codebuild/project:Project");
    expect(project?.inputs).toMatchObject({
      name: "sparki-prod",
      vpcConfig: { vpcId: runner.vpcId, subnets: runner.subnetIds, securityGroupIds: [runner.securityGroupId] },
    });
    expect(account.there()).toMatchObject({ Webhook: 1, SecurityGroup: groups });
  });

  it("finds nothing left to do when it is run again, and preflight --phase does not pass what is unknown", async () => {
    const before = account.simulated.world.all().length;
    const [run, mails] = await Promise.all([
      account.sparki("bootstrap", "--yes"),
      account.sparki("preflight", "--phase", "mails"),
    ]);
    expect(reportIn(run)).toMatchObject({ did: [], ...DONE });
    expect(account.simulated.world.all()).toHaveLength(before);
    expect(mails).toMatchObject({ code: 1, document: { outcome: "failed", phase: { number: 6, state: "unknown" } } });
  });
});

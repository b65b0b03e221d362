import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { DELIVERY_OWNER, secretsAliasOf } from "../../delivery/names.ts";
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

const ADMINISTRATORS = ["platform-engineering", "deploys-sparki-prod", "plans-sparki-prod"].map(
  (role) => `arn:aws:iam::111122223333:role/${role}`,
);
const DONE = { account: "done", quotas: "done", config: "done", delivery: "done", state: "done", stack: "done" };
/** What the rehearsal has no AWS command line or token of GitHub for. */
const UNKNOWN = { tools: "unknown", mails: "unknown", github: "unknown" };
const PROVIDERS = { delivery: secretsAliasOf(DELIVERY_OWNER), own: secretsAliasOf("prod") };

describe("sparki bootstrap on the real engine, in an empty account", () => {
  let account: BootstrappedAccount;

  beforeAll(async () => {
    account = await BootstrappedAccount.open();
  });
  afterAll(() => account.close());

  /** Starts it, and ends it by the signal once that holds. */
  async function cut(signal: "SIGINT" | "SIGKILL", holds: () => boolean): Promise<Ended> {
    const child = account.start("bootstrap", "--yes");
    const end = ended(child);
    while (!holds()) {
      if (child.exitCode !== null) throw new Error(`it ended before: ${(await end).stderr}`);
      await delay(20);
    }
    child.kill(signal);
    return end;
  }

  it("stops at the config that a person has to write, and changes nothing", async () => {
    const run = await account.sparki("bootstrap", "--yes");
    expect(run.code).toBe(3);
    expect(reportIn(run)).toMatchObject({ did: [], next: "config", account: "done", config: "open", delivery: "open" });
    expect(run.stderr.replace(/\s+/g, " ")).toContain("add the roles to sparki:cluster.administrators");
    expect(account.there()).toEqual({});
    expect(account.hasFolder()).toBe(false);
  });

  it("asks before it makes anything, and without a terminal or --yes makes nothing", async () => {
    account.configure("Pulumi.prod.yaml", { "sparki:cluster/administrators": ADMINISTRATORS });
    const run = await account.sparki("bootstrap");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("pass --yes to do it without a confirmation");
    expect(account.there()).toEqual({});
    expect(account.hasFolder()).toBe(false);
  });

  it("is interrupted while it makes delivery, and killed while it moves the state, and each time loses nothing", async () => {
    const many = () => account.simulated.world.all().length > 20;
    expect((await cut("SIGINT", many)).code).toBe(4);
    const left = account.simulated.world.all().length;
    expect(left).toBeGreaterThan(20);
    await cut("SIGKILL", () => account.hasFolder("prod.json"));
    expect(account.there()).toMatchObject({ Bucket: 3, Key: 6, Role: 5, Policy: 9, Topic: 1 });
    expect(account.hasFolder()).toBe(true);
  });

  it("continues from where the account is, up to the first step that a person has to do", async () => {
    const run = await account.sparki("bootstrap", "--yes");
    expect(run.code).toBe(3);
    expect(reportIn(run)).toMatchObject({ did: ["state", "stack"], ...DONE, ...UNKNOWN, deployment: "open" });
    expect(account.hasFolder()).toBe(false);
    const providers = ["delivery/Pulumi.prod.yaml", "Pulumi.prod.yaml"].map((file) => {
      const { secretsprovider }: { secretsprovider: string } = parse(account.read(file));
      return secretsprovider;
    });
    expect(providers).toEqual(
      [PROVIDERS.delivery, PROVIDERS.own].map((alias) => `awskms://alias/${alias}?region=us-east-1`),
    );
    expect(account.there()).toMatchObject({ Bucket: 3, Key: 6, Role: 5, Policy: 9, Topic: 1 });
  });

  it("finds nothing left to do when it is run again", async () => {
    const before = account.simulated.world.all().length;
    const run = await account.sparki("bootstrap", "--yes");
    expect(reportIn(run)).toMatchObject({ did: [], ...DONE });
    expect(account.simulated.world.all()).toHaveLength(before);
  });

  it("has each of these steps checked by preflight --phase, and an unknown one not passed", async () => {
    const delivery = await account.sparki("preflight", "--phase", "5");
    expect(delivery).toMatchObject({
      code: 0,
      document: { outcome: "passed", phase: { id: "delivery", state: "done" } },
    });
    const mails = await account.sparki("preflight", "--phase", "mails");
    expect(mails).toMatchObject({ code: 1, document: { outcome: "failed", phase: { number: 6, state: "unknown" } } });
  });
});

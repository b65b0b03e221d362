import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { systemClock } from "../../../io/clock.ts";
import type { ActPorts } from "../../../runbook/bootstrap/acts.ts";
import { bootstrapText, runBootstrap, Survey } from "../../../runbook/bootstrap/bootstrap-run.ts";
import { rolesOf } from "../../../runbook/preflight/phases/account.ts";
import { SURVEYED } from "../../../runbook/preflight/phases/phases.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { ACCOUNT, BUCKET, phaseContext } from "../../support/phases.ts";
import { configWith } from "../../support/preflight.ts";
import { RehearsedAccount } from "../../support/rehearsed-account.ts";

const { cluster } = configWith({});
const administrators = Object.values(rolesOf("prod", ACCOUNT));
const READY = configWith({ cluster: { ...cluster, administrators, readers: [] } });
/** The IAM documents are not of the folder that a unit test names. */
const PHASES = { ...SURVEYED, config: SURVEYED.config.filter(({ id }) => id !== "delivery-documents") };
const refuse = async () => {
  throw new DeployError("SPARKI_USAGE", "not confirmed; nothing was changed");
};

describe("runBootstrap", () => {
  let account: RehearsedAccount;
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "sparki-home-"));
    account = new RehearsedAccount({ hasDelivery: false });
  });
  afterEach(async () => {
    rmSync(home, { recursive: true });
    await account.close();
  });

  /** In an account before delivery. */
  function run(changes: Partial<ActPorts> & { isDry?: boolean; config?: typeof READY } = {}) {
    const { isDry = false, config = READY, ...others } = changes;
    const backends = { states: BUCKET, folder: `file://${home}`, folderPath: join(home, "prod") };
    const context = phaseContext({ aws: account, config, clock: systemClock, isRehearsal: true, backends });
    const { signal } = new AbortController();
    const ran: string[] = [];
    const ports: ActPorts = {
      ...{ context, signal, scratch: "/nowhere", timeScale: 0.001, say: () => undefined, agree: async () => undefined },
      run: async (project, backend, args) => {
        ran.push(`${project} ${backend.replace(/\?.*/, "")} ${args.join(" ")}`);
        return args[0] === "preview" ? "Policies:\n    + sparki-delivery@v1.0.0 (local: pack)\n" : "";
      },
      ...others,
    };
    const survey = new Survey(context, plainScreen(new PassThrough()), signal, PHASES);
    return { ran, ended: runBootstrap(survey, ports, { isDry }) };
  }

  it("does nothing while the config is open, and says whose turn it is", async () => {
    const { ran, ended } = run({ config: configWith({ cluster: { ...cluster, readers: [] } }) });
    const report = await ended;
    expect(report).toMatchObject({ outcome: "open", exitCode: 3, did: [], next: { id: "config", number: 4 } });
    expect(ran).toEqual([]);
    const text = bootstrapText(report, plainScreen(new PassThrough()).paint);
    expect(text).toContain("4  Config: open");
    expect(text).toContain("5  Delivery: open, after step 4");
    expect(text).toContain("check: npx sparki preflight --stack prod --phase config");
  });

  it("changes nothing in a dry run, and nothing without a yes", async () => {
    const dry = run({ isDry: true });
    expect(await dry.ended).toMatchObject({ did: [], next: { id: "delivery" } });
    const refused = run({ agree: refuse });
    await expect(refused.ended).rejects.toMatchObject({ code: "SPARKI_USAGE" });
    expect([dry.ran, refused.ran, existsSync(join(home, "prod"))]).toEqual([[], [], false]);
  });

  it("stops where a step is open still after it was done, instead of doing it again", async () => {
    const made: string[] = [];
    const { ran, ended } = run({ agree: async (question) => void made.push(question) });
    await expect(ended).rejects.toMatchObject({ code: "SPARKI_HELD", message: expect.stringContaining("still open") });
    expect(ran.map((each) => each.split(" ").slice(2).join(" "))).toEqual([
      "stack init prod",
      expect.stringMatching(/^preview --stack prod --policy-pack .*policies.delivery.pack$/),
      expect.stringMatching(/^up --stack prod --yes --skip-preview --policy-pack .*policies.delivery.pack$/),
    ]);
    expect(made).toHaveLength(2);
    expect(statSync(join(home, "prod", "passphrase")).mode & 0o777).toBe(0o600);
  });
});

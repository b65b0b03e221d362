import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { SealStore } from "../../../io/seal/store.ts";
import { comparePlans, comparisonText } from "../../../runbook/plan/compare-run.ts";
import { makePlan, type PlanTarget } from "../../../runbook/plan/make-plan.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { EXIT } from "../../../shared/deploy-error.ts";
import { documentText } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { type Planned, plannedProject, type Recorded } from "../../support/planning.ts";
import { SealedCheckout } from "../../support/sealed-checkout.ts";

jest.setTimeout(600_000);

const cache = mkdtempSync(join(tmpdir(), "sparki-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const STEP: Planned = {
  type: "aws:lb/listener:Listener",
  name: "edge-lb-https",
  op: "update",
  before: { sslPolicy: "one" },
  after: { sslPolicy: "two" },
};

describe("comparePlans", () => {
  let checkout: SealedCheckout;
  beforeEach(() => {
    checkout = new SealedCheckout(cache);
  });
  afterEach(() => checkout.remove());

  /** Compares with a commit whose own sparki does this, a session that was told of other steps. */
  async function comparedWith(sparki: string, recorded: Recorded, session: Partial<PlanTarget> = {}) {
    checkout.write("runbook/sparki.ts", sparki);
    checkout.commit();
    const store = SealStore.open(checkout.env);
    const ports = { env: checkout.env, signal: new AbortController().signal, clock: fakeClock(0) };
    const target = { ...plannedProject(recorded), ...session };
    const named = { name: "HEAD", stack: "staging", fullName: "staging", checkout: checkout.directory };
    const screen = plainScreen(new PassThrough().resume());
    const document = await comparePlans({ ...named, session: target, store, ports, screen }).finally(() => {
      expect(checkout.stored("runs")).toEqual([]);
    });
    return { document, text: comparisonText(document, screen.paint) };
  }

  const writing = (document: unknown, exitCode = 0) =>
    `console.log(${JSON.stringify(JSON.stringify(document))});\nprocess.exit(${exitCode});\n`;
  const planOf = async (recorded: Recorded): Promise<object> =>
    Object(JSON.parse(documentText(await makePlan(plannedProject(recorded)))));

  it("tells which steps only one side would do, and leaves nothing behind", async () => {
    const other = writing(await planOf({ steps: [] }));
    const { document, text } = await comparedWith(other, { steps: [STEP] });
    expect(document).toMatchObject({
      stack: "staging",
      before: { name: "HEAD", commit: checkout.git("rev-parse", "HEAD").trim(), outcome: "succeeded" },
      now: { commit: null, outcome: "succeeded" },
      verdict: "different",
      exitCode: EXIT.refused.code,
      steps: { same: 0, different: [{ name: "edge-lb-https", now: { action: "update" } }] },
    });
    expect(text).toContain("  edge-lb-https (aws:lb Listener): nothing before, update now\n    sslPolicy: one → two\n");
    expect(text).toContain("Next:    npx sparki plan --stack staging\n");
  });

  it("compares what is hidden on the screen by the hashes in the plan's own file", async () => {
    const password = (length: number): Planned => ({
      type: "random:index/randomPassword:RandomPassword",
      name: "cache-password",
      op: "update",
      before: { text: "x" },
      after: { text: `${"x".repeat(200)}${length}` },
    });
    const plan = await makePlan(plannedProject({ steps: [password(1)] }));
    const document = { ...JSON.parse(documentText(plan)), files: { json: "plan.json" } };
    expect(JSON.stringify(document.fingerprint.parts.plan)).toContain("[secret]");
    checkout.write("plan.json", JSON.stringify({ fingerprint: plan.fingerprint }));
    const same = await comparedWith(writing(document), { steps: [password(1)] });
    expect(same.document.steps).toEqual({ same: 1, different: [] });
    const other = await comparedWith(writing(document), { steps: [password(2)] });
    expect(other.document.steps).toMatchObject({ same: 0, different: [{ name: "cache-password", properties: [] }] });
  });

  it("reads the versions of both sides from their own lock files", async () => {
    const { document, text } = await comparedWith(writing(await planOf({ steps: [STEP] })), { steps: [STEP] });
    expect(document.steps).toEqual({ same: 1, different: [] });
    // The small checkout has no packages; this project has.
    expect(document.versions).toContainEqual({
      kind: "sdk",
      name: "@pulumi/aws",
      from: undefined,
      to: expect.any(String),
    });
    expect(document.versions).toContainEqual({ kind: "plugin", name: "aws", from: undefined, to: expect.any(String) });
    expect(text).toContain("@pulumi/aws none → ");
  });

  it("previews both sides by a config file that is not the project's own", async () => {
    const own =
      'import { readFileSync } from "node:fs";\nconsole.log(JSON.stringify({ error: { code: "SPARKI_CONFIG", message: readFileSync("Pulumi.staging.yaml", "utf8") } }));\n';
    const target = plannedProject({ steps: [] });
    writeFileSync(target.configFile, "config: {other: true}\n");
    const seal = () => ({ ...target.seal(), configFile: target.configFile });
    await expect(comparedWith(own, { steps: [] }, { seal, configFile: target.configFile })).rejects.toMatchObject({
      message: expect.stringContaining("cannot be planned: config: {other: true}"),
    });
  });

  it.each([
    [
      "whose own plan is refused",
      writing({ error: { code: "SPARKI_CONFIG", message: "sparki:dns is missing", hint: null } }, 2),
      {
        code: "SPARKI_CONFIG",
        message: expect.stringMatching(/^commit [0-9a-f]{12} \(HEAD\) cannot be planned: sparki:dns is missing$/),
      },
    ],
    [
      "that ends without a document",
      "process.exit(9);\n",
      { code: "SPARKI_OUTSIDE", message: expect.stringMatching(/\(HEAD\) ended with 9 and wrote no document$/) },
    ],
    [
      "that writes another document",
      writing({ outcome: "succeeded" }),
      { code: "SPARKI_USAGE", message: expect.stringMatching(/is of a form that is not known here: seal: /) },
    ],
  ])("names the side %s, and why", async (_, sparki, error) => {
    await expect(comparedWith(sparki, { steps: [] })).rejects.toMatchObject(error);
  });

  it("compares no steps of a preview that did not succeed, and says whose it was", async () => {
    const failed = { outcome: "failed", failure: "it broke" } as const;
    const { document, text } = await comparedWith(writing(await planOf({ steps: [] })), {
      steps: [STEP],
      result: failed,
    });
    expect(document).toMatchObject({
      verdict: "not-compared",
      exitCode: EXIT.outside.code,
      now: { failure: "it broke" },
    });
    expect(text.replace(/\s+/g, " ")).toContain(
      "the steps were not compared: the preview by this checkout failed: it broke",
    );
  });

  it("refuses two previews between which the stack was updated", async () => {
    const { engine } = plannedProject({ steps: [] });
    let asked = 0;
    const exportState = async () => {
      asked += 1;
      const resources = asked === 1 ? [] : [{ urn: "urn:pulumi:staging::sparki::a:b:C::d", type: "a:b:C" }];
      return { version: 3, deployment: { resources } };
    };
    const moved = comparedWith(
      writing(await planOf({ steps: [] })),
      { steps: [] },
      { engine: { ...engine, exportState } },
    );
    await expect(moved).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "the stack was updated between the two previews: they are of two states",
    });
  });
});

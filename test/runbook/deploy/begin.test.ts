import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { EngineResult } from "../../../records/engine-record.ts";
import { type BeginOptions, type BeginTarget, begin } from "../../../runbook/deploy/begin.ts";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import { writePlan } from "../../../runbook/plan/plan-files.ts";
import type { PreflightReport } from "../../../runbook/preflight/check.ts";
import { CHECKOUT_DIRECTORY } from "../../../runbook/project.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { plannedProject, SUCCEEDED, urnOf } from "../../support/planning.ts";
import { recordOf, releaseNamed } from "../../support/updates.ts";

const CACHE = { type: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache-group" };
const STEP = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "b" } } as const;
const RESOURCES = [{ urn: urnOf(CACHE), type: CACHE.type, custom: true, modified: "1" }];
const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];
const live = recordOf(one);
const ADA = { name: "ada", through: "here", run: null };

let target: BeginTarget;
let previews: number;
beforeEach(() => {
  previews = 0;
  const project = plannedProject({ steps: [STEP], resources: RESOURCES });
  const plan: BeginTarget["engine"]["plan"] = (...args) => {
    previews++;
    return project.engine.plan(...args);
  };
  target = {
    ...project,
    plansDirectory: project.projectDirectory,
    engine: { ...project.engine, plan, tags: async () => ({}), identity: async () => ADA },
    registry: { find: async () => ({ kind: "there" }) },
    screen: plainScreen(new PassThrough()),
  };
});
afterEach(() => rmSync(target.projectDirectory, { recursive: true }));

const confirmation = { confirmed: true, how: "flag" } as const;
const report = (status: "pass" | "fail"): PreflightReport => ({
  stack: "staging",
  release: "2.0",
  outcome: "passed",
  exitCode: 0,
  seconds: 1,
  checks: [{ id: "images", group: "Application", title: "Images", status, reason: "as checked", seconds: 1 }],
  confirmations: { "on-call-confirmed": confirmation, "window-announced": confirmation },
});
const begun = (options: Partial<BeginOptions> = {}, changes: Partial<BeginTarget> = {}) =>
  begin({ ...target, ...changes }, two, { live, resources: [] }, { checklist: async () => report("pass"), ...options });

describe("begin", () => {
  it("lets a deploy begin with one preview, and keeps the plan's report", async () => {
    const found = await begun();
    expect(found).toMatchObject({
      refusal: undefined,
      preflight: { outcome: "passed" },
      preview: { outcome: "succeeded" },
      plan: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      configText: readFileSync(target.configFile, "utf8"),
    });
    expect(previews).toBe(1);
    for (const file of Object.values(found.plan?.files ?? { none: "none" }))
      expect(existsSync(join(CHECKOUT_DIRECTORY, file))).toBe(true);
  });

  it("asks once more under the engine's lock whether anything moved since the plan (W111)", async () => {
    const found = await begun();
    await found.check?.();
    const text = readFileSync(target.configFile, "utf8");
    writeFileSync(target.configFile, text.replace(/^( *sparki:owner:).*$/m, "$1 somebody-else"));
    await expect(found.check?.()).rejects.toThrow(
      /^what would be deployed has changed since the plan; nothing was changed\n {2}config/,
    );
  });

  it("takes a stack that is new for unmoved once the engine has written it down", async () => {
    let resources: readonly object[] = [];
    const exportState = async () => ({ version: 3, deployment: { resources } });
    const found = await begun({}, { engine: { ...target.engine, exportState } });
    const stack = { urn: "urn:pulumi:prod::sparki::pulumi:pulumi:Stack::sparki-prod", type: "pulumi:pulumi:Stack" };
    resources = [stack];
    await found.check?.();
    resources = [stack, { urn: "urn:pulumi:prod::sparki::aws:sns/topic:Topic::alerts", type: "aws:sns/topic:Topic" }];
    await expect(found.check?.()).rejects.toThrow(/has changed since the plan/);
  });

  it("refuses a frozen stack before it looks at anything, unless a person has thawed it", async () => {
    const tags = async () => ({ "sparki:frozen": "the rollback to 1.0 failed" });
    const engine = { ...target.engine, tags };
    const checklist = jest.fn(async () => report("pass"));
    const found = await begun({ checklist }, { engine });
    expect(found.refusal).toMatch(/^the rollback to 1.0 failed\. .* npx sparki rollback --stack staging$/);
    expect(checklist).not.toHaveBeenCalled();
    const thawCommand = "npx sparki rehearse --stack staging";
    const rehearsed = await begun({ checklist, thawCommand }, { engine });
    expect(rehearsed.refusal).toMatch(/^the rollback to 1.0 failed\. .* Run: npx sparki rehearse --stack staging$/);
    expect((await begun({ checklist, isThawed: true }, { engine })).refusal).toBeUndefined();
  });

  it("refuses what the checklist refuses, before any preview", async () => {
    const found = await begun({ checklist: async () => report("fail") });
    expect(found.refusal).toBe("preflight failed. Images: as checked");
    expect(found.preflight).toBeDefined();
    expect(previews).toBe(0);
  });

  it("leaves it to a preview that fails to say so, and asks nobody", async () => {
    const confirm = jest.fn(async () => undefined);
    const failed = plannedProject({ steps: [], result: { outcome: "failed", failure: "no" } });
    const engine = { ...target.engine, plan: failed.engine.plan };
    const found = await begun({ confirm }, { engine });
    expect(found).toMatchObject({ refusal: undefined, preview: { outcome: "failed" } });
    expect(confirm).not.toHaveBeenCalled();
    rmSync(failed.projectDirectory, { recursive: true });
  });

  it("refuses a deployment whose policy pack did not run at all (X01)", async () => {
    const policy = { checked: 0, violations: [] };
    const unjudged = plannedProject({ steps: [STEP], resources: RESOURCES, result: { policy } });
    rmSync(unjudged.projectDirectory, { recursive: true });
    const { refusal } = await begun({}, { engine: { ...target.engine, plan: unjudged.engine.plan } });
    expect(refusal).toMatch(/^the policy pack did not run: .* nothing was changed$/);
  });

  it("looks for what was changed by hand, and says so before it asks (W115)", async () => {
    const drift = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "c" } } as const;
    const drifted = plannedProject({ steps: [STEP], resources: RESOURCES, drift: [drift] });
    rmSync(drifted.projectDirectory, { recursive: true });
    const stream = new PassThrough();
    const { previewRefresh } = drifted.engine;
    const engine = { ...target.engine, previewRefresh };
    await begun({}, { engine, screen: plainScreen(stream) });
    expect(String(stream.read())).toContain("! changed by hand: cache-group");
  });

  it("refuses a release that could not be gone back from (F48)", async () => {
    const registry: BeginTarget["registry"] = { find: async () => ({ kind: "missing" }) };
    expect((await begun({}, { registry })).refusal).toMatch(
      /^a rollback to 1\.0 would fail: the registry no longer has /,
    );
  });

  it("throws for a person's no", async () => {
    const confirm = () => Promise.reject(new Error("not confirmed; nothing was changed"));
    await expect(begun({ confirm })).rejects.toThrow("not confirmed");
  });

  it("refuses when something moved while a person made up their mind", async () => {
    const confirm = async () => appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "// more\n");
    expect((await begun({ confirm })).refusal).toBe(
      "what would be deployed has changed since the plan; nothing was changed\n  program: infra/cache.ts differs",
    );
  });
});

/** F18, F19: what was approved is what is deployed. */
describe("begin, with an approved plan", () => {
  let approved: string;
  beforeEach(async () => {
    const plan = await makePlan(target);
    await writePlan(target.plansDirectory, plan);
    approved = plan.fingerprint.hash;
    previews = 0;
  });
  const replaced = (file: string, from: string, to: string) => () => {
    const path = join(target.projectDirectory, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
    return target;
  };
  const moved = () => {
    const resources = RESOURCES.map((resource) => ({ ...resource, modified: "2" }));
    const { engine, projectDirectory } = plannedProject({ steps: [STEP], resources });
    rmSync(projectDirectory, { recursive: true });
    return { ...target, engine: { ...target.engine, exportState: engine.exportState } };
  };

  it("lets it begin, with one preview, and says who has approved it", async () => {
    const found = await begun({ approved });
    expect(found).toMatchObject({ refusal: undefined, approval: { hash: approved, by: ADA, plannedBy: null } });
    expect(previews).toBe(1);
  });

  it("names who made the plan where its file says so", async () => {
    const bob = { name: "bob", through: "here", run: null };
    rmSync(join(target.plansDirectory, ".sparki"), { recursive: true });
    await writePlan(target.plansDirectory, { ...(await makePlan(target)), plannedBy: bob });
    expect((await begun({ approved })).approval).toMatchObject({ by: ADA, plannedBy: bob });
  });

  it("never writes the reviewed plan's files again (W35)", async () => {
    const folder = join(target.plansDirectory, ".sparki", "plans");
    const contents = () => {
      const reviewed = readdirSync(folder).filter((name) => !name.includes("deploy"));
      return reviewed.map((name) => [name, readFileSync(join(folder, name), "utf8")]);
    };
    const before = contents();
    expect(before).toHaveLength(3);
    const found = await begun({ approved });
    expect(contents()).toEqual(before);
    expect(found.plan?.files.json).toMatch(/\.deploy-\d{8}T\d{6}Z\.json$/);
  });

  it.each<[string, Partial<EngineResult["policy"]>, string]>([
    ["ran fewer checks", { checked: 2 }, "policies: number of checks was 3, is 2"],
    ["says something else", { verdicts: { "no-world-ingress": "0/1" } }, "policies: no-world-ingress is new"],
    [
      "finds a violation",
      { violations: [{ policy: "p", level: "advisory", resource: "r", message: "m" }] },
      "policies: violation 1 of p is new",
    ],
  ])("refuses a deployment whose pack %s (X01)", async (_, changes, said) => {
    const policy = { ...SUCCEEDED.policy, ...changes };
    const { engine, projectDirectory } = plannedProject({ steps: [STEP], resources: RESOURCES, result: { policy } });
    rmSync(projectDirectory, { recursive: true });
    const { refusal } = await begun({ approved }, { engine: { ...target.engine, plan: engine.plan } });
    expect(refusal).toBe(`not what was approved for staging; nothing was changed\n  ${said}`);
  });

  it("refuses what cannot be approved, whatever its hash is", async () => {
    const seal = () => ({ ...target.seal(), gaps: ["not committed: index.ts"] });
    expect((await begun({ approved }, { seal })).refusal).toContain("not committed: index.ts");
  });

  it.each<[string, () => BeginTarget, string]>([
    ["the config", replaced("Pulumi.staging.yaml", "db.t4g.large", "db.t4g.xlarge"), "config: sparki:database differs"],
    ["a chart's file", replaced("apps/charts/engine/values.yaml", "1", "2"), "charts: engine/values.yaml differs"],
    ["a digest", replaced("Pulumi.staging.yaml", "b099ca69", "00000000"), "digests: engine was "],
    ["the program", replaced("infra/cache.ts", "1", "2"), "program: infra/cache.ts differs"],
    ["the state", moved, "state: cache-group differs"],
  ])("refuses after a change of %s alone, and says so", async (_, change, said) => {
    const { refusal } = await begun({ approved }, change());
    expect(refusal).toMatch(/^not what was approved for staging; nothing was changed\n {2}/);
    expect(refusal?.split("\n").slice(1)).toEqual([expect.stringContaining(said)]);
  });
});

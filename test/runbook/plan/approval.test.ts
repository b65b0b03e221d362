import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { approvalRefusal, assertApproved, assertHash } from "../../../runbook/plan/approval.ts";
import { makePlan, movedSince, type PlanTarget } from "../../../runbook/plan/make-plan.ts";
import type { Plan } from "../../../runbook/plan/plan.ts";
import { readPlanDocument, writePlan } from "../../../runbook/plan/plan-files.ts";
import { exitCodeOf } from "../../../shared/deploy-error.ts";
import { engineTelling, type Planned, plannedProject, urnOf } from "../../support/planning.ts";

const CACHE = { type: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache-group" };
const step: Planned = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "b" } };
const resource = (modified: string) => ({ urn: urnOf(CACHE), type: CACHE.type, custom: true, modified });
const recorded = { steps: [step], resources: [resource("1")] };

let target: PlanTarget;
let approved: Plan;
beforeEach(async () => {
  target = plannedProject(recorded);
  approved = await makePlan(target);
  await writePlan(target.projectDirectory, approved);
});
afterEach(() => rmSync(target.projectDirectory, { recursive: true }));

/** What a deploy with the approved hash says when it has planned again. */
async function refusal(now: PlanTarget = target): Promise<{ lines: string[]; exitCode: number }> {
  const { hash } = approved.fingerprint;
  const document = await readPlanDocument(now.projectDirectory, now.stack, hash);
  const planned = await makePlan(now);
  try {
    assertApproved(hash, planned, document);
    return { lines: [], exitCode: 0 };
  } catch (error) {
    const [, ...lines] = error instanceof Error ? error.message.split("\n") : [];
    return { lines, exitCode: exitCodeOf(error) };
  }
}

function replaceInConfig(from: string, to: string): void {
  const text = readFileSync(target.configFile, "utf8");
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(target.configFile, text.replace(from, to));
}

describe("assertApproved", () => {
  it("accepts a plan in which nothing differs from what was approved", async () => {
    expect(await refusal()).toEqual({ lines: [], exitCode: 0 });
  });

  it("refuses after a change of the config", async () => {
    replaceInConfig("db.t4g.large", "db.t4g.xlarge");
    expect(await refusal()).toEqual({ lines: ["  config: sparki:database differs"], exitCode: 1 });
  });

  it("refuses on another backend, though its state has the very same content", async () => {
    const engine = { ...target.engine, backend: async () => "file:///tmp/evil" };
    expect(await refusal({ ...target, engine })).toEqual({
      lines: ["  state: backend was s3://state, is file:///tmp/evil"],
      exitCode: 1,
    });
  });

  it("refuses after a change of a chart's file", async () => {
    appendFileSync(join(target.projectDirectory, "apps/charts/engine/values.yaml"), "# more\n");
    expect(await refusal()).toEqual({ lines: ["  charts: engine/values.yaml differs"], exitCode: 1 });
  });

  it("refuses once a provider's plugin is another or is new, and takes one that the plan's own preview got", async () => {
    const hashes: Record<string, string>[] = [{}];
    const plugins = () => hashes.shift() ?? { "plugin aws 7.48.0": "a".repeat(64) };
    approved = await makePlan({ ...target, plugins });
    await writePlan(target.projectDirectory, approved);
    expect(await refusal({ ...target, plugins })).toEqual({ lines: [], exitCode: 0 });
    expect(await movedSince(approved, { ...target, plugins })).toEqual([]);
    const other = () => ({ "plugin aws 7.48.0": "b".repeat(64) });
    expect((await refusal({ ...target, plugins: other })).lines).toEqual(["  tools: plugin aws 7.48.0 differs"]);
  });

  it("refuses once the plugin of a provider that a component brings is another", async () => {
    const version = "4.19.0";
    const provider: Planned = {
      ...{ type: "pulumi:providers:kubernetes", name: "cluster-eks-eks-k8s", op: "create", after: { version } },
    };
    const asked: unknown[] = [];
    const told =
      (hash: string): PlanTarget["plugins"] =>
      (used) => {
        asked.push(used);
        return Object.fromEntries(used.map((one) => [`plugin ${one.name} ${one.version}`, hash.repeat(64)]));
      };
    const engine = engineTelling({ ...recorded, steps: [step, provider] });
    const planned = { ...target, engine, plugins: told("a") };
    approved = await makePlan(planned);
    await writePlan(target.projectDirectory, approved);
    expect(asked.at(-1)).toEqual([{ name: "kubernetes", version }]);
    expect(await movedSince(approved, planned)).toEqual([]);
    const other = { ...planned, plugins: told("b") };
    expect((await refusal(other)).lines).toEqual(["  tools: plugin kubernetes 4.19.0 differs"]);
    expect(await movedSince(approved, other)).toEqual(["tools: plugin kubernetes 4.19.0 differs"]);
  });

  it("refuses after a change of a digest", async () => {
    replaceInConfig("b099ca69", "00000000");
    const { lines, exitCode } = await refusal();
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}digests: engine was \S+@sha256:b099\w+, is \S+@sha256:0000\w+$/),
    ]);
    expect(exitCode).toBe(1);
  });

  it("refuses after a change of the program", async () => {
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "export const more = 1;\n");
    expect(await refusal()).toEqual({ lines: ["  program: infra/cache.ts differs"], exitCode: 1 });
  });

  it("refuses after the state has moved", async () => {
    const moved = { ...target, engine: engineTelling({ ...recorded, resources: [resource("2")] }) };
    expect(await refusal(moved)).toEqual({ lines: ["  state: cache-group differs"], exitCode: 1 });
  });

  it("refuses after something was changed by hand", async () => {
    const drift: Planned = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "c" } };
    const drifted = { ...target, engine: engineTelling({ ...recorded, drift: [drift] }) };
    expect(await refusal(drifted)).toEqual({ lines: ["  drift: cache-group is new"], exitCode: 1 });
  });

  it("refuses when the engine would do something else", async () => {
    const other = { ...target, engine: engineTelling({ ...recorded, steps: [{ ...step, after: { nodeType: "d" } }] }) };
    expect(await refusal(other)).toEqual({ lines: ["  plan: cache-group differs"], exitCode: 1 });
  });

  it.each([
    ["is gone", (file: string) => rmSync(file)],
    [
      "was altered",
      (file: string) =>
        writeFileSync(
          file,
          readFileSync(file, "utf8")
            .replace("engine@sha256:b0", "engine@sha256:c0")
            .replace('"infra/cache.ts"', '"infra/other.ts"'),
        ),
    ],
    ["is not JSON", (file: string) => writeFileSync(file, "{")],
  ])("cannot say what differs when the approved plan's file %s, and still refuses", async (_, harm) => {
    harm(join(target.projectDirectory, ".sparki/plans", `staging-${approved.fingerprint.hash.slice(0, 12)}.json`));
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "// more\n");
    const { lines, exitCode } = await refusal();
    expect(lines).toEqual([expect.stringContaining("is not known")]);
    expect(exitCode).toBe(1);
  });
});

describe("approvalRefusal", () => {
  const asked = async (hash: string) => approvalRefusal(hash, await makePlan(target), target);

  it("has nothing to say of what was approved", async () => {
    expect(await asked(approved.fingerprint.hash)).toBeUndefined();
  });

  it("says what differs", async () => {
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "// more\n");
    expect(await asked(approved.fingerprint.hash)).toContain("infra/cache.ts differs");
  });

  it("leaves a mistake to its own exit code", async () => {
    await expect(asked("abc")).rejects.toMatchObject({ code: "SPARKI_USAGE" });
  });
});

/** Between the plan and the update: while a person makes up their mind, anything may move. */
describe("movedSince", () => {
  it("has nothing to say while all is as it was planned", async () => {
    expect(await movedSince(approved, target)).toEqual([]);
  });

  it.each<[string, () => PlanTarget, string]>([
    ["config", () => edited("Pulumi.staging.yaml", "db.t4g.large", "db.t4g.xlarge"), "config: sparki:database differs"],
    ["digest", () => edited("Pulumi.staging.yaml", "b099ca69", "00000000"), "digests: engine was "],
    ["chart's file", () => edited("apps/charts/engine/values.yaml", "1", "2"), "charts: engine/values.yaml differs"],
    ["program", () => edited("infra/cache.ts", "1", "2"), "program: infra/cache.ts differs"],
    ["jobs' program", () => edited("io/run-job.ts", "job", "work"), "program: io/run-job.ts differs"],
    [
      "state",
      () => ({ ...target, engine: engineTelling({ ...recorded, resources: [resource("2")] }) }),
      "state: cache-group differs",
    ],
  ])("sees another %s, and nothing else", async (_, moved, said) => {
    expect(await movedSince(approved, moved())).toEqual([expect.stringContaining(said)]);
  });
});

function edited(file: string, from: string, to: string): PlanTarget {
  const path = join(target.projectDirectory, file);
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  return target;
}

describe("assertHash", () => {
  it.each(["", "abc", "A".repeat(64), `${"a".repeat(64)}\n`])("refuses %j, which is no plan's hash", (hash) => {
    expect(() => assertHash(hash)).toThrow(expect.objectContaining({ code: "SPARKI_USAGE" }));
  });
});

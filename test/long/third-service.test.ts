import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { z } from "zod";
import { block, copyForRecipe, insertAfter } from "../support/recipes.ts";
import { makeRuns, type Runs, type SparkiRun, sparkiOf } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** As much of the copy's document as is asked here; this project's own schema knows two services. */
const reportSchema = z.looseObject({
  outcome: z.string(),
  release: z.looseObject({ images: z.record(z.string(), z.string()) }),
  previous: z.looseObject({ id: z.string() }),
  steps: z.array(z.looseObject({ name: z.string(), type: z.string(), op: z.string() })),
  live: z.record(z.string(), z.looseObject({})),
  gates: z.array(z.looseObject({ gate: z.string() })),
  world: z.looseObject({}),
});

const digest = (reference = "") => reference.slice(reference.indexOf("sha256:"));

/** The config of what is live: another release, and fewer pods of the web UI than there are to be. */
function liveConfig(own: string): string {
  const document = parseDocument(own);
  document.setIn(["config", "sparki:release", "id"], "what-is-live");
  document.setIn(["config", "sparki:web", "maxReplicas"], 5);
  return document.toString();
}

describe("a third service, by the recipe of docs/extending.md (W45)", () => {
  let runs: Runs;
  let project: string;
  let run: SparkiRun;

  beforeAll(async () => {
    runs = makeRuns();
    project = join(runs.directory, "project");
    mkdirSync(project);
    copyForRecipe(project, liveConfig);
    const image = block("image").trimEnd();
    insertAfter(join(project, "stacks", "services.ts"), '    after: ["engine"],\n  },\n', block("services-entry"));
    execFileSync("sh", ["-eu"], { cwd: project, input: block("chart"), stdio: ["pipe", "pipe", "pipe"] });
    for (const stack of ["prod", "staging"]) {
      const file = join(project, `Pulumi.${stack}.yaml`);
      const { config } = parse(readFileSync(file, "utf8"));
      insertAfter(file, config["sparki:release"].images.web, `\n${image}`);
      insertAfter(file, sizesLine(file), block("sizes"));
    }
    run = await sparkiOf(project, ["rehearse", "upgrade", "--from", "HEAD", "--json", "--time-scale", "0.004"], runs);
  });
  afterAll(() => runs.remove());

  it("touches three files beside its chart", () => {
    const status = execFileSync("git", ["status", "--porcelain"], { cwd: project, encoding: "utf8" });
    const files = status.split("\n").flatMap((line) => line.slice(3) || []);
    expect(files).toEqual(["Pulumi.prod.yaml", "Pulumi.staging.yaml", "stacks/services.ts", "apps/charts/worker/"]);
  });

  it("is promoted onto a stack that had two, behind gates of its own, and runs its own image", () => {
    const { live, release, ...report } = reportSchema.parse(JSON.parse(run.stdout));
    expect({ exitCode: run.exitCode, outcome: report.outcome }).toEqual({ exitCode: 0, outcome: "promoted" });
    const own = digest(release.images.worker);
    expect(own).toHaveLength(71);
    expect(live.worker).toEqual({ oneBox: [own], fleet: [own] });
    const gates = new Set(report.gates.map(({ gate }) => gate));
    expect(gates).toContain("worker one-box");
    expect(gates).toContain("worker fleet");
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
  });

  it("goes from the config, program and charts of the commit, and makes of the other services what changed (W38)", () => {
    const { previous, steps } = reportSchema.parse(JSON.parse(run.stdout));
    expect(previous.id).toBe("what-is-live");
    const named = (op: string) => steps.filter((each) => each.op === op).map(({ name }) => name);
    expect(named("create").filter((name) => !/worker/.test(name))).toEqual([]);
    expect(named("update")).toEqual(expect.arrayContaining(["web-one-box", "web-fleet", "promotion-record"]));
  });
});

/** The line of the config that says how large the web UI is. */
function sizesLine(file: string): string {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((each) => each.startsWith("  sparki:web:"));
  return `${line}\n`;
}

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandRunner } from "../../io/child-command.ts";
import { startTrialServer, type TrialServer } from "../../rehearsal/cluster/trial-server.ts";
import { askAll, kubernetesTrial, namespacesOf, trialObjects } from "../../runbook/upgrades/kubernetes-trial.ts";
import { fakeContext, realFiles } from "../support/preflight.ts";
import { makeRuns, parsed, type Runs, sparki } from "../support/sparki.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(600_000);

/** That of the rehearsal's own control plane, which every machine has that runs the tests. */
const VERSION = "1.35";
const ROOT = join(import.meta.dirname, "..", "..");
const CHARTS = join("apps", "charts");

let runs: Runs;
let temporary: string;
let ownTemporary: string | undefined;

beforeAll(() => {
  runs = makeRuns();
  temporary = join(runs.directory, "tmp");
  mkdirSync(temporary);
  ownTemporary = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
});
afterAll(() => {
  if (ownTemporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = ownTemporary;
  runs.remove();
});

const start = (signal: AbortSignal, namespaces: readonly string[] = []) =>
  startTrialServer({
    version: VERSION,
    tools: { etcd: toolPath("etcd"), "kube-apiserver": toolPath("kube-apiserver") },
    definitions: [join(ROOT, CHARTS, "monitoring", "crds")],
    namespaces,
    signal,
  });

/** A copy of the charts with one text of the engine's replaced by another. */
function chartsWith(name: string, file: string, from: string, to: string): string {
  const project = join(runs.directory, name);
  cpSync(join(ROOT, CHARTS), join(project, CHARTS), { recursive: true });
  const path = join(project, CHARTS, "engine", "templates", file);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
  return project;
}

describe("a real API server's trial of a stack", () => {
  let server: TrialServer;
  const { signal } = new AbortController();

  beforeAll(async () => {
    server = await start(signal, namespacesOf({ objects: [] }));
  });
  afterAll(() => server?.stop());

  async function tried(projectDirectory: string) {
    const helm = commandRunner(toolPath("helm"), process.env);
    const commands = { aws: helm, helm, git: helm };
    const context = fakeContext({ projectDirectory, files: realFiles, commands });
    const found = await trialObjects(context, VERSION, signal);
    const verdicts = await askAll(found, VERSION, (object) => server.dryRun(object));
    const { charts, unrendered, leftOut } = found;
    const facts = { stack: "prod", kubernetes: VERSION, configured: VERSION, server: server.version };
    return kubernetesTrial({ ...facts, charts, unrendered, leftOut, verdicts });
  }

  it("takes every object of the charts as they are, with no warning", async () => {
    const trial = await tried(ROOT);
    expect(trial).toMatchObject({ exitCode: 0, refused: [], warnings: [], unrendered: [] });
    expect(trial.server).toMatch(/^1\.35\.\d+$/);
    expect(trial.charts).toEqual(["engine-one-box", "engine-fleet", "web-one-box", "web-fleet"]);
    expect(trial.accepted).toBeGreaterThan(20);
  });

  it("refuses an API that was removed, and says what replaces it", async () => {
    const edit = ["disruption-budget.yaml", "apiVersion: policy/v1", "apiVersion: policy/v1beta1"] as const;
    const trial = await tried(chartsWith("removed", ...edit));
    expect(trial).toMatchObject({ exitCode: 1, warnings: [] });
    expect(trial.refused).toEqual([
      {
        object: "PodDisruptionBudget sparki-engine/engine-fleet",
        origin: "apps/charts",
        api: "policy/v1beta1 PodDisruptionBudget",
        refused:
          "policy/v1beta1 PodDisruptionBudget was removed in Kubernetes 1.25; policy/v1 PodDisruptionBudget replaces it",
      },
    ]);
  });

  it("refuses a field that the version does not know, which no table of APIs shows", async () => {
    const edit = ["disruption-budget.yaml", "  maxUnavailable: 1", "  maxUnavailable: 1\n  atLeast: 2"] as const;
    const { exitCode, refused } = await tried(chartsWith("field", ...edit));
    expect({ exitCode, refused: refused.map((each) => each.refused) }).toEqual({
      exitCode: 1,
      refused: ["policy/v1 PodDisruptionBudget has no field .spec.atLeast"],
    });
  });

  it("refuses a value that the version does not admit", async () => {
    const edit = ["disruption-budget.yaml", "  maxUnavailable: 1", "  maxUnavailable: -1"] as const;
    const { exitCode, refused } = await tried(chartsWith("value", ...edit));
    expect({ exitCode, refused: refused.map((each) => each.refused) }).toEqual({
      exitCode: 1,
      refused: [expect.stringMatching(/^a value is not valid: spec\.maxUnavailable: .*-1/)],
    });
  });

  it("warns of an API that is deprecated, in the server's own words", async () => {
    const metadata = { name: "old", namespace: "sparki-engine" };
    const object = { apiVersion: "v1", kind: "Endpoints", metadata, subsets: [] };
    expect(await server.dryRun(object)).toMatchObject({
      status: 201,
      warnings: [expect.stringContaining("v1 Endpoints is deprecated in v1.33+")],
    });
  });

  it("takes an object of the whole cluster, whatever namespace it was rendered for", async () => {
    const metadata = { name: "reader", namespace: "sparki-engine" };
    const object = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules: [] };
    expect(await server.dryRun(object)).toMatchObject({ status: 201, message: "" });
  });

  it("keeps nothing, and leaves no process and no file", async () => {
    expect(runs.processes().length).toBeGreaterThan(0);
    await server.stop();
    expect(runs.processes()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("a trial that is interrupted", () => {
  it("leaves no process and no file while the API server starts", async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const starting = start(controller.signal);
    starting.catch(() => undefined);
    while (!runs.processes().some((words) => words.includes("kube-apiserver"))) await delay(20);
    controller.abort(reason);
    await expect(starting).rejects.toBe(reason);
    expect(runs.processes()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("sparki upgrades --kubernetes", () => {
  it("asks the API server of a version without an account or a cluster, and says what was left out", async () => {
    const without = {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_PROFILE: "",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const state = { PULUMI_BACKEND_URL: `file://${temporary}`, PULUMI_CONFIG_PASSPHRASE: "x" };
    const run = await sparki(["upgrades", "--kubernetes", VERSION, "--json"], runs, undefined, {
      ...without,
      ...state,
    });
    expect({ code: run.exitCode, said: parsed(run.stdout) }).toMatchObject({
      code: 0,
      said: { stack: "prod", kubernetes: VERSION, refused: [], unrendered: [] },
    });
    expect(run.stderr).toContain("Not asked about: what is installed.");
    expect(run.stderr).toMatch(/It takes all \d\d objects/);
    expect(runs.processes()).toEqual([]);
  });
});

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

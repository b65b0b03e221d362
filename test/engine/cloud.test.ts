import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDocument } from "yaml";
import { STATEFUL_TYPES } from "../../policies/judging/approvals.ts";
import { nameOf } from "../../runbook/engine-record.ts";
import { makeRuns, type Runs, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(300_000);

const ROOT = join(import.meta.dirname, "..", "..");

const EXEMPTION = {
  control: "S44",
  resource: "edge-lb-balancer",
  reason: "the stack is destroyed on purpose, which its load balancer's protection would refuse",
  until: "2999-01-01",
};

/** One cloud, used as a person does from a second terminal; each test goes on from the one before. */
describe("sparki cloud", () => {
  let runs: Runs;
  let serving: Promise<SparkiRun>;
  let environment: Record<string, string>;
  let end: () => void;
  const config = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");

  beforeAll(async () => {
    runs = makeRuns();
    await new Promise<void>((resolve, reject) => {
      serving = sparki(["cloud", "--json", "--time-scale", "0.002"], runs, ({ stdout }, child) => {
        if (!stdout.endsWith("\n")) return;
        environment = JSON.parse(stdout).environment;
        end = () => child.kill("SIGINT");
        resolve();
      });
      serving.then(({ stderr }) => reject(new Error(stderr)), reject);
    });
  });
  afterAll(() => runs.remove());

  const pulumi = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, ...environment };
    const options = { cwd: ROOT, env, maxBuffer: 100_000_000 };
    const run = promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
    const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`pulumi ${args[0]} failed: ${error.stdout.slice(-3000)}${error.stderr.slice(-3000)}`);
    });
    return stdout;
  };
  const world = async (): Promise<unknown[]> => {
    const run = join(runs.directory, "prod", "world.json");
    return JSON.parse(readFileSync(run, "utf8")).resources;
  };

  it("lets plain pulumi preview and up deploy the program, under the policies", async () => {
    expect(await pulumi("preview")).toContain("to create");
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up).toMatch(/Resources:\n\s+\+ \d+ created/);
    expect(up).toContain("sparki@");
    const promotion = JSON.parse(await pulumi("stack", "output", "promotion", "--json"));
    expect(config).toContain(promotion.release.images.engine);
  });

  it("finds nothing to do the second time: no migration, no seed, no gate", async () => {
    const up = await pulumi("up", "--yes", "--skip-preview", "--json");
    expect(up).not.toMatch(/"op":"(create|update|replace|delete)"/);
    expect(up).not.toContain("before hook");
  });

  it("refuses to destroy what is protected, and says how to lift that", async () => {
    await expect(pulumi("destroy", "--yes", "--skip-preview")).rejects.toThrow(/protect/);
    expect((await world()).length).toBeGreaterThan(100);
  });

  it("leaves an empty account when the protection is lifted first", async () => {
    const { deployment } = JSON.parse(await pulumi("stack", "export"));
    const approvals = deployment.resources
      .filter(({ type }: { type: string }) => STATEFUL_TYPES.some((stateful) => stateful === type))
      .map(({ urn }: { urn: string }) => nameOf(urn))
      .map((resource: string) => ({ resource, action: "delete", by: "a test", until: "2999-01-01" }));
    const file = environment.PULUMI_OPTION_CONFIG_FILE ?? "";
    const settings = parseDocument(readFileSync(file, "utf8"));
    settings.setIn(["config", "sparki:protection"], false);
    settings.setIn(["config", "sparki:approvals"], settings.createNode(approvals));
    settings.addIn(["config", "sparki:exemptions"], settings.createNode(EXEMPTION));
    writeFileSync(file, settings.toString());
    await pulumi("up", "--yes", "--skip-preview");
    await pulumi("destroy", "--yes", "--skip-preview");
    expect(await world()).toEqual([]);
  });

  it("never writes to the stack's own config file, and ends with all its processes on Ctrl-C", async () => {
    end();
    expect((await serving).exitCode).toBe(0);
    expect(runs.processes()).toEqual([]);
    expect(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8")).toBe(config);
  });
});

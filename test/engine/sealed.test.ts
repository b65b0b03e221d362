import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { systemClock } from "../../io/clock.ts";
import type { Ports } from "../../runbook/command.ts";
import {
  openSession,
  plainEnvironment,
  type RehearsalSession,
  resolveRehearsalTools,
} from "../../runbook/rehearse/rehearsal-session.ts";
import { openOutput } from "../../shared/text/output.ts";
import { lineProgress } from "../../tools/progress.ts";
import { commitCopy } from "../support/committed-copy.ts";

jest.setTimeout(3_600_000);

const EVIL = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: evil}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: system:unauthenticated}]
`;

interface Done {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("an approved plan, on the real engine", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-sealed-test-"));
  const checkout = join(directory, "checkout");
  let session: RehearsalSession;
  let helm = "helm";
  let hash = "";

  beforeAll(async () => {
    const [stdout, stderr] = [new PassThrough().resume(), new PassThrough().resume()];
    const env = { ...process.env, SPARKI_REHEARSAL_DIRECTORY: join(directory, "runs") };
    const signal = new AbortController().signal;
    const outputs = { stdout: openOutput(stdout), stderr: openOutput(stderr) };
    const ports: Ports = { ...outputs, clock: systemClock, env, cwd: process.cwd(), signal };
    const tools = await resolveRehearsalTools(ports, lineProgress(stderr));
    helm = tools.helm ?? helm;
    session = await openSession({ stack: "staging", seed: 1, timeScale: 0.005 }, tools, ports);
    await session.prepareRelease(session.project.release, {});
    commitCopy(checkout);
  });
  afterAll(async () => {
    await session.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** `sparki` of the checkout on staging, as a person's shell runs it that `sparki cloud` has prepared. */
  function sparki(args: readonly string[], watch: (stderr: string) => void = () => undefined): Promise<Done> {
    const { HOME = "/" } = process.env;
    const child = spawn(
      process.execPath,
      [join(checkout, "runbook", "sparki.ts"), ...args, "--stack", "staging", "--json"],
      {
        cwd: directory,
        env: { HOME, ...plainEnvironment(session), PULUMI_OPTION_CONFIG: "sparki:protection=false" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
      watch(output.stderr);
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (exitCode) => resolve({ exitCode, ...output }));
    });
  }

  /** What Helm has installed of a release. */
  function manifestOf(name: string, namespace: string): string {
    const env = { HOME: directory, KUBECONFIG: session.cloud.kubeconfigFile };
    const release = execFileSync(helm, ["list", "--all", "--short", "--namespace", namespace], {
      env,
      encoding: "utf8",
    })
      .split("\n")
      .find((each) => each === name || each.endsWith(name.replace(/^[a-z]+-/, "")));
    return execFileSync(helm, ["get", "manifest", release ?? name, "--namespace", namespace], {
      env,
      encoding: "utf8",
    });
  }

  function planFiles(): Record<string, string> {
    const folder = join(checkout, ".sparki", "plans");
    const names = readdirSync(folder).filter((name) => !name.includes("deploy"));
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  }

  it("is sealed by a plan that writes nothing but itself (W114, X06)", async () => {
    const before = readFileSync(session.project.configFile, "utf8");
    const { exitCode, stdout, stderr } = await sparki(["plan"]);
    if (exitCode !== 0) throw new Error(`${stdout.slice(0, 900)}\n${stderr}`);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("not passed on: PULUMI_OPTION_CONFIG")]);
    const document = JSON.parse(stdout);
    hash = document.fingerprint.hash;
    expect(document).toMatchObject({
      outcome: "succeeded",
      seal: { gaps: [], commit: expect.stringMatching(/^[0-9a-f]{40}$/) },
    });
    expect(document.next).toContain(`--approved ${hash}`);
    expect(readFileSync(session.project.configFile, "utf8")).toBe(before);
    expect(execFileSync("git", ["-C", checkout, "status", "--porcelain"], { encoding: "utf8" })).toBe("");
    expect(Object.keys(planFiles())).toHaveLength(3);
  });

  it("is not deployed once a file of the checkout is another", async () => {
    const tree = join(checkout, "gates", "tree.ts");
    const own = readFileSync(tree);
    writeFileSync(tree, "// evil\n");
    const { exitCode, stdout } = await sparki(["deploy", "--approved", hash]);
    writeFileSync(tree, own);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).error.message).toContain("not committed: gates/tree.ts");
  });

  it("is deployed as it was approved, whatever is done to the checkout in mid-update (X04, W35)", async () => {
    const reviewed = planFiles();
    let attacked = false;
    const attack = (stderr: string) => {
      if (attacked || !/create Vpc /.test(stderr)) return;
      attacked = true;
      for (const chart of ["engine", "web", "monitoring"])
        writeFileSync(join(checkout, "apps", "charts", chart, "templates", "evil.yaml"), EVIL);
      for (const file of ["io/run-job.ts", "policies/main.ts", "index.ts", "gates/tree.ts"])
        writeFileSync(join(checkout, file), 'throw new Error("evil");\n');
    };
    const confirmed = ["--on-call-confirmed", "--window-announced"];
    const { exitCode, stdout, stderr } = await sparki(["deploy", "--approved", hash, ...confirmed], attack);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stdout.slice(0, 3000)}\n${stderr.slice(-3000)}`);
    expect(attacked).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "promoted", plan: { hash } });
    expect(planFiles()).toEqual(reviewed);
    for (const [name, namespace] of [
      ["engine-fleet", "sparki-engine"],
      ["web-fleet", "sparki-web"],
    ] as const) {
      const installed = manifestOf(name, namespace);
      expect(installed).toContain("kind: Deployment");
      expect(installed).not.toContain("name: evil");
    }
  });

  it("leaves on record who approved it and that they planned it; no message makes an update sparki's own (X08)", async () => {
    const { release } = session.project;
    const [deployed] = await session.engine.history();
    expect(deployed?.ranBy).toMatchObject({ by: "sparki deploy", release: release.id, approval: { hash } });
    await session.engine.up(undefined, { message: `sparki deploy of ${release.id}` });
    const [forged] = await session.engine.history();
    expect(forged).toMatchObject({ message: `sparki deploy of ${release.id}`, ranBy: undefined });
    execFileSync("git", ["-C", checkout, "checkout", "--quiet", "--", "."]);
    const { stdout } = await sparki(["plan"]);
    expect(JSON.parse(stdout).fingerprint.hash).not.toBe(hash);
  });
});

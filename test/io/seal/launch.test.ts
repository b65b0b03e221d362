import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError } from "../../../shared/deploy-error.ts";
import { projectOf, readIn, SealedCheckout, TOP_LEVEL } from "../../support/sealed-checkout.ts";

jest.setTimeout(600_000);

const HASH = "a".repeat(64);
const REFUSED = /^not what was approved for staging; nothing was changed\n/;

const cache = mkdtempSync(join(tmpdir(), "sparki-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

let checkout: SealedCheckout;
beforeEach(() => {
  checkout = new SealedCheckout(cache);
});
afterEach(() => checkout.remove());

const deploy = (env: Record<string, string> = {}) => checkout.launchWith(env, "deploy", "--approved", HASH);

/** What a deployment says that is refused by the gate of approvals. */
async function refusal(env: Record<string, string> = {}): Promise<string> {
  const said: unknown = await deploy(env).catch((error: unknown) => error);
  if (said instanceof DeployError && said.code === "SPARKI_GATE") return said.message;
  throw new Error(`it was not refused: ${said}`);
}

/** What is left of an evil change where a deployment runs from the sealed copy. */
async function sealedProject(env: Record<string, string> = {}): Promise<string> {
  return projectOf(await deploy(env));
}

describe("a deployment of an approved plan", () => {
  it("runs the very files that were approved, from a copy that only its owner can enter and nobody writes to", async () => {
    await checkout.plan(HASH);
    const project = await sealedProject();
    for (const path of TOP_LEVEL) expect(readIn(project, path)).toBe(readIn(checkout.directory, path));
    expect(project.startsWith(checkout.path("runs"))).toBe(true);
    expect(statSync(checkout.path()).mode & 0o777).toBe(0o700);
    expect(statSync(join(project, "..")).mode & 0o777).toBe(0o700);
    expect(statSync(join(project, "index.ts")).mode & 0o777).toBe(0o400);
  });

  it.each(TOP_LEVEL)("is refused once %s is another in the checkout", async (path) => {
    await checkout.plan(HASH);
    checkout.write(path, "// evil\n");
    const said = await refusal();
    expect(said).toMatch(REFUSED);
    expect(said).toContain(`not committed: ${path}`);
  });

  it("is refused once the change is committed too, and says which commit was approved", async () => {
    await checkout.plan(HASH);
    const approved = checkout.git("rev-parse", "HEAD").trim();
    checkout.write("gates/tree.ts", "// evil\n");
    checkout.commit();
    const said = await refusal();
    expect(said).toContain(`commit: was ${approved}, is ${checkout.git("rev-parse", "HEAD").trim()}`);
    expect(said).toContain("program: gates/tree.ts differs");
  });

  it.each([".npmrc", "apps/charts/engine/templates/evil.yaml", "node.config.json", "runbook/evil.ts"])(
    "is refused once there is a file that no commit has: %s (X04, X05)",
    async (path) => {
      await checkout.plan(HASH);
      checkout.write(path, "evil\n");
      await expect(deploy()).rejects.toThrow(`not committed: ${path}`);
    },
  );

  it.each<[string, () => void]>([
    ["a template that git is told to ignore", () => ignored("apps/charts/engine/templates/evil.yaml")],
    ["a link that git is told to ignore", () => symlinkIgnored("apps/charts/engine/templates/evil.yaml")],
    ["a change that git is told not to see", () => unseen("gates/tree.ts")],
    ["another package in node_modules", () => checkout.write("node_modules/evil/index.js", "evil\n")],
  ])("is without the effect of %s, because the sealed copy runs (X02, X05)", async (_, change) => {
    await checkout.plan(HASH);
    change();
    const project = await sealedProject();
    for (const path of ["gates/tree.ts", "apps/charts/engine/templates/deployment.yaml"])
      expect(readIn(project, path)).not.toContain("evil");
    expect(existsSync(join(project, "apps/charts/engine/templates/evil.yaml"))).toBe(false);
    expect(existsSync(join(project, "node_modules/evil"))).toBe(false);
  });

  it("is without the effect of whatever is changed in the checkout while it runs (X04)", async () => {
    await checkout.plan(HASH);
    const project = await sealedProject();
    checkout.write("apps/charts/engine/templates/evil.yaml", "kind: ClusterRoleBinding\n");
    checkout.write("io/run-job.ts", "evil\n");
    checkout.write("policies/main.ts", "evil\n");
    rmSync(join(checkout.directory, "gates"), { recursive: true });
    expect(existsSync(join(project, "apps/charts/engine/templates/evil.yaml"))).toBe(false);
    for (const path of ["io/run-job.ts", "policies/main.ts", "gates/tree.ts"])
      expect(readIn(project, path)).not.toContain("evil");
  });

  it("is refused with another program in the place of helm, and with a script around it (X05)", async () => {
    await checkout.plan(HASH);
    const folder = mkdtempSync(join(tmpdir(), "sparki-bin-"));
    writeFileSync(join(folder, "helm"), "#!/bin/sh\necho v3.19.0\n", { mode: 0o755 });
    const PATH = `${folder}:${checkout.env.PATH}`;
    const said = await refusal({ PATH });
    expect(said).toContain("tools: helm differs");
    expect(said).toContain("helm is a script, and the programs that it runs are not sealed");
    rmSync(folder, { recursive: true });
  });

  it("takes no program out of the checkout's own folders, which npx puts first on PATH (X05)", async () => {
    await checkout.plan(HASH);
    checkout.write("node_modules/.bin/helm", "#!/bin/sh\necho v3.19.0; evil\n");
    chmodSync(join(checkout.directory, "node_modules/.bin/helm"), 0o755);
    const bin = join(checkout.directory, "node_modules", ".bin");
    const launch = await deploy({ PATH: `${bin}:${checkout.env.PATH}` });
    expect(launch?.environment.PATH?.split(":")).not.toContain(bin);
  });

  it.each(["NODE_OPTIONS", "LD_PRELOAD", "NODE_COMPILE_CACHE"])(
    "is refused while %s puts code into sparki itself (X05)",
    async (name) => {
      await checkout.plan(HASH);
      const refused = deploy({ [name]: "--require ./evil.cjs" });
      await expect(refused).rejects.toMatchObject({
        code: "SPARKI_GATE",
        hint: expect.stringContaining(`unset ${name}`),
      });
    },
  );

  it.each([
    ["PULUMI_OPTION_POLICY_PACK", ""],
    ["PULUMI_OPTION_CONFIG", "sparki:protection=false"],
    ["PULUMI_OPTION_TARGET", "x"],
    ["NODE_PATH", "/tmp/evil"],
    ["npm_config_script_shell", "/tmp/evil"],
    ["HELM_PLUGINS", "/tmp/evil"],
    ["AWS_ENDPOINT_URL", "http://evil.example"],
  ])("is without the effect of %s=%j, which does not reach it (X01, X03, X05, X06)", async (name, value) => {
    await checkout.plan(HASH);
    const launch = await deploy({ [name]: value });
    expect(launch?.environment[name]).not.toBe(value);
    expect(Object.values(launch?.environment ?? {})).not.toContain("/tmp/evil");
  });

  it.each([
    ["AWS_REGION", "eu-west-1"],
    ["PULUMI_BACKEND_URL", "file:///tmp/evil"],
    ["SPARKI_DNS_SERVER", "127.0.0.1:53"],
    ["NODE_EXTRA_CA_CERTS", "/tmp/evil.pem"],
  ])("is refused once the setting %s is another", async (name, value) => {
    await checkout.plan(HASH);
    await expect(deploy({ [name]: value })).rejects.toThrow(new RegExp(`environment: ${name}(,| differs)`));
  });

  it("is refused with another config file than the one that was planned, wherever it is named from (X03)", async () => {
    await checkout.plan(HASH);
    writeFileSync(join(checkout.cache, "weak.yaml"), "config: {sparki:protection: false}\n");
    const weak = { PULUMI_OPTION_CONFIG_FILE: "../../".concat(join(checkout.cache, "weak.yaml")) };
    await expect(deploy(weak)).rejects.toThrow(/config: Pulumi\.staging\.yaml differs|is not a regular file/);
    const absolute = { PULUMI_OPTION_CONFIG_FILE: join(checkout.cache, "weak.yaml") };
    await expect(deploy(absolute)).rejects.toThrow("config: Pulumi.staging.yaml differs");
  });

  it("is refused where the plan was made from what no commit has", async () => {
    checkout.write("gates/tree.ts", "// not committed\n");
    await checkout.plan(HASH);
    await expect(deploy()).rejects.toThrow("not committed: gates/tree.ts");
  });

  it("seals the commit itself where this machine has no seal of the plan, and uses none that was altered", async () => {
    const project = await checkout.plan(HASH);
    const [seal = ""] = checkout.stored("seals");
    const file = checkout.path("seals", seal, "files");
    chmodSync(file, 0o600);
    const honest = readFileSync(file, "latin1");
    const original = readIn(project, "gates/tree.ts");
    expect(honest).toContain(original);
    writeFileSync(file, honest.replace(original, "// evil".padEnd(original.length)), "latin1");
    expect(readIn(await sealedProject(), "gates/tree.ts")).toBe(readIn(project, "gates/tree.ts"));
    rmSync(checkout.path("seals", seal), { recursive: true });
    expect(readIn(await sealedProject(), "gates/tree.ts")).toBe(readIn(project, "gates/tree.ts"));
  });

  it("installs again what was altered among the installed dependencies (X05)", async () => {
    await checkout.plan(HASH);
    const [name = ""] = checkout.stored("dependencies");
    mkdirSync(checkout.path("dependencies", name, "node_modules", "evil"), { recursive: true });
    writeFileSync(checkout.path("dependencies", name, "node_modules", "evil", "index.js"), "evil\n");
    const project = await sealedProject();
    expect(checkout.said).toContain("have changed");
    expect(existsSync(join(project, "node_modules", "evil"))).toBe(false);
  });
});

describe("a seal", () => {
  it.each(["apps/charts/engine/templates/evil.yaml", "gates/evil.ts", "docs/evil"])(
    "refuses a symbolic link, committed or not: %s (X02)",
    async (path) => {
      symlinkSync("/etc/passwd", join(checkout.directory, path));
      const refused = {
        code: "SPARKI_USAGE",
        message: `${path} is a symbolic link; a sealed plan holds regular files only`,
      };
      await expect(checkout.launch("plan")).rejects.toMatchObject(refused);
      checkout.commit();
      await expect(checkout.launch("plan")).rejects.toMatchObject(refused);
      await expect(checkout.launch("deploy")).rejects.toMatchObject(refused);
    },
  );

  it("refuses a link in the place of a file and of the config", async () => {
    writeFileSync(join(checkout.cache, "other.yaml"), "config: {}\n");
    symlinkSync(join(checkout.cache, "other.yaml"), join(checkout.cache, "link.yaml"));
    const named = { PULUMI_OPTION_CONFIG_FILE: join(checkout.cache, "link.yaml") };
    await expect(checkout.launchWith(named, "plan")).rejects.toThrow("is not a regular file");
    rmSync(join(checkout.directory, "gates/tree.ts"));
    symlinkSync("../index.ts", join(checkout.directory, "gates/tree.ts"));
    await expect(checkout.launch("plan")).rejects.toThrow("gates/tree.ts is a symbolic link");
  });

  it("leaves no trace of one that was killed half made, and uses none of it", async () => {
    await checkout.plan(HASH);
    const half = checkout.path("seals", ".making-999999999-00000000");
    mkdirSync(join(half, "plans"), { recursive: true });
    writeFileSync(join(half, "plans", "b".repeat(64)), "");
    mkdirSync(checkout.path("runs", "999999999-00000000", "tree"), { recursive: true });
    await checkout.launch("plan");
    expect(checkout.stored("seals")).toHaveLength(1);
    expect(checkout.stored("runs").filter((name) => name.startsWith("999999999"))).toEqual([]);
  });

  it("is kept for the last ten states of a checkout", async () => {
    for (let each = 0; each < 12; each++) {
      checkout.write("gates/tree.ts", `// ${each}\n`);
      await checkout.launch("plan");
    }
    await checkout.launch("rehearse");
    expect(checkout.stored("seals")).toHaveLength(10);
  });

  it("cannot be kept where others could have put something", async () => {
    await checkout.plan(HASH);
    chmodSync(checkout.path(), 0o777);
    await expect(checkout.launch("plan")).rejects.toThrow("is not private; expected mode 0700");
    chmodSync(checkout.path(), 0o700);
  });

  it("is not needed for what runs no program, nor for an answer about a command", async () => {
    for (const args of [["history"], ["controls"], ["plan", "--help"], ["rehearse", "--list"], ["help", "plan"]]) {
      const [command = "", ...rest] = args;
      expect(await checkout.launch(command, ...rest)).toBeUndefined();
    }
  });
});

function ignored(path: string): void {
  writeFileSync(join(checkout.directory, ".git/info/exclude"), `${path}\n`);
  checkout.write(path, "evil\n");
}

function symlinkIgnored(path: string): void {
  writeFileSync(join(checkout.directory, ".git/info/exclude"), `${path}\n`);
  symlinkSync("/etc/passwd", join(checkout.directory, path));
}

function unseen(path: string): void {
  checkout.git("update-index", "--assume-unchanged", path);
  expect(readFileSync(join(checkout.directory, path), "utf8")).not.toContain("evil");
  checkout.write(path, "evil\n");
}

describe("the folder of a run", () => {
  it("is removed when what it compiled is kept for the next one", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-run-"));
    const [shared, run] = [join(folder, "shared"), join(folder, "run")];
    mkdirSync(shared);
    mkdirSync(join(run, "tree"), { recursive: true });
    symlinkSync(shared, join(run, "compiled"));
    const seal = new URL("../../../io/seal/seal.ts", import.meta.url);
    const program = `const { removeRun } = await import("${seal}"); removeRun("${join(run, "tree")}")`;
    execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(run, "compiled") },
    });
    expect(existsSync(run)).toBe(false);
    const kept = readdirSync(shared, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(kept.length).toBeGreaterThan(10);
    rmSync(folder, { recursive: true });
  });
});

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { type Launch, prepareLaunch } from "../../io/seal/launch.ts";
import { keepPlan } from "../../io/seal/seal.ts";
import { sealedRunIn } from "../../io/seal/sealed-run.ts";
import { cachedPath } from "../../tools/cache.ts";
import { CATALOG } from "../../tools/catalog.ts";

const FILES = {
  "index.ts": "export default 1;\n",
  "Pulumi.yaml": "name: sparki\n",
  "Pulumi.staging.yaml": "config: {}\n",
  "package.json": '{"name": "small", "version": "1.0.0"}\n',
  "package-lock.json":
    '{"name": "small", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "small", "version": "1.0.0"}}}\n',
  ".gitignore": "node_modules/\n.sparki/\n",
  "apps/charts/engine/templates/deployment.yaml": "kind: Deployment\n",
  "apps/engine.ts": "export const engine = 1;\n",
  "gates/tree.ts": "export const tree = 1;\n",
  "infra/network.ts": "export const network = 1;\n",
  "policies/main.ts": "export const policies = 1;\n",
  "rehearsal/cloud.ts": "export const cloud = 1;\n",
  "runbook/sparki.ts": "process.exit(0);\n",
  "io/run-job.ts": "process.exit(0);\n",
  "stacks/config.ts": "export const config = 1;\n",
  "test/some.test.ts": "// a test\n",
  "tools/resolve.ts": "export const tool = 1;\n",
  "aws/check.ts": "export const check = 1;\n",
  "delivery/main.ts": "export const role = 1;\n",
  "docs/plan.md": "# Plan\n",
};

/** The folders and files at the top of a checkout that a plan is sealed from. */
export const TOP_LEVEL = [...new Set(Object.keys(FILES))];

/** A small project in a repository of its own, and a user with pulumi and helm in the cache. */
export class SealedCheckout {
  readonly directory = mkdtempSync(join(tmpdir(), "sparki-checkout-"));
  readonly cache: string;
  readonly env: Record<string, string>;
  /** What the last command said before it began. */
  said = "";

  constructor(cache: string) {
    this.cache = cache;
    const PATH = [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
    this.env = { HOME: cache, XDG_CACHE_HOME: cache, PATH, AWS_REGION: "us-east-1" };
    for (const [path, text] of Object.entries(FILES)) this.write(path, text);
    for (const tool of CATALOG.filter(({ name }) => ["pulumi", "helm"].includes(name))) {
      const path = cachedPath(tool, this.env);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync("/bin/echo", path);
    }
    this.git("init", "--quiet");
    this.commit();
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  git(...args: readonly string[]): string {
    const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    return execFileSync("git", ["-C", this.directory, ...who, ...args], { encoding: "utf8" });
  }

  commit(): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", "Change something");
  }

  /** What would be run for a command on staging. */
  launch(command: string, ...args: readonly string[]): Promise<Launch | undefined> {
    return this.launchWith({}, command, ...args);
  }

  async launchWith(env: Record<string, string>, command: string, ...args: readonly string[]) {
    const stderr = new PassThrough();
    try {
      const argv = [command, "--stack", "staging", ...args];
      const ports = { env: { ...this.env, ...env }, cwd: this.directory, stderr, signal: new AbortController().signal };
      return await prepareLaunch(this.directory, argv, ports);
    } finally {
      this.said = String(stderr.read() ?? "");
    }
  }

  /** Seals as `sparki plan` does, and keeps the seal under a plan's hash. */
  async plan(hash: string): Promise<string> {
    const project = projectOf(await this.launch("plan"));
    const sealed = sealedRunIn(project, this.env);
    if (sealed === undefined) throw new Error("the plan does not run from a sealed copy");
    keepPlan(sealed.run, hash);
    return project;
  }

  stored(kind: string): readonly string[] {
    return readdirSync(join(this.cache, "sparki-deploy", "sealed", kind));
  }

  path(...names: readonly string[]): string {
    return join(this.cache, "sparki-deploy", "sealed", ...names);
  }

  remove(): void {
    // The programs and packages stay for the next one.
    for (const folder of [this.directory, this.path("seals"), this.path("runs")])
      rmSync(folder, { recursive: true, force: true });
  }
}

/** The folder that a launch's program is in. */
export function projectOf(launch: Launch | undefined): string {
  const script = launch?.argv.find((word) => word.endsWith("sparki.ts"));
  if (script === undefined) throw new Error("nothing was launched");
  return join(dirname(script), "..");
}

export function readIn(project: string, path: string): string {
  return readFileSync(join(project, path), "utf8");
}

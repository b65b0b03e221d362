import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { backendIn } from "../../../io/engine.ts";
import { gitCharts } from "../../../io/helm.ts";
import { codeLoaders } from "../../../io/seal/environment.ts";
import { assertPaths } from "../../../io/seal/files.ts";
import { keepPlan, keptPlan } from "../../../io/seal/seal.ts";
import { sealedRunIn } from "../../../io/seal/sealed-run.ts";
import { readSource } from "../../../io/seal/source.ts";
import { SealStore } from "../../../io/seal/store.ts";
import { plannerOf } from "../../../records/update.ts";
import { projectOf, readIn, SealedCheckout } from "../../support/sealed-checkout.ts";

jest.setTimeout(600_000);

const HASH = "a".repeat(64);

const cache = mkdtempSync(join(tmpdir(), "sparki-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

let checkout: SealedCheckout;
/** What code that should not run leaves behind. */
let mark: string;
beforeEach(() => {
  checkout = new SealedCheckout(cache);
  mark = join(checkout.directory, ".git", "mark");
});
afterEach(() => checkout.remove());

/** A program that leaves the mark, and does as `cat` does. */
function program(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\ntouch ${mark}\nexec cat\n`, { mode: 0o755 });
  return path;
}

const inGit = (name: string) => join(checkout.directory, ".git", name);

describe("git of a checkout that is sealed", () => {
  it("runs no filter that the repository's settings name, and the checkout stays clean", () => {
    checkout.git("config", "filter.evil.clean", program(inGit("evil")));
    writeFileSync(inGit("info/attributes"), "* filter=evil\n");
    utimesSync(join(checkout.directory, "index.ts"), new Date(), new Date(1e12));
    const { gap } = readSource(checkout.directory, checkout.env);
    expect([gap, existsSync(mark)]).toEqual([undefined, false]);
  });

  it.each([
    ["core.fsmonitor", "core.hooksPath"],
    ["core.sshCommand", "gpg.program"],
    ["diff.external", "core.alternateRefsCommand"],
  ])("runs no program that %s and %s name", (...keys) => {
    const evil = program(inGit("evil"));
    for (const key of keys) checkout.git("config", key, evil);
    checkout.write("index.ts", "// changed\n");
    const { gap } = readSource(checkout.directory, checkout.env);
    expect([gap, existsSync(mark)]).toEqual(["not committed: index.ts", false]);
  });

  it("asks no other repository for an object that is not here", () => {
    const evil = program(inGit("evil"));
    checkout.git("config", "core.sshCommand", evil);
    checkout.git("config", "remote.origin.url", "ssh://evil.example/x");
    checkout.git("config", "remote.origin.promisor", "true");
    checkout.git("config", "extensions.partialClone", "origin");
    const id = checkout.git("rev-parse", "HEAD:gates/tree.ts").trim();
    rmSync(inGit(`objects/${id.slice(0, 2)}/${id.slice(2)}`), { force: true });
    // Not asked for where the file itself is what the commit says.
    const { commit, files } = readSource(checkout.directory, checkout.env);
    expect(commit).toBe(checkout.git("rev-parse", "HEAD").trim());
    expect(`${files.get("gates/tree.ts")?.content}`).toBe(readIn(checkout.directory, "gates/tree.ts"));
    checkout.git("update-index", "--assume-unchanged", "gates/tree.ts");
    expect(() => readSource(checkout.directory, checkout.env)).toThrow("git checked out something other");
    expect(existsSync(mark)).toBe(false);
  });

  it("is not the one of the checkout's own folders, which npx puts first on PATH", () => {
    const evil = program(join(checkout.directory, "node_modules", ".bin", "git"));
    readSource(checkout.directory, { ...checkout.env, PATH: `${dirname(evil)}:${checkout.env.PATH}` });
    expect(existsSync(mark)).toBe(false);
  });

  it("verifies no signature with a program of the repository's, where a rollback asks for an older chart", async () => {
    checkout.git("config", "log.showSignature", "true");
    checkout.git("config", "gpg.program", program(inGit("evil")));
    const signed = checkout
      .git("cat-file", "commit", "HEAD")
      .replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n  \n -----END PGP SIGNATURE-----\n\n");
    const path = inGit("signed");
    writeFileSync(path, signed);
    checkout.git("update-ref", "HEAD", checkout.git("hash-object", "-t", "commit", "-w", path).trim());
    const found = await gitCharts(checkout.directory, checkout.env)("engine", () => true);
    expect([found?.files.size, existsSync(mark)]).toEqual([1, false]);
  });

  it("sees a change that is staged and taken back on disk, and a file that is gone", () => {
    checkout.write("gates/tree.ts", "// staged\n");
    checkout.git("add", "--all");
    checkout.write("gates/tree.ts", "export const tree = 1;\n");
    rmSync(join(checkout.directory, "index.ts"));
    expect(readSource(checkout.directory, checkout.env).gap).toBe("not committed: gates/tree.ts, index.ts");
  });

  it("sees a change that leaves a file's size and times as they were", () => {
    const file = join(checkout.directory, "gates/tree.ts");
    const time = new Date(1e12);
    utimesSync(file, time, time);
    checkout.git("status");
    checkout.write("gates/tree.ts", "export const tree = 2;\n");
    utimesSync(file, time, time);
    expect(readSource(checkout.directory, checkout.env).gap).toBe("not committed: gates/tree.ts");
  });

  it("hands out a project below the repository's top by ids that lead up to the commit, and by no forged folder", () => {
    for (const [path, text] of [
      ["deep/down/package.json", "{}\n"],
      ["deep/down/index.ts", "export default 1;\n"],
      ["other/down/package.json", "{}\n"],
      ["other/down/index.ts", "// evil\n"],
    ] as const)
      checkout.write(path, text);
    checkout.commit();
    const project = join(checkout.directory, "deep", "down");
    expect(readSource(project, checkout.env)).toMatchObject({ gap: undefined, commit: expect.any(String) });
    const [own = "", other = ""] = ["HEAD:deep", "HEAD:other"].map((name) => checkout.git("rev-parse", name).trim());
    const file = (id: string) => inGit(`objects/${id.slice(0, 2)}/${id.slice(2)}`);
    chmodSync(file(own), 0o600);
    copyFileSync(file(other), file(own));
    writeFileSync(join(project, "index.ts"), "// evil\n");
    checkout.git(
      "update-index",
      "--add",
      "--cacheinfo",
      `100644,${checkout.git("rev-parse", `${other}:down/index.ts`).trim()},deep/down/index.ts`,
    );
    expect(() => readSource(project, checkout.env)).toThrow("the folder with down does not match its id");
  });

  it("has no say about where the work tree is", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "sparki-elsewhere-"));
    checkout.git("config", "core.worktree", elsewhere);
    checkout.write("gates/tree.ts", "// evil\n");
    expect(readSource(checkout.directory, checkout.env).commit).toBeUndefined();
    rmSync(elsewhere, { recursive: true });
  });
});

describe("assertPaths", () => {
  it.each([
    ["../evil.json", "points outside its folder"],
    ["a/../../evil.json", "points outside its folder"],
    ["a//b", "points outside its folder"],
    ["/etc/passwd", "points outside its folder"],
    ["a/.GIT/config", "points outside its folder"],
    ["a/git~1/config", "points outside its folder"],
    ["a\\..\\b", "points outside its folder"],
    ["a\nb", "points outside its folder"],
    ["node_modules/zod/index.js", "is the folder of the dependencies"],
    ["Node_Modules/zod/index.js", "is the folder of the dependencies"],
  ])("refuses %j, which %s", (path, why) => {
    expect(() => assertPaths(["index.ts", path])).toThrow(`${JSON.stringify(path)} ${why}`);
  });

  it.each([
    ["gates/tree.ts", "Gates/Tree.ts"],
    ["a/\u00e9.ts", "a/e\u0301.ts"],
    ["a/\ufb01.ts", "a/fi.ts"],
  ])("refuses %j beside %j, which some machines take for the same file", (one, other) => {
    expect(() => assertPaths([one, other])).toThrow("is the same file as");
  });

  it("takes what a project has", () => {
    assertPaths([".gitignore", ".github/workflows/a.yml", "apps/node_modules/x", "a b/c-d_e.ts", "docs/...x.md"]);
  });
});

describe("a seal", () => {
  it("refuses packages that are committed in the place of the installed ones", async () => {
    checkout.write("node_modules/zod/index.js", "evil\n");
    checkout.git("add", "--force", "node_modules");
    checkout.git("commit", "--quiet", "--message", "Add packages");
    await expect(checkout.launch("plan")).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: '"node_modules/zod/index.js" is the folder of the dependencies; it cannot be part of a sealed plan',
    });
  });

  it("refuses a file too large to be a program's, without reading it", async () => {
    checkout.write("core.dump", "");
    truncateSync(join(checkout.directory, "core.dump"), 3 * 2 ** 30);
    await expect(checkout.launch("plan")).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: "core.dump has 3072 MiB; expected at most 100 MiB",
    });
  });

  it.each([0o777, 0o773])(
    "is not kept below a folder of mode %o, in which others could put one in its place",
    (mode) => {
      const shared = mkdtempSync(join(tmpdir(), "sparki-shared-"));
      chmodSync(shared, mode);
      const at = join(shared, "sparki-deploy", "sealed");
      expect(() => SealStore.at(at)).toThrow(`${shared}, above the sealed plans, is writable by everyone`);
      chmodSync(shared, 0o1777);
      expect(SealStore.at(at).directory).toBe(at);
      rmSync(shared, { recursive: true });
    },
  );

  it("tells AWS's SDKs to ask nobody but AWS, whatever a profile names as its endpoint", async () => {
    const launch = await checkout.launchWith({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" }, "plan");
    expect(launch?.environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS).toBe("true");
  });

  it("has the AWS command line ask nobody, for whose answer the cluster's credentials would wait", async () => {
    const launch = await checkout.launchWith({ AWS_CLI_AUTO_PROMPT: "on" }, "plan");
    expect(launch?.environment.AWS_CLI_AUTO_PROMPT).toBe("off");
  });
});

describe("a process of a sealed run", () => {
  const OWN = "io/seal/own-modules.mjs";
  /** Asks for a package that is not installed, as one asks for what it can do without. */
  const ASKS = `import { createRequire } from "node:module";
    const load = createRequire(import.meta.url);
    const asked = ["planted", "left-pad/x.js"].map((name) => { try { return load(name); } catch (error) { return error.code; } });
    asked.push(await import("planted").catch((error) => error.code));
    asked.push(typeof load("../gates/tree.ts").tree, typeof load("fs").statSync);
    console.log(JSON.stringify(asked));\n`;

  it.each(["cache/node_modules", "cache/.node_modules", "cache/.node_libraries", "cache/sparki-deploy/node_modules"])(
    "loads nothing from %s, where Node looks for packages that are in no seal",
    async (place) => {
      mkdirSync(dirname(join(checkout.directory, OWN)), { recursive: true });
      copyFileSync(join(import.meta.dirname, "../../..", OWN), join(checkout.directory, OWN));
      checkout.write("runbook/sparki.ts", ASKS);
      checkout.write("package.json", '{"name": "small", "version": "1.0.0", "type": "module"}\n');
      checkout.commit();
      await checkout.plan(HASH);
      const launch = await checkout.launch("deploy", "--approved", HASH);
      const folder = join(cache, place.slice("cache/".length));
      for (const name of ["planted", "left-pad"]) {
        mkdirSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name, "index.js"), 'module.exports = "evil";\n');
        writeFileSync(join(folder, name, "x.js"), 'module.exports = "evil";\n');
      }
      const { program: node = "", argv = [], environment } = launch ?? {};
      const { stdout, stderr } = spawnSync(node, argv.slice(1), { env: { ...environment }, encoding: "utf8" });
      rmSync(folder, { recursive: true });
      const absent = ["MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"];
      expect([stdout, stderr]).toEqual([`${JSON.stringify([...absent, "number", "function"])}\n`, expect.any(String)]);
    },
  );

  it("keeps another program's own modules from nobody, such as those of a provider's plugin", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-plugin-"));
    const [program, own] = [join(folder, "plugin.mjs"), join(folder, "own.mjs")];
    writeFileSync(own, "export const answer = 42;\n");
    writeFileSync(program, 'import { answer } from "./own.mjs"; console.log(answer);\n');
    const only = `--import=${pathToFileURL(join(import.meta.dirname, "../../..", OWN)).href}`;
    const env = { ...process.env, NODE_OPTIONS: only };
    expect(spawnSync(process.execPath, [program], { env, encoding: "utf8" })).toMatchObject({ stdout: "42\n" });
    // What has no program of its own is one of the run's.
    const asked = spawnSync(process.execPath, ["-e", `import(${JSON.stringify(own)})`], { env, encoding: "utf8" });
    expect(asked.stderr).toContain("own.mjs, which is not sealed");
    rmSync(folder, { recursive: true });
  });

  it("finds the run's own modules only by what is sealed with it", async () => {
    const project = projectOf(await checkout.launch("plan"));
    const launch = await checkout.launch("plan");
    expect(launch?.environment.NODE_OPTIONS).toMatch(/^--import=file:\/\/.*\/tree\/io\/seal\/own-modules\.mjs$/);
    expect(readIn(project, "index.ts")).toContain("export default");
  });
});

describe("the packages of a seal", () => {
  let registry: Server;
  let address: string;
  let tarball: Buffer;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-package-"));
    mkdirSync(join(folder, "package"));
    const manifest = { name: "small-thing", version: "1.0.0", scripts: { postinstall: "echo made > made" } };
    writeFileSync(join(folder, "package", "package.json"), JSON.stringify(manifest));
    execFileSync("tar", ["-czf", join(folder, "x.tgz"), "-C", folder, "package"]);
    tarball = readFileSync(join(folder, "x.tgz"));
    rmSync(folder, { recursive: true });
    registry = createServer((_, response) => void response.end(tarball)).listen(0, "127.0.0.1");
    await once(registry, "listening");
    const at = registry.address();
    address = `http://127.0.0.1:${typeof at === "object" ? at?.port : ""}`;
  });
  afterAll(() => void registry.close());

  /** What is wrong with a seal whose lock file says this of the package. */
  async function gapsWith(locked: object): Promise<readonly string[]> {
    const dependencies = { "small-thing": "1.0.0" };
    const root = { name: "small", version: "1.0.0", dependencies };
    checkout.write("package.json", JSON.stringify({ ...root, allowScripts: { "small-thing": true } }));
    const entry = { version: "1.0.0", resolved: `${address}/x.tgz`, hasInstallScript: true, ...locked };
    const packages = { "": root, "node_modules/small-thing": entry };
    checkout.write("package-lock.json", JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages }));
    checkout.commit();
    const project = projectOf(await checkout.launchWith({ npm_config_registry: address }, "plan"));
    const { seal } = sealedRunIn(project, checkout.env) ?? {};
    if (seal?.gaps.length === 0) made = readIn(project, "node_modules/small-thing/made");
    return seal?.gaps ?? ["none was made"];
  }
  let made = "";

  it("are none that the lock file calls bundled and gives no hash", async () => {
    const why = "npm took node_modules/small-thing, for which package-lock.json has no hash";
    expect(await gapsWith({ inBundle: true })).toEqual([`its dependencies are the checkout's own: ${why}`]);
  });

  it("are installed by npm's own ways, whatever the user's .npmrc says", async () => {
    const settings = [`script-shell=${program(inGit("evil"))}`, "node-options=--require=/tmp/evil.cjs"];
    writeFileSync(
      join(cache, ".npmrc"),
      [...settings, "install-strategy=linked", "ignore-scripts=true", ""].join("\n"),
    );
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    expect([await gapsWith({ integrity }), made.trim(), existsSync(mark)]).toEqual([[], "made", false]);
    rmSync(join(cache, ".npmrc"));
  });
});

describe("who made a plan", () => {
  const ann = { name: "ann", through: "box", run: null };
  const bob = { ...ann, name: "bob" };
  const document = { plannedBy: bob, fingerprint: { hash: HASH } };

  it("is told by the seal, whatever is written into the plan's file in the checkout", async () => {
    const run = sealedRunIn(projectOf(await checkout.launch("plan")), checkout.env)?.run;
    if (run === undefined) throw new Error("no run");
    keepPlan(run, HASH, { plannedBy: ann });
    expect(plannerOf(HASH, { kept: keptPlan(run, HASH), document })).toEqual(ann);
  });

  it("is told by the plan's file where this machine has not made it, and by none of another plan", () => {
    expect(plannerOf(HASH, { kept: undefined, document })).toEqual(bob);
    expect(plannerOf("b".repeat(64), { kept: undefined, document })).toBeNull();
  });
});

describe("backendIn", () => {
  it.each([
    ["https://app.pulumi.com/ann", "https://app.pulumi.com"],
    ["s3://state?region=us-east-1&awssdk=v2", "s3://state"],
    ["s3://key:hunter2@state/prod/", "s3://state/prod"],
    ["file:///srv/state", "file:///srv/state"],
    ["file://~", "file://~"],
  ])("says of %s only which place it is", (url, place) => {
    expect(backendIn(url)).toBe(place);
  });
});

describe("codeLoaders", () => {
  it.each([
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "NODE_COMPILE_CACHE",
    "NODE_REPL_EXTERNAL_MODULE",
    "NODE_V8_COVERAGE",
    "NODE_SOMETHING_NEW",
  ])("names %s, by which code comes into a process before its first line", (name) => {
    expect(codeLoaders({ PATH: "/usr/bin", [name]: "/tmp/evil" })).toEqual([name]);
  });

  it("names none that an image of Node or a person sets for other ends", () => {
    const set = { NODE_VERSION: "24.0.0", NODE_ENV: "production", NODE_EXTRA_CA_CERTS: "/x.pem", NODE_PATH: "/x" };
    expect(codeLoaders(set)).toEqual([]);
  });
});

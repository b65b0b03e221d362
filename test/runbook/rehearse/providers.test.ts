import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginsAskedFor } from "../../../io/seal/plugins.ts";
import { kubeconfigFor } from "../../../rehearsal/cluster/control-plane.ts";
import { hostText, languageHostFor, providersFor, providersText } from "../../../runbook/rehearse/providers.ts";
import type { Tool } from "../../../tools/tool.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "..");
const versionOf = (name: string) => pluginsAskedFor(PROJECT).find((each) => each.name === name)?.version ?? "";

describe("providersFor", () => {
  let home: string;
  let engine: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "sparki-home-"));
    engine = join(home, "engine");
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function install(name: string, version = versionOf(name), part = false) {
    const folder = join(home, ".pulumi", "plugins", `resource-${name}-v${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `pulumi-resource-${name}`), `plugin ${name}`, { mode: 0o755 });
    if (part) writeFileSync(`${folder}.partial`, "");
  }

  const progress = { begin: () => ({ end: () => undefined }) };
  const context = () => ({ project: PROJECT, env: { HOME: home }, progress, signal: new AbortController().signal });
  /** A kubernetes provider that is in the cache already, as after one build. */
  const BUILT: Tool = {
    name: "pulumi-resource-kubernetes",
    version: "4.0.0-built",
    ask: ["-help"],
    accepts: () => true,
    build: { module: "nowhere", package: "nowhere", ldflags: [] },
  };
  const whoIs = (all: readonly { name: string; is: string }[]) =>
    Object.fromEntries(all.map(({ name, is }) => [name, is]));

  it("simulates all of them unless it is asked for real ones", async () => {
    install("kubernetes");
    const { all } = await providersFor("simulated", context());
    expect(new Set(Object.values(whoIs(all)))).toEqual(new Set(["simulated"]));
    expect(providersText(all)).toBeUndefined();
  });

  it("takes the installed plugins of exactly the versions that the program asks for, and simulates AWS", async () => {
    for (const name of ["kubernetes", "random", "aws"]) install(name);
    install("command", "0.0.1");
    const { all, install: put } = await providersFor("real", context());
    expect(whoIs(all)).toEqual({
      aws: "simulated",
      eks: "simulated",
      random: "installed",
      command: "simulated",
      kubernetes: "installed",
    });
    put(engine);
    const folder = join(engine, "plugins", `resource-random-v${versionOf("random")}`);
    expect(lstatSync(folder).isDirectory()).toBe(true);
    expect(readFileSync(join(folder, "pulumi-resource-random"), "utf8")).toBe("plugin random");
    expect(existsSync(join(engine, "plugins", `resource-aws-v${versionOf("aws")}`))).toBe(false);
    expect(providersText(all)).toContain(`random ${versionOf("random")}, installed in Pulumi's home`);
    expect(all.find(({ name }) => name === "random")).toMatchObject({ from: "home" });
  });

  it("takes a plugin on PATH that is of exactly the version that the program asks for", async () => {
    install("kubernetes");
    const put = (name: string, version: string) =>
      writeFileSync(join(home, "bin", `pulumi-resource-${name}`), `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
    const PATH = onPath();
    put("random", versionOf("random"));
    put("command", "4.5.0");
    const { all, install: link } = await providersFor("real", { ...context(), env: { HOME: home, PATH } });
    expect(whoIs(all)).toMatchObject({ random: "installed", command: "simulated", kubernetes: "installed" });
    expect(all.find(({ name }) => name === "random")).toMatchObject({ from: "PATH" });
    link(engine);
    const program = join(engine, "plugins", `resource-random-v${versionOf("random")}`, "pulumi-resource-random");
    expect(realpathSync(program)).toBe(realpathSync(join(home, "bin", "pulumi-resource-random")));
  });

  it("takes Pulumi's own pulumi-eks, with a Kubernetes plugin of the version that it asks for", async () => {
    for (const name of ["kubernetes", "eks"]) install(name);
    const { all, install: put } = await providersFor("real", context());
    expect(whoIs(all)).toMatchObject({ aws: "simulated", eks: "installed", kubernetes: "installed" });
    put(engine);
    const own = join(engine, "plugins", `resource-kubernetes-v${versionOf("kubernetes")}`, BUILT.name);
    const components = join(engine, "plugins", "resource-kubernetes-v4.19.0", BUILT.name);
    expect(realpathSync(components)).toBe(realpathSync(own));
    install("kubernetes", "4.19.0");
    (await providersFor("real", context())).install(engine);
    expect(realpathSync(components)).not.toBe(realpathSync(own));
  });

  it("takes no plugin that is still being unpacked", async () => {
    install("kubernetes");
    install("random", versionOf("random"), true);
    expect(whoIs((await providersFor("real", context())).all)).toMatchObject({ random: "simulated" });
  });

  it("uses the built Kubernetes provider where none is installed, under the version that the engine asks for", async () => {
    const providers = await providersFor("real", {
      ...context(),
      catalog: [BUILT],
      env: { HOME: home, PATH: onPath() },
    });
    expect(providers.all.at(-1)).toEqual({ name: "kubernetes", is: "built", version: "4.0.0-built", from: null });
    providers.install(engine);
    const program = join(engine, "plugins", `resource-kubernetes-v${versionOf("kubernetes")}`, BUILT.name);
    expect(realpathSync(program)).toBe(realpathSync(join(home, "bin", BUILT.name)));
    expect(providersText(providers.all)).toBe(
      "real: kubernetes 4.0.0-built, built here. Simulated: aws, eks, random, command",
    );
  });

  function onPath(): string {
    mkdirSync(join(home, "bin"));
    writeFileSync(join(home, "bin", BUILT.name), "#!/bin/sh\necho 4.0.0\n", { mode: 0o755 });
    return `${join(home, "bin")}:${process.env.PATH}`;
  }
});

describe("languageHostFor", () => {
  const NAME = "pulumi-language-nodejs";
  const STAND_IN = join(PROJECT, "rehearsal", "language-host", NAME);
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "sparki-home-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A program of the official name, which answers the engine's questions as the stand-in does, of version 3.255.0. */
  function official(...folder: readonly string[]): string {
    const place = join(home, ...folder);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, NAME), `#!/bin/sh\nexec "${STAND_IN}" "$@"\n`, { mode: 0o755 });
    return place;
  }
  const found = (PATH = "/usr/bin:/bin") => languageHostFor(join(home, "pulumi-bin", "pulumi"), { HOME: home, PATH });

  it("is a stand-in where Pulumi's own is nowhere", async () => {
    const host = await found();
    expect(host).toEqual({ name: "nodejs", is: "simulated", version: null, from: null });
    expect(hostText(host)).toBe("sparki runs the program itself; plain pulumi: a stand-in");
  });

  it("is Pulumi's own in Pulumi's home, the newest that is wholly unpacked, with the version that it answers", async () => {
    official(".pulumi", "plugins", "language-nodejs-v3.9.0");
    const newest = official(".pulumi", "plugins", "language-nodejs-v3.255.0");
    official(".pulumi", "plugins", "language-nodejs-v3.256.0");
    writeFileSync(join(home, ".pulumi", "plugins", "language-nodejs-v3.256.0.partial"), "");
    const host = await found();
    expect(host).toEqual({ name: "nodejs", is: "installed", version: "3.255.0", from: "home", folder: newest });
    expect(hostText(host)).toContain("Pulumi's own 3.255.0, in Pulumi's home");
  });

  it("is the one beside pulumi before that, and one on PATH before both, as the engine looks", async () => {
    official(".pulumi", "plugins", "language-nodejs-v3.255.0");
    official("pulumi-bin");
    expect(await found()).toMatchObject({ from: "beside pulumi", version: "3.255.0" });
    const folder = official("bin");
    expect(await found(`${folder}:/usr/bin:/bin`)).toMatchObject({ from: "PATH", version: "3.255.0" });
  });

  it("is of an unknown version where it does not answer", async () => {
    writeFileSync(join(official("bin"), NAME), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const host = await found(`${join(home, "bin")}:/usr/bin:/bin`);
    expect(host).toMatchObject({ is: "installed", version: null, from: "PATH" });
    expect(hostText(host)).toContain("Pulumi's own of an unknown version, on PATH");
  });
});

describe("the AWS command line of a rehearsal with the real pulumi-eks", () => {
  const aws = join(PROJECT, "rehearsal", "eks", "aws");

  it("answers the version that pulumi-eks asks for, and the token of the rehearsal's cluster as its kubeconfig asks", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-aws-"));
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigFor("https://127.30.0.1:6443", "authority", "abc123"));
    const env = {
      PATH: process.env.PATH,
      KUBECONFIG: file,
      KUBERNETES_EXEC_INFO: '{"apiVersion": "client.authentication.k8s.io/v1"}',
    };
    const asked = (...args: string[]) => execFileSync(aws, args, { env, encoding: "utf8", stdio: "pipe" });
    expect(asked("--version")).toMatch(/^aws-cli\/2\.\d+/);
    const args = ["--region", "us-east-1", "eks", "get-token", "--cluster-name", "sparki-prod", "--output", "json"];
    expect(JSON.parse(asked(...args))).toMatchObject({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "abc123" },
    });
    expect(() => asked("s3", "ls")).toThrow(/answers --version and eks get-token only; found: s3 ls/);
    rmSync(folder, { recursive: true });
  });
});

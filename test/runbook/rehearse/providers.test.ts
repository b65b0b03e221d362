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
import { providersFor, providersText } from "../../../runbook/rehearse/providers.ts";
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
    expect(providersText(all)).toContain(`random ${versionOf("random")}, installed`);
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
    expect(providers.all.at(-1)).toEqual({ name: "kubernetes", is: "built", version: "4.0.0-built" });
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

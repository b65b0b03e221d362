import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheDirectory, cachedPath, findCached, findOnPath } from "../../tools/cache.ts";
import { resolveTools } from "../../tools/resolve.ts";
import type { Tool } from "../../tools/tool.ts";

const PROGRAM = "#!/bin/sh\necho widget version 2.1.0\n";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const pinned = (sum: string) => ({ "linux-x64": sum, "linux-arm64": sum, "darwin-x64": sum, "darwin-arm64": sum });

describe("resolveTools", () => {
  let root: string;
  let told: string[];
  let server: Server;
  let base: string;
  let checksum: string;
  let asked: string[];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "sparki-tools-"));
    mkdirSync(join(root, "bin"));
    told = [];
    checksum = sha256(PROGRAM);
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.url}`);
      response.end(PROGRAM);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    rmSync(root, { recursive: true });
    await new Promise((resolve) => server.close(resolve));
  });

  const widget = (published: boolean): Tool => ({
    name: "widget",
    version: "2.1.0",
    ask: ["version"],
    accepts: (version) => version.startsWith("2."),
    build: { module: "widget", package: "example.com/widget", ldflags: ["-X a.b=c"] },
    ...(published ? { download: { url: () => `${base}/widget`, sha256: pinned(checksum), members: () => [] } } : {}),
  });

  const executable = (name: string, script: string) => {
    writeFileSync(join(root, "bin", name), script);
    chmodSync(join(root, "bin", name), 0o755);
  };

  /** A Go that writes the program where it is told to, and counts how often it was asked to. */
  const fakeGo = (version = "go1.26.0", build = `printf '${PROGRAM.replaceAll("\n", "\\n")}' > "$out/widget"`) =>
    executable(
      "go",
      `#!/bin/sh
if [ "$1" = version ]; then echo go version ${version} linux/amd64; exit; fi
if [ "$1" = env ]; then echo \${GOTOOLCHAIN:-local}; exit; fi
echo "$@" >> ${root}/builds
while [ "$1" != -o ]; do shift; done
out=$2
${build}
`,
    );

  const resolve = (published: boolean, signal = new AbortController().signal, tool = widget(published), more = {}) => {
    const env = { ...more, PATH: `${join(root, "bin")}:/usr/bin:/bin`, XDG_CACHE_HOME: join(root, "cache") };
    const progress = {
      begin: (title: string) => {
        told.push(title);
        return { end: (note: string) => void told.push(`${title}: ${note}`) };
      },
    };
    return resolveTools(["widget"], { env, progress, signal, catalog: [tool] });
  };

  const cached = () => cachedPath(widget(false), { XDG_CACHE_HOME: join(root, "cache") });

  it("takes a good version from PATH before anything else", async () => {
    executable("widget", "#!/bin/sh\necho widget v2.4.0\n");
    expect(await resolve(true)).toEqual({ widget: join(root, "bin", "widget") });
    expect(told).toEqual([]);
  });

  it("passes over a version on PATH that is not good enough", async () => {
    executable("widget", "#!/bin/sh\necho widget v1.9.0\n");
    expect(await resolve(true)).toEqual({ widget: cached() });
  });

  it("downloads once and then uses the cached one", async () => {
    await resolve(true);
    expect(told).toEqual(["downloading widget 2.1.0", "downloading widget 2.1.0: verified"]);
    expect(asked).toEqual(["/widget"]);
    told.length = 0;
    expect(await resolve(true)).toEqual({ widget: cached() });
    expect(told).toEqual([]);
  });

  it("never uses a download whose checksum does not match, and builds instead", async () => {
    checksum = sha256("something else");
    fakeGo();
    expect(await resolve(true)).toEqual({ widget: cached() });
    const why = `its SHA-256 is ${sha256(PROGRAM)}; expected the pinned ${checksum}`;
    expect(told).toContain(`downloading widget 2.1.0: not available: ${why}`);
    expect(told).toContain("building widget 2.1.0: built");
  });

  it.each<[string, (file: string) => void]>([
    ["whose program was changed", (file) => appendFileSync(file, "echo more\n")],
    [
      "whose program was swapped, with its old time put back",
      (file) => {
        const { atime, mtime } = statSync(file);
        const other = PROGRAM.replace("widget", "gadget");
        writeFileSync(file, other);
        utimesSync(file, atime, mtime);
      },
    ],
    ["that got a file more", (file) => writeFileSync(join(dirname(file), "libextra.so"), "x")],
    ["that says nothing of itself", (file) => rmSync(join(dirname(file), ".manifest.json"))],
    ["whose manifest was cut short", (file) => truncateSync(join(dirname(file), ".manifest.json"), 9)],
  ])("never runs a cached tool %s: it says so and builds it again", async (_, tamper) => {
    fakeGo();
    await resolve(false);
    tamper(cached());
    told.length = 0;
    expect(await resolve(false)).toEqual({ widget: cached() });
    expect(told).toContainEqual(expect.stringMatching(/^widget 2\.1\.0 in .*: changed: .*; downloaded again$/));
    expect(readFileSync(cached(), "utf8")).toBe(PROGRAM);
    told.length = 0;
    await resolve(false);
    expect(told).toEqual([]);
  });

  it("keeps a cache of before there were manifests, and verifies it from then on", async () => {
    fakeGo();
    await resolve(false);
    const cache = join(root, "cache", "sparki-deploy", "tools");
    rmSync(join(dirname(cached()), ".manifest.json"));
    const moved = join(root, "old-home");
    mkdirSync(join(moved, "sparki-deploy"), { recursive: true });
    renameSync(cache, join(moved, "sparki-deploy", "tools"));
    rmSync(join(moved, "sparki-deploy", "tools", ".recorded"));
    const context = { env: { XDG_CACHE_HOME: moved }, progress: { begin: () => ({ end: () => undefined }) } };
    const path = cachedPath(widget(false), context.env);
    expect(await findCached(widget(false), context)).toBe(path);
    appendFileSync(path, "more");
    expect(await findCached(widget(false), context)).toBeUndefined();
  });

  it("builds where nothing is published, with the pinned module's flags", async () => {
    fakeGo();
    await resolve(false);
    expect(readFileSync(cached(), "utf8")).toBe(PROGRAM);
    expect(readFileSync(join(root, "builds"), "utf8")).toMatch(/-C \S*tools\/widget -trimpath .*-s -w -X a\.b=c/);
  });

  it("asks for the Go that the module asks for, and says of what is built on demand that it takes minutes, once", async () => {
    const rare = { ...widget(false), isOnDemand: true };
    const inModule = { ...rare, build: { ...rare.build, module: "kubernetes-1.36" } };
    fakeGo("go1.25.9");
    await expect(resolve(false, undefined, inModule)).rejects.toThrow("found Go 1.25.9, expected Go 1.26 or newer");
    await resolve(false, undefined, inModule, { GOTOOLCHAIN: "auto" });
    expect(told).toContain("building widget 2.1.0 from source, once, for some minutes: built");
  });

  it("builds once when two ask at the same time", async () => {
    fakeGo();
    await Promise.all([resolve(false), resolve(false)]);
    expect(readFileSync(join(root, "builds"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("takes over the lock of a builder that died", async () => {
    fakeGo();
    const locks = join(root, "cache", "sparki-deploy", "tools", ".locks");
    mkdirSync(locks, { recursive: true });
    writeFileSync(join(locks, "widget"), "2147483000");
    expect(await resolve(false)).toEqual({ widget: cached() });
  });

  it("leaves nothing half-made in the cache when a build fails, and shows Go's own words", async () => {
    fakeGo("go1.26.0", "echo cannot find module >&2; exit 1");
    await expect(resolve(false)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("cannot find module"),
    });
    expect(existsSync(cached())).toBe(false);
  });

  it.each([
    ["no Go", undefined],
    ["Go 1.22.1", "go1.22.1"],
  ])("names the missing tool, what was found (%s) and what to install", async (found, version) => {
    if (version !== undefined) fakeGo(version);
    else executable("go", "#!/bin/sh\nexit 127\n");
    await expect(resolve(false)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(new RegExp(`^widget 2.1.0: .*found ${found}, expected Go 1.24`)),
      hint: expect.stringContaining("install Go 1.24"),
    });
  });

  it("ends a build that is interrupted", async () => {
    fakeGo("go1.26.0", "exec sleep 60");
    const controller = new AbortController();
    const building = resolve(false, controller.signal);
    const reason = new Error("interrupted");
    setTimeout(() => controller.abort(reason), 200);
    await expect(building).rejects.toBe(reason);
  });
});

describe("findOnPath", () => {
  let root: string;
  let env: Record<string, string>;
  const asked: string[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-tools-"));
    mkdirSync(join(root, "bin"));
    env = { PATH: join(root, "bin"), HOME: root };
    asked.length = 0;
  });

  afterEach(() => rmSync(root, { recursive: true }));

  const toolNamed = (name: string): Tool => ({
    ...{ name, version: "0.0.0", ask: ["--version"] },
    accepts: (version) => asked.push(version) > 0,
    build: { module: name, package: name, ldflags: [] },
  });
  const versionsFile = () => join(cacheDirectory(env), ".versions.json");
  /** Says of every program that was asked that it had told another version. */
  const forge = () => {
    const known = Object.keys(JSON.parse(readFileSync(versionsFile(), "utf8")));
    writeFileSync(versionsFile(), JSON.stringify(Object.fromEntries(known.map((key) => [key, "99.0.0"]))));
  };

  it("asks a program for its version once", async () => {
    symlinkSync(process.execPath, join(root, "bin", "node"));
    await findOnPath(toolNamed("node"), env);
    forge();
    await findOnPath(toolNamed("node"), env);
    expect(asked).toEqual([process.versions.node, "99.0.0"]);
  });

  it("asks a shim of another name each time: what it runs may change", async () => {
    symlinkSync(process.execPath, join(root, "bin", "widget"));
    expect(await findOnPath(toolNamed("widget"), env)).toBe(join(root, "bin", "widget"));
    expect(existsSync(versionsFile())).toBe(false);
  });

  it("asks a script each time", async () => {
    writeFileSync(join(root, "bin", "widget"), PROGRAM, { mode: 0o755 });
    await findOnPath(toolNamed("widget"), env);
    expect(asked).toEqual(["2.1.0"]);
    expect(existsSync(versionsFile())).toBe(false);
  });

  it.each(["", "[]", "{", "null"])("asks where what is kept is %j", async (text) => {
    mkdirSync(cacheDirectory(env), { recursive: true });
    writeFileSync(versionsFile(), text);
    symlinkSync(process.execPath, join(root, "bin", "node"));
    await findOnPath(toolNamed("node"), env);
    expect(asked).toEqual([process.versions.node]);
  });
});

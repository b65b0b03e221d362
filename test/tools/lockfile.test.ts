import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..", "..");
const file = join(root, "package-lock.json");
const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(readFileSync(file, "utf8"));

describe("package-lock.json", () => {
  it("names the binaries of every platform, without which npm ci refuses the lock", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});

describe("npm in a checkout", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-npm-"));
    const newer = { name: "newer", version: "1.0.0", engines: { node: ">=99" } };
    mkdirSync(join(folder, "newer"));
    writeFileSync(join(folder, "newer", "package.json"), JSON.stringify(newer));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { newer: "file:./newer" } }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Without what the npm that runs these tests hands on to its children. */
  const npm = (...args: readonly string[]) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    return spawnSync("npm", args, { cwd: folder, env, encoding: "utf8" });
  };
  const install = () => {
    const { status, stderr } = npm("install", "--offline", "--install-links");
    return { status, stderr };
  };

  it("says nothing of packages that want a newer Node than the one that runs npm, and would without its own settings", () => {
    expect(install()).toEqual({ status: 0, stderr: expect.stringContaining("EBADENGINE") });
    cpSync(join(root, ".npmrc"), join(folder, ".npmrc"));
    rmSync(join(folder, "node_modules"), { recursive: true });
    rmSync(join(folder, "package-lock.json"));
    expect(install()).toEqual({ status: 0, stderr: "" });
  });
  // https://github.com/actions/runner-images/issues/3737, https://github.com/ClickHouse/clickhouse-js/pull/902
  it("asks the registry more often than npm does by itself: a rollback's job begins with an installation too", () => {
    const retries = () =>
      Number(npm("config", "get", "fetch-retries", "--userconfig=no-user", "--globalconfig=no-global").stdout);
    expect(retries()).toBeLessThan(5);
    cpSync(join(root, ".npmrc"), join(folder, ".npmrc"));
    expect(retries()).toBe(5);
  });
});

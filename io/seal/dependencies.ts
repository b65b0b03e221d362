import { execFile } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Environment } from "./environment.ts";
import { contentsBelow, type Files, hashOfContents, makeReadOnly, sha256 } from "./files.ts";
import type { SealStore } from "./store.ts";

/** The packages of a lock file, installed once and never written to again. */
export interface Dependencies {
  /** Its name in the store: of the lock file, the platform and Node's own version. */
  readonly name: string;
  /** SHA-256 over every file of every package. */
  readonly content: string;
}

interface LockedPackage {
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Recorded {
  readonly content: string;
  /** What the file system said of every file when it was installed. */
  readonly stamp: string;
}

/** npm's own settings that say where packages come from; what comes is held against the lock file's integrity. */
const NPM_SETTINGS = /^npm_config_(registry|cache|userconfig|cafile|prefer_offline|offline)$/i;

/** Over whatever the user's own .npmrc says: how packages are laid out, and which shell and options their scripts get. */
const OWN_WAY = [
  ...["--install-strategy=hoisted", "--script-shell=/bin/sh", "--node-options=", "--package-lock=true"],
  ...["--force=false", "--legacy-peer-deps=false", "--dry-run=false", "--global=false"],
];

/** What is kept of a package; another layout's packages are installed beside these. */
const LAYOUT = "2";

/** What npm needs to find the registry and its own cache. */
const NPM_NEEDS = [
  ...["PATH", "HOME", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"],
  ...["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"],
];

/**
 * The lock file's packages without those for development, installed with verified integrity once, and the same after
 * that. `isThorough` hashes every file again; else what the file system says of each must be what it said. What was
 * altered is installed again. Throws SPARKI_USAGE for a lock file with a package that it cannot vouch for, and
 * SPARKI_OUTSIDE with npm's own words when the packages cannot be had.
 */
export async function installedDependencies(
  store: SealStore,
  files: Files,
  { env, isThorough, say }: { readonly env: Environment; readonly isThorough: boolean; say(line: string): void },
): Promise<Dependencies> {
  const lock = textOf(files, "package-lock.json");
  const manifest = textOf(files, "package.json");
  const name = sha256([lock, manifest, process.platform, process.arch, process.versions.modules, LAYOUT].join("\0"));
  const known = recordIn(store, name);
  if (known !== undefined) {
    const content = isThorough || stampOf(modulesIn(store, name)) !== known.stamp ? hashIn(store, name) : known.content;
    if (content === known.content) return { name, content };
    say("the installed dependencies have changed: they are installed again");
    store.remove("dependencies", name);
  }
  assertVouchedFor(lock);
  say("installing the dependencies of package-lock.json for sealed plans, once");
  await store.make("dependencies", name, (folder) => install(folder, { lock, manifest }, env));
  const made = recordIn(store, name);
  if (made === undefined) throw new DeployError("SPARKI_OUTSIDE", "the installed dependencies were deleted meanwhile");
  return { name, content: made.content };
}

/** Where a plan's packages are. */
export function modulesIn(store: SealStore, name: string): string {
  return store.path("dependencies", name, "node_modules");
}

async function install(folder: string, { lock, manifest }: Record<"lock" | "manifest", string>, env: Environment) {
  writeFileSync(join(folder, "package.json"), manifest);
  writeFileSync(join(folder, "package-lock.json"), lock);
  const flags = ["--no-bin-links", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", ...OWN_WAY];
  await npm(folder, env, ["ci", "--omit=dev", "--ignore-scripts", "--install-links=false", ...flags]);
  const { allowScripts = {} }: { allowScripts?: Record<string, boolean> } = JSON.parse(manifest);
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  // What npm says of itself is only there where it has installed something.
  if (readdirSync(modules).length > 0) assertTaken(readFileSync(join(modules, ".package-lock.json"), "utf8"), lock);
  for (const name of Object.keys(allowScripts).filter((each) => allowScripts[each] === true))
    if (lstatSync(join(modules, name), { throwIfNoEntry: false }))
      await npm(folder, env, ["rebuild", name, "--ignore-scripts=false", ...flags]);
  rmSync(join(modules, ".package-lock.json"), { force: true });
  withoutDebugging(modules);
  withoutLinks(modules);
  makeReadOnly(modules);
  // The folder is still to be renamed, which no file in it notices.
  const record: Recorded = { content: hashOfContents(contentsBelow(modules)), stamp: stampOf(modules) };
  writeFileSync(join(folder, "installed.json"), JSON.stringify(record), { mode: 0o400 });
}

async function npm(cwd: string, env: Environment, args: readonly string[]): Promise<void> {
  const passed = Object.entries(env).filter(([name]) => NPM_SETTINGS.test(name));
  const own = Object.fromEntries(NPM_NEEDS.map((name) => [name, env[name]]));
  try {
    await promisify(execFile)("npm", [...args], {
      cwd,
      env: { ...Object.fromEntries(passed), ...own },
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const said =
      typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr) : String(error);
    const line = said.split("\n").find((each) => /^npm error (?!code)/.test(each)) ?? said.trim().split("\n")[0];
    throw new DeployError("SPARKI_OUTSIDE", `the dependencies of package-lock.json cannot be installed: ${line}`, {
      hint: "npm ci, and then run the same command again",
      cause: error,
    });
  }
}

/** Every package is from a registry and has a hash, or is inside one that has. */
function assertVouchedFor(lock: string): void {
  const { packages = {} } = lockIn(lock);
  for (const [path, { integrity = "", inBundle, link, dev }] of Object.entries(packages)) {
    if (path === "" || inBundle === true || dev === true) continue;
    if (link !== true && /^sha512-/.test(integrity)) continue;
    const found = link === true ? "a link" : `integrity ${JSON.stringify(integrity)}`;
    throw new DeployError("SPARKI_USAGE", `package-lock.json has ${found} for ${path}; expected a SHA-512`, {
      hint: "take the package from a registry, then npm install",
    });
  }
}

/** Every package that npm has installed has the hash that the lock file gives it, or came inside one that has. */
function assertTaken(installed: string, lock: string): void {
  const { packages: wanted = {} } = lockIn(lock);
  for (const [path, { integrity, inBundle }] of Object.entries(lockIn(installed).packages ?? {})) {
    if (inBundle === true && integrity === undefined) continue;
    if (integrity !== undefined && integrity === wanted[path]?.integrity) continue;
    throw new DeployError("SPARKI_USAGE", `npm took ${path}, for which package-lock.json has no hash`, {
      hint: "rm -r node_modules package-lock.json, then npm install",
    });
  }
}

function lockIn(text: string): { readonly packages?: Record<string, LockedPackage> } {
  try {
    const lock: { readonly packages?: Record<string, LockedPackage> } = JSON.parse(text);
    return lock;
  } catch (cause) {
    throw new DeployError("SPARKI_USAGE", "package-lock.json is not JSON", {
      hint: "git checkout package-lock.json",
      cause,
    });
  }
}

/** Types and maps, which no program reads as it runs: three files of five, each looked at for every plan. */
const DEBUGGING = /\.d\.[cm]?ts$|\.[cm]?[jt]s\.map$/;

function withoutDebugging(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isDirectory() && DEBUGGING.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}

/** Links between files of a package become second names of the same file; one that leaves the folder is refused. */
function withoutLinks(folder: string): void {
  const top = realpathSync(folder);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = realpathSync(path);
    if (!target.startsWith(`${top}/`) || !lstatSync(target).isFile())
      throw new DeployError("SPARKI_USAGE", `a dependency's ${relative(folder, path)} points outside its folder`);
    rmSync(path);
    linkSync(target, path);
  }
}

function recordIn(store: SealStore, name: string): Recorded | undefined {
  try {
    const record: Recorded = JSON.parse(readFileSync(store.path("dependencies", name, "installed.json"), "utf8"));
    return record;
  } catch {
    return undefined;
  }
}

function hashIn(store: SealStore, name: string): string {
  return hashOfContents(contentsBelow(modulesIn(store, name)));
}

/** A hash over what the file system says of every file: its place, size, mode and the times nobody can set. */
function stampOf(folder: string): string {
  const lines: string[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else {
        const { ino, size, mode, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
        lines.push(`${path.slice(folder.length + 1)} ${ino} ${size} ${mode} ${mtimeNs} ${ctimeNs}`);
      }
    }
  };
  walk(folder);
  return sha256(lines.sort().join("\n"));
}

function textOf(files: Files, path: string): string {
  const file = files.get(path);
  if (file !== undefined) return file.content.toString();
  throw new DeployError("SPARKI_USAGE", `there is no ${path} to seal; expected one in the project's folder`);
}

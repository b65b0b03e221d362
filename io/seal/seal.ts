import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { flushCompileCache } from "node:module";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { DeployError } from "../../shared/deploy-error.ts";
import { findCached, findOnPath, isScript } from "../../tools/cache.ts";
import { CATALOG } from "../../tools/catalog.ts";
import { lineProgress, type Screen } from "../../tools/progress.ts";
import { installedDependencies, modulesIn } from "./dependencies.ts";
import { allowedEnvironment, type Environment, pathOutside, settingsOf, WITHOUT_PROMPTS } from "./environment.ts";
import {
  type Contents,
  contentsOf,
  type Files,
  packed,
  sha256,
  sha256OfFile,
  stampOf,
  unpacked,
  writeFiles,
} from "./files.ts";
import { readSource } from "./source.ts";
import type { SealStore } from "./store.ts";

/** What a deployment is made of: each thing by name, with a hash of it. */
export interface Seal {
  readonly stack: string;
  /** The commit whose content it is; null where it is no commit's. */
  readonly commit: string | null;
  /** Why a plan from it cannot be approved; empty when it can. */
  readonly gaps: readonly string[];
  readonly files: Contents;
  /** The one config file: its place where it is not the project's own, else null. */
  readonly configFile: string | null;
  readonly dependencies: Readonly<Record<"lock" | "content", string>> & { readonly name: string | null };
  readonly tools: Readonly<Record<string, string>>;
  /** Settings of the environment, by name. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where a sealed command runs, and what it may know of the place that it was called from. */
export interface SealedRun {
  /** The seal's id in the store; null where none is kept. */
  readonly seal: string | null;
  readonly store: string;
  /** The folder of the checkout: plans and reports are left there, and nothing of it is run. */
  readonly checkout: string;
}

export interface SealOptions {
  readonly checkout: string;
  readonly stack: string;
  /** The stack's config file where it is not the checkout's own; absolute. */
  readonly configFile: string | undefined;
  readonly env: Environment;
  /** Verifies everything by its content: what an approval stands for. */
  readonly isThorough: boolean;
  readonly stderr: Screen;
  readonly signal: AbortSignal;
}

/** A seal with the content of its files. */
export interface Sealed {
  readonly seal: Seal;
  readonly files: Files;
}

/** Seals a checkout as it is now; what keeps a plan of it from being approved is told in its gaps. */
export async function sealCheckout(store: SealStore, options: SealOptions): Promise<Sealed> {
  const { checkout, configFile, env, isThorough, stack, stderr, signal } = options;
  const source = readSource(checkout, env);
  const files = configFile === undefined ? source.files : withConfig(source.files, stack, configFile);
  const outside = { ...env, PATH: pathOutside(env.PATH, checkout) };
  const gaps = source.gap === undefined ? [] : [source.gap];
  const say = (line: string) => stderr.write(`${line}\n`);
  const programs = await storedPrograms(store, { env: outside, isThorough, stderr, signal });
  gaps.push(...programs.scripts.map((name) => `${name} is a script, and the programs that it runs are not sealed`));
  const lock = sha256(files.get("package-lock.json")?.content ?? "");
  const dependencies = await installedDependencies(store, files, { env: outside, isThorough, say }).catch((error) => {
    if (!(error instanceof DeployError)) throw error;
    gaps.push(`its dependencies are the checkout's own: ${error.message}`);
    return { name: null, content: "as installed in the checkout" };
  });
  const seal: Seal = {
    stack,
    commit: source.commit ?? null,
    gaps,
    files: contentsOf(files),
    configFile: configFile ?? null,
    dependencies: { lock, ...dependencies },
    tools: programs.hashes,
    environment: settingsOf(env),
  };
  return { seal, files };
}

/** All files of a seal in one: a thousand of them would each cost a moment in every plan. */
const FILES = "files";

/** Keeps a seal, whole or not at all, and resolves with its id: a hash over everything in it. */
export async function keepSeal(store: SealStore, { seal, files }: Sealed): Promise<string> {
  const text = JSON.stringify(seal);
  const id = sha256(text);
  if (existsSync(store.path("seals", id)) && readSeal(store, id) === undefined) store.remove("seals", id);
  await store.make("seals", id, (folder) => {
    writeFileSync(join(folder, FILES), packed(files), { mode: 0o400 });
    mkdirSync(join(folder, "plans"), { mode: 0o700 });
    writeFileSync(join(folder, "seal.json"), text, { mode: 0o400 });
  });
  store.touch("seals", id);
  return id;
}

/** Says that a plan was made from a seal, and by whom: what is approved by that hash is deployed from it. */
export function keepPlan({ store, seal }: SealedRun, hash: string, planner: object = {}): void {
  if (seal === null) return;
  writeFileSync(join(store, "seals", seal, "plans", hash), JSON.stringify(planner), { mode: 0o600 });
}

/** What was kept of a plan with the seal that a command runs from; undefined where it was not made from that. */
export function keptPlan({ store, seal }: SealedRun, hash: string): unknown {
  if (seal === null) return undefined;
  try {
    return JSON.parse(readFileSync(join(store, "seals", seal, "plans", hash), "utf8"));
  } catch {
    return undefined;
  }
}

/** The seal that a plan was made from; undefined where this machine has none that is still what it was. */
export function findSeal(store: SealStore, planHash: string): (Sealed & { readonly id: string }) | undefined {
  for (const id of readdirSync(store.path("seals"))) {
    if (!existsSync(store.path("seals", id, "plans", planHash))) continue;
    const sealed = readSeal(store, id);
    if (sealed !== undefined) return { ...sealed, id };
  }
  return undefined;
}

/** A seal with its files; undefined when any of them is not what the seal says, or the seal not what its id says. */
function readSeal(store: SealStore, id: string): Sealed | undefined {
  try {
    const text = readFileSync(store.path("seals", id, "seal.json"), "utf8");
    if (sha256(text) !== id) return undefined;
    const seal: Seal = JSON.parse(text);
    const files = unpacked(readFileSync(store.path("seals", id, FILES)), seal.files);
    return JSON.stringify(contentsOf(files)) === JSON.stringify(seal.files) ? { seal, files } : undefined;
  } catch {
    return undefined;
  }
}

export interface RunFolder {
  /** The sealed program's folder. */
  readonly project: string;
  readonly node: string;
  /** All that the sealed command finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface RunOptions {
  readonly sealed: Sealed;
  /** Undefined where the seal is not kept. */
  readonly id: string | undefined;
  readonly checkout: string;
  readonly env: Environment;
  /** Compiles every module again. */
  readonly isThorough: boolean;
  /** Its processes find modules as Node does, in every folder above and in the user's home. */
  readonly mayLoadOthers: boolean;
}

/** Lays out a private copy of a seal for one command, which runs from it and nothing else. */
export function layOutRun(
  store: SealStore,
  { sealed, id, checkout, env, isThorough, mayLoadOthers }: RunOptions,
): RunFolder {
  const { seal, files } = sealed;
  // The process that runs the sealed command keeps our own id.
  const folder = store.path("runs", `${process.pid}-${randomBytes(4).toString("hex")}`);
  const [project, bin] = [join(folder, "tree"), join(folder, "bin")];
  mkdirSync(bin, { recursive: true, mode: 0o700 });
  writeFiles(project, files);
  const modules =
    seal.dependencies.name === null ? join(checkout, "node_modules") : modulesIn(store, seal.dependencies.name);
  symlinkSync(modules, join(project, "node_modules"));
  for (const [name, hash] of Object.entries(seal.tools)) symlinkSync(programIn(store, hash, name), join(bin, name));
  const run: SealedRun = { seal: id ?? null, store: store.directory, checkout };
  writeFileSync(join(folder, "seal.json"), JSON.stringify(seal), { mode: 0o600 });
  writeFileSync(join(folder, "run.json"), JSON.stringify(run), { mode: 0o600 });
  const environment = {
    ...allowedEnvironment(env),
    PATH: [bin, pathOutside(env.PATH, checkout)].join(delimiter),
    NODE_COMPILE_CACHE: compiledFolder(store, folder, isThorough ? null : seal.dependencies.name),
    // By their place beside the cache: the next run's folder has another name, and finds what this one compiled.
    NODE_COMPILE_CACHE_PORTABLE: "1",
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
    // The cluster's credentials come from the AWS command line.
    ...WITHOUT_PROMPTS,
    // Nothing vouches for the checkout's own packages, and a rehearsal runs earlier programs of other folders too.
    ...(mayLoadOthers || seal.dependencies.name === null ? {} : { NODE_OPTIONS: onlyOwnModules(project) }),
  };
  return { project, node: join(bin, "node"), environment };
}

/** Node's own option by which every process of a run loads modules of the run alone. */
function onlyOwnModules(project: string): string {
  return `--import=${pathToFileURL(join(project, "io", "seal", "own-modules.mjs"))}`;
}

/** Where a run keeps compiled code: with the dependencies, for all runs; of its own where there are none to share it with. */
function compiledFolder(store: SealStore, folder: string, dependencies: string | null): string {
  const compiled = join(folder, "compiled");
  if (dependencies === null) return compiled;
  const shared = store.path("dependencies", dependencies, "code");
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  symlinkSync(shared, compiled);
  return compiled;
}

/** The config file's content takes the place of the project's own: there is one config file, and it is sealed. */
function withConfig(files: Files, stack: string, configFile: string): Files {
  const found = lstatSync(configFile, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile())
    throw new DeployError("SPARKI_CONFIG", `stack ${stack} has no config: ${configFile} is not a regular file`, {
      hint: "unset PULUMI_OPTION_CONFIG_FILE, or set it to a file",
    });
  return new Map([...files, [`Pulumi.${stack}.yaml`, { content: readFileSync(configFile), isExecutable: false }]]);
}

/** Removes what a run was laid out in, of its own process. */
export function removeRun(project: string): void {
  // Node keeps compiled code as it ends, through a link in this very folder.
  flushCompileCache();
  rmSync(join(project, ".."), { recursive: true, force: true });
}

/** The programs of a deployment by name. */
interface Programs {
  /** SHA-256 of each. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Those that are scripts: what they run is in no hash. */
  readonly scripts: readonly string[];
}

const PROGRAM_NAMES = ["pulumi", "helm"];

interface ProgramOptions {
  readonly env: Environment;
  /** Hashes what was hashed before too. */
  readonly isThorough: boolean;
  readonly stderr: Screen;
  readonly signal: AbortSignal;
}

/** Copies Node, pulumi and helm into the store, each under its SHA-256, where nobody puts another in its place. */
async function storedPrograms(store: SealStore, options: ProgramOptions): Promise<Programs> {
  const paths = { node: process.execPath, ...(await foundPrograms(options)) };
  const hashes: Record<string, string> = {};
  const scripts: string[] = [];
  for (const [name, path] of Object.entries(paths)) {
    const source = realpathSync(path);
    const hash = options.isThorough ? sha256OfFile(source) : knownHash(store, source);
    await store.make("tools", placeOf(hash, name), (folder) => {
      copyFileSync(source, join(folder, name));
      chmodSync(join(folder, name), 0o500);
    });
    const content = programIn(store, hash, name);
    if ((options.isThorough ? sha256OfFile(content) : knownHash(store, content)) !== hash) {
      store.remove("tools", placeOf(hash, name));
      return storedPrograms(store, options);
    }
    store.touch("tools", placeOf(hash, name));
    hashes[name] = hash;
    if (isScript(content)) scripts.push(name);
  }
  return { hashes, scripts };
}

/** Where the store keeps a program of a seal. */
export function programIn(store: SealStore, hash: string, name: string): string {
  return store.path("tools", placeOf(hash, name), name);
}

/** Two programs may have the same content, and still know by their names what they are. */
function placeOf(hash: string, name: string): string {
  return `${hash}-${name}`;
}

/** One that is good on PATH, else the cached one, else whatever the resolver can get or build. */
async function foundPrograms({ env, stderr, signal }: ProgramOptions): Promise<Record<string, string>> {
  const wanted = CATALOG.filter(({ name }) => PROGRAM_NAMES.includes(name));
  const progress = lineProgress(stderr);
  const present = await Promise.all(
    wanted.map(
      async (tool) =>
        [tool.name, (await findOnPath(tool, env)) ?? (await findCached(tool, { env, progress }))] as const,
    ),
  );
  if (present.every(([, path]) => path !== undefined))
    return Object.fromEntries(present.map(([name, path]) => [name, path ?? name]));
  // Loads packages of the checkout, to download with; what it brings is hashed like all else.
  const { resolveTools } = await import("../../tools/resolve.ts");
  return { ...(await resolveTools(PROGRAM_NAMES, { env, progress, signal })) };
}

/** The hash of a file whose stamp is that of one that was hashed before. */
function knownHash(store: SealStore, path: string): string {
  const stamp = sha256(stampOf(path));
  const file = join(store.directory, "hashes.json");
  const known = hashesIn(file);
  const before = known[stamp];
  if (before !== undefined) return before;
  const hash = sha256OfFile(path);
  const kept = Object.entries({ ...known, [stamp]: hash }).slice(-MAX_KNOWN);
  writeFileSync(file, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
  return hash;
}

const MAX_KNOWN = 100;

function hashesIn(file: string): Record<string, string> {
  try {
    const known: Record<string, string> = JSON.parse(readFileSync(file, "utf8"));
    return known;
  } catch {
    return {};
  }
}

import { chmodSync, copyFileSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCached, findOnPath, isScript } from "../../tools/cache.ts";
import { CATALOG } from "../../tools/catalog.ts";
import { lineProgress, type Screen } from "../../tools/progress.ts";
import type { Environment } from "./environment.ts";
import { sha256, sha256OfFile, stampOf } from "./files.ts";
import type { SealStore } from "./store.ts";

/** The programs of a deployment by name. */
export interface Programs {
  /** SHA-256 of each. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Those that are scripts: what they run is in no hash. */
  readonly scripts: readonly string[];
}

const NAMES = ["pulumi", "helm"];

export interface ProgramOptions {
  readonly env: Environment;
  /** Hashes what was hashed before too. */
  readonly isThorough: boolean;
  readonly stderr: Screen;
  readonly signal: AbortSignal;
}

/** Copies Node, pulumi and helm into the store, each under its SHA-256, where nobody puts another in its place. */
export async function storedPrograms(store: SealStore, options: ProgramOptions): Promise<Programs> {
  const paths = { node: process.execPath, ...(await found(options)) };
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

export function programIn(store: SealStore, hash: string, name: string): string {
  return store.path("tools", placeOf(hash, name), name);
}

/** Two programs may have the same content, and still know by their names what they are. */
function placeOf(hash: string, name: string): string {
  return `${hash}-${name}`;
}

/** One that is good on PATH, else the cached one, else whatever the resolver can get or build. */
async function found({ env, stderr, signal }: ProgramOptions): Promise<Record<string, string>> {
  const wanted = CATALOG.filter(({ name }) => NAMES.includes(name));
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
  return { ...(await resolveTools(NAMES, { env, progress, signal })) };
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

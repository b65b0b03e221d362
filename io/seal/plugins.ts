import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Environment } from "./environment.ts";
import { hashOfContents, sha256OfFile, stampOf } from "./files.ts";

/**
 * The provider plugins that the program's packages ask the engine for, and these further ones: by the plugin's name and
 * version, one SHA-256 over all its files. A plugin that is not installed is left out: the engine gets it for the first
 * preview. Throws SPARKI_CONFIG for a plugin that holds a symbolic link or a special file.
 */
export function pluginHashes(
  project: string,
  env: Environment,
  further: readonly UsedPlugin[] = [],
): Readonly<Record<string, string>> {
  const used = further.flatMap((plugin) => installedOf(plugin, env));
  const entries = [...pluginsAskedFor(project), ...used].flatMap((plugin): [string, string][] => {
    const folder = join(pluginsFolder(env), folderOf(plugin));
    return existsSync(folder) ? [[`plugin ${plugin.name} ${plugin.version}`, hashOfFolder(folder)]] : [];
  });
  return Object.fromEntries(entries);
}

/**
 * A plugin of a provider that a preview used. No package of the program asks for that of a component's own provider. One
 * without a version is whichever the engine finds.
 */
export interface UsedPlugin extends Pick<Plugin, "name"> {
  readonly version?: string;
}

function installedOf({ name, version }: UsedPlugin, env: Environment): Plugin[] {
  if (version !== undefined) return [{ name, version }];
  const folder = pluginsFolder(env);
  const beginning = folderOf({ name, version: "" });
  const installed = existsSync(folder) ? readdirSync(folder) : [];
  return installed.flatMap((each) => {
    const found = each.slice(beginning.length);
    return each.startsWith(beginning) && /^\d[\w.+-]*$/.test(found) && !/\.(partial|lock)$/.test(found)
      ? [{ name, version: found }]
      : [];
  });
}

/** A provider's plugin, as the engine asks for it. */
export interface Plugin {
  readonly name: string;
  /** Without a leading v. */
  readonly version: string;
}

/** The plugins that the program's packages ask the engine for. */
export function pluginsAskedFor(project: string): readonly Plugin[] {
  const packages = join(project, "node_modules", "@pulumi");
  if (!existsSync(packages)) return [];
  return readdirSync(packages).flatMap((name) => pluginOf(join(packages, name, "package.json")) ?? []);
}

/** Where Pulumi installs plugins: below PULUMI_HOME, or ~/.pulumi. */
export function pluginsFolder(env: Environment): string {
  return join(env.PULUMI_HOME ?? join(env.HOME ?? homedir(), ".pulumi"), "plugins");
}

/** The folder there that a plugin is installed in. */
export function folderOf({ name, version }: Plugin): string {
  return `resource-${name}-v${version}`;
}

/** What a package says of its plugin; undefined where it has none. */
function pluginOf(file: string): Plugin | undefined {
  if (!existsSync(file)) return undefined;
  const { version, pulumi } = JSON.parse(readFileSync(file, "utf8"));
  if (pulumi?.resource !== true || typeof pulumi.name !== "string") return undefined;
  return { name: pulumi.name, version: String(pulumi.version ?? version).replace(/^v/, "") };
}

function hashOfFolder(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory());
  const paths = files.map((file) => {
    const path = join(file.parentPath, file.name);
    if (file.isFile()) return path;
    throw new DeployError("SPARKI_CONFIG", `${path} of a provider's plugin is not a regular file`, {
      hint: `rm -r ${folder}; the next plan downloads the plugin again`,
    });
  });
  return hashOfContents(Object.fromEntries(paths.sort().map((path) => [relative(folder, path), hashOfFile(path)])));
}

/** The hashes by their files' stamps: a plugin can have a gigabyte, and one plan asks more than once. */
const known = new Map<string, string>();

function hashOfFile(path: string): string {
  const stamp = stampOf(path);
  const hash = known.get(stamp) ?? sha256OfFile(path);
  known.set(stamp, hash);
  return hash;
}

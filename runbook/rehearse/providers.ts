import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { minVersion } from "semver";
import { languageHostVersion } from "../../io/pulumi-process.ts";
import { folderOf, type Plugin, pluginsAskedFor, pluginsFolder } from "../../io/seal/plugins.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { CATALOG } from "../../tools/catalog.ts";
import { resolveTools } from "../../tools/resolve.ts";
import { output, type ResolveContext, versionIn, which } from "../../tools/tool.ts";

/** What `--providers` may say. */
export const PROVIDER_CHOICES = ["simulated", "real"] as const;

export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** A provider of a rehearsal, as its report tells it. */
export interface RehearsedProvider {
  readonly name: string;
  /** A stand-in of the rehearsal's own, Pulumi's own plugin as it is installed here, or the same built from its source. */
  readonly is: "simulated" | "installed" | "built";
  /** Of the plugin, or of its source where that is another one; null of a stand-in. */
  readonly version: string | null;
  /** Where it was found; null of a stand-in and of what was built. */
  readonly from?: "home" | "PATH" | null;
}

/** The Node language host that plain `pulumi` takes in a rehearsal; `sparki` runs the program itself. */
export interface RehearsedHost {
  readonly name: "nodejs";
  readonly is: "simulated" | "installed";
  /** What it says of itself; null of a stand-in, and of one that does not say. */
  readonly version: string | null;
  /** Where it was found; null of a stand-in. */
  readonly from: "beside pulumi" | "home" | "PATH" | null;
  /** The folder that holds it, for PATH; undefined where `pulumi` finds it by itself. */
  readonly folder?: string | undefined;
}

/** A real provider, with the folder that the engine looks for its plugin in and the files that belong there. */
interface RealProvider extends RehearsedProvider {
  readonly folder: string;
  /** Absolute. */
  readonly files: readonly string[];
}

/** The providers of one rehearsal, told apart by who answers for them. */
export interface Providers {
  /** By name, AWS first. */
  readonly all: readonly RehearsedProvider[];
  /** Puts the real ones where an engine with this home finds them. */
  install(pulumiHome: string): void;
}

const SIMULATED = ["aws", "eks", "random", "command", "kubernetes"] as const;
/** Only AWS itself stays simulated in any case. */
const ALWAYS_SIMULATED: readonly string[] = ["aws"];

/**
 * Who answers for each provider: with `real`, Pulumi's own plugins as far as they are installed in Pulumi's home or on PATH,
 * and the Kubernetes provider in any case, built where it is not installed. Throws SPARKI_OUTSIDE where it cannot be built.
 */
export async function providersFor(
  choice: ProviderChoice,
  { project, ...context }: ResolveContext & { readonly project: string },
): Promise<Providers> {
  if (choice === "simulated") return providers([]);
  const asked = pluginsAskedFor(project).filter(({ name }) => isReplaceable(name));
  const found = await Promise.all(
    asked.map(async (plugin) => installedPlugin(plugin, context.env) ?? (await pluginOnPath(plugin, context.env))),
  );
  const installed = found.filter((each) => each !== undefined);
  const kubernetes = installed.find(({ name }) => name === "kubernetes") ?? (await builtKubernetes(project, context));
  const others = installed.filter(({ name }) => name !== "kubernetes");
  const eks = others.some(({ name }) => name === "eks") ? componentsKubernetes(project, kubernetes, context.env) : [];
  return providers([...others, kubernetes, ...eks]);
}

/**
 * The Kubernetes plugin that the real pulumi-eks asks for beside the program's: of the oldest version that its package
 * takes. Where Pulumi's own of that version is not installed, the program's answers under its name.
 */
function componentsKubernetes(project: string, own: RealProvider, env: ResolveContext["env"]): readonly RealProvider[] {
  const file = join(project, "node_modules", "@pulumi", "eks", "package.json");
  const { dependencies }: { dependencies?: Record<string, string> } = JSON.parse(readFileSync(file, "utf8"));
  const version = minVersion(dependencies?.["@pulumi/kubernetes"] ?? "")?.version;
  if (version === undefined) return [];
  const asked = { name: "kubernetes", version };
  return [installedPlugin(asked, env) ?? { ...own, folder: folderOf(asked) }];
}

function isReplaceable(name: string): boolean {
  return SIMULATED.some((each) => each === name) && !ALWAYS_SIMULATED.includes(name);
}

function providers(real: readonly RealProvider[]): Providers {
  const all = SIMULATED.map((name): RehearsedProvider => {
    const found = real.find((each) => each.name === name);
    return found === undefined
      ? { name, is: "simulated", version: null, from: null }
      : { name, is: found.is, version: found.version, from: found.from ?? null };
  });
  const install = (home: string) => {
    for (const { folder, files } of real) link(files, join(home, "plugins", folder));
  };
  return { all, install };
}

/** Pulumi's own plugin of exactly the version that the program's package asks for; undefined where it is not installed. */
function installedPlugin({ name, version }: Plugin, env: ResolveContext["env"]): RealProvider | undefined {
  const [folder, place] = [folderOf({ name, version }), pluginsFolder(env)];
  // While a plugin is being unpacked, a file of this name stands beside it.
  const isWhole = existsSync(join(place, folder, programOf(name))) && !existsSync(join(place, `${folder}.partial`));
  if (!isWhole) return undefined;
  const files = readdirSync(join(place, folder)).map((file) => join(place, folder, file));
  return { name, is: "installed", version, from: "home", folder, files };
}

/** The plugin as a program on PATH, where it says of itself that it is of exactly the version that is asked for. */
async function pluginOnPath(plugin: Plugin, env: ResolveContext["env"]): Promise<RealProvider | undefined> {
  const path = which(programOf(plugin.name), env);
  if (path === undefined) return undefined;
  const { name, version } = plugin;
  const told = versionIn(await output(path, ["--version"], env));
  if (told !== version) return undefined;
  return { name, is: "installed", version, from: "PATH", folder: folderOf(plugin), files: [path] };
}

async function builtKubernetes(project: string, context: ResolveContext): Promise<RealProvider> {
  const program = programOf("kubernetes");
  const asked = pluginsAskedFor(project).find(({ name }) => name === "kubernetes");
  const path = (await resolveTools([program], context))[program];
  const version = (context.catalog ?? CATALOG).find(({ name }) => name === program)?.version;
  if (asked === undefined || path === undefined || version === undefined)
    throw new DeployError("SPARKI_OUTSIDE", "no package of the program requires the kubernetes provider", {
      hint: "npm ci",
    });
  return { name: "kubernetes", is: "built", version, from: null, folder: folderOf(asked), files: [path] };
}

function programOf(name: string): string {
  return `pulumi-resource-${name}`;
}

/** The engine takes no link for a plugin's folder, but what is in it may be one. */
function link(files: readonly string[], folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) symlinkSync(file, join(folder, basename(file)));
}

const HOST = "pulumi-language-nodejs";

/**
 * The Node language host that `pulumi` takes: Pulumi's own beside it, on PATH or in Pulumi's home, in the order in which the
 * engine looks; a stand-in where there is none.
 */
export async function languageHostFor(pulumi: string | undefined, env: ResolveContext["env"]): Promise<RehearsedHost> {
  const bundled = pulumi === undefined ? undefined : join(dirname(pulumi), HOST);
  const found = [
    { from: "PATH", path: which(HOST, env) },
    { from: "beside pulumi", path: bundled !== undefined && existsSync(bundled) ? bundled : undefined },
    { from: "home", path: installedHost(env) },
  ] as const;
  for (const { from, path } of found)
    if (path !== undefined) {
      const folder = from === "home" ? dirname(path) : undefined;
      return { name: "nodejs", is: "installed", version: await languageHostVersion(path, env), from, folder };
    }
  return { name: "nodejs", is: "simulated", version: null, from: null };
}

/** The newest in Pulumi's home that is wholly unpacked. */
function installedHost(env: ResolveContext["env"]): string | undefined {
  const place = pluginsFolder(env);
  if (!existsSync(place)) return undefined;
  const folders = readdirSync(place).filter(
    (name) => /^language-nodejs-v[\w.+-]+$/.test(name) && !/\.(partial|lock)$/.test(name),
  );
  const whole = folders.filter(
    (name) => existsSync(join(place, name, HOST)) && !existsSync(join(place, `${name}.partial`)),
  );
  const [newest] = whole.sort((one, other) => other.localeCompare(one, "en", { numeric: true }));
  return newest === undefined ? undefined : join(place, newest, HOST);
}

/** The language host in words. */
export function hostText({ is, version, from }: RehearsedHost): string {
  const host =
    is === "simulated"
      ? "a stand-in"
      : `Pulumi's own ${version ?? "of an unknown version"}, ${from === "beside pulumi" ? from : placeOf(from)}`;
  return `sparki runs the program itself; plain pulumi: ${host}`;
}

const placeOf = (from: "home" | "PATH" | null | undefined) => (from === "PATH" ? "on PATH" : "in Pulumi's home");

/** Who answered for the providers, in words; undefined where all were stand-ins. */
export function providersText(all: readonly RehearsedProvider[] = []): string | undefined {
  const real = all.filter(({ is }) => is !== "simulated");
  if (real.length === 0) return undefined;
  const named = real.map(
    ({ name, is, version, from }) =>
      `${name} ${version}, ${is === "built" ? "built here" : `installed ${placeOf(from)}`}`,
  );
  const others = all.filter(({ is }) => is === "simulated").map(({ name }) => name);
  return `real: ${named.join("; ")}. Simulated: ${others.join(", ")}`;
}

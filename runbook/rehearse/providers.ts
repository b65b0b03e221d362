import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { folderOf, type Plugin, pluginsAskedFor, pluginsFolder } from "../../io/seal/plugins.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { CATALOG } from "../../tools/catalog.ts";
import { resolveTools } from "../../tools/resolve.ts";
import type { ResolveContext } from "../../tools/tool.ts";

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

/** Only AWS itself stays simulated in any case. */
const SIMULATED = ["aws", "eks", "random", "command", "kubernetes"] as const;
/** Its user of a real cluster asks the AWS command line for a token, which no simulated account answers. */
const ALWAYS_SIMULATED: readonly string[] = ["aws", "eks"];

/**
 * Who answers for each provider: with `real`, Pulumi's own plugins as far as they are installed in Pulumi's home, and the
 * Kubernetes provider in any case, built where it is not installed. Throws SPARKI_OUTSIDE where it cannot be built.
 */
export async function providersFor(
  choice: ProviderChoice,
  { project, ...context }: ResolveContext & { readonly project: string },
): Promise<Providers> {
  if (choice === "simulated") return providers([]);
  const installed = pluginsAskedFor(project)
    .filter(({ name }) => isReplaceable(name))
    .flatMap((plugin) => {
      const found = installedPlugin(plugin, context.env);
      return found === undefined ? [] : [found];
    });
  if (installed.some(({ name }) => name === "kubernetes")) return providers(installed);
  return providers([...installed, await builtKubernetes(project, context)]);
}

function isReplaceable(name: string): boolean {
  return SIMULATED.some((each) => each === name) && !ALWAYS_SIMULATED.includes(name);
}

function providers(real: readonly RealProvider[]): Providers {
  const all = SIMULATED.map((name): RehearsedProvider => {
    const found = real.find((each) => each.name === name);
    return found === undefined
      ? { name, is: "simulated", version: null }
      : { name, is: found.is, version: found.version };
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
  return { name, is: "installed", version, folder, files };
}

async function builtKubernetes(project: string, context: ResolveContext): Promise<RealProvider> {
  const program = programOf("kubernetes");
  const asked = pluginsAskedFor(project).find(({ name }) => name === "kubernetes");
  const path = (await resolveTools([program], context))[program];
  const version = (context.catalog ?? CATALOG).find(({ name }) => name === program)?.version;
  if (asked === undefined || path === undefined || version === undefined)
    throw new DeployError("SPARKI_OUTSIDE", "no package of the program asks for the kubernetes provider", {
      hint: "npm ci",
    });
  return { name: "kubernetes", is: "built", version, folder: folderOf(asked), files: [path] };
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

/** Who answered for the providers, in words; undefined where all were stand-ins. */
export function providersText(all: readonly RehearsedProvider[] = []): string | undefined {
  const real = all.filter(({ is }) => is !== "simulated");
  if (real.length === 0) return undefined;
  const named = real.map(
    ({ name, is, version }) => `${name} ${version}, ${is === "built" ? "built here" : "installed"}`,
  );
  const others = all.filter(({ is }) => is === "simulated").map(({ name }) => name);
  return `real: ${named.join("; ")}. Simulated: ${others.join(", ")}`;
}

import { DeployError } from "../shared/deploy-error.ts";
import { build } from "./build.ts";
import { findCached } from "./cache.ts";
import { CATALOG } from "./catalog.ts";
import { unpack } from "./debian.ts";
import { download } from "./download.ts";
import { findOnPath } from "./search-path.ts";
import type { Platform, ResolveContext, Tool } from "./tool.ts";

const MAX_BUILDS = 2;

/**
 * Absolute paths of the tools: one that is good on PATH, else cached, else the system's package, else the official
 * download, else a build.
 */
export async function resolveTools(
  names: readonly string[],
  context: ResolveContext,
): Promise<Readonly<Record<string, string>>> {
  const wanted = names.map((name) => find(name, context.catalog ?? CATALOG));
  const found: Record<string, string> = {};
  await Promise.all(wanted.map((tool) => keep(found, tool, () => present(tool, context))));
  const absent = () => wanted.filter((tool) => found[tool.name] === undefined);
  // One after the other: an unreachable host then costs its time limit once.
  for (const tool of absent()) await keep(found, tool, () => unpack(tool, context));
  for (const tool of absent()) await keep(found, tool, () => download(tool, platform(), context));
  await buildAll(byModule(absent()), context);
  for (const tool of absent()) await keep(found, tool, () => findCached(tool, context));
  return found;
}

async function present(tool: Tool, context: ResolveContext): Promise<string | undefined> {
  return (await findOnPath(tool, context.env)) ?? findCached(tool, context);
}

async function keep(found: Record<string, string>, tool: Tool, look: () => Promise<string | undefined>): Promise<void> {
  const path = await look();
  if (path !== undefined) found[tool.name] = path;
}

function find(name: string, catalog: readonly Tool[]): Tool {
  const tool = catalog.find((each) => each.name === name);
  if (tool !== undefined) return tool;
  throw new DeployError("SPARKI_USAGE", `unknown tool ${name}; expected one of ${catalog.map((each) => each.name)}`);
}

function byModule(tools: readonly Tool[]): Tool[][] {
  return [...Map.groupBy(tools, (tool) => tool.build.module).values()];
}

/** Builds at most two modules at a time: more would only slow each other down, and linking takes memory. */
async function buildAll(modules: Tool[][], context: ResolveContext): Promise<void> {
  const workers = Array.from({ length: MAX_BUILDS }, async () => {
    for (let next = modules.shift(); next !== undefined; next = modules.shift()) await build(next, context);
  });
  await Promise.all(workers);
}

function platform(): Platform {
  return {
    os: process.platform === "darwin" ? "darwin" : "linux",
    arch: process.arch === "arm64" ? "arm64" : "x64",
  };
}

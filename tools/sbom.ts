/**
 * Prints the software bill of materials as CycloneDX JSON: npm's packages, the command-line tools with the Go modules
 * that they are built from, and checkov with its Python packages. Read from what is pinned here; needs no network.
 * Run: npm run --silent sbom > sbom.json
 */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { EXIT } from "../shared/deploy-error.ts";
import { CATALOG } from "./catalog.ts";
import { command } from "./command.ts";
import type { Tool } from "./tool.ts";

const ROOT = join(import.meta.dirname, "..");
const TOOLS = import.meta.dirname;

interface Component {
  readonly type: "application" | "library";
  readonly name: string;
  readonly version: string;
  readonly "bom-ref": string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
}

/** The tools of the catalog and of Python, and everything that they are made of, as CycloneDX components. */
export function componentsOfTools(): {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
} {
  const modules = new Map(goModules().map((name) => [name, modulesIn(readText(name, "go.mod"))]));
  const python = pythonPackages(readText("checkov", "requirements.txt"));
  const tools = CATALOG.map((tool) => ({
    component: toolComponent(tool),
    parts: modules.get(tool.build.module) ?? [],
  }));
  const parts = [...modules.values()].flat().concat(python);
  return {
    components: [
      ...tools.map(({ component }) => component),
      ...new Map(parts.map((part) => [part["bom-ref"], part])).values(),
    ],
    dependencies: tools.map(({ component, parts: own }) => ({
      ref: component["bom-ref"],
      dependsOn: [...new Set(own.map((part) => part["bom-ref"]))],
    })),
  };
}

/** The folders below `tools/` that pin a Go module. */
function goModules(): string[] {
  const folders = readdirSync(TOOLS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).filter((name) => readdirSync(join(TOOLS, name)).includes("go.mod"));
}

function readText(folder: string, file: string): string {
  return readFileSync(join(TOOLS, folder, file), "utf8");
}

function toolComponent({ name, version, download }: Tool): Component {
  const purl = `pkg:generic/${name}@${version}`;
  const hashes = Object.values(download?.sha256 ?? {}).map((content) => ({ alg: "SHA-256", content }) as const);
  return { type: "application", name, version, "bom-ref": purl, purl, ...(hashes.length > 0 && { hashes }) };
}

/** Every module that a go.mod requires, as a replacement pins it where there is one. */
export function modulesIn(goMod: string): Component[] {
  const replaced = new Map<string, readonly [string, string]>();
  for (const [, from = "", to = "", version = ""] of goMod.matchAll(
    /^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\S+)\s+(v\S+)/gm,
  ))
    replaced.set(from, [to, version]);
  const required = goMod.matchAll(/^\s*(?:require\s+)?([a-z0-9][\w.~-]*\.[\w./~-]+)\s+(v\d\S*)(?:\s*\/\/.*)?$/gim);
  return [...required].map(([, module = "", pinned = ""]) => {
    const [name, version] = replaced.get(module) ?? [module, pinned];
    const purl = `pkg:golang/${name}@${version}`;
    return { type: "library", name, version, "bom-ref": purl, purl };
  });
}

/** Every package that a requirements file pins. */
export function pythonPackages(requirements: string): Component[] {
  return [...requirements.matchAll(/^([a-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)/gim)].map(
    ([, name = "", version = ""]) => {
      const purl = `pkg:pypi/${name.toLowerCase().replaceAll("_", "-")}@${version}`;
      return { type: "library", name, version, "bom-ref": purl, purl };
    },
  );
}

if (process.argv[1] === import.meta.filename) void command(print);

async function print(signal: AbortSignal): Promise<number> {
  const args = ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, signal, maxBuffer: 1 << 28 });
  const bom: { components: unknown[]; dependencies: unknown[] } = JSON.parse(stdout);
  const { components, dependencies } = componentsOfTools();
  const all = {
    ...bom,
    components: [...bom.components, ...components],
    dependencies: [...bom.dependencies, ...dependencies],
  };
  process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  return EXIT.done.code;
}

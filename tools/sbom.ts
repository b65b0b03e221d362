/**
 * Prints the software bill of materials as CycloneDX JSON: npm's packages, the command-line tools with the Go modules
 * that they are built from, and checkov with its Python packages. Read from what is pinned here; needs no network.
 * Run: npm run --silent sbom > sbom.json
 */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { EXIT } from "../shared/deploy-error.ts";
import { command } from "./command.ts";
import { componentsOfTools } from "./sbom/components.ts";

const ROOT = join(import.meta.dirname, "..");

await command(async (signal) => {
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
});

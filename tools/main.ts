import { exitCodeOf } from "../stacks/deploy-error.ts";
import { CATALOG } from "./catalog.ts";
import { lineProgress } from "./progress.ts";
import { resolveTools } from "./resolve.ts";

const controller = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.on(name, () => controller.abort(new Error(`ended by ${name}`)));

try {
  const names = CATALOG.map(({ name }) => name);
  const progress = lineProgress(process.stderr);
  const tools = await resolveTools(names, { env: process.env, progress, signal: controller.signal });
  for (const name of names) process.stdout.write(`${name} ${tools[name]}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = exitCodeOf(error);
}

import { EXIT } from "../shared/deploy-error.ts";
import { CHECKOV } from "./audit-charts.ts";
import { EVERYDAY } from "./catalog.ts";
import { command } from "./command.ts";
import { lineProgress } from "./progress.ts";
import { resolvePythonTool, resolveTools } from "./resolve.ts";

/** Gets the named command-line tools, or all but those that are got only by name, and prints where each is. */
await command(async (signal) => {
  const named = process.argv.slice(2);
  const names = named.length > 0 ? named : EVERYDAY;
  const context = { env: process.env, progress: lineProgress(process.stderr), signal };
  const tools = await resolveTools(names, context);
  for (const name of names) process.stdout.write(`${name} ${tools[name]}\n`);
  if (named.length > 0) return EXIT.done.code;
  process.stdout.write(`${CHECKOV.name} ${await resolvePythonTool(CHECKOV, context)}\n`);
  return EXIT.done.code;
});

import { CHECKOV } from "./audit/audit.ts";
import { CATALOG } from "./catalog.ts";
import { command } from "./command.ts";
import { lineProgress } from "./progress.ts";
import { resolvePythonTool } from "./python-tool.ts";
import { resolveTools } from "./resolve.ts";

/** Gets every command-line tool that the project and its checks use, and prints where each is. */
await command(async (signal) => {
  const names = CATALOG.map(({ name }) => name);
  const context = { env: process.env, progress: lineProgress(process.stderr), signal };
  const tools = await resolveTools(names, context);
  for (const name of names) process.stdout.write(`${name} ${tools[name]}\n`);
  process.stdout.write(`${CHECKOV.name} ${await resolvePythonTool(CHECKOV, context)}\n`);
  return 0;
});

/**
 * What the policies cost a preview: previews the stack with and without the pack by turns, against the same simulated
 * cloud, and prints the fastest of each, which other work on the machine disturbs least, and their ratio.
 * Fails above a ratio of 1.3.
 * Run: node tools/bench-policies.ts [STACK] [ROUNDS]
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../io/clock.ts";
import { abortOnSignals, outliveReaders } from "../io/signals.ts";
import { openSession, resolveRehearsalTools } from "../runbook/rehearse/rehearsal-session.ts";
import { EXIT } from "../shared/deploy-error.ts";
import { openOutput } from "../shared/text/output.ts";
import { lineProgress } from "./progress.ts";

outliveReaders([process.stdout, process.stderr]);

const MAX_RATIO = 1.3;
const PACK = join(import.meta.dirname, "..", "policies", "pack");
/** As many resources side by side as a rehearsal has. */
const PARALLEL = "64";

const [stack = "prod", rounds = "7"] = process.argv.slice(2);
// Below the project, so that a plain pulumi command finds its packages.
const runs = join(import.meta.dirname, "..", ".sparki");
await mkdir(runs, { recursive: true });
const directory = await mkdtemp(join(runs, "bench-"));
const ports = {
  stdout: openOutput(process.stdout),
  stderr: openOutput(process.stderr),
  clock: systemClock,
  env: { ...process.env, SPARKI_REHEARSAL_DIRECTORY: directory },
  cwd: process.cwd(),
  signal: abortOnSignals(),
};

/** Wall seconds of one plain `pulumi preview`; throws when it does not succeed. */
async function secondsOfPreview(pulumi: string, cwd: string, env: NodeJS.ProcessEnv, packs: readonly string[]) {
  const flags = ["--stack", stack, "--non-interactive", "--parallel", PARALLEL];
  const policies = packs.flatMap((pack) => ["--policy-pack", pack]);
  const start = performance.now();
  const child = spawn(pulumi, ["preview", ...flags, ...policies], { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`pulumi preview ended with ${code}`);
  return (performance.now() - start) / 1000;
}

const tools = await resolveRehearsalTools(ports, lineProgress(ports.stderr));
const session = await openSession({ stack, seed: 1, timeScale: 0.001 }, tools, ports);
try {
  const env = { ...process.env, ...session.environment };
  const preview = (packs: readonly string[]) =>
    secondsOfPreview(tools.pulumi ?? "pulumi", session.project.directory, env, packs);
  // The first of each fills caches.
  await preview([]);
  await preview([PACK]);
  const without: number[] = [];
  const withPolicies: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    without.push(await preview([]));
    withPolicies.push(await preview([PACK]));
  }
  const [plain, judged] = [Math.min(...without), Math.min(...withPolicies)];
  const ratio = judged / plain;
  const seconds = `${plain.toFixed(2)} s without policies, ${judged.toFixed(2)} s with`;
  process.stdout.write(`preview of ${stack}: ${seconds}; ratio ${ratio.toFixed(2)}\n`);
  process.exitCode = (ratio <= MAX_RATIO ? EXIT.done : EXIT.refused).code;
} finally {
  await session.close();
  await rm(directory, { recursive: true, force: true });
}

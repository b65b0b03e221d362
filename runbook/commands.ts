import type { Command } from "./command.ts";

/** Every command by name, loaded only when it is asked for, so that `--help` and a mistyped name answer at once. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  rehearse: async () => (await import("./commands/rehearse.ts")).rehearse,
  preflight: async () => (await import("./commands/preflight.ts")).preflight,
  plan: async () => (await import("./commands/plan.ts")).plan,
  deploy: async () => (await import("./commands/deploy.ts")).deploy,
  verify: async () => (await import("./commands/verify.ts")).verify,
  rollback: async () => (await import("./commands/rollback.ts")).rollback,
  watch: async () => (await import("./commands/watch.ts")).watch,
  history: async () => (await import("./commands/history.ts")).history,
  reports: async () => (await import("./commands/reports.ts")).reports,
  diagnose: async () => (await import("./commands/diagnose.ts")).diagnose,
  judge: async () => (await import("./commands/judge.ts")).judge,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  cloud: async () => (await import("./commands/cloud.ts")).cloud,
  controls: async () => (await import("./commands/controls.ts")).controls,
};

/** The commands that an argument list names, or all of them when it names none, as `--help` needs. */
export async function loadCommands(argv: readonly string[]): Promise<readonly Command[]> {
  const named = Object.keys(COMMANDS).filter((name) => argv.includes(name));
  const wanted = named.length > 0 && !argv.includes("help") ? named : Object.keys(COMMANDS);
  return Promise.all(wanted.flatMap((name) => COMMANDS[name]?.() ?? []));
}

import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";

export interface Answered {
  readonly code: number | null;
  readonly stdout: string;
}

/** Runs a program as ourselves, in a process of its own. */
export function asOwn(program: string, args: readonly string[]): Promise<Answered> {
  return answered(program, args);
}

/** Runs a program as another user of this machine, who has nothing of ours; root can, others need sudo for it. */
export async function asStranger(program: string, ...args: string[]): Promise<Answered> {
  const [become = "", ...how] =
    process.getuid?.() === 0
      ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
      : ["sudo", "--non-interactive", "--user=#65534", "--"];
  return answered(become, [...how, program, ...args]);
}

async function answered(program: string, args: readonly string[]): Promise<Answered> {
  const child = spawn(program, args, { cwd: "/", env: {}, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const stdout = (await buffer(child.stdout)).toString("latin1");
  return { code: await ended, stdout };
}

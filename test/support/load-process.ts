import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { LoadFigures, LoadOptions } from "./steady-load.ts";

/** Requests that continue at a steady rate beside the test. */
export interface RunningLoad {
  /** How many were sent so far. */
  sent(): number;
  /** Waits for the answers that are still due; resolves with what came of all requests. */
  end(): Promise<LoadFigures>;
}

/** Starts asking, in a process of its own. */
export function startLoad(options: LoadOptions): RunningLoad {
  const script = join(import.meta.dirname, "steady-load.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
  const said = text(child.stderr);
  let [sent, last] = [0, ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = `${last}${chunk}`.split("\n");
    last = lines.pop() ?? "";
    const newest = lines.at(-1) ?? "";
    if (newest.startsWith("{")) last = newest;
    else sent = Number(newest || sent);
  });
  const ended = once(child, "close");
  return {
    sent: () => sent,
    end: async () => {
      child.stdin.end();
      await ended;
      if (last === "") throw new Error(`the load ended without figures: ${await said}`);
      return JSON.parse(last);
    },
  };
}

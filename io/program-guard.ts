import { format } from "node:util";
import { messageOf } from "../shared/message-of.ts";

/** What the program in this process says on the console, by its severity. */
export type Listener = (severity: "info" | "warning" | "error", message: string) => void;

let listener: Listener | undefined;

/**
 * Lets this process host a Pulumi program while `work` runs: what the program, and the SDK where it cannot reach the
 * engine (inside a hook it cannot), write to the console goes to `tell`, because stdout is the command's own.
 */
export async function hostProgram<T>(tell: Listener, work: () => Promise<T>): Promise<T> {
  install();
  listener = tell;
  try {
    return await work();
  } finally {
    listener = undefined;
  }
}

/**
 * Stays for good, because an update that stops early takes its monitor away while the program may still be asking it.
 * Those answers come late, nobody waits for them, and they are no failure of their own: the engine has told what was.
 */
function install(): void {
  if (process.listeners("unhandledRejection").includes(tolerate)) return;
  process.on("unhandledRejection", tolerate);
  const { console } = globalThis;
  const severities = { log: "info", info: "info", warn: "warning", error: "error" } as const;
  for (const name of ["log", "info", "warn", "error"] as const) {
    const write = console[name].bind(console);
    console[name] = (...words: unknown[]) => {
      const [severity, message] = parsed(severities[name], format(...words));
      if (isAboutTheMonitor(message)) return;
      if (listener === undefined) write(...words);
      else listener(severity, message);
    };
  }
}

/** The SDK names the severity in the text itself: `info: [runtime] text`. */
function parsed(severity: Parameters<Listener>[0], text: string): Parameters<Listener> {
  const named = /^(info|warning|error): \[runtime\] ([\s\S]*)$/.exec(text);
  const found = (["info", "warning", "error"] as const).find((each) => each === named?.[1]);
  return found === undefined ? [severity, text] : [found, named?.[2] ?? ""];
}

function tolerate(reason: unknown): void {
  if (!isAboutTheMonitor(messageOf(reason))) throw reason;
}

function isAboutTheMonitor(text: string): boolean {
  return /resource monitor (is terminating|shut down)/i.test(text);
}

/**
 * Lets this process host a Pulumi program. An update that stops early takes its monitor away while the program may still
 * be asking it; nobody waits for those answers, so they reject unhandled, some after the update has ended. They are no
 * failure of their own: the engine has told already what was. Every other unhandled rejection still ends the process.
 */
export function guardProgram(): void {
  if (process.listeners("unhandledRejection").includes(tolerate)) return;
  process.on("unhandledRejection", tolerate);
  const { console } = globalThis;
  // The SDK writes what it can no longer tell the engine to the console.
  const write = console.error.bind(console);
  console.error = (...words: unknown[]) => {
    if (!words.some(isAboutTheMonitor)) write(...words);
  };
}

function tolerate(reason: unknown): void {
  if (!isAboutTheMonitor(reason)) throw reason;
}

function isAboutTheMonitor(words: unknown): boolean {
  return /resource monitor (is terminating|shut down)/i.test(words instanceof Error ? words.message : String(words));
}

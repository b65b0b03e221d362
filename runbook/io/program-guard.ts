/**
 * Lets this process host a Pulumi program. An update that stops early takes its monitor away while the
 * program may still be asking it; nobody waits for those answers, so they reject unhandled, some after the update has
 * ended. They are no failure of their own and must not end the process; every other unhandled rejection still does.
 */
export function guardProgram(): void {
  if (!process.listeners("unhandledRejection").includes(tolerate)) process.on("unhandledRejection", tolerate);
}

function tolerate(reason: unknown): void {
  if (reason instanceof Error && reason.message.includes("Resource monitor is terminating")) return;
  throw reason;
}

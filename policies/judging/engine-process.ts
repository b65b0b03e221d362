const LOOK_MILLISECONDS = 1000;

/** Ends this process once the engine that started it is gone: one that was killed itself ends nobody, and the pack would serve for ever. */
export function endWithEngine(): void {
  const engine = process.ppid;
  setInterval(() => process.ppid === engine || process.exit(), LOOK_MILLISECONDS).unref();
}

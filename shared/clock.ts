/** Time in seconds; the only place where a command may learn what time it is. */
export interface Clock {
  now(): number;
  /** Resolves after that many seconds; rejects with the signal's reason when it aborts first. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>;
}

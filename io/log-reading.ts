/** How many of a pod's newest log lines are read, and how many bytes of them at most. */
export const LOG_LINES = 2_000;
export const LOG_BYTES = 2_000_000;

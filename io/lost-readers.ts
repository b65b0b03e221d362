/**
 * Lets the process go on when a stream can no longer be written, such as a pipe whose reader Ctrl-C has ended too, or a
 * terminal that is gone: an engine in mid-update is not to die for a line that nobody reads.
 */
export function outliveReaders(...streams: readonly NodeJS.WritableStream[]): void {
  for (const stream of streams) stream.on("error", () => undefined);
}

import { EventEmitter } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

export interface LogLine {
  /** RFC 3339. */
  readonly time: string;
  readonly text: string;
}

export interface LogSelection {
  /** Only the last so many lines. */
  readonly tailLines?: number | undefined;
  /** Only lines of this time or later, in milliseconds since 1970. */
  readonly sinceMilliseconds?: number | undefined;
}

/** One container's log: a file of timestamped lines, of the present and of the previous run of the container. */
export class ContainerLog {
  readonly #file: string;
  readonly #lines = new EventEmitter<{ line: [LogLine]; end: [] }>();
  readonly #rest = { stdout: "", stderr: "" };
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#lines.setMaxListeners(0);
  }

  /** Begins a new run of the container; what the last run wrote becomes the previous log. */
  begin(): void {
    this.end();
    if (existsSync(this.#file)) renameSync(this.#file, `${this.#file}.previous`);
    this.#descriptor = openSync(this.#file, "a", 0o600);
  }

  append(stream: "stdout" | "stderr", chunk: Buffer): void {
    const parts = (this.#rest[stream] + chunk.toString("utf8")).split("\n");
    this.#rest[stream] = parts.pop() ?? "";
    for (const text of parts) this.#write(text);
  }

  /** The run is over: what has no line end yet is a line too. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#rest[stream] !== "") this.#write(this.#rest[stream]);
      this.#rest[stream] = "";
    }
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#lines.emit("end");
  }

  read(selection: LogSelection = {}, { previous = false } = {}): readonly LogLine[] {
    const file = previous ? `${this.#file}.previous` : this.#file;
    return existsSync(file) ? selectLines(readFileSync(file, "utf8"), selection) : [];
  }

  /** Calls back for each further line until the run ends or `stop` is called. */
  follow(onLine: (line: LogLine) => void, onEnd: () => void): { stop(): void } {
    if (this.#descriptor === undefined) onEnd();
    this.#lines.on("line", onLine);
    this.#lines.once("end", onEnd);
    return {
      stop: () => {
        this.#lines.off("line", onLine);
        this.#lines.off("end", onEnd);
      },
    };
  }

  #write(text: string): void {
    if (this.#descriptor === undefined) return;
    const line = { time: new Date().toISOString(), text };
    writeSync(this.#descriptor, `${line.time} ${text}\n`);
    this.#lines.emit("line", line);
  }
}

/** The chosen lines of a log file's text. */
export function selectLines(text: string, { tailLines, sinceMilliseconds }: LogSelection): readonly LogLine[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const parsed = lines.map((line) => {
    const space = line.indexOf(" ");
    return { time: line.slice(0, space), text: line.slice(space + 1) };
  });
  const recent =
    sinceMilliseconds === undefined ? parsed : parsed.filter(({ time }) => Date.parse(time) >= sinceMilliseconds);
  return tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - tailLines));
}

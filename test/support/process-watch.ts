import { readdirSync, readFileSync } from "node:fs";

const INTERVAL_MILLISECONDS = 200;

/** Collects what `ps` shows of every process, arguments and environment, while something runs. */
export class ProcessWatch {
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), INTERVAL_MILLISECONDS);
    this.#look();
  }

  /** Ends the watch, and says what was seen of each process. */
  stop(): readonly string[] {
    clearInterval(this.#timer);
    this.#look();
    return [...this.#seen];
  }

  #look(): void {
    for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      for (const kind of ["cmdline", "environ"]) this.#seen.add(contentOf(`/proc/${pid}/${kind}`));
    }
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It ended while we looked, or is not ours to look at.
    return "";
  }
}

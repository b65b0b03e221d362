import { subjectsOf, type WatchLook } from "./look.ts";

type What = "anomaly" | "escalation" | "resolved";

/** Tells people of what changed since they were last told, and of nothing twice. */
export class News {
  readonly #tell: (look: WatchLook, what: What) => void;
  #known: readonly string[] = [];
  #isEscalated = false;

  constructor(tell: (look: WatchLook, what: What) => void) {
    this.#tell = tell;
  }

  /** What people were told of a look, in words; null when there was no news. */
  of(look: WatchLook): string | null {
    const { action, page } = look.decision;
    if (page || action === "rollback") return this.escalate(look);
    // Whether a look that could not be taken would have found anything, nobody knows.
    if (look.verdict === "error") return null;
    const subjects = subjectsOf(look);
    if (subjects.length === 0) return this.#resolve(look);
    const isNew = subjects.some((subject) => !this.#known.includes(subject));
    this.#known = [...new Set([...this.#known, ...subjects])];
    if (!isNew) return null;
    this.#tell(look, "anomaly");
    return "told";
  }

  /** Pages once, until all is well again. */
  escalate(look: WatchLook): string | null {
    this.#known = [...new Set([...this.#known, ...subjectsOf(look)])];
    if (this.#isEscalated) return null;
    this.#isEscalated = true;
    this.#tell(look, "escalation");
    return "paged";
  }

  #resolve(look: WatchLook): string | null {
    const wasKnown = this.#isEscalated || this.#known.length > 0;
    this.#known = [];
    this.#isEscalated = false;
    if (!wasKnown) return null;
    this.#tell(look, "resolved");
    return "told that it is well again";
  }
}

import { connectEngineLog, type EngineLog } from "./engine-log.ts";
import type { Session } from "./model.ts";
import type { Properties } from "./properties.ts";

/** One engine connection's state behind the `Session` that models see. */
export interface OpenSession extends Session {
  config: Properties;
  log: EngineLog | undefined;
  abort(): void;
}

/**
 * The provider instances that share one server. The engine's calls do not name the instance they are for,
 * but each instance has its own connection, so the peer's address tells them apart.
 */
export class Sessions {
  readonly #byPeer = new Map<string, OpenSession>();

  of(peer: string): OpenSession {
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    const opened = open();
    this.#byPeer.set(peer, opened);
    return opened;
  }

  /** Remembers where the engine of this connection listens for log lines. */
  attach(peer: string, engineAddress: string): void {
    const session = this.of(peer);
    if (engineAddress === "" || session.log !== undefined) return;
    session.log = connectEngineLog(engineAddress);
  }

  closeAll(): void {
    for (const session of this.#byPeer.values()) {
      session.abort();
      session.log?.close();
    }
    this.#byPeer.clear();
  }
}

function open(): OpenSession {
  const controller = new AbortController();
  return { config: {}, log: undefined, signal: controller.signal, abort: () => controller.abort() };
}

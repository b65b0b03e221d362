import { Agent, type Dispatcher } from "undici";
import { PORTS } from "../addresses.ts";

export interface UsersOptions {
  readonly authorityPem: string;
  /** The names and addresses at which users find the application. */
  readonly entrances: () => readonly { readonly name: string; readonly address: string }[];
}

export interface UserFigures {
  readonly requests: number;
  readonly lost: number;
}

/** What people ask for: the page, and the projects that it lists. */
const PATHS = ["/", "/api/projects", "/api/projects"];
/** The firewall lets nobody in without one. */
const BROWSER = "Mozilla/5.0";
const TICK_MILLISECONDS = 20;

/** Made-up users: they ask at a steady rate, as browsers do, and put up with whatever they are answered. */
export class Users {
  readonly #options: UsersOptions;
  #agent: Agent | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asked = 0;
  #lost = 0;
  #isClosed = false;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** What was asked until now, and how much of it had no answer, or a 5xx. */
  get figures(): UserFigures {
    return { requests: this.#asked, lost: this.#lost };
  }

  /** From now on so many requests a second, of these paths in turn; 0 ends them. */
  ask(requestsPerSecond: number, paths: readonly string[] = PATHS): void {
    clearInterval(this.#timer);
    if (requestsPerSecond === 0) return;
    let last = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      due += ((now - last) / 1000) * requestsPerSecond;
      last = now;
      for (; due >= 1; due--) void this.#send(paths);
    }, TICK_MILLISECONDS);
  }

  async close(): Promise<void> {
    this.ask(0);
    this.#isClosed = true;
    await this.#agent?.destroy();
  }

  async #send(paths: readonly string[]): Promise<void> {
    const [entrance] = this.#options.entrances();
    if (entrance === undefined) return;
    const path = paths[this.#asked++ % paths.length];
    if (path === undefined) return;
    try {
      const answer = await this.#connections(entrance.name).request(request(entrance, path));
      await answer.body.dump();
      if (answer.statusCode >= 500) this.#lost++;
    } catch {
      // The application counts what it answered badly; what never reached it is only known here.
      if (!this.#isClosed) this.#lost++;
    }
  }

  #connections(servername: string): Dispatcher {
    this.#agent ??= new Agent({ connections: 16, connect: { ca: this.#options.authorityPem, servername } });
    return this.#agent;
  }
}

function request({ name, address }: { name: string; address: string }, path: string): Dispatcher.RequestOptions {
  const headers = { host: name, "user-agent": BROWSER };
  return { origin: `https://${address}:${PORTS.https}`, path, method: "GET", headers };
}

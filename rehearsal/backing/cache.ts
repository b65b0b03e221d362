import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Addresses } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import type { CacheService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { ask, type CachePlace, type CacheProgram, cacheProgram, type Tools } from "./cache-programs.ts";
import { Instances } from "./instances.ts";
import { ServedCertificate } from "./served-certificate.ts";

interface RunningCache {
  readonly address: string;
  readonly place: CachePlace;
  readonly handle: ProcessHandle;
  /** The token it asks for now. */
  token: string;
  isRunning(): boolean;
}

export interface CachesOptions {
  readonly runDirectory: string;
  readonly authority: CertificateAuthority;
  readonly processes: Processes;
  readonly addresses: Pick<Addresses, "cache">;
  /** The names that AWS has given to what listens at an address. */
  readonly namesAt: (address: string) => readonly string[];
  readonly tools: Tools;
}

const READY_LIMIT_SECONDS = 60;

/** Redis-protocol servers with TLS and AUTH, one a cache, each on its own address; their data goes with the process. */
export class Caches implements CacheService {
  readonly #options: CachesOptions;
  readonly #program: CacheProgram;
  readonly #instances = new Instances<RunningCache>();

  constructor(options: CachesOptions) {
    this.#options = options;
    this.#program = cacheProgram(options.tools);
  }

  /** Whether the real Redis runs, or the server that stands in for it. */
  get kind(): CacheProgram["kind"] {
    return this.#program.kind;
  }

  /** Asked again with another token, a running cache wants that from new connections. */
  async start({ name, authToken }: { name: string; authToken: string }): Promise<{ address: string }> {
    const running = await this.#instances.start(name, (index) => this.#launch(name, authToken, index));
    if (running.token !== authToken) await this.#refresh(running, authToken);
    return { address: running.address };
  }

  async stop(name: string): Promise<void> {
    const running = await this.#instances.take(name);
    await running?.handle.stop();
    if (running) rmSync(running.place.folder, { recursive: true, force: true });
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#instances.names().map((name) => this.stop(name)));
  }

  /** Stops every server as a failing node would: its name and address stay, its data goes. */
  async suspend(): Promise<void> {
    for (const name of this.#instances.names()) await (await this.#instances.find(name))?.handle.stop();
  }

  /** Starts again what was suspended, with the token it had. */
  async resume(): Promise<void> {
    for (const name of this.#instances.names()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await this.start({ name, authToken: found.token });
    }
  }

  /** Makes the certificate of the server at that address valid for one more name, for connections from now on. */
  async cover(address: string, hostname: string): Promise<void> {
    const running = await this.#instances.findAt(address);
    if (running && (await running.place.certificate.cover(hostname))) await this.#refresh(running, running.token);
  }

  async #refresh(running: RunningCache, newToken: string): Promise<void> {
    await this.#program.refresh(running.place, running.handle, running.token, newToken);
    running.token = newToken;
  }

  async #launch(name: string, token: string, index: number): Promise<RunningCache> {
    const { runDirectory, authority, processes, addresses, namesAt } = this.#options;
    const address = addresses.cache(index);
    const folder = join(runDirectory, "redis", name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const certificate = new ServedCertificate({ authority, folder, address, names: namesAt(address) });
    await certificate.write();
    const place = { address, folder, certificate, authorityPem: authority.pem };
    const args = this.#program.prepare(place, token);
    const handle = await processes.start({ name: `redis-${name}`, command: this.#program.command, args, cwd: folder });
    const answers = () =>
      ask(place, token, ["PING"]).then(
        () => true,
        () => false,
      );
    await waitFor(`cache ${name}`, answers, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
    return { address, place, handle, token, isRunning: () => handle.running() };
  }
}

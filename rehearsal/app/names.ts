import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction, Socket, type SocketConnectOpts } from "node:net";

/** Resolves names at `server` (address:port) the way `net.connect`'s `lookup` asks for; undefined keeps the machine's way. */
export function lookupAt(server: string | undefined): LookupFunction | undefined {
  if (server === undefined) return undefined;
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([server]);
  return (hostname, options, callback) => {
    const found = isIP(hostname) === 4 ? Promise.resolve([hostname]) : resolver.resolve4(hostname);
    found.then(
      (addresses) => {
        if (options.all)
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        else callback(null, addresses[0] ?? "", 4);
      },
      (error) => callback(error, "", 4),
    );
  };
}

/** A socket that resolves with `lookup`, for clients that only ever call `connect(port, host)`. */
export class NamedSocket extends Socket {
  readonly #lookup: LookupFunction | undefined;

  constructor(lookup: LookupFunction | undefined) {
    super();
    this.#lookup = lookup;
  }

  override connect(target: SocketConnectOpts | number | string, host?: string | number | (() => void)): this {
    if (typeof target !== "number" || typeof host !== "string") throw new TypeError("expected connect(port, host)");
    const lookup = this.#lookup;
    return super.connect({ port: target, host, ...(lookup && { lookup }) });
  }
}

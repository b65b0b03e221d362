import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { Registry } from "prom-client";
import { Cache } from "../../../rehearsal/app/cache.ts";
import { secretFiles, settingsFrom } from "../../../rehearsal/app/settings.ts";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";

const HOST = "127.0.0.1";

/** A server of the Redis protocol that answers each command by its name and the number of the connection, from 1. */
async function serveRedis(
  authority: CertificateAuthority,
  answer: (command: string, connection: number) => string,
): Promise<Server> {
  const { certificatePem: cert, keyPem: key } = await authority.issue({ commonName: HOST, addresses: [HOST] });
  let connections = 0;
  const server = createServer({ cert, key }, (socket: TLSSocket) => {
    const connection = ++connections;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      for (const [, name = ""] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi))
        socket.write(answer(name.toUpperCase(), connection));
    });
  });
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  return server;
}

describe("the stand-in engine's cache", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-cache-test-"));
    const { cacheToken } = secretFiles(folder);
    mkdirSync(dirname(cacheToken), { recursive: true });
    writeFileSync(cacheToken, "a token");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // https://github.com/redis/ioredis/issues/1907, https://github.com/redis/ioredis/issues/144
  it("asks again over a new connection what a primary refused that a failover has made a replica", async () => {
    const authority = await CertificateAuthority.open(folder);
    const written: number[] = [];
    const server = await serveRedis(authority, (command, connection) => {
      if (command === "SET") written.push(connection);
      if (command === "SET" && connection === 1) return "-READONLY You can't write against a read only replica.\r\n";
      if (command === "GET") return "$5\r\nvalue\r\n";
      return command === "INFO" ? "$11\r\nloading:0\r\n\r\n" : "+OK\r\n";
    });
    const { port } = server.address() as AddressInfo;
    const settings = settingsFrom({
      ...{ SPARKI_ROOT: folder, SPARKI_CA_FILE: join(folder, "ca.pem") },
      ...{ CACHE_HOST: HOST, CACHE_PORT: String(port) },
    });
    const cache = new Cache(settings, new Registry(), () => undefined);
    try {
      expect(await cache.setAndGet("key", "value")).toBe("value");
      expect(written).toEqual([1, 2]);
    } finally {
      cache.close();
      server.close();
    }
  });
});

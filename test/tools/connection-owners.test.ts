import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import * as grpc from "@grpc/grpc-js";
import { Agent, request } from "undici";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { answerOwnUser, isOwnConnection, isOwnDatagram, servePrivately } from "../../tools/callers.ts";
import { asOwn, asStranger } from "../support/stranger.ts";

const ADDRESS = "127.251.77.1";
const open: Server[] = [];
const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  open.push(server);
  const { port }: AddressInfo = JSON.parse(JSON.stringify(server.address()));
  return port;
};
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe("answerOwnUser", () => {
  const body = Buffer.alloc(3_000_000, "x");

  it("lets our own user's requests through whole, over HTTP and over TLS", async () => {
    const run = mkdtempSync(join(tmpdir(), "sparki-owners-"));
    const authority = await CertificateAuthority.open(run);
    rmSync(run, { recursive: true });
    const { certificatePem: cert, keyPem: key } = await authority.issue({ commonName: "x", addresses: [ADDRESS] });
    const count = (asked: NodeJS.ReadableStream, answer: { end(text: string): void }) =>
      void buffer(asked).then(({ length }) => answer.end(`${length}`));
    const servers = { http: createHttpServer(count), https: createTlsServer({ cert, key }, count) };
    const agent = new Agent({ connect: { ca: authority.pem } });
    for (const [protocol, server] of Object.entries(servers)) {
      answerOwnUser(server);
      const url = `${protocol}://${ADDRESS}:${await listen(server)}`;
      const answer = await request(url, { method: "POST", body, dispatcher: agent });
      expect([protocol, await answer.body.text()]).toEqual([protocol, "3000000"]);
    }
    await agent.close();
  });

  it("reads nothing of another user's connection, and tells it nothing", async () => {
    const seen: string[] = [];
    const server = createServer((socket) => {
      seen.push("connection");
      socket.end("hello");
    });
    answerOwnUser(server);
    const port = await listen(server);
    const { stdout } = await asStranger("bash", "-c", `exec 3<>/dev/tcp/${ADDRESS}/${port}; echo x >&3; cat <&3`);
    expect({ stdout, seen }).toEqual({ stdout: "", seen: [] });
  });
});

describe("servePrivately", () => {
  const { bindAsync, forceShutdown } = grpc.Server.prototype;
  afterEach(() => Object.assign(grpc.Server.prototype, { bindAsync, forceShutdown }));

  it("lets gRPC that Pulumi's SDK serves to everybody answer our own user alone, until it is shut down", async () => {
    servePrivately(grpc);
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const preface = String.raw`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`;
    const lines = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${preface}' >&3; timeout 2 head -c 9 <&3 | wc -c`;
    const [own, stranger] = [await asOwn("bash", ["-c", lines]), await asStranger("bash", "-c", lines)];
    // A stranger's shell may end with its connection, before it has counted nothing.
    expect([Number(own.stdout), Number(stranger.stdout)]).toEqual([9, 0]);
    server.forceShutdown();
    const later = await asOwn("bash", ["-c", lines]);
    expect(later.stdout.trim()).not.toBe("9");
  });

  it("serves as before where the kernel does not tell whose a connection is: a deployment would else reach nothing", async () => {
    servePrivately(grpc, async () => false);
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
    );
    const preface = String.raw`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`;
    const lines = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${preface}' >&3; timeout 2 head -c 9 <&3 | wc -c`;
    expect((await asStranger("bash", "-c", lines)).stdout.trim()).toBe("9");
    server.forceShutdown();
  });

  it("says why a port cannot be bound", async () => {
    servePrivately(grpc);
    const error = await new Promise((resolve) =>
      new grpc.Server().bindAsync("192.0.2.1:1", grpc.ServerCredentials.createInsecure(), resolve),
    );
    expect(String(error)).toContain("EADDRNOTAVAIL");
  });
});

describe("isOwnConnection", () => {
  const connected = async () => {
    const server = createServer();
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const client = connect(await listen(server), ADDRESS);
    const socket = await accepted;
    const from = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const to = { address: ADDRESS, port: socket.localPort ?? 0 };
    return { client, socket, from, to };
  };

  it("knows a connection of ours by both of its ends", async () => {
    const { client, socket, from, to } = await connected();
    expect(await isOwnConnection(from, to)).toBe(true);
    expect(await isOwnConnection(from, { ...to, port: to.port ^ 1 })).toBe(false);
    expect(await isOwnConnection({ ...from, port: from.port ^ 1 }, to)).toBe(false);
    client.destroy();
    socket.destroy();
  });

  it("trusts no connection whose process is gone: the kernel then says that it was root's", async () => {
    const { client, socket, from, to } = await connected();
    client.end();
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await isOwnConnection(from, to)).toBe(false);
    socket.destroy();
  });

  it("trusts nothing that the kernel does not list", async () => {
    expect(await isOwnConnection(undefined, { address: ADDRESS, port: 1 })).toBe(false);
    expect(await isOwnConnection({ address: "::1", port: 1 }, { address: "::1", port: 2 })).toBe(false);
    expect(await isOwnDatagram({ address: ADDRESS, port: 9 })).toBe(false);
  });
});

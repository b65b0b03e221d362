import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { directToLoopback } from "../../io/proxy.ts";

let proxy: Server;
let own: Server;
let asked: string[];
const sockets = new Set<Socket>();
const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
};
const listening = (server: Server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

beforeEach(async () => {
  asked = [];
  proxy = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    outgoing.end("by the proxy");
  });
  // A tunnel is refused, but told.
  proxy.on("connect", (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  own = createServer((_, outgoing) => outgoing.end("by the server"));
  for (const server of [proxy, own]) server.on("connection", (socket) => sockets.add(socket));
  await Promise.all([listening(proxy), listening(own)]);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  proxy.close();
  own.close();
});

const proxyUrl = () => `http://127.0.0.1:${portOf(proxy)}`;

describe("the network of an environment with a proxy", () => {
  it.each(["https_proxy", "HTTPS_PROXY"])("asks what is not on this machine through %s", async (name) => {
    const network = openNetwork({ [name]: proxyUrl() });
    await request(network, "https://hooks.slack.test/services/x", { timeoutSeconds: 5 });
    await network.close();
    expect(asked).toEqual(["CONNECT hooks.slack.test:443"]);
  });

  it.each([
    ["http_proxy", ""],
    ["HTTP_PROXY", ""],
    ["http_proxy", "a.test, b.test"],
    ["http_proxy", "a.test b.test"],
  ])("asks this machine itself whatever %s is and no_proxy %j says", async (name, no_proxy) => {
    const network = openNetwork({ [name]: proxyUrl(), https_proxy: proxyUrl(), no_proxy });
    const answer = await request(network, `http://127.0.0.1:${portOf(own)}/x`);
    await network.close();
    expect(answer).toMatchObject({ answered: true, body: "by the server" });
    expect(asked).toEqual([]);
  });

  it("asks what no_proxy names without the proxy, also behind a blank", async () => {
    const network = openNetwork({ https_proxy: proxyUrl(), no_proxy: "a.test, slack.invalid" });
    const answer = await request(network, "https://slack.invalid/x", { timeoutSeconds: 5 });
    await network.close();
    expect(answer.answered).toBe(false);
    expect(asked).toEqual([]);
  });

  it("asks what stands in for a name without the proxy", async () => {
    const network = openNetwork({ http_proxy: proxyUrl() }, { "app.test": "localhost" });
    const answer = await request(network, `http://app.test:${portOf(own)}/x`);
    await network.close();
    expect(answer).toMatchObject({ answered: true, body: "by the server" });
    expect(asked).toEqual([]);
  });
});

describe("directToLoopback", () => {
  it("adds this machine to no_proxy in both spellings, without blanks", () => {
    const value = "a.test,.b.test,localhost,127.0.0.1,::1,127.0.0.0/8";
    expect(directToLoopback({ http_proxy: "http://p", no_proxy: "a.test, .b.test" })).toEqual({
      no_proxy: value,
      NO_PROXY: value,
    });
    expect(directToLoopback({ HTTPS_PROXY: "http://p", NO_PROXY: "a.test .b.test" })).toEqual({
      no_proxy: value,
      NO_PROXY: value,
    });
    expect(directToLoopback({ https_proxy: "http://p", no_grpc_proxy: "a.test" }).no_grpc_proxy).toContain("127.0.0.1");
  });

  it("changes nothing where there is no proxy", () => {
    expect(directToLoopback({ no_proxy: "a.test" })).toEqual({});
  });
});

import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { request } from "../../io/http.ts";
import { directToLoopback, openNetwork } from "../../io/network.ts";
import { DeployError } from "../../shared/deploy-error.ts";

let proxy: Server;
let own: Server;
let asked: string[];
let credentials: (string | undefined)[];
let refusal: string;
const sockets = new Set<Socket>();
const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
};
const listening = (server: Server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

beforeEach(async () => {
  [asked, credentials, refusal] = [[], [], "403 Forbidden"];
  proxy = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    outgoing.end("by the proxy");
  });
  // A tunnel is refused, but told.
  proxy.on("connect", (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    credentials.push(incoming.headers["proxy-authorization"]);
    socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
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

  it.each<[string, Record<string, string>, string, string | undefined]>([
    ["a proxy without a scheme", { https_proxy: "HOST" }, "https://a.test", "CONNECT a.test:443"],
    ["all_proxy", { all_proxy: "http://HOST" }, "https://a.test", "CONNECT a.test:443"],
    ["ALL_PROXY, for plain HTTP", { ALL_PROXY: "http://HOST" }, "http://a.test", "GET http://a.test/"],
    [
      "https_proxy before ALL_PROXY",
      { https_proxy: "HOST", ALL_PROXY: "socks5://h" },
      "https://a.test",
      "CONNECT a.test:443",
    ],
    ["http_proxy alone, for HTTPS", { http_proxy: "http://HOST" }, "https://a.test", undefined],
    ["https_proxy alone, for plain HTTP", { https_proxy: "http://HOST" }, "http://a.test", undefined],
    ["no_proxy *", { https_proxy: "HOST", no_proxy: "*" }, "https://a.test", undefined],
    ["no_proxy of the port", { https_proxy: "HOST", no_proxy: "a.test:443" }, "https://a.test", undefined],
    [
      "no_proxy of another port",
      { https_proxy: "HOST", no_proxy: "a.test:8443" },
      "https://a.test",
      "CONNECT a.test:443",
    ],
    ["no_proxy of the domain", { https_proxy: "HOST", no_proxy: ".test" }, "https://a.test", undefined],
    ["no_proxy with a star", { https_proxy: "HOST", NO_PROXY: "*.test" }, "https://a.test", undefined],
    [
      "no_proxy in capitals, with a dot at the end",
      { https_proxy: "HOST", no_proxy: "A.TEST." },
      "https://a.test",
      undefined,
    ],
    ["no_proxy of a part of a label", { https_proxy: "HOST", no_proxy: "est" }, "https://a.test", "CONNECT a.test:443"],
    ["no_proxy of the network", { https_proxy: "HOST", no_proxy: "10.0.0.0/8" }, "https://10.1.2.3", undefined],
    [
      "no_proxy of another network",
      { https_proxy: "HOST", no_proxy: "10.2.0.0/16" },
      "https://10.1.2.3",
      "CONNECT 10.1.2.3:443",
    ],
    [
      "no_proxy of the address and port",
      { https_proxy: "HOST", no_proxy: "10.1.2.3:443" },
      "https://10.1.2.3",
      undefined,
    ],
    [
      "no_proxy of the name in its own letters",
      { https_proxy: "HOST", no_proxy: "münchen.test" },
      "https://xn--mnchen-3ya.test",
      undefined,
    ],
    ["no_proxy of the IPv6 network", { https_proxy: "HOST", no_proxy: "fd00::/8" }, "https://[fd00::1]", undefined],
    ["no_proxy of the IPv6 address", { https_proxy: "HOST", no_proxy: "[fd00::1]" }, "https://[fd00::1]", undefined],
    [
      "no_proxy that cannot be read",
      { https_proxy: "HOST", no_proxy: "10.0.0.0/99,:x" },
      "https://10.1.2.3",
      "CONNECT 10.1.2.3:443",
    ],
    ["a name of this machine", { https_proxy: "HOST" }, "https://app.localhost", undefined],
    ["this machine, mapped into IPv6", { http_proxy: "HOST" }, "http://[::ffff:127.0.0.1]:9", undefined],
  ])("knows %s", async (_, variables, url, expected) => {
    const host = proxyUrl().replace("http://", "");
    const env = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, value.replace("HOST", host)]));
    const network = openNetwork(env);
    await request(network, url, { timeoutSeconds: 0.7 });
    await network.close();
    expect(asked).toEqual(expected === undefined ? [] : [expected]);
  });

  it("gives the proxy its user and password", async () => {
    const network = openNetwork({ https_proxy: proxyUrl().replace("http://", "http://user:p%40ss@") });
    await request(network, "https://a.test", { timeoutSeconds: 5 });
    await network.close();
    expect(credentials).toEqual([`Basic ${Buffer.from("user:p@ss").toString("base64")}`]);
  });

  it.each<[string, string, string]>([
    ["requires a user and a password", "407 Proxy Authentication Required", "407: it requires a user and a password"],
    ["allows no such host", "403 Forbidden", "403"],
  ])("says that it is the proxy which %s", async (_, status, said) => {
    refusal = status;
    const network = openNetwork({ HTTPS_PROXY: proxyUrl().replace("http://", "http://user:hidden@") });
    const answer = await request(network, "https://a.test", { timeoutSeconds: 5 });
    await network.close();
    const error = answer.answered ? "" : answer.error;
    expect(error).toContain(`the proxy ${proxyUrl().replace("http://", "")} (HTTPS_PROXY) answered ${said}`);
    expect(error).not.toContain("hidden");
  });

  it.each([
    ["http://user:hidden@127.0.0.1:9", "the proxy 127.0.0.1:9 (https_proxy) does not answer: connect ECONNREFUSED"],
    ["http://proxy.invalid:3128", "the proxy proxy.invalid:3128 (https_proxy) does not answer: getaddrinfo"],
  ])("names a proxy that is not there: %s", async (https_proxy, said) => {
    const network = openNetwork({ https_proxy });
    const answer = await request(network, "https://a.test", { timeoutSeconds: 5 });
    await network.close();
    expect(answer.answered ? "" : answer.error).toContain(said);
    expect(answer.answered ? "" : answer.error).not.toContain("hidden");
  });

  it.each([
    ["socks5://user:hidden@127.0.0.1:1080", "socks5://127.0.0.1:1080"],
    ["ftp://127.0.0.1:2121", "ftp://127.0.0.1:2121"],
    ["http://user:hid%den@127.0.0.1:9", "http://127.0.0.1:9"],
    ["not a url", "something that is not an address"],
    ["http://user:hid#den@127.0.0.1:9", "something that is not an address"],
    ["http://", "something that is not an address"],
    ["http://127.0.0.1:9/hidden", "an address with a path"],
    ["http://user:hid/den@127.0.0.1:9", "something that is not an address"],
    ["http://user:12/hidden@127.0.0.1:9", "an address with a path"],
  ])("refuses %s, without a secret in what it says", (https_proxy, found) => {
    let thrown: unknown;
    try {
      openNetwork({ https_proxy });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "SPARKI_USAGE" });
    const text = thrown instanceof DeployError ? `${thrown.message} ${thrown.hint}` : "";
    expect(text).toContain(`https_proxy is ${found}`);
    expect(text).toContain("expected");
    expect(text).not.toMatch(/hid|den/);
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

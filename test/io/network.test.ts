import { createSocket, type Socket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { createServer, type Server } from "node:http";
import { type Answer, decode, encode } from "dns-packet";
import { request } from "../../io/http.ts";
import { aboveOf, openNetwork } from "../../io/network.ts";
import { rehearsed } from "../support/rehearsal-access.ts";

let names: Socket;
let server: Server;
let environment: Record<string, string>;

const CAA = ["amazon.com; validationmethods=dns-01", "Let.Example"];
const issuer = (name: string, value: string): Answer => ({
  type: "CAA",
  name,
  data: { flags: 0, tag: "issue", value },
});

beforeAll(async () => {
  names = createSocket("udp4");
  names.on("message", (message, from) => {
    const { id = 0, questions = [] } = decode(message);
    const answers = questions.flatMap(({ name, type }): Answer[] => {
      if (name === "limited.example" && type === "CAA") return CAA.map((value) => issuer(name, value));
      if (name === "parent.example" && type === "NS") return [{ type: "NS", name, data: "ns.parent.example" }];
      if (name === "ns.parent.example" && type === "A") return [{ type: "A", name, data: "127.0.0.1" }];
      if (name !== "app.example") return [];
      if (type === "DS")
        return [
          { type: "DS", name, data: { keyTag: 7, algorithm: 13, digestType: 2, digest: Buffer.from("ab", "hex") } },
        ];
      if (type === "NS") return [{ type: "NS", name, data: "ns.example" }];
      return type === "A" ? [{ type: "A", name, data: "127.0.0.1" }] : [];
    });
    names.send(
      encode({ type: "response", id, flags: answers.length > 0 ? 0 : 3, questions, answers }),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((bound) => names.bind(0, "127.0.0.1", bound));
  server = createServer((incoming, outgoing) => {
    if (incoming.url === "/never") return;
    outgoing.statusCode = 418;
    outgoing.end(`${incoming.method} ${incoming.headers.host} ${incoming.url}`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  environment = {
    ...rehearsed(),
    SPARKI_DNS_SERVER: `127.0.0.1:${names.address().port}`,
    SPARKI_PORT_MAP: `80:${port},443:1`,
  };
});

afterAll(async () => {
  names.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

describe("openNetwork", () => {
  it("resolves names at the given server and maps well-known ports", async () => {
    const network = openNetwork(environment);
    expect(await network.addressesOf("app.example")).toEqual(["127.0.0.1"]);
    expect(await request(network, "http://app.example/a?b=c")).toMatchObject({
      answered: true,
      status: 418,
      body: "GET app.example /a?b=c",
    });
    await network.close();
  });

  it("tells a name's addresses, none where there is no such name, and rejects where nobody answers", async () => {
    const network = openNetwork(environment);
    expect(await network.addressesOf("nowhere.example")).toEqual([]);
    await network.close();
    const silent = openNetwork({ ...rehearsed(), SPARKI_DNS_SERVER: "127.0.0.1:1" });
    await expect(silent.addressesOf("app.example")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await silent.close();
  });

  it("tells a name's name servers, none where there is no such name, and rejects where nobody answers", async () => {
    const network = openNetwork(environment);
    expect(await network.nameServersOf("app.example")).toEqual(["ns.example"]);
    expect(await network.nameServersOf("nowhere.example")).toEqual([]);
    await network.close();
    const silent = openNetwork({ ...rehearsed(), SPARKI_DNS_SERVER: "127.0.0.1:1" });
    await expect(silent.nameServersOf("app.example")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await silent.close();
  });

  it("tells the DS records that a name's parent has, and rejects where nobody answers", async () => {
    const network = openNetwork(environment);
    expect(await network.delegationSignersOf("app.example")).toEqual(["7 13 2 AB"]);
    expect(await network.delegationSignersOf("nowhere.example")).toEqual([]);
    await network.close();
    const silent = openNetwork({ ...rehearsed(), SPARKI_DNS_SERVER: "127.0.0.1:1" });
    await expect(silent.delegationSignersOf("app.example")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await silent.close();
  });

  describe("of a name that may not exist yet", () => {
    const asked: string[] = [];
    const zone = createSocket("udp4");
    const resolver = new Resolver({ timeout: 1_000, tries: 1 });
    const referral: Answer = { type: "NS", name: "new.parent.example", data: "ns-1.awsdns.example" };

    beforeAll(async () => {
      names.on("message", (message) => {
        asked.push(...(decode(message).questions ?? []).map(({ name, type }) => `${type} ${name}`));
      });
      zone.on("message", (message, from) => {
        const { id = 0, questions = [] } = decode(message);
        const isNew = questions[0]?.name === "new.parent.example";
        const authorities = isNew ? [referral] : [];
        const flags = isNew ? 0 : 3;
        zone.send(encode({ type: "response", id, flags, questions, authorities }), from.port, from.address);
      });
      await new Promise<void>((bound) => zone.bind(0, "127.0.0.1", bound));
      resolver.setServers([environment.SPARKI_DNS_SERVER ?? ""]);
    });
    afterAll(() => zone.close());
    beforeEach(() => asked.splice(0));

    it("asks the servers of the zone above, and never a resolver, which would keep for later that there is none", async () => {
      const above = (name: string) => aboveOf(name, "NS", resolver, zone.address().port);
      expect((await above("new.parent.example"))?.authorities).toMatchObject([referral]);
      expect(await above("none.parent.example")).toMatchObject({ authorities: [], rcode: "NXDOMAIN" });
      expect(asked).toContain("NS parent.example");
      expect(asked.filter((question) => /(new|none)\.parent/.test(question))).toEqual([]);
    });

    it("asks a resolver where those servers are out of reach, as behind a firewall", async () => {
      expect(await aboveOf("new.parent.example", "NS", resolver, 1)).toBeUndefined();
      expect(await aboveOf("nowhere.example", "NS", resolver)).toBeUndefined();
    });
  });

  it("tells who may issue a name's certificates, by what is nearest above it, and rejects where nobody answers", async () => {
    const network = openNetwork(environment);
    expect(await network.issuersOf("app.of.limited.example")).toEqual(["amazon.com", "let.example"]);
    expect(await network.issuersOf("app.example.")).toBeUndefined();
    await network.close();
    const silent = openNetwork({ ...rehearsed(), SPARKI_DNS_SERVER: "127.0.0.1:1" });
    await expect(silent.issuersOf("app.example")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await silent.close();
  });

  it("reaches a name at the one that stands in for it, under its own host header", async () => {
    const network = openNetwork(environment, { "prod.example": "app.example" });
    expect(await request(network, "http://prod.example/")).toMatchObject({ body: "GET prod.example /" });
    await network.close();
  });

  it("reports an unknown name, a refused connection and a late answer as values", async () => {
    const network = openNetwork(environment);
    expect(await request(network, "http://nowhere.example/")).toMatchObject({
      answered: false,
      error: expect.stringMatching(/ENOTFOUND|ESERVFAIL/),
    });
    expect(await request(network, "http://127.0.0.1:1/")).toMatchObject({
      answered: false,
      error: expect.stringContaining("ECONNREFUSED"),
    });
    expect(await request(network, "http://app.example/never", { timeoutSeconds: 0.1 })).toMatchObject({
      answered: false,
      error: "no answer within 0.1 s",
    });
    await network.close();
  });

  it.each([
    [{ SPARKI_PORT_MAP: "80-8080" }, /SPARKI_PORT_MAP is "80-8080"; expected pairs/],
    [{ SPARKI_DNS_SERVER: "not an address" }, /SPARKI_DNS_SERVER/],
    [{ SPARKI_CA_FILE: "/nowhere/ca.pem" }, /SPARKI_CA_FILE is "\/nowhere\/ca.pem"; expected a readable PEM file/],
  ])("refuses %j", (env, message) => {
    expect(() => openNetwork({ ...rehearsed(), ...env })).toThrow(message);
  });

  it("trusts the given authority beside the public ones, and the system's without it", () => {
    expect(openNetwork({}).certificateAuthorities).toBeUndefined();
    expect(
      openNetwork({ ...rehearsed(), SPARKI_CA_FILE: import.meta.filename }).certificateAuthorities?.length,
    ).toBeGreaterThan(50);
  });
});

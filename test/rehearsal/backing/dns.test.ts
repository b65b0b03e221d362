import { Resolver } from "node:dns/promises";
import { delegationSignersOf } from "../../../io/network.ts";
import { NameServer } from "../../../rehearsal/backing/dns.ts";

const ADDRESS = "127.251.0.53";
const PORT = 5353;

describe("NameServer", () => {
  const server = new NameServer(() => 0);
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`${ADDRESS}:${PORT}`]);

  beforeAll(() => server.listen(ADDRESS, PORT));
  afterAll(() => server.close());

  it("serves AWS's names until they are taken away", async () => {
    server.setAddress("Db.us-east-1.rds.amazonaws.com.", "127.251.1.1");
    expect(await resolver.resolve4("db.us-east-1.rds.amazonaws.com")).toEqual(["127.251.1.1"]);
    server.setAddress("db.us-east-1.rds.amazonaws.com", undefined);
    await expect(resolver.resolve4("db.us-east-1.rds.amazonaws.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("replaces a zone's records as a whole", async () => {
    server.setRecords("Z1", [{ name: "a.example", type: "TXT", values: ['"one"'] }]);
    expect(await resolver.resolveTxt("a.example")).toEqual([["one"]]);
    server.setRecords("Z1", [{ name: "b.example", type: "A", values: ["127.251.9.9"] }]);
    expect(await resolver.resolve4("b.example")).toEqual(["127.251.9.9"]);
    await expect(resolver.resolveTxt("a.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("answers what was there before while changes do not show", async () => {
    server.setRecords("Z3", [{ name: "c.example", type: "A", values: ["127.251.9.1"] }]);
    server.setStale(true);
    server.setRecords("Z3", [{ name: "c.example", type: "A", values: ["127.251.9.2"] }]);
    expect(await resolver.resolve4("c.example")).toEqual(["127.251.9.1"]);
    server.setStale(false);
    expect(await resolver.resolve4("c.example")).toEqual(["127.251.9.2"]);
  });

  it("says which DS record the parent zone has, once it has one", async () => {
    const asked = () => delegationSignersOf("b.example", `${ADDRESS}:${PORT}`);
    expect(await asked()).toEqual([]);
    server.setSigner(`4711 13 2 ${"AB".repeat(32)}`);
    expect(await asked()).toEqual([`4711 13 2 ${"AB".repeat(32)}`]);
    server.setSigner(undefined);
    expect(await asked()).toEqual([]);
  });

  it("goes on after a record that DNS cannot carry", async () => {
    server.setRecords("Z2", [{ name: "bad.example", type: "CAA", values: ["nonsense"] }]);
    await expect(resolver.resolveCaa("bad.example")).rejects.toMatchObject({ code: "ESERVFAIL" });
    expect(await resolver.resolve4("b.example")).toEqual(["127.251.9.9"]);
  });

  it("refuses to start where another listens already", async () => {
    const second = new NameServer(() => 0);
    await expect(second.listen(ADDRESS, PORT)).rejects.toThrow(`cannot listen on ${ADDRESS}:${PORT}`);
    await second.close();
  });
});

import { name, zone } from "../../../../runbook/preflight/checks/names.ts";
import { fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

const servers = ["ns-1.awsdns-11.com", "ns-2.awsdns-22.net"];
const looks = { "route53/getZone": { zoneId: "Z1", nameServers: servers } };
const ownZone = resource("aws:route53/zone:Zone", "edge-zone-zone", { id: "Z1" });
const state = fakeState([ownZone]);
const told = (names: readonly string[]) => ({ nameServersOf: async () => names, addressesOf: async () => [] });

describe("zone", () => {
  it("passes when the world is told this stack's name servers, in any order and spelling", async () => {
    const names = told(["NS-2.awsdns-22.net.", "ns-1.awsdns-11.com"]);
    expect(await look(zone, fakeContext({ looks, state, names }))).toEqual({
      status: "pass",
      reason: "delegated to 2 name servers of this stack",
    });
  });

  it("is skipped before the first deployment, and tells that it will wait for the parent", async () => {
    const finding = await look(zone, fakeContext());
    expect(finding.status).toBe("skipped");
    expect(finding.reason).toContain("waits until the parent of prod.sparki.tools delegates to it");
  });

  it.each([
    [
      "nobody delegates",
      { looks, state },
      /delegated to nobody; expected ns-1/,
      /in the parent zone, set the NS record/,
    ],
    [
      "the parent delegates elsewhere",
      { looks, state, names: told(["ns.elsewhere.net"]) },
      /delegated to ns.elsewhere.net; expected/,
      /set the NS record of prod.sparki.tools to ns-1/,
    ],
    ["somebody else made the zone", { looks }, /has a zone Z1 that this stack did not make/, /pulumi import .* Z1/],
    ["the zone is gone", { state }, /zone Z1 of prod.sparki.tools is gone/, /pulumi refresh --stack prod/],
  ])("fails when %s", async (_, parts, reason, fix) => {
    expect(await look(zone, fakeContext(parts))).toEqual({
      status: "fail",
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
  });
});

describe("name", () => {
  const records = (...resourceRecordSets: object[]) => ({ ...looks, "route53/getRecords": { resourceRecordSets } });
  const address = { name: "prod.sparki.tools.", type: "A", setIdentifier: "sparki" };

  it("passes when the name is free, whatever else the zone holds there", async () => {
    const free = records({ name: "prod.sparki.tools.", type: "NS" });
    expect(await look(name, fakeContext({ looks: free, state }))).toEqual({
      status: "pass",
      reason: "prod.sparki.tools is free",
    });
  });

  it("passes when the records are in this stack's state", async () => {
    const inputs = { name: "prod.sparki.tools", type: "A", setIdentifier: "sparki" };
    const own = fakeState([ownZone, resource("aws:route53/record:Record", "cutover", { inputs })]);
    expect(await look(name, fakeContext({ looks: records(address), state: own }))).toMatchObject({
      status: "pass",
      reason: "prod.sparki.tools is this stack's own",
    });
  });

  it("fails for a record that this stack did not make", async () => {
    const finding = await look(name, fakeContext({ looks: records(address, { ...address, type: "AAAA" }), state }));
    expect(finding).toMatchObject({
      status: "fail",
      reason: "prod.sparki.tools has records that this stack did not make: A sparki, AAAA sparki",
    });
    expect(finding.fix).toContain("--hosted-zone-id Z1");
  });

  it("is skipped while there is no zone", async () => {
    expect(await look(name, fakeContext())).toMatchObject({ status: "skipped" });
  });
});

import { SeveralFound } from "../../../../io/aws-lookups.ts";
import { systemClock } from "../../../../io/clock.ts";
import { selfSignedPem } from "../../../../rehearsal/certificates.ts";
import { certificate, name, zone } from "../../../../runbook/preflight/checks/names.ts";
import { fakeContext, fakeState, look, NO_NAMES, resource } from "../../../support/preflight.ts";

const servers = ["ns-1.awsdns-11.com", "ns-2.awsdns-22.net"];
const looks = { "route53/getZone": { zoneId: "Z1", nameServers: servers } };
const ownZone = resource("aws:route53/zone:Zone", "edge-zone-zone", { id: "Z1" });
const state = fakeState([ownZone]);
const told = (names: readonly string[], signers: readonly string[] = []) => ({
  ...NO_NAMES,
  nameServersOf: async () => names,
  delegationSignersOf: async () => signers,
});

describe("zone", () => {
  it("passes when the world is told this stack's name servers, in any order and spelling", async () => {
    const names = told(["NS-2.awsdns-22.net.", "ns-1.awsdns-11.com"]);
    expect(await look(zone, fakeContext({ looks, state, names }))).toEqual({
      status: "pass",
      reason: "delegated to 2 name servers of this stack, whose signatures no resolver checks: there is no DS record",
    });
  });

  const digest = "AB".repeat(32);
  const key = resource("aws:route53/keySigningKey:KeySigningKey", "edge-zone-ksk", {
    outputs: { dsRecord: `4711 13 2 ${digest}` },
  });
  const signed = fakeState([ownZone, key]);

  it("passes when the parent has the DS record of this stack's key", async () => {
    const names = told(servers, [`4711 13 2 ${digest.toLowerCase()}`]);
    expect(await look(zone, fakeContext({ looks, state: signed, names }))).toEqual({
      status: "pass",
      reason: "delegated to 2 name servers of this stack, whose signatures resolvers check by DS record 4711",
    });
  });

  it.each([
    ["of another key", { looks, state: signed }, "expected that of this stack's key, 4711 13 2"],
    ["of a zone that signs nothing", { looks, state }, "expected none: the zone is not signed"],
    ["before there is a zone", {}, "expected none: the zone is not signed"],
  ])("fails when the parent has a DS record %s, by which resolvers refuse all answers", async (_, parts, expected) => {
    const names = told(servers, ["99 13 2 CD"]);
    expect(await look(zone, fakeContext({ ...parts, names }))).toEqual({
      status: "fail",
      reason: expect.stringMatching(
        new RegExp(`^the parent of prod.sparki.tools has a DS record that matches no key, 99 13 2 CD; ${expected}`),
      ),
      fix: expect.stringMatching(/^in the parent zone, remove the DS record 99 13 2 CD of prod.sparki.tools/),
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
      /delegated to no name servers; expected ns-1/,
      /in the parent zone, set the NS record/,
    ],
    [
      "the parent delegates elsewhere",
      { looks, state, names: told(["ns.elsewhere.net"]) },
      /delegated to ns.elsewhere.net; expected/,
      /set the NS record of prod.sparki.tools to ns-1/,
    ],
    [
      "somebody else made the zone",
      { looks },
      /has a zone Z1 that this stack did not create/,
      /^if this stack made it, its state is lost.*rebuild state --stack prod.*pulumi import .* Z1$/s,
    ],
    ["the zone is gone", { state }, /zone Z1 of prod.sparki.tools is gone/, /pulumi refresh --stack prod/],
  ])("fails when %s", async (_, parts, reason, fix) => {
    expect(await look(zone, fakeContext(parts))).toEqual({
      status: "fail",
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
  });
});

describe("a domain of which the account has several zones", () => {
  const several = ({ zoneId }: { zoneId?: string }) =>
    zoneId === "Z1" ? looks["route53/getZone"] : new SeveralFound("multiple Route 53 Hosted Zones matched", {});
  const twice = { "route53/getZone": several, "route53/getRecords": { resourceRecordSets: [] } };

  it("is judged by the stack's own", async () => {
    expect(await look(zone, fakeContext({ looks: twice, state, names: told(servers) }))).toMatchObject({
      status: "pass",
    });
    expect(await look(name, fakeContext({ looks: twice, state }))).toMatchObject({ status: "pass" });
  });

  it("fails before the stack has one, with the command that lists them", async () => {
    expect(await look(zone, fakeContext({ looks: twice }))).toEqual({
      status: "fail",
      reason: "prod.sparki.tools has several public zones that this stack did not create",
      fix: expect.stringMatching(/rebuild state.*list-hosted-zones-by-name --dns-name prod\.sparki\.tools$/s),
    });
    expect(await look(name, fakeContext({ looks: twice }))).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("see dns-zone"),
    });
  });

  it("is not judged where AWS cannot be asked", async () => {
    const refused = { "route53/getZone": new Error("AccessDenied") };
    for (const check of [zone, name])
      await expect(look(check, fakeContext({ looks: refused }))).rejects.toThrow("AccessDenied");
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
      reason: "prod.sparki.tools belongs to this stack",
    });
  });

  it("fails for a record that this stack did not create", async () => {
    const finding = await look(name, fakeContext({ looks: records(address, { ...address, type: "AAAA" }), state }));
    expect(finding).toMatchObject({
      status: "fail",
      reason: "prod.sparki.tools has records that this stack did not create: A sparki, AAAA sparki",
    });
    expect(finding.fix).toContain("--hosted-zone-id Z1");
  });

  it("is skipped while there is no zone", async () => {
    expect(await look(name, fakeContext())).toMatchObject({ status: "skipped" });
  });
});

const DOMAIN = "prod.sparki.tools";
const found = (parts: object) => ({ "acm/getCertificate": { arn: "arn:cert", status: "ISSUED", ...parts } });
const clock = systemClock;

describe("certificate", () => {
  it("passes with the days left of one that covers the domain", async () => {
    const looks = found({ certificate: await selfSignedPem([DOMAIN], 90) });
    expect(await look(certificate, fakeContext({ looks, clock }))).toEqual({
      status: "pass",
      reason: "covers prod.sparki.tools, 89 days left",
    });
  });

  it("passes one that covers the domain with a wildcard", async () => {
    const looks = found({ certificate: await selfSignedPem(["*.sparki.tools"], 90) });
    expect(await look(certificate, fakeContext({ looks, clock }))).toMatchObject({ status: "pass" });
  });

  it("is skipped on a first deployment", async () => {
    const finding = await look(certificate, fakeContext());
    expect(finding).toMatchObject({ status: "skipped", reason: expect.stringContaining("no certificate yet") });
  });

  const limitedTo = (...issuers: string[]) => ({ ...NO_NAMES, issuersOf: async () => issuers });

  it.each([
    [["letsencrypt.org", "digicert.com"], "only letsencrypt.org, digicert.com may issue"],
    [[""], "only nobody may issue"],
  ])("fails before anything is made where CAA records admit %j alone", async (issuers, reason) => {
    expect(await look(certificate, fakeContext({ names: limitedTo(...issuers) }))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: expect.stringContaining('0 issue "amazon.com"'),
    });
  });

  it("passes over CAA records that admit Amazon, and over an answer that nobody gives", async () => {
    const names = { ...NO_NAMES, issuersOf: async () => Promise.reject(new Error("queryCaa ETIMEOUT")) };
    for (const each of [limitedTo("letsencrypt.org", "amazontrust.com"), names])
      expect(await look(certificate, fakeContext({ names: each }))).toMatchObject({ status: "skipped" });
  });

  it("warns of an issued one that AWS cannot renew", async () => {
    const looks = found({ certificate: await selfSignedPem([DOMAIN], 90) });
    expect(await look(certificate, fakeContext({ looks, clock, names: limitedTo("letsencrypt.org") }))).toMatchObject({
      status: "warn",
      reason: expect.stringMatching(/89 days left, and AWS cannot renew it: by CAA records only letsencrypt\.org/),
    });
  });

  it("warns of one that should have been renewed", async () => {
    const looks = found({ certificate: await selfSignedPem([DOMAIN], 20) });
    expect(await look(certificate, fakeContext({ looks, clock }))).toMatchObject({
      status: "warn",
      reason: "covers prod.sparki.tools, 19 days left",
      fix: expect.stringContaining("should have done so by now"),
    });
  });

  it.each([
    ["near its end", [DOMAIN], 10, "the certificate has 9 days left; expected at least 14"],
    ["at its end", [DOMAIN], -1, "the certificate ended on "],
    ["for other names", ["other.test"], 90, "the certificate covers DNS:other.test; expected prod.sparki.tools"],
  ])("fails for one %s", async (_, names, days, reason) => {
    const looks = found({ certificate: await selfSignedPem(names, days) });
    expect(await look(certificate, fakeContext({ looks, clock }))).toEqual({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: "aws acm describe-certificate --region us-east-1 --certificate-arn arn:cert",
    });
  });

  it("leaves to the deployment what an interrupted first one has asked for and not proven yet", async () => {
    const looks = found({ status: "PENDING_VALIDATION" });
    expect(await look(certificate, fakeContext({ looks }))).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("not issued yet: the deployment proves the domain"),
    });
  });

  it.each(["FAILED", "VALIDATION_TIMED_OUT"])("fails for one that is %s, whoever was to prove it", async (status) => {
    expect(await look(certificate, fakeContext({ looks: found({ status }) }))).toMatchObject({ status: "fail" });
  });

  it("fails for one that is not issued any more", async () => {
    const looks = found({ status: "PENDING_VALIDATION" });
    const state = fakeState([resource("aws:acm/certificateValidation:CertificateValidation", "edge-tls-issued")]);
    expect(await look(certificate, fakeContext({ looks, state }))).toMatchObject({
      status: "fail",
      reason: "the certificate of prod.sparki.tools is PENDING_VALIDATION",
    });
  });

  const kept = fakeState([resource("aws:acm/certificate:Certificate", "edge-tls-certificate", { id: "arn:own" })]);
  interface Wanted {
    readonly statuses: readonly string[];
    readonly tags?: object;
  }

  it("asks for one status at a time, because the provider compares no certificates of different ones", async () => {
    const asked: string[][] = [];
    const looks = {
      "acm/getCertificate": ({ statuses }: Wanted) => {
        asked.push([...statuses]);
        return statuses.join() === "VALIDATION_TIMED_OUT" ? { arn: "arn:cert", status: statuses[0] } : undefined;
      },
    };
    expect(await look(certificate, fakeContext({ looks }))).toMatchObject({
      status: "fail",
      reason: "the certificate of prod.sparki.tools is VALIDATION_TIMED_OUT",
    });
    expect(asked).toEqual([["ISSUED"], ["PENDING_VALIDATION"], ["EXPIRED"], ["VALIDATION_TIMED_OUT"]]);
  });

  it("judges the stack's own, not a newer one that somebody else requested", async () => {
    const [own, other] = [await selfSignedPem([DOMAIN], 10), await selfSignedPem([DOMAIN], 90)];
    const looks = (found: object | undefined) => ({
      "acm/getCertificate": ({ statuses, tags }: Wanted) => {
        if (statuses[0] !== "ISSUED") return undefined;
        return tags === undefined ? { arn: "arn:other", status: "ISSUED", certificate: other } : found;
      },
    });
    const found = { arn: "arn:own", status: "ISSUED", certificate: own };
    expect(await look(certificate, fakeContext({ looks: looks(found), state: kept, clock }))).toMatchObject({
      status: "fail",
      reason: "the certificate has 9 days left; expected at least 14",
    });
    expect(await look(certificate, fakeContext({ looks: looks(undefined), state: kept, clock }))).toMatchObject({
      status: "fail",
      reason: "the certificate of prod.sparki.tools is gone",
    });
  });

  it("fails when the state has one and AWS does not", async () => {
    const state = fakeState([resource("aws:acm/certificate:Certificate", "edge-tls-certificate")]);
    expect(await look(certificate, fakeContext({ state }))).toMatchObject({
      status: "fail",
      reason: "the certificate of prod.sparki.tools is gone",
    });
  });
});

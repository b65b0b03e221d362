import { systemClock } from "../../../../io/clock.ts";
import { selfSignedPem } from "../../../../rehearsal/certificates.ts";
import { certificate } from "../../../../runbook/preflight/checks/names.ts";
import { fakeContext, fakeState, look, NO_NAMES, resource } from "../../../support/preflight.ts";

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

  it("fails when the state has one and AWS does not", async () => {
    const state = fakeState([resource("aws:acm/certificate:Certificate", "edge-tls-certificate")]);
    expect(await look(certificate, fakeContext({ state }))).toMatchObject({
      status: "fail",
      reason: "the certificate of prod.sparki.tools is gone",
    });
  });
});

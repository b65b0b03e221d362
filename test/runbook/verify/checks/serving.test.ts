import { X509Certificate } from "node:crypto";
import { systemClock } from "../../../../io/clock.ts";
import { selfSignedPem } from "../../../../rehearsal/certificates.ts";
import { certificate, dns, outside, pods } from "../../../../runbook/verify/checks/serving.ts";
import { configWith } from "../../../support/preflight.ts";
import { fakeVerify, lookAt, podsOf, type VerifyParts } from "../../../support/verify.ts";

const DOMAIN = "prod.sparki.tools";
const HEALTH = `GET https://${DOMAIN}/health`;

describe("dns", () => {
  it("passes with the addresses", async () => {
    expect(await lookAt(dns, fakeVerify())).toEqual({ status: "pass", reason: `${DOMAIN} is 203.0.113.7` });
  });

  it("fails when the name resolves to nothing, after five minutes", async () => {
    const context = fakeVerify({ names: { addressesOf: async () => [] } });
    const before = context.clock.now();
    expect(await lookAt(dns, context)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^prod.sparki.tools does not resolve; a resolver .* 15 minutes$/),
    });
    expect(context.clock.now() - before).toBe(300);
  });

  it("fails when the name resolves to what served before (F45)", async () => {
    const addressesOf = async (name: string) => [name === DOMAIN ? "192.0.2.1" : "203.0.113.7"];
    expect(await lookAt(dns, fakeVerify({ names: { addressesOf } }))).toMatchObject({
      status: "fail",
      reason: `${DOMAIN} resolves to 192.0.2.1; expected 203.0.113.7`,
      fix: expect.stringContaining(`nslookup ${DOMAIN}`),
    });
  });

  it("cannot look when no resolver answers for five minutes, and outlives a shorter outage", async () => {
    const timeout = new Error("queryA ETIMEOUT");
    const addressesOf = () => Promise.reject(timeout);
    await expect(lookAt(dns, fakeVerify({ names: { addressesOf } }))).rejects.toBe(timeout);
    let asked = 0;
    const later = async () => (++asked < 5 ? addressesOf() : ["203.0.113.9"]);
    expect(await lookAt(dns, fakeVerify({ names: { addressesOf: later } }))).toMatchObject({ status: "pass" });
  });

  it("waits less in a rehearsal", async () => {
    const context = fakeVerify({ names: { addressesOf: async () => [] }, timeScale: 0.01 });
    const before = context.clock.now();
    await lookAt(dns, context);
    expect(context.clock.now() - before).toBe(30);
  });

  it("waits for a name that is only just there", async () => {
    let asked = 0;
    const addressesOf = async () => (++asked < 5 ? [] : ["203.0.113.9"]);
    expect(await lookAt(dns, fakeVerify({ names: { addressesOf } }))).toMatchObject({ status: "pass" });
  });
});

describe("certificate", () => {
  const served = async (names: readonly string[], days: number, problem?: string) => {
    const pem = await selfSignedPem(names, days);
    return fakeVerify({
      clock: systemClock,
      certificateOf: async () => ({ certificate: new X509Certificate(pem), problem }),
    });
  };

  it.each([90, 20])("passes with the days left: %i", async (days) => {
    expect(await lookAt(certificate, await served([DOMAIN], days))).toMatchObject({
      status: "pass",
      reason: `covers ${DOMAIN}, ${days - 1} days left`,
    });
  });

  it.each([
    ["that nobody trusts", [DOMAIN], 90, "CERT_HAS_EXPIRED", "is not trusted: CERT_HAS_EXPIRED"],
    ["for another name", ["other.test"], 90, undefined, "covers DNS:other.test; expected prod.sparki.tools"],
    ["near its end", [DOMAIN], 10, undefined, "has 9 days left; expected at least 14"],
  ])("fails for one %s", async (_, names, days, problem, reason) => {
    expect(await lookAt(certificate, await served(names, days, problem))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
    });
  });
});

describe("outside", () => {
  it("passes with the answer's time", async () => {
    expect(await lookAt(outside, fakeVerify())).toEqual({
      status: "pass",
      reason: `https://${DOMAIN}/health answered 200 in 0 ms`,
    });
  });

  it.each([["another answer", { [HEALTH]: { status: 503 } }, `https://${DOMAIN}/health answered 503; expected 200`]])(
    "fails for %s",
    async (_, web, reason) => {
      expect(await lookAt(outside, fakeVerify({ web }))).toMatchObject({ status: "fail", reason });
    },
  );

  it("fails when nothing answers, and says why", async () => {
    const http = async () => ({ answered: false, error: "getaddrinfo ENOTFOUND", seconds: 0 }) as const;
    expect(await lookAt(outside, { ...fakeVerify(), http })).toMatchObject({
      status: "fail",
      reason: `https://${DOMAIN}/health: getaddrinfo ENOTFOUND`,
      fix: expect.stringContaining("npx sparki diagnose --stack prod"),
    });
  });
});

const config = configWith({});
type Sample = ReturnType<typeof podsOf>;
/** The engine's fleet as given, all else well. */
const fleet = (change: (sample: Sample) => unknown): VerifyParts => ({
  podsOf: async ({ workload, kind }) => {
    const sample = podsOf(config, workload, kind === "fleet" ? 3 : 1);
    return workload === "engine" && kind === "fleet" ? { ...sample, ...Object(change(sample)) } : sample;
  },
});

describe("pods", () => {
  it("passes when all of them run the release's digests", async () => {
    expect(await lookAt(pods, fakeVerify())).toEqual({
      status: "pass",
      reason: "100 % running: 8 of 8, on the release's digests",
    });
  });

  it("does not mind a restart of long ago", async () => {
    const parts = fleet(({ pods: [first, ...rest] }) => ({ pods: [{ ...first, restarts: 3 }, ...rest] }));
    expect(await lookAt(pods, fakeVerify(parts))).toMatchObject({ status: "pass" });
  });

  it.each<[string, VerifyParts, string]>([
    [
      "one is missing",
      fleet(({ pods: [, ...rest] }) => ({ pods: rest })),
      "87 % running, 7 of 8: engine fleet has 2 of 3",
    ],
    [
      "one is not ready",
      fleet(({ pods: [first, ...rest] }) => ({
        pods: [{ ...first, ready: false, waiting: { reason: "CrashLoopBackOff", message: "back-off" } }, ...rest],
      })),
      "87 % running, 7 of 8: engine fleet has 2 of 3, CrashLoopBackOff: back-off",
    ],
    [
      "another image runs",
      fleet(() => ({ pods: podsOf(config, "engine", 3, `x@sha256:${"0".repeat(64)}`).pods })),
      `62 % running, 5 of 8: engine fleet has 0 of 3, engine-0 runs sha256:${"0".repeat(64)}; expected sha256:b099`,
    ],
    [
      "old ones still serve",
      fleet(({ rollout }) => ({ rollout: { ...rollout, total: 5 } })),
      "100 % running, 8 of 8: 2 old pods of engine fleet still serve",
    ],
    [
      "there is no Deployment",
      fleet(() => ({ rollout: undefined, pods: [] })),
      "62 % running, 5 of 8: engine fleet has 0 of 3",
    ],
  ])("fails when %s", async (_, parts, reason) => {
    expect(await lookAt(pods, fakeVerify(parts))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: "npx sparki diagnose --stack prod",
    });
  });
});

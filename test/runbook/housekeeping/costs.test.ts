import type { StateResource } from "../../../records/state.ts";
import { type CostByService, costByService, dayOf, type SpentDay } from "../../../runbook/housekeeping/costs.ts";

const NOW = Date.UTC(2026, 10, 28, 12) / 1000;
const PROD = { stack: "prod", accountId: "111122223333" };
const WAF = "AWS WAF";
const KEYS = "AWS Key Management Service";

const resource = (type: string, inputs: StateResource["inputs"] = {}, more: Partial<StateResource> = {}) => ({
  ...{ urn: `urn:pulumi:prod::sparki::${type}::it`, type, id: type, custom: true, inputs, outputs: {} },
  ...more,
});
/** 7 USD a month for the firewall, 1 for the key. */
const STATE = [resource("aws:wafv2/webAcl:WebAcl", { rules: [{}, {}] }), resource("aws:kms/key:Key")];

/** Days that end with yesterday, the last ones of which are estimated. */
function days(count: number, services: Readonly<Record<string, number>>, estimated = 0): SpentDay[] {
  return Array.from({ length: count }, (_, index) => ({
    day: dayOf(NOW, index - count),
    isEstimated: index >= count - estimated,
    services: new Map(Object.entries(services)),
  }));
}
const empty = (count: number, before: number): SpentDay[] => days(count + before, {}).slice(0, count);

function known(found: CostByService | string): CostByService {
  if (typeof found === "string") throw new Error(found);
  return found;
}
const ofDays = (spent: readonly SpentDay[], state = STATE) => known(costByService(state, spent, PROD, NOW));

describe("costByService", () => {
  it("projects complete days to a month of 730 hours, and divides by the estimate", () => {
    // 0.24 USD a day is 7.30 a month.
    expect(ofDays(days(62, { [WAF]: 0.24, [KEYS]: 0.024 }))).toEqual({
      currency: "USD",
      ...{ from: "2026-10-28", to: "2026-11-27", days: 31, partial: [] },
      ...{ pricesAsOf: "2026-06-30", pricesRegion: "us-east-1" },
      ...{ estimatedUsd: 8, spentUsd: 8.03, ratio: 1 },
      services: [
        { service: WAF, estimatedUsd: 7, spentUsd: 7.3, ratio: 1.04 },
        { service: KEYS, estimatedUsd: 1, spentUsd: 0.73, ratio: 0.73 },
      ],
    });
  });

  it("names what is in no estimate, and tells what is not recorded as not known, never as 0", () => {
    const { services, spentUsd } = ofDays(days(62, { [WAF]: 0.24, AmazonCloudWatch: 2 }));
    expect(services).toEqual([
      { service: "AmazonCloudWatch", estimatedUsd: null, spentUsd: 60.83, ratio: null },
      { service: WAF, estimatedUsd: 7, spentUsd: 7.3, ratio: 1.04 },
      { service: KEYS, estimatedUsd: 1, spentUsd: null, ratio: null },
    ]);
    expect(spentUsd).toBe(68.13);
  });

  it("leaves out what is less than a cent a month, unless it was estimated to be more", () => {
    const { services } = ofDays(days(62, { [WAF]: 0.24, [KEYS]: 0.00001, "AWS Lambda": 0.0001 }));
    expect(services.map(({ service, spentUsd }) => [service, spentUsd])).toEqual([
      [WAF, 7.3],
      [KEYS, 0],
    ]);
  });

  it.each([
    ["no day at all", []],
    ["days on which nothing is recorded", empty(62, 0)],
  ])("knows nothing where there is %s, and says how the tags are activated", (_, spent) => {
    const said = costByService(STATE, spent, PROD, NOW);
    expect(said).toContain(
      "no spending of account 111122223333 with the tags project=sparki and stack=prod, which is not 0",
    );
    for (const key of ["project", "stack", "aws:eks:cluster-name"])
      expect(said).toContain(`TagKey=${key},Status=Active`);
  });

  it("leaves out the day on which a stack was made, and those before it, and says that it is not a month", () => {
    const first = { ...days(6, { [WAF]: 0.01 })[0], day: dayOf(NOW, -6) };
    const spent = [
      ...empty(56, 6),
      { isEstimated: false, services: new Map([[WAF, 0.01]]), ...first },
      ...days(5, { [WAF]: 0.24 }),
    ];
    expect(spent).toHaveLength(62);
    expect(ofDays(spent)).toMatchObject({
      ...{ from: "2026-11-23", to: "2026-11-27", days: 5, partial: ["only 5 complete days"] },
      services: [{ service: WAF, spentUsd: 7.3 }, { service: KEYS }],
    });
  });

  it("takes days of a final bill before estimated ones", () => {
    const spent = [...days(62, { [WAF]: 0.24 }).slice(0, 35), ...days(27, { [WAF]: 9 }, 27)];
    expect(ofDays(spent)).toMatchObject({ days: 31, to: "2026-10-31", partial: [], services: [{ spentUsd: 7.3 }, {}] });
  });

  it("takes estimated ones that AWS has all of, where no bill is final, and says so", () => {
    const spent = [...days(10, { [WAF]: 0.24 }, 10).slice(0, 8), ...days(2, { [WAF]: 0.0001 }, 2)];
    expect(ofDays(spent)).toMatchObject({
      ...{ days: 8, from: "2026-11-18", to: "2026-11-25" },
      partial: ["only 8 complete days", "AWS may still change them: no bill of these days is final"],
      services: [{ service: WAF, spentUsd: 7.3 }, {}],
    });
  });

  it("knows nothing of a stack that was made today or yesterday", () => {
    const spent = [...empty(60, 2), ...days(2, { [WAF]: 0.24 }, 2)];
    expect(costByService(STATE, spent, PROD, NOW)).toBe(
      "there is no complete day yet: the first spending is of 2026-11-26, and AWS has all of a day 2 days after it",
    );
  });

  it("estimates what the state holds, not what waits for its deletion, nor components", () => {
    const state = [
      ...STATE,
      resource("aws:kms/key:Key", {}, { delete: true }),
      resource("aws:kms/key:Key", {}, { custom: false }),
    ];
    expect(ofDays(days(62, { [WAF]: 0.24 }), state).estimatedUsd).toBe(8);
    const nothing = ofDays(days(62, { [WAF]: 0.24 }), []);
    expect(nothing).toMatchObject({ estimatedUsd: 0, ratio: null, services: [{ estimatedUsd: null, ratio: null }] });
  });
});

import { judgeName, lookUpName } from "../../../gates/live/name-gate.ts";
import { idleClock } from "../../support/fake-clock.ts";

const [DOMAIN, BALANCER] = ["prod.sparki.tools", "sparki-prod.elb.amazonaws.com"];
const OWN = ["203.0.113.7", "203.0.113.8"];
const NOWHERE = `${DOMAIN} does not resolve; a resolver that was asked before there was a record may say so for 15 minutes`;

/** A gate on a name with these answers in turn, the last one from then on. */
function gate(answers: readonly (readonly string[] | Error)[], timeScale = 1) {
  const clock = idleClock();
  const [started, left, progress] = [clock.now(), [...answers], [] as string[]];
  const addressesOf = async (name: string) => {
    if (name === BALANCER) return OWN;
    const answer = (left.length > 1 ? left.shift() : left[0]) ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const { signal } = new AbortController();
  const naming = { domain: DOMAIN, loadBalancer: BALANCER, addressesOf };
  const judged = () => judgeName({ ...naming, timeScale, clock, signal, onProgress: (text) => progress.push(text) });
  return { naming, judged, progress, elapsed: () => clock.now() - started };
}

describe("lookUpName", () => {
  it.each<[string, string[], string | undefined]>([
    ["one of the load balancer's addresses", ["203.0.113.8"], undefined],
    [
      "an address of what served before",
      ["192.0.2.1"],
      `${DOMAIN} resolves to 192.0.2.1; expected ${OWN.join(" or ")}`,
    ],
    ["nothing", [], NOWHERE],
  ])("tells of a name that leads to %s", async (_, addresses, problem) => {
    expect((await lookUpName(gate([addresses]).naming)).problem).toBe(problem);
  });

  it("never takes a load balancer without an address for what the name leads to", async () => {
    const found = await lookUpName({
      ...gate([["192.0.2.1"]]).naming,
      loadBalancer: DOMAIN,
      addressesOf: async () => [],
    });
    expect(found.problem).toBe(NOWHERE);
    const addressesOf = async (name: string) => (name === BALANCER ? [] : ["192.0.2.1"]);
    const { problem } = await lookUpName({ domain: DOMAIN, loadBalancer: BALANCER, addressesOf });
    expect(problem).toBe(`${DOMAIN} resolves to 192.0.2.1; expected those of ${BALANCER}, which does not resolve`);
  });
});

describe("judgeName", () => {
  it("waits for name servers that still have the old answer", async () => {
    const { judged, progress } = gate([[], ["192.0.2.1"], new Error("queryA ETIMEOUT"), OWN]);
    expect(await judged()).toMatchObject([{ gate: "DNS", phase: "cutover", verdict: "pass" }]);
    expect(progress).toEqual([
      `DNS: ${NOWHERE}`,
      expect.stringContaining("resolves to 192.0.2.1"),
      `DNS: no name server answered for ${DOMAIN}: queryA ETIMEOUT`,
    ]);
  });

  it("waits until a resolver forgets that there was no such name, which Route 53's SOA lets it keep for 900 s", async () => {
    const kept = Array.from({ length: 900 / 0.5 }, () => []);
    const { judged, elapsed } = gate([...kept, OWN]);
    expect(await judged()).toMatchObject([{ verdict: "pass" }]);
    expect(elapsed()).toBeGreaterThanOrEqual(900);
  });

  it("gives up on a name that leads nowhere after sixteen minutes, also where nobody answers in between", async () => {
    const { judged, elapsed } = gate([[], new Error("queryA ETIMEOUT"), []]);
    expect(await judged()).toMatchObject([{ verdict: "fail", reason: `after 960 s: ${NOWHERE}` }]);
    expect(elapsed()).toBeLessThan(965);
  });

  it.each([
    [1, 300],
    [0.01, 30],
  ])(
    "gives up after its time, at the scale %d after %i s, and says what the name leads to (F45)",
    async (scale, limit) => {
      const { judged, elapsed } = gate([["192.0.2.1"]], scale);
      const [result] = await judged();
      expect(result).toMatchObject({ verdict: "fail", phase: "cutover" });
      expect(result?.reason).toBe(`after ${limit} s: ${DOMAIN} resolves to 192.0.2.1; expected ${OWN.join(" or ")}`);
      expect(elapsed()).toBeGreaterThanOrEqual(limit);
      expect(elapsed()).toBeLessThan(limit + 5);
    },
  );
});

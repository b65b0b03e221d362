import { Firewall } from "../../../rehearsal/backing/balancer.ts";

const user = { "user-agent": "browser" };
const gate = { "user-agent": "sparki-deploy", "x-sparki-synthetic": "1" };

describe("Firewall", () => {
  it("lets nobody in who does not say what they are", () => {
    const firewall = new Firewall();
    const { "user-agent": _, ...nameless } = gate;
    expect([user, gate, nameless, {}].map((headers) => firewall.admits(headers))).toEqual([true, true, false, false]);
  });

  it("turns away what a gate asks beyond its limit, and no user", () => {
    const firewall = new Firewall();
    firewall.limitGateRequests(1);
    expect([gate, gate, user].map((headers) => firewall.admits(headers))).toEqual([true, false, true]);
    firewall.limitGateRequests(undefined);
    expect(firewall.admits(gate)).toBe(true);
  });
});

import fc from "fast-check";
import { toLoopback } from "../../../rehearsal/addresses.ts";
import { PodAddresses } from "../../../rehearsal/cluster/pod.ts";

describe("PodAddresses", () => {
  it("gives out addresses of the network, above the rehearsal's own servers", () => {
    const addresses = new PodAddresses("10.40.0.0/16");
    expect(addresses.claim("a", undefined)).toBe("10.40.16.1");
    expect(toLoopback(addresses.claim("b", undefined), 20)).toBe("127.20.16.2");
  });

  it("never gives one address to two living pods", () => {
    const steps = fc.array(fc.record({ pod: fc.integer({ min: 0, max: 9 }), frees: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (taken) => {
        const addresses = new PodAddresses("10.40.0.0/16");
        const held = new Map<number, string>();
        for (const { pod, frees } of taken) {
          if (frees) {
            addresses.release(`${pod}`);
            held.delete(pod);
          } else if (!held.has(pod)) held.set(pod, addresses.claim(`${pod}`, undefined));
        }
        expect(new Set(held.values()).size).toBe(held.size);
      }),
    );
  });

  it("gives a pod its earlier address back unless another has it", () => {
    const addresses = new PodAddresses("10.40.0.0/16");
    expect(addresses.claim("a", "10.40.17.9")).toBe("10.40.17.9");
    expect(addresses.claim("b", "10.40.17.9")).toBe("10.40.16.1");
  });

  it("does not give a released address to the next pod at once", () => {
    const addresses = new PodAddresses("10.40.0.0/16");
    addresses.claim("a", undefined);
    addresses.release("a");
    expect(addresses.claim("b", undefined)).toBe("10.40.16.2");
  });
});

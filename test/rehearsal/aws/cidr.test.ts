import fc from "fast-check";
import { holds, overlap } from "../../../aws/addresses.ts";
import { hostOf, parseCidr } from "../../../rehearsal/aws/services/ec2-vpc.ts";

const cidr = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 30 }))
  .map(([address, bits]) => {
    const first = address - (address % 2 ** (32 - bits));
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
  });

const subnet = cidr.filter((text) => (parseCidr(text)?.bits ?? 32) <= 28);

describe("CIDRs", () => {
  it("contain themselves, and what they contain they overlap", () => {
    fc.assert(
      fc.property(cidr, cidr, (left, right) => {
        expect(holds(left, left)).toBe(true);
        expect(overlap(left, right)).toBe(overlap(right, left));
        if (holds(left, right)) expect(overlap(left, right)).toBe(true);
      }),
    );
  });

  it("hold the addresses taken from them", () => {
    fc.assert(
      fc.property(subnet, fc.nat(), (network, offset) =>
        expect(holds(network, `${hostOf(network, offset)}/32`)).toBe(true),
      ),
    );
  });

  it.each(["10.0.0.0", "10.0.0.256/24", "10.0.0.1/24", "10.0.0.0/33", "text"])("are not made of %s", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

import fc from "fast-check";
import { planSubnets } from "../../infra/network.ts";

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];

function rangeOf(cidr: string): [number, number] {
  const [address = "", bits = "0"] = cidr.split("/");
  const start = address.split(".").reduce((value, byte) => value * 256 + Number(byte), 0);
  return [start, start + 2 ** (32 - Number(bits)) - 1];
}

describe("planSubnets", () => {
  it("cuts subnets that lie inside the network and never overlap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 4 }), (second, count) => {
        const network = rangeOf(`10.${second}.0.0/16`);
        const plan = planSubnets(`10.${second}.0.0/16`, ZONES.slice(0, count));
        const ranges = plan.flatMap((zone) => [zone.public, zone.private, zone.database]).map(rangeOf);
        ranges.sort(([a], [b]) => a - b);
        for (const [index, [start, end]] of ranges.entries()) {
          expect(start).toBeGreaterThanOrEqual(network[0]);
          expect(end).toBeLessThanOrEqual(network[1]);
          expect(start).toBeGreaterThan(ranges[index - 1]?.[1] ?? -1);
          // A CIDR starts at a multiple of its size.
          expect(start % (end - start + 1)).toBe(0);
        }
      }),
    );
  });

  it.each([
    ["10.40.0.0/20", ["us-east-1a"]],
    ["10.40.0.0/16", [...ZONES, "us-east-1e"]],
  ])("refuses %s with zones %j", (cidr, zones) => {
    expect(() => planSubnets(cidr, zones)).toThrow(/expected a \/16 and at most 4 zones/);
  });
});

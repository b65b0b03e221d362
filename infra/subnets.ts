/** CIDRs of the three tiers of subnets, one of each a zone. */
export interface SubnetPlan {
  readonly zone: string;
  readonly public: string;
  readonly private: string;
  readonly database: string;
}

/**
 * Cuts a /16 into non-overlapping subnets: private /19 (8,187 pod addresses), public and database /24.
 * @throws when the CIDR is not a /16 or there are more than four zones.
 */
export function planSubnets(cidr: string, zones: readonly string[]): SubnetPlan[] {
  const [address = "", prefix] = cidr.split("/");
  if (prefix !== "16" || zones.length > 4) {
    throw new RangeError(`network.cidr is ${cidr} with ${zones.length} zones; expected a /16 and at most 4 zones`);
  }
  const [first, second] = address.split(".");
  const at = (third: number, bits: number) => `${first}.${second}.${third}.0/${bits}`;
  return zones.map((zone, index) => ({
    zone,
    // 0 to 127 hold the private tier; 128 and 144 start the two small ones.
    private: at(index * 32, 19),
    public: at(128 + index, 24),
    database: at(144 + index, 24),
  }));
}

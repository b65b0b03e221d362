/** A region's zones: their names, which differ by account, and by the same index the ids that do not. */
export interface RegionZones {
  readonly names: readonly string[];
  readonly zoneIds: readonly string[];
}

/**
 * Zones, by id, in which EKS places no control plane.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets
 */
const WITHOUT_EKS: readonly string[] = ["use1-az3", "usw1-az2", "cac1-az3"];

/** What is wrong with the zones of a stack in this account, in words; undefined where EKS takes all of them. */
export function zoneProblem(zones: readonly string[], { names, zoneIds }: RegionZones): string | undefined {
  const idOf = (zone: string) => zoneIds[names.indexOf(zone)];
  const good = names.filter((name) => !WITHOUT_EKS.includes(idOf(name) ?? ""));
  const problems = zones.flatMap((zone) => {
    const id = idOf(zone);
    if (id === undefined) return [`${zone} is not a zone of this account`];
    return WITHOUT_EKS.includes(id) ? [`${zone} is ${id} in this account, where EKS makes no clusters`] : [];
  });
  return problems.length === 0 ? undefined : `${problems.join("; ")}; expected some of ${good.join(", ")}`;
}

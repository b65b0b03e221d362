import { type Availability, facts } from "./facts.ts";

/**
 * The day each Kubernetes version's support on EKS ends: standard, then extended. AWS publishes it in its guide only.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html (read 2026-11-23)
 */
export const KUBERNETES: Readonly<Record<string, { readonly standard: string; readonly extended: string }>> = {
  "1.31": { standard: "2025-11-26", extended: "2026-11-26" },
  "1.32": { standard: "2026-03-23", extended: "2027-03-23" },
  "1.33": { standard: "2026-07-29", extended: "2027-07-29" },
  "1.34": { standard: "2026-12-02", extended: "2027-12-02" },
  "1.35": { standard: "2027-03-27", extended: "2028-03-27" },
};

/** The versions that EKS makes clusters of on the day the facts were read. */
export function kubernetesVersions(today = facts().dated): readonly string[] {
  return Object.keys(KUBERNETES).filter((version) => today <= (KUBERNETES[version]?.extended ?? ""));
}

/** PostgreSQL's versions on RDS, as `17` or `17.6`. */
export const postgresVersions = () => facts().catalog.postgres;

/** Those of them that RDS makes no more. */
export const retiredPostgresVersions = () => facts().catalog.retiredPostgres;

/** Families of database parameters. */
export function parameterFamilies(): readonly string[] {
  return facts().catalog.parameterFamilies;
}

/** RDS's instance classes for PostgreSQL in a region; none in a region that AWS publishes nothing of. */
export const instanceClasses = (region: string) => inRegion(facts().catalog.databaseClasses, region);

/** ElastiCache's node types in a region. */
export const cacheNodeTypes = (region: string) => inRegion(facts().catalog.cacheNodes, region);

/** ElastiCache's versions of an engine. */
export const cacheVersions = (engine: string) => facts().catalog.cacheVersions[engine] ?? [];

function inRegion(available: Availability, region: string): readonly string[] {
  return Object.entries(available).flatMap(([name, lacking]) => (lacking.includes(region) ? [] : [name]));
}

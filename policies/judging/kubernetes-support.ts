/**
 * The day each Kubernetes version's standard support on EKS ends.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html (read 2026-11-23)
 */
const STANDARD_SUPPORT_ENDS: Readonly<Record<string, string>> = {
  "1.33": "2026-07-29",
  "1.34": "2026-12-02",
  "1.35": "2027-03-27",
};

/** Whether EKS gives the version standard support on that ISO date; a version that is not in the table has none. */
export function inStandardSupport(version: string | undefined, today: string): boolean {
  const ends = version === undefined ? undefined : STANDARD_SUPPORT_ENDS[version];
  return ends !== undefined && today <= ends;
}

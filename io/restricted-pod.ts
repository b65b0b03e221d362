/** What Pod Security `restricted` asks of a pod, and a user that no image has files of. */
export const RESTRICTED_POD = {
  runAsNonRoot: true,
  runAsUser: 10001,
  runAsGroup: 10001,
  fsGroup: 10001,
  seccompProfile: { type: "RuntimeDefault" },
} as const;

/** A pod that runs once to its end: Auto Mode does not take its node away to save cost. */
export const NOT_DISRUPTED = { "karpenter.sh/do-not-disrupt": "true" } as const;

/** What it asks of each of the pod's containers. */
export function restrictedContainer() {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
}

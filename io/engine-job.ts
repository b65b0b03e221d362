import type { V1Container, V1Volume } from "@kubernetes/client-node";
import { DeployError } from "../shared/deploy-error.ts";
import type { Job } from "./cluster-job.ts";

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

/** Where the engine's pods are; a job that asks for them has their service account, and reads what they may read. */
export const NAMESPACE = "sparki-engine";
const SERVICE_ACCOUNT = "engine";

export interface EngineJob {
  readonly name: string;
  /** Of the Job and its pod, by which network policies choose it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly deadlineSeconds: number;
  readonly container: V1Container;
  readonly volumes: V1Volume[];
}

/** A Job that runs once as the engine, within Pod Security `restricted`; it goes away by itself some minutes after its end. */
export function engineJob({ name, labels, deadlineSeconds, container, volumes }: EngineJob): Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: NAMESPACE, labels: { ...labels } },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: {
          labels: { ...labels, "app.kubernetes.io/name": container.name },
          annotations: { ...NOT_DISRUPTED },
        },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: SERVICE_ACCOUNT,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { ...RESTRICTED_POD },
          containers: [container],
          volumes,
        },
      },
    },
  };
}

export function jobFailure(name: string, why: string | undefined): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `job ${NAMESPACE}/${name} failed: ${why}`, {
    hint: `kubectl describe job -n ${NAMESPACE} ${name}`,
  });
}

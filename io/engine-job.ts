import type { V1Container, V1Volume } from "@kubernetes/client-node";
import { DeployError } from "../shared/deploy-error.ts";
import type { Job } from "./cluster-job.ts";
import { NOT_DISRUPTED, RESTRICTED_POD } from "./restricted-pod.ts";

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

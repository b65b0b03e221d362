import type { Job } from "../../io/cluster-job.ts";
import { NOT_DISRUPTED, RESTRICTED_POD, restrictedContainer } from "../../io/restricted-pod.ts";
import type { Release } from "../../stacks/schema.ts";

export const E2E_NAMESPACE = "sparki-test";
/** The tests' own longest time; a browser's walk through a site takes minutes. */
export const E2E_DEADLINE_SECONDS = 900;
/** Logs can be read for a day, then Kubernetes cleans up. */
const KEPT_SECONDS = 86_400;

/** The release's end-to-end tests as a Job that runs once against a site, within Pod Security `restricted`. */
export function e2eJob({ id, images }: Release, site: string): Job {
  const labels = { "app.kubernetes.io/name": "sparki-e2e", "sparki.tools/release": id };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    // Of each release's own: tests of another release that still run are not taken for this one's.
    metadata: { name: `e2e-${id.replaceAll(".", "-")}`, namespace: E2E_NAMESPACE, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: E2E_DEADLINE_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels, annotations: NOT_DISRUPTED },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: "e2e",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: RESTRICTED_POD,
          containers: [container(images.e2e, site)],
          volumes: [{ name: "scratch", emptyDir: {} }],
        },
      },
    },
  };
}

function container(image: string, site: string) {
  return {
    name: "e2e",
    image,
    env: [
      { name: "APP_URL", value: site },
      { name: "HOME", value: "/tmp" },
    ],
    resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "2", memory: "2Gi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
  };
}

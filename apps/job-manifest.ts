import { NOT_DISRUPTED, RESTRICTED_POD, restrictedContainer } from "../io/restricted-pod.ts";

/** What a one-off Job needs to know. */
export interface JobSettings {
  /** For example `migrate`; also the Job's name and its container's. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Of a job that is of no release it is undefined, so that another release does not change it. */
  readonly releaseId: string | undefined;
  /** The identity that it runs with, and whose secrets it may read. */
  readonly serviceAccount: string;
  /** The SecretProviderClass that mounts the database's credentials. */
  readonly secretProviderClass: string;
  /** A ConfigMap whose keys it finds as files. */
  readonly files?: { readonly configMap: string; readonly folder: string };
  readonly deadlineSeconds: number;
  /** What its image is pulled with; none where images are public. */
  readonly imagePullSecrets: readonly { readonly name: string }[];
}

export const JOB_NAMESPACE = "sparki-engine";
/** Selects the pods of Jobs, for the network policy that lets them reach the database. */
export const JOB_LABEL = { "sparki.tools/job": "true" } as const;

/** A Job that runs once, without retries of its own (a second try is the next `up`), within Pod Security `restricted`. */
export function jobManifest(settings: JobSettings): Record<string, unknown> {
  const { releaseId } = settings;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: settings.name,
      namespace: JOB_NAMESPACE,
      labels: { ...JOB_LABEL, ...(releaseId !== undefined && { "sparki.tools/release": releaseId }) },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: settings.deadlineSeconds,
      template: {
        metadata: {
          labels: { ...JOB_LABEL, "app.kubernetes.io/name": settings.name },
          annotations: NOT_DISRUPTED,
        },
        spec: podSpec(settings),
      },
    },
  };
}

function podSpec(settings: JobSettings) {
  const { files, secretProviderClass } = settings;
  return {
    restartPolicy: "Never",
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: RESTRICTED_POD,
    ...(settings.imagePullSecrets.length > 0 && { imagePullSecrets: [...settings.imagePullSecrets] }),
    containers: [container(settings)],
    volumes: [
      {
        name: "database-secret",
        csi: { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass } },
      },
      ...(files === undefined ? [] : [{ name: "files", configMap: { name: files.configMap } }]),
    ],
  };
}

function container({ name, image, command, environment, releaseId, files }: JobSettings) {
  const variables = { ...(releaseId !== undefined && { RELEASE_ID: releaseId }), ...environment };
  return {
    name,
    image,
    command: [...command],
    env: Object.entries(variables).map(([key, value]) => ({ name: key, value })),
    resources: {
      requests: { cpu: "250m", memory: "256Mi" },
      limits: { cpu: "1", memory: "256Mi" },
    },
    securityContext: restrictedContainer(),
    volumeMounts: [
      { name: "database-secret", mountPath: "/mnt/secrets/database", readOnly: true },
      ...(files === undefined ? [] : [{ name: "files", mountPath: files.folder, readOnly: true }]),
    ],
  };
}

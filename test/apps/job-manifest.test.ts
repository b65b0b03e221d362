import { type JobSettings, jobManifest } from "../../apps/database-jobs.ts";

const SETTINGS: JobSettings = {
  name: "migrate",
  image: `ghcr.io/alexarno/sparki/engine@sha256:${"a".repeat(64)}`,
  command: ["/app/migrate", "up"],
  releaseId: "2026.11.1",
  environment: { DATABASE_HOST: "db.test" },
  serviceAccount: "migrations",
  secretProviderClass: "jobs-migrate",
  deadlineSeconds: 600,
  imagePullSecrets: [],
};

describe("jobManifest", () => {
  const manifest = JSON.stringify(jobManifest(SETTINGS));

  it("runs the command of the image by digest, once, within its deadline", () => {
    expect(jobManifest(SETTINGS)).toMatchObject({
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 600,
        template: {
          spec: { restartPolicy: "Never", containers: [{ image: SETTINGS.image, command: SETTINGS.command }] },
        },
      },
    });
  });

  it("takes the database's credentials as files, never from the environment", () => {
    expect(manifest).toContain('"mountPath":"/mnt/secrets/database"');
    expect(manifest).not.toMatch(/PASSWORD|secretKeyRef|DATABASE_URL/);
  });

  it("runs as the service account that it is told, with its settings and files", () => {
    const files = { configMap: "database-users", folder: "/etc/sparki" };
    expect(jobManifest({ ...SETTINGS, files })).toMatchObject({
      spec: {
        template: {
          spec: {
            serviceAccountName: "migrations",
            containers: [
              {
                env: [
                  { name: "RELEASE_ID", value: "2026.11.1" },
                  { name: "DATABASE_HOST", value: "db.test" },
                ],
                volumeMounts: [{}, { mountPath: "/etc/sparki", readOnly: true }],
              },
            ],
            volumes: [{}, { configMap: { name: "database-users" } }],
          },
        },
      },
    });
  });

  it.each([
    '"runAsNonRoot":true',
    '"allowPrivilegeEscalation":false',
    '"readOnlyRootFilesystem":true',
    '"drop":["ALL"]',
    '"type":"RuntimeDefault"',
    '"automountServiceAccountToken":false',
  ])("keeps within Pod Security restricted: %s", (setting) => {
    expect(manifest).toContain(setting);
  });
});

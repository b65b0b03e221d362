import { type JobSettings, jobManifest } from "../../apps/job-manifest.ts";

const SETTINGS: JobSettings = {
  name: "migrate",
  image: `ghcr.io/alexarno/sparki/engine@sha256:${"a".repeat(64)}`,
  command: ["/app/migrate", "up"],
  releaseId: "2026.11.1",
  databaseHost: "db.test",
  databasePort: 5432,
  databaseName: "sparki",
  secretProviderClass: "jobs-database",
  deadlineSeconds: 600,
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

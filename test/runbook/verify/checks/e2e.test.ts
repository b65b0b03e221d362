import type { Writable } from "node:stream";
import { e2e, e2eJob } from "../../../../runbook/verify/checks/application.ts";
import { configWith } from "../../../support/preflight.ts";
import { fakeVerify, lookAt } from "../../../support/verify.ts";

const { release } = configWith({});
const LOG = [
  '{"level":"INFO","msg":"a project is created"}',
  "plain words",
  '{"level":"ERROR","msg":"failed","reason":"no id"}',
];

/** A Job that writes its log in two pieces that end in the middle of a line. */
async function logged(log: NodeJS.WritableStream): Promise<void> {
  const text = `${LOG.join("\n")}\n`;
  for (const piece of [text.slice(0, 20), text.slice(20)]) (log as Writable).write(piece);
}

describe("e2e", () => {
  it("passes when the Job does, and shows its log as it comes", async () => {
    const context = fakeVerify({
      runJob: async (_, log) => {
        await logged(log);
        return undefined;
      },
    });
    expect(await lookAt(e2e, context)).toEqual({
      status: "pass",
      reason: "job sparki-test/e2e-2026-11-1 passed, 3 log lines",
    });
    expect(context.said).toEqual(["e2e: INFO a project is created", "e2e: plain words", "e2e: ERROR failed no id"]);
  });

  it("fails with the reason and the last lines when the Job does", async () => {
    const context = fakeVerify({
      runJob: async (_, log) => {
        await logged(log);
        return "BackoffLimitExceeded: Job has reached the specified backoff limit";
      },
    });
    expect(await lookAt(e2e, context)).toEqual({
      status: "fail",
      reason: "job sparki-test/e2e-2026-11-1 failed: BackoffLimitExceeded: Job has reached the specified backoff limit",
      evidence: ["INFO a project is created", "plain words", "ERROR failed no id"],
      fix: "kubectl logs job/e2e-2026-11-1 -n sparki-test; then npx sparki verify --stack prod",
    });
  });
});

describe("e2eJob", () => {
  const job = e2eJob(release, "https://prod.sparki.tools");

  it("runs the release's own image once, in sparki-test, against the site", () => {
    expect(job).toMatchObject({
      metadata: { name: "e2e-2026-11-1", namespace: "sparki-test" },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 900,
        template: {
          spec: {
            restartPolicy: "Never",
            serviceAccountName: "e2e",
            containers: [
              {
                image: release.images.e2e,
                env: expect.arrayContaining([{ name: "APP_URL", value: "https://prod.sparki.tools" }]),
              },
            ],
          },
        },
      },
    });
  });

  it("asks for nothing that Pod Security restricted forbids", () => {
    expect(job.spec?.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
  });

  it("has another name for another release", () => {
    expect(e2eJob({ ...release, id: "2026.11.2" }, "x").metadata?.name).toBe("e2e-2026-11-2");
  });
});

import type { Writable } from "node:stream";
import { e2e, e2eJob, testProject } from "../../../../runbook/verify/checks/application.ts";
import { configWith, type HttpAnswers } from "../../../support/preflight.ts";
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

const API = "https://prod.sparki.tools/api/projects";
const detection = (body: unknown, status = 200) => ({ [`POST ${API}/p1/detect`]: { status, body } });
const FIX = "npx sparki diagnose errors --stack prod";

describe("testProject", () => {
  it("makes a project, waits for its detection and removes it again", async () => {
    const context = fakeVerify();
    expect(await lookAt(testProject, context)).toEqual({
      status: "pass",
      reason: "detection finished, no pipeline generation errors",
    });
    expect(context.asked()).toEqual([
      "GET /api/projects",
      "POST /api/projects",
      "POST /api/projects/p1/detect",
      "DELETE /api/projects/p1",
    ]);
  });

  it("uses the one that an earlier time left behind, so that none pile up", async () => {
    const web: HttpAnswers = { [`GET ${API}`]: { body: { projects: [{ id: "p1", name: "sparki-verify" }] } } };
    const context = fakeVerify({ web });
    expect(await lookAt(testProject, context)).toMatchObject({ status: "pass" });
    expect(context.asked()).not.toContain("POST /api/projects");
  });

  it("does not mind an application that removes no projects", async () => {
    const web: HttpAnswers = { [`DELETE ${API}/p1`]: { status: 405 } };
    expect(await lookAt(testProject, fakeVerify({ web }))).toMatchObject({ status: "pass" });
  });

  it("waits while the detection goes on", async () => {
    let looks = 0;
    const well = fakeVerify({ web: detection({ status: "running" }, 202) });
    const balancer: typeof well.balancer = async (url, options) => {
      const isLook = url === API && (options?.method ?? "GET") === "GET";
      if (!isLook) return well.balancer(url, options);
      const status = ++looks < 4 ? "running" : "completed";
      const list = looks === 1 ? [] : [{ id: "p1", name: "sparki-verify", status }];
      return { answered: true, status: 200, headers: {}, body: JSON.stringify(list), seconds: 0 };
    };
    expect(await lookAt(testProject, { ...well, balancer })).toEqual({
      status: "pass",
      reason: "detection completed, no pipeline generation errors",
    });
  });

  it.each<[string, HttpAnswers, string]>([
    [
      "no project can be made",
      { [`POST ${API}`]: { status: 500, body: "no postgres://sparki:hunter2@db" } },
      "POST /api/projects answered 500: no postgres://[secret]@db",
    ],
    ["the detection is refused", detection("no", 500), "POST /api/projects/p1/detect answered 500: no"],
    ["the detection fails", detection({ status: "failed" }), "the detection ended as failed"],
    [
      "a pipeline cannot be generated",
      detection({ status: "completed", errors: ["no template for cobol", { code: 7 }] }),
      'pipeline generation errors: no template for cobol; {"code":7}',
    ],
    ["the detection never ends", detection({ status: "queued" }), "the detection is in no state after 180 s"],
  ])("fails when %s", async (_, web, reason) => {
    expect(await lookAt(testProject, fakeVerify({ web }))).toEqual({ status: "fail", reason, fix: FIX });
  });

  it("removes the project after a failure too", async () => {
    const context = fakeVerify({ web: detection({ status: "failed" }) });
    await lookAt(testProject, context);
    expect(context.asked()).toContain("DELETE /api/projects/p1");
  });
});

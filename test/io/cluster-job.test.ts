import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const MODULE = join(import.meta.dirname, "../../io/cluster-job.ts");
/** The client is an ES module that only Node itself loads. */
const SCRIPT = `
  const { runJob } = await import(${JSON.stringify(MODULE)});
  const job = { metadata: { name: "migrate", namespace: "sparki-engine" }, spec: { template: { spec: { containers: [{ name: "m" }] } } } };
  const sink = { write: () => true };
  const found = await runJob(process.argv[1], job, sink).catch((error) => "rejected: " + error.message.split("\\n")[0]);
  console.log(JSON.stringify(found ?? "succeeded"));
  process.exit(0);
`;

type Answer = (response: ServerResponse) => void;

const json = (body: object, status = 200): Answer => {
  return (response) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
const away: Answer = (response) => response.destroy();
const busy = json({ kind: "Status", message: "etcdserver: leader changed" }, 503);
const jobs = (...items: object[]) => json({ kind: "JobList", items });
const created = json({}, 201);
const job = (status: object) => ({ metadata: { name: "migrate", namespace: "sparki-engine" }, status });
const running = jobs(job({}));
const complete = jobs(job({ conditions: [{ type: "Complete", status: "True" }] }));

let server: Server;
let asked: string[];
/** What a question about Jobs is answered with, one after the other; the last one from then on. */
let answers: Answer[];
let pods: object[];
/** What the cluster warned of, and about what it was asked. */
let warnings: object[];
let selected: (string | null)[];

beforeAll(async () => {
  server = createServer(({ method = "", url = "" }: IncomingMessage, response) => {
    if (url.includes("/pods")) return json({ kind: "PodList", items: pods })(response);
    if (url.includes("/events")) {
      selected.push(new URL(url, "http://x").searchParams.get("fieldSelector"));
      return json({ kind: "EventList", items: warnings })(response);
    }
    asked.push(method);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

beforeEach(() => {
  asked = [];
  pods = [];
  warnings = [];
  selected = [];
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function run(...given: Answer[]): Promise<unknown> {
  answers = given;
  const { port } = server.address() as AddressInfo;
  const named = (kind: string, value: object) => ({ [`${kind}s`]: [{ name: "c", [kind]: value }] });
  const kubeconfig = {
    ...named("cluster", { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true }),
    ...named("user", { token: "t" }),
    ...named("context", { cluster: "c", user: "c" }),
    "current-context": "c",
  };
  const args = ["--input-type=module", "-e", SCRIPT, JSON.stringify(kubeconfig)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

describe("runJob", () => {
  it("waits through an API that is away while the Job runs on", async () => {
    const found = await run(jobs(), jobs(), created, running, away, busy, away, running, complete);
    expect(found).toBe("succeeded");
  });

  it("makes no second Job where the answer to the first was lost", async () => {
    expect(await run(jobs(), jobs(), away, running, complete)).toBe("succeeded");
    expect(asked.filter((method) => method === "POST")).toHaveLength(1);
  });

  // https://github.com/aquasecurity/trivy-kubernetes/pull/403
  it.each(["SuccessCriteriaMet", "Suspended"])(
    "takes a Job for one that runs until it is complete, and never does its work twice: %s",
    async (type) => {
      const before = jobs(job({ conditions: [{ type, status: "True" }] }));
      expect(await run(before, before, before, complete)).toBe("succeeded");
      expect(new Set(asked)).toEqual(new Set(["GET"]));
    },
  );

  it("does not ask again what the API refuses", async () => {
    expect(await run(json({ kind: "Status", message: "no" }, 403))).toMatch(/^rejected: .*403/);
    expect(asked).toEqual(["GET"]);
  });

  const waiting = (message: string) => [
    {
      metadata: { name: "migrate-1" },
      status: {
        phase: "Pending",
        containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message } } }],
      },
    },
  ];

  it("waits for a registry that is only busy, and gives up an image that is not there", async () => {
    pods = waiting('Back-off pulling image "x": ErrImagePull: 429 Too Many Requests');
    expect(await run(jobs(), jobs(), created, running, running, complete)).toBe("succeeded");
    pods = waiting('Back-off pulling image "x": ErrImagePull: not found');
    expect(await run(jobs(), jobs(), created, running, json({}))).toBe(
      'ImagePullBackOff: Back-off pulling image "x": ErrImagePull: not found',
    );
    expect(asked.at(-1)).toBe("DELETE");
  });

  const failed = (reason: string) =>
    jobs(job({ conditions: [{ type: "Failed", status: "True", reason, message: "it was too late" }] }));
  const pending = [{ metadata: { name: "migrate-1" }, status: { phase: "Pending" } }];
  const warning = (reason: string, message: string, lastTimestamp: string) => ({
    metadata: {},
    involvedObject: { kind: "Pod", name: "migrate-1" },
    reason,
    message,
    lastTimestamp,
  });
  /** The Job controller deletes the pods of a Job that is over its deadline, and with them what they waited for. */
  const afterwards = (answer: Answer): Answer => {
    return (response) => {
      pods = [];
      answer(response);
    };
  };

  // https://github.com/kubernetes/kubernetes/issues/95431 and
  // https://github.com/aws/secrets-store-csi-driver-provider-aws/issues/536
  it("says what the cluster last warned of about a pod that never started, which is gone with the deadline", async () => {
    pods = pending;
    warnings = [
      warning("FailedMount", "failed to mount secrets store objects", "2026-12-01T00:01:00Z"),
      warning("FailedScheduling", "no nodes available to schedule pods", "2026-12-01T00:00:00Z"),
    ];
    const found = await run(jobs(), jobs(), created, running, running, running, afterwards(failed("DeadlineExceeded")));
    expect(found).toBe(
      "DeadlineExceeded: it was too late; its pod had not started: failed to mount secrets store objects",
    );
    expect(selected[0]).toBe("type=Warning,involvedObject.kind=Pod,involvedObject.name=migrate-1");
  });

  it("says why the cluster made no pod for it", async () => {
    warnings = [warning("FailedCreate", "exceeded quota: compute", "2026-12-01T00:00:00Z")];
    const found = await run(jobs(), jobs(), created, running, running, failed("DeadlineExceeded"));
    expect(found).toBe("DeadlineExceeded: it was too late; it had no pod: exceeded quota: compute");
    expect(selected[0]).toBe("type=Warning,involvedObject.kind=Job,involvedObject.name=migrate");
  });

  it("says nothing of the start of a pod that has run", async () => {
    pods = pending;
    warnings = [warning("FailedScheduling", "no nodes available to schedule pods", "2026-12-01T00:00:00Z")];
    const started: Answer = (response) => {
      pods = [{ metadata: { name: "migrate-1" }, status: { phase: "Failed" } }];
      running(response);
    };
    const found = await run(jobs(), jobs(), created, running, started, running, failed("BackoffLimitExceeded"));
    expect(found).toBe("BackoffLimitExceeded: it was too late");
  });

  it("fails as it would without them where the warnings cannot be read", async () => {
    pods = pending;
    warnings = [{}];
    const found = await run(jobs(), jobs(), created, running, running, afterwards(failed("DeadlineExceeded")));
    expect(found).toBe("DeadlineExceeded: it was too late");
  });
});

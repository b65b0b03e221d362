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

beforeAll(async () => {
  server = createServer(({ method = "", url = "" }: IncomingMessage, response) => {
    if (url.includes("/pods")) return json({ kind: "PodList", items: pods })(response);
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
});

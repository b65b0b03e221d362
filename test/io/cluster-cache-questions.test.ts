import { execFile } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type HttpServer, serveHttp } from "../support/http-server.ts";

const NAME = "drill-cache-copy";
const QUESTIONS = [
  { id: "lasting keys", command: "INFO keyspace" },
  { id: "queue", command: "LLEN jobs" },
];
const ANSWERS = "sparki-answer 0 OK db0:keys=5,expires=2\nsparki-answer 1 OK 3\n";

/** What the API server keeps, by its path, and what it was asked for, in order. */
interface Cluster {
  readonly kept: Map<string, unknown>;
  readonly asked: string[];
  readonly log: string;
  readonly ended: "Complete" | "Failed";
  /** Refuses to make what has this in its path. */
  readonly refuses?: string;
}

let cluster: Cluster;
let during: Readonly<Record<string, unknown>> = {};
/** The addresses that were let in: only then can the Job come to an end. */
const admitted: string[] = [];
let server: HttpServer;
beforeEach(async () => {
  server = await serveHttp(async (request, response) => {
    const { status, body } = answerOf(cluster, request, await text(request));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
});
afterEach(() => server.close());

const PLURALS = ["networkpolicies", "secrets", "secretproviderclasses", "jobs"];

function answerOf({ kept, asked, log, ended, refuses }: Cluster, { method, url = "" }: IncomingMessage, sent: string) {
  const path = new URL(url, "http://cluster").pathname;
  const [, address] = /^\/admitted\/(.*)$/.exec(path) ?? [];
  if (address !== undefined) {
    admitted.push(address);
    return { status: 200, body: {} };
  }
  const plural = PLURALS.find((each) => path.includes(`/namespaces/sparki-engine/${each}`));
  const notFound = { status: 404, body: { kind: "Status", message: "not found" } };
  if (path.endsWith("/log")) return { status: 200, body: log };
  if (path.endsWith("/pods")) {
    const pod = { metadata: { name: "pod" }, status: { phase: "Running", podIP: "10.0.3.7" } };
    return { status: 200, body: { kind: "PodList", items: kept.has("jobs") ? [pod] : [] } };
  }
  if (plural === undefined) return notFound;
  if (method === "GET") {
    const conditions = [{ type: ended, status: "True", reason: "BackoffLimitExceeded", message: "no" }];
    const status = admitted.length === 0 ? { active: 1 } : { conditions };
    const items = kept.has(plural) ? [{ metadata: { name: NAME }, status }] : [];
    return { status: 200, body: { kind: "JobList", items } };
  }
  asked.push(`${method} ${plural}`);
  if (method === "DELETE") return kept.delete(plural) ? { status: 200, body: { kind: "Status" } } : notFound;
  if (plural === refuses) return { status: 403, body: { kind: "Status", message: `cannot create ${plural}` } };
  kept.set(plural, JSON.parse(sent));
  if (plural === "jobs") during = Object.fromEntries(kept);
  return { status: 201, body: JSON.parse(sent) };
}

function kubeconfig(): string {
  const named = (kind: string, value: object) => ({ [`${kind}s`]: [{ name: "c", [kind]: value }] });
  return JSON.stringify({
    ...named("cluster", { server: server.url.replace(/\/$/, ""), "insecure-skip-tls-verify": true }),
    ...named("user", { token: "t" }),
    ...named("context", { cluster: "c", user: "c" }),
    "current-context": "c",
  });
}

/** Asks in a process of its own, because Jest cannot load the Kubernetes client. */
const SCRIPT = `
import { askCacheInCluster } from ${JSON.stringify(join(import.meta.dirname, "../../io/cluster-questions.ts"))};
const { url, ...asking } = JSON.parse(process.argv[1]);
const admit = async (address) => void (await fetch(url + "admitted/" + address));
const { signal } = new AbortController();
const outcome = await askCacheInCluster({ ...asking, signal, admit }).then(
  (answers) => ({ answers }),
  (error) => ({ error: { code: error.code, message: error.message } }),
);
process.stdout.write(JSON.stringify(outcome));
`;

/** Asks in a cluster like that; tells the addresses that were let in, and what stood there when the Job was made. */
async function ask(own: Partial<Cluster> = {}, token?: string) {
  cluster = { kept: new Map(), asked: [], log: ANSWERS, ended: "Complete", ...own };
  during = {};
  admitted.length = 0;
  const asking = {
    url: server.url,
    ...{ name: NAME, image: "ghcr.io/a/psql@sha256:1", host: "cache.example", questions: QUESTIONS },
    ...{ secretName: "sparki/prod/cache", networkCidr: "10.0.0.0/16", kubeconfig: kubeconfig() },
    ...(token === undefined ? {} : { token }),
  };
  const args = ["--input-type=module", "-e", SCRIPT, JSON.stringify(asking)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { answers, error } = JSON.parse(stdout);
  return { answers, error, admitted: [...admitted], during, left: [...cluster.kept.keys()], asked: cluster.asked };
}

const REMOVED = ["DELETE networkpolicies", "DELETE secrets", "DELETE secretproviderclasses"];

describe("askCacheInCluster", () => {
  it("gives the copy's token by a Secret, lets the Job's pod alone in, and leaves neither Secret nor policy", async () => {
    const { answers, admitted, during, left, asked } = await ask({}, "token-of-the-copy");
    expect(answers).toEqual([
      { id: "lasting keys", value: "db0:keys=5,expires=2" },
      { id: "queue", value: "3" },
    ]);
    expect(admitted).toEqual(["10.0.3.7"]);
    expect(during).toMatchObject({
      secrets: { metadata: { name: NAME }, stringData: { token: "token-of-the-copy" } },
      networkpolicies: { metadata: { name: NAME }, spec: { egress: expect.anything() } },
    });
    expect(JSON.stringify(during.jobs)).not.toContain("token-of-the-copy");
    expect(left).toEqual(["jobs"]);
    expect(asked).toEqual([...REMOVED, "POST networkpolicies", "POST secrets", "POST jobs", ...REMOVED]);
  });

  it("reads the live cache's token from the stack's own secret, and makes no Secret of it", async () => {
    const { answers, during, left, asked } = await ask();
    expect(answers).toHaveLength(2);
    expect(JSON.stringify(during.secretproviderclasses)).toContain("sparki/prod/cache");
    expect(left).toEqual(["jobs"]);
    expect(asked).not.toContain("POST secrets");
  });

  it.each(["networkpolicies", "secrets", "jobs"])("leaves nothing where the API refuses the %s", async (refuses) => {
    const { error, admitted, left } = await ask({ refuses }, "token-of-the-copy");
    expect(error).toMatchObject({ code: 403 });
    expect(admitted).toEqual([]);
    expect(left).toEqual([]);
  });

  it.each([
    [
      "never reached the server",
      "sparki-answer reach Connection timed out\n",
      /refuses the check's job: Connection timed out/,
    ],
    ["failed without an answer", "", /BackoffLimitExceeded/],
  ])("throws, and leaves no token, where the Job %s", async (_what, log, message) => {
    const { error, left } = await ask({ log, ended: "Failed" }, "token-of-the-copy");
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(left).toEqual(["jobs"]);
  });

  it("removes what a killed drill left there before it asks", async () => {
    const kept = new Map<string, unknown>([
      ["networkpolicies", {}],
      ["secrets", { stringData: { token: "an old one" } }],
    ]);
    const { answers, during } = await ask({ kept }, "token-of-the-copy");
    expect(answers).toHaveLength(2);
    expect(during.secrets).toMatchObject({ stringData: { token: "token-of-the-copy" } });
  });
});

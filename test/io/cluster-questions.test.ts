import { execFile } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type HttpServer, serveHttp } from "../support/http-server.ts";

const NAME = "drill-watch-1";

/** What stands in the cluster: the watching Job, and what its pod has written. */
interface Cluster {
  job: unknown;
  readonly asked: string[];
  /** The log before and after the pod was let in, and once the watch is ended. */
  readonly logs: { readonly before: string; readonly admitted: string; readonly ended: string };
  readonly phase: { readonly begun: string; readonly ended: string };
  readonly refuses?: "POST" | "DELETE";
  isEnding: boolean;
}

const GOOD: Pick<Cluster, "logs" | "phase"> = {
  logs: {
    before: "sparki-reach down 100\n",
    admitted: "sparki-reach down 100\nsparki-reach up 110\n",
    ended: "sparki-reach down 100\nsparki-reach up 110\nsparki-reach down 200\nsparki-reach up 780\n",
  },
  phase: { begun: "Running", ended: "Running" },
};

let cluster: Cluster;
let server: HttpServer;
const admitted: string[] = [];
beforeEach(async () => {
  admitted.length = 0;
  server = await serveHttp(async (request, response) => {
    const { status, body } = answerOf(request, await text(request));
    response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
});
afterEach(() => server.close());

function answerOf({ method = "", url = "" }: IncomingMessage, sent: string) {
  const { pathname } = new URL(url, "http://cluster");
  const [, act, address = ""] = /^\/(admitted|ending)\/(.*)$/.exec(pathname) ?? [];
  if (act === "admitted") admitted.push(address);
  if (act === "ending") cluster.isEnding = true;
  if (act !== undefined) return { status: 200, body: {} };
  const { logs, phase, isEnding, refuses } = cluster;
  if (pathname.endsWith("/log"))
    return { status: 200, body: isEnding ? logs.ended : admitted.length > 0 ? logs.admitted : logs.before };
  if (pathname.endsWith("/pods")) {
    const status = { phase: isEnding ? phase.ended : phase.begun, podIP: "10.0.3.7" };
    const items = cluster.job === undefined ? [] : [{ metadata: { name: "pod" }, status }];
    return { status: 200, body: { kind: "PodList", items } };
  }
  cluster.asked.push(method);
  if (method === refuses) return { status: 403, body: { kind: "Status", message: "forbidden" } };
  if (method === "DELETE") cluster.job = undefined;
  else cluster.job = JSON.parse(sent);
  return { status: method === "DELETE" ? 200 : 201, body: method === "DELETE" ? { kind: "Status" } : cluster.job };
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

/** Watches in a process of its own, because Jest cannot load the Kubernetes client. */
const SCRIPT = `
import { watchInCluster } from ${JSON.stringify(join(import.meta.dirname, "../../io/cluster-questions.ts"))};
const { url, kubeconfig, ...asking } = JSON.parse(process.argv[1]);
const tell = (path) => fetch(url + path).then(() => undefined);
const { signal } = new AbortController();
const told = (error) => ({ error: { code: error.code, message: error.message } });
const outcome = await watchInCluster({
  ...asking,
  signal,
  kubeconfig: async () => kubeconfig,
  admit: (address) => tell("admitted/" + address),
}).then(async (watch) => {
  await tell("ending/now");
  return watch.end().then((outages) => ({ outages }), told);
}, told);
process.stdout.write(JSON.stringify(outcome));
`;

async function watched(own: Partial<Cluster> = {}) {
  cluster = { job: undefined, asked: [], isEnding: false, ...GOOD, ...own };
  const job = { name: NAME, image: "ghcr.io/a/psql@sha256:1", host: "copy.example", deadlineSeconds: 900 };
  const asking = { url: server.url, kubeconfig: kubeconfig(), ...job };
  const args = ["--input-type=module", "-e", SCRIPT, JSON.stringify(asking)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return { ...JSON.parse(stdout), asked: cluster.asked, isLeft: cluster.job !== undefined };
}

describe("watchInCluster", () => {
  it("lets its pod alone in, tells when nobody reached the server from then on, and deletes its Job", async () => {
    expect(await watched()).toEqual({ outages: [{ from: 200, until: 780 }], asked: ["POST", "DELETE"], isLeft: false });
    expect(admitted).toEqual(["10.0.3.7"]);
  });

  it.each(["Failed", "Succeeded", "Unknown"])("does not know it where the pod is %s in the end", async (ended) => {
    const { outages, error, isLeft } = await watched({ phase: { begun: "Running", ended } });
    expect({ outages, isLeft }).toEqual({ outages: undefined, isLeft: false });
    expect(error).toMatchObject({ code: "SPARKI_OUTSIDE", message: expect.stringContaining(`its pod is ${ended}`) });
  });

  it("does not know it where the pod's log is gone", async () => {
    const { error, isLeft } = await watched({ logs: { ...GOOD.logs, ended: "" } });
    expect(error).toMatchObject({ code: "SPARKI_OUTSIDE" });
    expect(isLeft).toBe(false);
  });

  it("says that its Job is still there where the cluster does not delete it", async () => {
    const { error } = await watched({ refuses: "DELETE" });
    expect(error).toMatchObject({ message: expect.stringContaining("it is not deleted") });
  });

  it("begins nothing where the cluster makes no Job", async () => {
    const { error, isLeft } = await watched({ refuses: "POST" });
    expect(error).toMatchObject({ code: 403 });
    expect(isLeft).toBe(false);
    expect(admitted).toEqual([]);
  });
});

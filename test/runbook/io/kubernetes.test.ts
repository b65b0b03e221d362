import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const MODULE = join(import.meta.dirname, "../../../runbook/io/kubernetes.ts");
/** The client is an ES module that only Node itself loads. */
const READS_LOG = `
  const { KubernetesClient } = await import(${JSON.stringify(MODULE)});
  const found = await new KubernetesClient(process.argv[1]).logLines("sparki-engine", "engine-1").catch((error) => "rejected with " + error.code);
  console.log(JSON.stringify(found));
`;

let server: Server;
let answer: { readonly status: number; readonly body: string };

beforeAll(async () => {
  const headers = { "content-type": "text/plain" };
  server = createServer((_, response) => response.writeHead(answer.status, headers).end(answer.body));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function logLines(): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const named = (kind: string, value: object) => ({ [`${kind}s`]: [{ name: "c", [kind]: value }] });
  const kubeconfig = {
    ...named("cluster", { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true }),
    ...named("user", { token: "t" }),
    ...named("context", { cluster: "c", user: "c" }),
    "current-context": "c",
  };
  const args = ["--input-type=module", "-e", READS_LOG, JSON.stringify(kubeconfig)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

describe("KubernetesClient.logLines", () => {
  it.each([
    ["gives the lines", 200, "a\nb\n", ["a", "b"]],
    ["finds none where the container has not started", 400, "is waiting to start", []],
    ["finds none where the pod has gone", 404, "not found", []],
    ["rejects when it may not read them", 403, "forbidden", "rejected with 403"],
    ["rejects when the node does not answer", 500, "dial tcp: connection refused", "rejected with 500"],
  ])("%s", async (_, status, body, expected) => {
    answer = { status, body };
    expect(await logLines()).toEqual(expected);
  });
});

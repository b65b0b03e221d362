import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const MODULE = join(import.meta.dirname, "../../io/kubernetes.ts");
/** The client is an ES module that only Node itself loads. */
const asked = (question: string) => `
  const { KubernetesClient } = await import(${JSON.stringify(MODULE)});
  const client = new KubernetesClient(process.argv[1]);
  const found = await ${question}.catch((error) => "rejected: " + error.message);
  console.log(JSON.stringify(found));
`;

let server: Server;
let answer: { readonly status: number; readonly body: string; readonly isEndless?: boolean };

beforeAll(async () => {
  const headers = { "content-type": "text/plain" };
  server = createServer((_, response) => {
    response.writeHead(answer.status, headers).write(answer.body);
    if (answer.isEndless !== true) response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(question: string): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const named = (kind: string, value: object) => ({ [`${kind}s`]: [{ name: "c", [kind]: value }] });
  const kubeconfig = {
    ...named("cluster", { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true }),
    ...named("user", { token: "t" }),
    ...named("context", { cluster: "c", user: "c" }),
    "current-context": "c",
  };
  const args = ["--input-type=module", "-e", asked(question), JSON.stringify(kubeconfig)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

const PLAIN = "ready\nrefused: postgres://sparki:hunter2@db:5432/sparki\n";
const SHOWN = ["ready", "refused: postgres://[secret]@db:5432/sparki"];

describe("KubernetesClient.logLines", () => {
  it.each([
    ["gives the lines without credentials", 200, PLAIN, SHOWN],
    ["finds none where the container has not started", 400, "is waiting to start", []],
    ["finds none where the pod has gone", 404, "not found", []],
    ["rejects when it may not", 403, "forbidden", "rejected: the log of engine-1 cannot be read: HTTP 403, forbidden"],
    [
      "rejects when the node is away",
      500,
      "no route",
      "rejected: the log of engine-1 cannot be read: HTTP 500, no route",
    ],
  ])("%s", async (_, status, body, expected) => {
    answer = { status, body };
    expect(await ask('client.logLines("sparki-engine", "engine-1")')).toEqual(expected);
  });
});

describe("KubernetesClient.followLog", () => {
  const followed = `
    (async () => {
      const written = [];
      await client.followLog("sparki-engine", "migrate-1", "migrate", { write: (text) => written.push(text) });
      return written;
    })()`;

  it("writes the log without credentials", async () => {
    answer = { status: 200, body: PLAIN };
    expect(await ask(followed)).toEqual(SHOWN.map((line) => `${line}\n`));
  });

  it("ends by itself where a log never does (W113)", async () => {
    answer = { status: 200, body: PLAIN, isEndless: true };
    expect(await ask(followed.replace(" });\n", " }, 0.5);\n"))).toEqual(SHOWN.map((line) => `${line}\n`));
  });

  it("rejects when the log cannot be opened", async () => {
    answer = { status: 404, body: "not found" };
    expect(await ask(followed)).toMatch(/^rejected: /);
  });
});

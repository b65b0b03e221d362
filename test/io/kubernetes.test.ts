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
/** Lists by the last part of their path, in place of the one answer. */
let lists: Readonly<Record<string, object>> = {};

beforeAll(async () => {
  const headers = { "content-type": "text/plain" };
  server = createServer(({ url = "" }, response) => {
    const list = lists[/(\w+)(?:\?|$)/.exec(url)?.[1] ?? ""];
    if (list !== undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list));
      return;
    }
    response.writeHead(answer.status, headers).write(answer.body);
    if (answer.isEndless !== true) response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  lists = {};
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

describe("KubernetesClient.sampleHealth", () => {
  const name = "engine-one-box";
  const labels = { "pod-template-hash": "new", "app.kubernetes.io/instance": name };
  const revision = { "deployment.kubernetes.io/revision": "2" };
  const pod = (of: string, status: object) => ({ metadata: { name: of, labels }, status });
  const running = pod("one", {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ name: "engine", imageID: `ghcr.io/x@sha256:${"a".repeat(64)}`, restartCount: 0, state: {} }],
  });
  const ended = (reason: string, message: string) => pod("two", { phase: "Failed", reason, message });
  const sampled = async (pods: object[], events: object = { kind: "EventList", items: [] }) => {
    const deployment = {
      metadata: { name, generation: 1, annotations: revision },
      spec: { replicas: 1, template: {} },
      status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    };
    lists = {
      deployments: { kind: "DeploymentList", items: [deployment] },
      replicasets: { kind: "ReplicaSetList", items: [{ metadata: { labels, annotations: revision } }] },
      pods: { kind: "PodList", items: pods },
      events,
    };
    const found = await ask(`client.sampleHealth("sparki-engine", "${name}")`);
    return (found as { pods: { name: string; evicted?: string }[] }).pods.map((each) => [each.name, each.evicted]);
  };

  it.each([
    ["Terminated", "Pod was terminated in response to imminent node shutdown."],
    [
      "Evicted",
      "The node was low on resource: memory. Container engine was using 300Mi, which exceeds its request of 0.",
    ],
    ["Evicted", "Pod was rejected: The node had condition: [DiskPressure]. "],
    ["Preempting", "Preempted in order to admit critical pod"],
    ["UnexpectedAdmissionError", "Allocate failed"],
    ["NodeLost", ""],
  ])("leaves out a pod that its node gave up, whose place another has taken: %s, %s", async (reason, message) => {
    expect(await sampled([running, ended(reason, message)])).toEqual([["one", undefined]]);
  });

  it.each([
    'Usage of EmptyDir volume "tmp" exceeds the limit "64Mi". ',
    "Pod ephemeral local storage usage exceeds the total limit of containers 128Mi. ",
    'Container engine exceeded its local ephemeral storage limit "64Mi". ',
  ])("keeps a pod that was evicted for what it wrote: %s", async (message) => {
    expect(await sampled([running, ended("Evicted", message)])).toEqual([
      ["one", undefined],
      ["two", message.trim()],
    ]);
  });

  it.each([{}, { kind: "EventList" }, { kind: "EventList", items: null }, { kind: "Status", message: "no" }])(
    "does without the cluster's words where what it answers is no list of events: %j",
    async (events) => {
      const starting = pod("one", { phase: "Pending" });
      expect(await sampled([starting], events)).toEqual([["one", undefined]]);
    },
  );
});

describe("KubernetesClient.runningDigests", () => {
  const [ours, other] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
  const running = async (image: string, reported: object) => {
    const containerStatuses = [{ name: "engine", restartCount: 0, ...reported }];
    const status = { conditions: [{ type: "Ready", status: "True" }], containerStatuses };
    const spec = { containers: [{ name: "engine", image }] };
    lists = { pods: { kind: "PodList", items: [{ metadata: { name: "one" }, spec, status }] } };
    return ask('client.runningDigests("sparki-engine", "engine-fleet")');
  };

  // https://github.com/containerd/containerd/issues/8408, https://github.com/openkruise/kruise/pull/2572 and
  // https://github.com/cri-o/cri-o/pull/6924: the config's digest, or another name of the same image.
  it.each([other, `ghcr.io/x/engine@${other}`, `ghcr.io/x/engine@${ours}`, ""])(
    "takes the digest that the pod's image is named by, whatever the runtime reports of it: %j",
    async (imageID) => {
      expect(await running(`ghcr.io/x/engine@${ours}`, { imageID, image: other })).toEqual([ours]);
    },
  );

  it("takes what the runtime reports of an image that is named by a tag, and nothing for a digest that is the config's", async () => {
    expect(await running("ghcr.io/x/engine:1", { imageID: `docker-pullable://x@${other}`, image: "x:1" })).toEqual([
      other,
    ]);
    expect(await running("ghcr.io/x/engine:1", { imageID: other, image: "x:1" })).toEqual(["unknown"]);
  });
});

describe("a pod as a diagnosis sees it", () => {
  const gone = async (status: object) => {
    lists = { pods: { kind: "PodList", items: [{ metadata: { name: "one" }, status }] } };
    const module = JSON.stringify(join(import.meta.dirname, "../../io/cluster-lookups.ts"));
    const [found] = (await ask(
      `(async () => (await client.listPods("sparki-engine", "")).map((await import(${module})).podLook))()`,
    )) as { gone?: string; endedAt?: number }[];
    return [found?.gone, found?.endedAt];
  };
  const at = "2026-11-30T12:00:00Z";
  const conditions = [{ type: "DisruptionTarget", status: "True", lastTransitionTime: at }];

  it("was given up by its node at a time, or has failed by itself", async () => {
    const seconds = Date.parse(at) / 1000;
    const shutdown = { phase: "Failed", reason: "Terminated", message: "node shutdown", conditions };
    expect(await gone(shutdown)).toEqual(["Terminated: node shutdown", seconds]);
    expect(await gone({ phase: "Failed" })).toEqual([undefined, undefined]);
    expect(await gone({ phase: "Failed", reason: "DeadlineExceeded", message: "too long" })).toEqual([
      undefined,
      undefined,
    ]);
    expect(await gone({ phase: "Running" })).toEqual([undefined, undefined]);
  });
});

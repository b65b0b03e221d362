import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { serveHttp } from "../support/http-server.ts";

const MODULE = join(import.meta.dirname, "../../io/object-proof.ts");
/** The client is an ES module that only Node itself loads. */
const PROGRAM = `
  const proof = await import(${JSON.stringify(MODULE)});
  const [name, kubeconfig, question] = process.argv.slice(1);
  console.log(JSON.stringify(await proof[name](kubeconfig, JSON.parse(question))));
`;
const AUTOSCALER = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "engine", namespace: "sparki" },
  spec: { maxReplicas: 3 },
};

/** What is told of an autoscaler into which a controller writes so many times between the reading and the question. */
async function toldAfter(conflicts: number, isChanged = false): Promise<unknown> {
  let version = 0;
  const server = await serveHttp((request, response) => {
    const say = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/apis/autoscaling/v2")
      return say(200, {
        kind: "APIResourceList",
        resources: [{ name: "horizontalpodautoscalers", kind: AUTOSCALER.kind, namespaced: true, verbs: ["get"] }],
      });
    const metadata = { ...AUTOSCALER.metadata, resourceVersion: String(version) };
    const spec = { maxReplicas: isChanged && version > 0 ? 9 : 3 };
    if (request.method === "GET") return say(200, { ...AUTOSCALER, metadata, spec });
    if (version++ < conflicts) return say(409, { kind: "Status", code: 409, reason: "Conflict" });
    return say(200, { ...AUTOSCALER, metadata });
  });
  return told("objectsApart", server, [AUTOSCALER]);
}

/** What is told of a namespace with these Helm revisions, and nothing else. */
async function toldOfReleases(revisions: readonly (readonly [name: string, version: number, status: string])[]) {
  const secrets = revisions.map(([name, version, status]) => ({
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace: "sparki",
      labels: { owner: "helm", name, version: `${version}`, status },
    },
  }));
  const kinds = ["ConfigMap", "Secret", "Service", "ServiceAccount", "DaemonSet", "Deployment", "StatefulSet"].concat([
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
  ]);
  const resources = kinds.map((kind) => {
    const name = kind === "NetworkPolicy" ? "networkpolicies" : `${kind.toLowerCase()}s`;
    return { name, kind, namespaced: true, verbs: ["list"] };
  });
  const server = await serveHttp((request, response) => {
    const isList = request.url?.includes("/namespaces/sparki/") === true;
    const items = request.url?.includes("/secrets") === true ? secrets : [];
    const body = isList ? { kind: "List", items } : { kind: "APIResourceList", resources };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  return told("objectsIn", server, ["sparki"]);
}

async function told(name: string, server: Awaited<ReturnType<typeof serveHttp>>, question: unknown): Promise<unknown> {
  const named = (kind: string, value: object) => ({ [`${kind}s`]: [{ name: "c", [kind]: value }] });
  const kubeconfig = {
    ...named("cluster", { server: server.url.slice(0, -1), "insecure-skip-tls-verify": true }),
    ...named("user", { token: "t" }),
    ...named("context", { cluster: "c", user: "c" }),
    "current-context": "c",
  };
  try {
    const asked = [kubeconfig, question].map((each) => JSON.stringify(each));
    const program = ["--input-type=module", "--eval", PROGRAM, name, ...asked];
    return JSON.parse((await promisify(execFile)(process.execPath, program)).stdout);
  } finally {
    await server.close();
  }
}

describe("objectsApart", () => {
  it("asks again where a controller wrote between the reading and the question", async () => {
    expect(await toldAfter(3)).toEqual([]);
  });

  it("compares with what the controller left, not with what it read first", async () => {
    expect(await toldAfter(1, true)).toEqual(["HorizontalPodAutoscaler sparki/engine differs from what was promoted"]);
  });

  it("says so where the object never rests", async () => {
    expect(await toldAfter(99)).toEqual([expect.stringContaining("HTTP 409")]);
  });
});

describe("objectsIn", () => {
  it("names a Helm release once, by its last revision, whatever became of the earlier ones", async () => {
    const first = [
      ["engine", 1, "superseded"],
      ["engine", 9, "failed"],
    ] as const;
    expect(await toldOfReleases([...first, ["engine", 10, "deployed"], ["web", 1, "deployed"]])).toEqual([
      "Release sparki/engine",
      "Release sparki/web",
    ]);
    expect(await toldOfReleases([["engine", 8, "deployed"], ...first])).toEqual(["Release sparki/engine failed"]);
    expect(await toldOfReleases([...first, ["engine", 10, "pending-upgrade"]])).toEqual([
      "Release sparki/engine pending-upgrade",
    ]);
  });
});

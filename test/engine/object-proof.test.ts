import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { podReaches } from "../../policies/declared/pod-reach.ts";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import type { Manifest } from "../support/chart.ts";
import { renderMonitoring } from "../support/monitoring.ts";
import { renderWorkload } from "../support/workload-values.ts";

jest.setTimeout(3_600_000);

const MODULE = join(import.meta.dirname, "../../io/object-proof.ts");
/** The client is an ES module that only Node itself loads. */
const PROGRAM = `
  import { readFileSync } from "node:fs";
  const { objectsApart } = await import(${JSON.stringify(MODULE)});
  const { kubeconfig, rendered } = JSON.parse(readFileSync(process.argv[1], "utf8"));
  console.log(JSON.stringify(await objectsApart(kubeconfig, rendered)));
`;

/** What is changed by hand in a live object, and which object is told of. */
const CHANGES: readonly (readonly [
  what: string,
  workload: "engine" | "web",
  kind: string,
  path: string,
  value: unknown,
])[] = [
  ["a probe's path", "engine", "Deployment", "spec.template.spec.containers.0.readinessProbe.httpGet.path", "/nowhere"],
  ["a limit", "engine", "Deployment", "spec.template.spec.containers.0.resources.limits.memory", "1Gi"],
  ["a new variable", "web", "Deployment", "spec.template.spec.containers.0.env.9", { name: "X", value: "1" }],
  ["an open flow", "engine", "NetworkPolicy", "spec.egress.0.to", [{ ipBlock: { cidr: "0.0.0.0/0" } }]],
  ["who may come in", "web", "NetworkPolicy", "spec.ingress.0.from", [{ ipBlock: { cidr: "10.9.0.0/16" } }]],
];

describe("objectsApart, on a real API server", () => {
  let server: ApiServer;
  const folder = mkdtempSync(join(tmpdir(), "sparki-objects-"));
  const rendered = {
    engine: renderWorkload("prod", "engine", "fleet"),
    web: renderWorkload("prod", "web", "fleet"),
    monitoring: renderMonitoring("prod"),
  };
  const apart = async (objects: readonly Manifest[]): Promise<string[]> => {
    const file = join(folder, "asked.json");
    writeFileSync(file, JSON.stringify({ kubeconfig: server.kubeconfig, rendered: objects }));
    const program = ["--input-type=module", "--eval", PROGRAM, file];
    return JSON.parse((await promisify(execFile)(process.execPath, program)).stdout);
  };
  beforeAll(async () => {
    server = await startApiServer();
    for (const name of ["engine", "web", "monitoring"])
      await server.api.create("/api/v1/namespaces", { metadata: { name: `sparki-${name}` } });
    for (const object of Object.values(rendered).flat()) await server.apply(object);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server?.stop();
  });

  it.each(["engine", "web", "monitoring"] as const)(
    "finds every object of %s as its chart renders it",
    async (name) => {
      expect(await apart(rendered[name])).toEqual([]);
    },
  );

  it("gives the service accounts of the pods nothing in Kubernetes, as docs/engine-pod.md says", async () => {
    const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "escalate", "bind", "impersonate"];
    const resources = [
      ...[
        "secrets",
        "configmaps",
        "pods",
        "pods/exec",
        "serviceaccounts",
        "serviceaccounts/token",
        "services",
        "nodes",
      ],
      ...["apps/deployments", "rbac.authorization.k8s.io/roles", "rbac.authorization.k8s.io/clusterroles", "users"],
      ...["networking.k8s.io/networkpolicies", "secrets-store.csi.x-k8s.io/secretproviderclasses", "*/*"],
    ];
    const allowed: string[] = [];
    for (const { namespace, serviceAccount, hasToken, clusterRules } of podReaches()) {
      expect([hasToken, clusterRules]).toEqual([false, 0]);
      for (const where of [namespace, "kube-system", ""])
        for (const name of resources)
          for (const verb of verbs) {
            const [group, resource] = name.includes(".") || /^(apps|\*)\//.test(name) ? name.split("/") : ["", name];
            const spec = {
              user: `system:serviceaccount:${namespace}:${serviceAccount}`,
              groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
              resourceAttributes: { namespace: where, verb, group, resource },
            };
            const review = await server.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
            if (Object(Object(review).status).allowed !== false) allowed.push(`${serviceAccount} ${verb} ${name}`);
          }
    }
    expect(allowed).toEqual([]);
  });

  it("leaves the number of replicas to the autoscaler", async () => {
    const [deployment] = rendered.engine.filter(({ kind }) => kind === "Deployment");
    await server.api.patch(pathOf(deployment, "deployments"), "merge-patch", { spec: { replicas: 7 } });
    expect(await apart(rendered.engine)).toEqual([]);
  });

  it.each(CHANGES)("tells of %s that was changed by hand, in %s's %s (W31)", async (_, workload, kind, path, value) => {
    const [object] = rendered[workload].filter((each) => each.kind === kind);
    if (object === undefined) throw new Error(`the chart renders no ${kind}`);
    await server.apply(changed(object, path, value));
    expect(await apart(rendered[workload])).toEqual([
      expect.stringMatching(new RegExp(`^${kind} .* differs from what`)),
    ]);
    await server.apply(object);
  });

  it("tells of an object that is not there", async () => {
    const [service] = rendered.web.filter(({ kind }) => kind === "Service");
    await server.api.delete(pathOf(service, "services"));
    expect(await apart(rendered.web)).toEqual([expect.stringMatching(/^Service .*404/)]);
  });
});

function pathOf(object: Manifest | undefined, plural: string): string {
  if (object === undefined) throw new Error(`the chart renders no ${plural}`);
  const { apiVersion, metadata } = object;
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`;
}

/** The object with one value changed; a number in the path is a place in a list, and one past its end adds to it. */
function changed(object: Manifest, path: string, value: unknown): Manifest {
  const copy: Manifest = structuredClone(object);
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<object>((found, key) => Object(Reflect.get(found, key)), copy);
  if (Array.isArray(parent) && Number(last) >= parent.length) parent.push(value);
  else Reflect.set(parent, last, value);
  return copy;
}

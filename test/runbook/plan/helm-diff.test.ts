import type { HelmTemplate } from "../../../io/helm.ts";
import type { StoredRelease } from "../../../records/stored-release.ts";
import { helmDiffs, manifests } from "../../../runbook/plan/helm-diff.ts";
import type { PlannedResource } from "../../../runbook/plan/planned.ts";
import { renderedObjects } from "../../../runbook/release/object-changes.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";

function release(given: Partial<PlannedResource>): PlannedResource {
  const inputs = { name: "engine-fleet", namespace: "sparki-engine", chart: "./apps/charts/engine" };
  const values = (image: string) => ({ ...inputs, values: { image, chartHash: "1" } });
  const rest = { changes: [], replacedFor: [] };
  const which = { urn: "urn::engine-fleet", name: "engine-fleet", type: RELEASE, action: "update" } as const;
  return { ...which, ...rest, before: values("a"), after: values("b"), ...given };
}

const render: HelmTemplate = async ({ release: name, values }) =>
  `kind: Deployment\nmetadata: {name: ${name}}\nspec: {image: ${JSON.stringify(values.image)}}\n`;

const sourcesOf = (template: HelmTemplate, stored: readonly StoredRelease[] = []) => ({
  kubernetesVersion: "1.35",
  template,
  store: { revisions: async () => stored },
});

/** A revision as Helm keeps it, of a chart that is no more in the project. */
function stored(manifest: string, given: Partial<StoredRelease> = {}): StoredRelease {
  const chart = { metadata: {}, values: {}, files: {} };
  const which = { name: "engine-fleet", namespace: "sparki-engine", revision: 3, status: "deployed" };
  return { ...which, chart, values: {}, manifest, ...given };
}

const POLICY = `kind: NetworkPolicy
metadata: { name: engine-fleet, namespace: sparki-engine }
spec:
  podSelector: { matchLabels: { app: engine } }
  policyTypes: [Ingress, Egress]
`;
const deploymentWith = (memory: string, more = "") => `kind: Deployment
metadata: { name: engine-fleet, namespace: sparki-engine }
spec:
  template:
    spec:
      containers:
        - name: engine
          resources: { limits: { memory: ${memory} } }
          readinessProbe: { httpGet: { path: /ready } }
${more}`;

describe("helmDiffs", () => {
  it("renders what is live with the chart that is live, as Helm keeps it, and what is planned with the one here (W30)", async () => {
    const here: HelmTemplate = async () =>
      deploymentWith("1Gi", "          env: [{ name: LOG_LEVEL, value: debug }]\n");
    const live = [stored(deploymentWith("9Gi"), { revision: 4, status: "failed" }), stored(deploymentWith("512Mi"))];
    const [diff] = await helmDiffs([release({})], sourcesOf(here, live));
    expect(diff).toMatchObject({ note: undefined, live: "revision 3 of engine-fleet in the cluster, deployed" });
    expect(diff?.diff).toContain("512Mi");
    expect(diff?.diff).not.toContain("9Gi");
    expect(diff?.diff).toContain("LOG_LEVEL");
    const object = "Deployment sparki-engine/engine-fleet";
    expect(diff?.objects).toMatchObject([{ object, action: "update" }]);
    const text = `${object}, engine: limits.memory: 512Mi → 1Gi`;
    expect(diff?.callouts).toEqual([{ topic: "limit", text }]);
  });

  it("calls out new flows, permissions and changed probes, each by its object", async () => {
    const planned = `${POLICY}  egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }], ports: [{ port: 443 }] }]
---
kind: Role
metadata: { name: reader, namespace: sparki-engine }
rules: [{ verbs: [get, list], resources: [secrets] }]
---
kind: Mystery
metadata: { name: m }
---
${deploymentWith("512Mi").replace("/ready", "/nowhere")}`;
    const live = [stored(`${POLICY}---\n${deploymentWith("512Mi")}`)];
    const [diff] = await helmDiffs(
      [release({})],
      sourcesOf(async () => planned, live),
    );
    expect(diff?.callouts.map(({ topic, text }) => `${topic}: ${text}`)).toEqual([
      "permission: new: Role sparki-engine/reader: may get, list secrets",
      "flow: new: NetworkPolicy sparki-engine/engine-fleet: out to 0.0.0.0/0, TCP 443",
      "limit: Deployment sparki-engine/engine-fleet, engine: readinessProbe.httpGet.path: /ready → /nowhere",
      "unknown: new: Mystery m: what this kind allows cannot be summarised, so read its manifest",
    ]);
  });

  it("shows what differs in the rendered objects", async () => {
    const [diff] = await helmDiffs([release({})], sourcesOf(render));
    expect(diff).toMatchObject({ release: "engine-fleet", added: 1, removed: 1 });
    expect(diff?.diff).toContain("-  image: a\n+  image: b\n");
  });

  it("shows all of a new release as added", async () => {
    expect(await helmDiffs([release({ action: "create", before: {} })], sourcesOf(render))).toMatchObject([
      { added: 6, removed: 0 },
    ]);
  });

  it("asks helm with the release's own name, place, chart and the cluster's version", async () => {
    const asked: unknown[] = [];
    const asking: HelmTemplate = async (request) => `a: ${asked.push(request)}`;
    await helmDiffs([release({ action: "delete", after: {} })], sourcesOf(asking));
    expect(asked).toEqual([
      {
        release: "engine-fleet",
        namespace: "sparki-engine",
        chart: "./apps/charts/engine",
        values: { image: "a", chartHash: "1" },
        kubernetesVersion: "1.35",
      },
    ]);
  });

  it("leaves out what does not change and what is no release", async () => {
    const others = [release({ action: "same" }), release({ type: "aws:ec2/vpc:Vpc" })];
    expect(await helmDiffs(others, sourcesOf(render))).toEqual([]);
  });

  it("says that both sides have the new chart's files when those changed", async () => {
    const [diff] = await helmDiffs([release({ after: { values: { chartHash: "2" } } })], sourcesOf(render));
    expect(diff?.note).toContain("rendered with the new files");
  });

  it("says why a chart cannot be rendered, without the credentials in helm's words", async () => {
    const fail: HelmTemplate = () => Promise.reject(new Error("no https://me:hunter2@charts.example.org"));
    const [diff] = await helmDiffs([release({})], sourcesOf(fail));
    expect(diff?.note).toBe("Not rendered: no https://[secret]@charts.example.org");
  });
});

describe("manifests", () => {
  it("hides what a Secret holds, and keeps its keys", () => {
    const text = manifests(
      renderedObjects("kind: Secret\nmetadata: {name: s}\ndata: {key: aHVudGVyMg==}\nstringData: {word: hunter2}\n"),
    );
    expect(text).toContain('key: "[secret]"');
    expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it("does not depend on the order in which objects are rendered", () => {
    const [one, other] = ["kind: A\nmetadata: {name: a}\n", "kind: B\nmetadata: {name: b}\n"];
    expect(manifests(renderedObjects(`${one}---\n${other}`))).toBe(manifests(renderedObjects(`${other}---\n${one}`)));
  });
});

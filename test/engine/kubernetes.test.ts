import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { kubeconfigFor } from "../../rehearsal/cluster/control-plane.ts";
import { Clusters, kubernetesModel } from "../../rehearsal/kubernetes/provider.ts";
import type { ProviderModel, ResourceRequest } from "../../rehearsal/provider/model.ts";
import type { Properties } from "../../rehearsal/provider/properties.ts";
import { type RehearsedCluster, startRehearsedCluster } from "../support/rehearsed-cluster.ts";
import { CHART, DEPLOYMENT } from "../support/shop-chart.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(600_000);

const image = (letter: string) => `ghcr.io/alexarno/sparki/web@sha256:${letter.repeat(64)}`;
const GOOD = image("a");
const CRASHING = image("b");
const UNKNOWN = image("c");

let cluster: RehearsedCluster;
let clusters: Clusters;
let model: ProviderModel;
let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "sparki-chart-"));
  mkdirSync(join(project, "chart", "templates"), { recursive: true });
  writeFileSync(join(project, "chart", "Chart.yaml"), CHART);
  writeFileSync(join(project, "chart", "templates", "deployment.yaml"), DEPLOYMENT);
  cluster = await startRehearsedCluster();
  cluster.images.push(GOOD, { kind: "web" });
  cluster.images.push(CRASHING, { kind: "web", crash: true });
  const { processes } = cluster;
  clusters = new Clusters({ processes, helm: toolPath("helm"), projectDirectory: project, timeScale: 0.01 });
  model = kubernetesModel(clusters, { timeScale: 0.01, projectDirectory: project });
});

afterAll(async () => {
  await clusters?.close();
  await cluster?.stop();
  rmSync(project, { recursive: true, force: true });
});

function request(type: string): ResourceRequest {
  const { endpoint, certificateAuthorityPem, token } = cluster.access;
  const { signal } = new AbortController();
  const session = { config: { kubeconfig: kubeconfigFor(endpoint, certificateAuthorityPem, token) }, signal };
  return { urn: `urn:pulumi:prod::sparki::${type}::x`, type, name: "x", session, signal, log: () => undefined };
}

const LOOKUPS = join(import.meta.dirname, "../../io/cluster-lookups.ts");
const [text, number] = [z.string(), z.number()];
const releaseSchema = z.object({ name: text, namespace: text, revision: number, status: text, since: number });

/** Asks the cluster as `sparki` does. Its client is an ES module that only Node itself loads. */
async function asked(question: string, ...words: readonly unknown[]): Promise<unknown> {
  const { endpoint, certificateAuthorityPem, token } = cluster.access;
  const certificateAuthorities = [{ data: Buffer.from(certificateAuthorityPem).toString("base64") }];
  const answers = { "eks/getCluster": { endpoint, certificateAuthorities }, "eks/getClusterAuth": { token } };
  const script = `
    const { openClusterLookups } = await import(${JSON.stringify(LOOKUPS)});
    const [answers, words] = JSON.parse(process.argv[1]);
    const aws = { find: async (name, _, schema) => schema.parse(answers[name]) };
    console.log(JSON.stringify(await openClusterLookups(aws, "sparki-prod").${question}(...words)));
    process.exit();
  `;
  const args = ["--input-type=module", "-e", script, JSON.stringify([answers, words])];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

async function releases() {
  return z.array(releaseSchema).parse(await asked("helmReleases", ["shop"]));
}

const ONCE = { preview: false, timeoutSeconds: 0, secrets: [] };

describe("kubernetesModel for Helm releases", () => {
  const type = "kubernetes:helm.sh/v3:Release";
  const inputs = (ref: string): Properties => ({
    name: "shop",
    namespace: "shop",
    createNamespace: true,
    chart: "./chart",
    atomic: true,
    timeout: 300,
    values: { image: ref },
  });

  async function revisionAndImage() {
    const state = await model.read({ ...request(type), id: "shop/shop", inputs: inputs(GOOD), properties: {} });
    const path = "/apis/apps/v1/namespaces/shop/deployments/shop";
    const live = await cluster.api.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(path);
    return { status: state?.properties.status, image: live?.spec.template.spec.containers[0]?.image };
  }

  it("installs a release and waits for its pods", async () => {
    const created = await model.create({ ...request(type), ...ONCE, inputs: inputs(GOOD) });
    expect(created).toMatchObject({
      id: "shop/shop",
      properties: { status: { revision: 1, status: "deployed", version: "0.1.0", appVersion: "9" } },
    });
    expect((await revisionAndImage()).image).toBe(GOOD);
  });

  it("rolls back by itself when the pods do not start, and says what the kubelet said", async () => {
    const olds = { id: "shop/shop", olds: {}, oldInputs: inputs(GOOD) };
    const update = model.update({ ...request(type), ...ONCE, ...olds, inputs: inputs(CRASHING) });
    await expect(update).rejects.toThrow(/helm release shop failed[\s\S]*(CrashLoopBackOff|Error: exit code 1)/);
    const now = await revisionAndImage();
    expect(now).toMatchObject({ status: { revision: 3, status: "deployed" }, image: GOOD });
  });

  it("leaves no file with values behind", () => {
    expect(readdirSync(cluster.processes.runDirectory).filter((file) => file.startsWith("values-"))).toEqual([]);
  });

  it("refuses to go on over a release that a killed helm left pending, and says what repairs it", async () => {
    const helm = await cluster.processes.start({
      name: "cut-off",
      command: toolPath("helm"),
      args: ["upgrade", "shop", join(project, "chart"), "-n", "shop", `--set=image=${CRASHING}`, "--wait"],
      env: { KUBECONFIG: join(cluster.processes.runDirectory, "kubeconfig") },
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    helm.signal("SIGKILL");
    await helm.exited;
    const olds = { id: "shop/shop", olds: {}, oldInputs: inputs(GOOD) };
    const update = model.update({ ...request(type), ...ONCE, ...olds, inputs: inputs(GOOD) });
    await expect(update).rejects.toThrow(/revision 4 is pending-upgrade.*helm rollback shop/);
  });

  it("goes on once the record of that operation is forgotten, which removes no pod, and no record that has changed", async () => {
    const [pending] = await releases();
    expect(pending).toMatchObject({ name: "shop", namespace: "shop", revision: 4, status: "pending-upgrade" });
    if (pending === undefined) throw new Error("there is no release");
    expect(Math.abs(pending.since - Date.now() / 1000)).toBeLessThan(600);
    expect(await asked("forgetOperation", { ...pending, status: "pending-rollback" })).toBe(false);
    expect(await asked("forgetOperation", pending)).toBe(true);
    expect(await asked("forgetOperation", pending)).toBe(false);
    expect(await releases()).toMatchObject([{ revision: 3, status: "deployed" }]);
    const olds = { id: "shop/shop", olds: {}, oldInputs: inputs(GOOD) };
    await model.update({ ...request(type), ...ONCE, ...olds, inputs: inputs(GOOD) });
    expect(await revisionAndImage()).toMatchObject({ status: { revision: 4, status: "deployed" }, image: GOOD });
  });

  it("installs over what a first install had made that was killed, once its record is forgotten", async () => {
    const [name, namespace] = ["stall", "shop"];
    const helm = await cluster.processes.start({
      name: "cut-off-install",
      command: toolPath("helm"),
      args: ["install", name, join(project, "chart"), "-n", namespace, `--set=image=${CRASHING}`, "--wait"],
      env: { KUBECONFIG: join(cluster.processes.runDirectory, "kubeconfig") },
    });
    const deployment = () => cluster.api.get<object>(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
    for (let tries = 0; tries < 100 && (await deployment()) === undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    helm.signal("SIGKILL");
    await helm.exited;
    const wanted = { ...inputs(GOOD), name };
    const install = () => model.create({ ...request(type), ...ONCE, inputs: wanted });
    await expect(install()).rejects.toThrow("cannot re-use a name that is still in use");
    const pending = (await releases()).find((each) => each.name === name);
    expect(pending).toMatchObject({ revision: 1, status: "pending-install" });
    if (pending !== undefined) await asked("forgetOperation", pending);
    expect(await deployment()).toBeDefined();
    expect(await install()).toMatchObject({ properties: { status: { revision: 1, status: "deployed" } } });
    await model.delete({ ...request(type), properties: {}, oldInputs: wanted, id: `shop/${name}`, timeoutSeconds: 0 });
  });

  it("installs again what was being uninstalled, by a program that was killed, once its record is forgotten", async () => {
    const [name, namespace] = ["leaving", "shop"];
    const wanted = { ...inputs(GOOD), name };
    const install = () => model.create({ ...request(type), ...ONCE, inputs: wanted });
    await install();
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
    const held = (finalizers: readonly string[]) =>
      cluster.api.patch(path, "merge-patch", { metadata: { finalizers: [...finalizers] } });
    // It stays while Helm waits for it to go.
    await held(["sparki.test/held"]);
    const helm = await cluster.processes.start({
      name: "cut-off-uninstall",
      command: toolPath("helm"),
      args: ["uninstall", name, "-n", namespace, "--wait"],
      env: { KUBECONFIG: join(cluster.processes.runDirectory, "kubeconfig") },
    });
    const isLeaving = async () => (await cluster.api.get<{ metadata: object }>(path))?.metadata ?? {};
    for (let tries = 0; tries < 100 && !("deletionTimestamp" in (await isLeaving())); tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    helm.signal("SIGKILL");
    await helm.exited;
    await held([]);
    await expect(install()).rejects.toThrow("cannot re-use a name that is still in use");
    const leaving = (await releases()).find((each) => each.name === name);
    expect(leaving).toMatchObject({ revision: 1, status: "uninstalling" });
    if (leaving !== undefined) expect(await asked("forgetOperation", leaving)).toBe(true);
    expect(await install()).toMatchObject({ properties: { status: { revision: 1, status: "deployed" } } });
    await model.delete({ ...request(type), properties: {}, oldInputs: wanted, id: `shop/${name}`, timeoutSeconds: 0 });
  });

  it("uninstalls the release with its pods", async () => {
    const olds = { properties: {}, oldInputs: inputs(GOOD), id: "shop/shop", timeoutSeconds: 0 };
    await model.delete({ ...request(type), ...olds });
    expect(await revisionAndImage()).toEqual({ status: undefined, image: undefined });
  });
});

describe("kubernetesModel for objects", () => {
  const type = "kubernetes:core/v1:ConfigMap";
  const inputs: Properties = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { mode: "a" },
  };

  it("creates an object, sees what somebody else changes, and deletes it", async () => {
    const { id, properties } = await model.create({ ...request(type), ...ONCE, inputs });
    expect(id).toBe("settings");
    const path = "/api/v1/namespaces/default/configmaps/settings";
    await cluster.api.patch(path, "merge-patch", { data: { mode: "b" } });
    const seen = await model.read({ ...request(type), id, inputs, properties });
    expect(seen?.inputs).toEqual({ ...inputs, data: { mode: "b" } });
    const imported = await model.read({ ...request(type), id: "default/settings", inputs: {}, properties: {} });
    expect(imported?.inputs).toMatchObject({ kind: "ConfigMap", data: { mode: "b" } });
    await model.delete({ ...request(type), id, properties, oldInputs: inputs, timeoutSeconds: 0 });
    expect(await model.read({ ...request(type), id, inputs, properties })).toBeUndefined();
  });

  it("refuses to create an object over one that is there, unless the program asks it to take it over", async () => {
    const taken = { ...inputs, metadata: { name: "taken", namespace: "default" } };
    await cluster.api.create("/api/v1/namespaces/default/configmaps", {
      metadata: { name: "taken" },
      data: { x: "1" },
    });
    const created = { ...request(type), ...ONCE, inputs: taken };
    await expect(model.create(created)).rejects.toThrow('configmaps "taken" already exists');
    const upserting = { ...created.session, config: { ...created.session.config, upsertExistingObjects: "true" } };
    const { properties } = await model.create({ ...created, session: upserting });
    expect(properties).toMatchObject({ data: { x: "1", mode: "a" } });
  });

  it("fails, keeping the object, when a Job fails", async () => {
    const container = { name: "job", image: CRASHING };
    const template = { spec: { restartPolicy: "Never", containers: [container] } };
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "job" }, spec: { backoffLimit: 0, template } };
    const created = model.create({ ...request("kubernetes:batch/v1:Job"), ...ONCE, inputs: job });
    await expect(created).rejects.toMatchObject({ name: "PartialFailure", id: "job" });
    await expect(created).rejects.toThrow(/Job job failed: BackoffLimitExceeded/);
    expect(await asked("jobs", ["default"])).toEqual([
      { name: "job", namespace: "default", image: CRASHING, state: "failed" },
    ]);
  });

  it("tells which Jobs still run, and takes one whose pod can never start for one that failed", async () => {
    const states = async () => {
      const jobs = z.array(z.object({ name: text, state: text })).parse(await asked("jobs", ["default"]));
      return Object.fromEntries(jobs.map(({ name, state }) => [name, state]));
    };
    for (const [name, image] of [
      ["long", GOOD],
      ["unpullable", UNKNOWN],
    ] as const) {
      const template = { spec: { restartPolicy: "Never", containers: [{ name, image }] } };
      const job = { metadata: { name }, spec: { backoffLimit: 0, template } };
      await cluster.api.create("/apis/batch/v1/namespaces/default/jobs", job);
    }
    const expected = { long: "running", unpullable: "failed" };
    let found = await states();
    for (let looks = 0; looks < 60 && found.unpullable !== "failed"; looks++) found = await states();
    expect(found).toMatchObject(expected);
  });

  it("says that the API server does not know a kind", async () => {
    const unknown = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "x" } };
    const created = model.create({ ...request("kubernetes:example.com/v1:Thing"), ...ONCE, inputs: unknown });
    await expect(created).rejects.toThrow('no matches for kind "Thing" in version "example.com/v1"');
  });

  it("previews without a cluster", async () => {
    const preview = { ...request(type), ...ONCE, preview: true, inputs };
    const unreachable = { ...preview, session: { ...preview.session, config: {} } };
    expect(await model.create(unreachable)).toMatchObject({ properties: inputs });
  });
});

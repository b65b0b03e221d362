import {
  configurationDifference,
  objectDifference,
  releaseDifference,
} from "../../../rehearsal/kubernetes/difference.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a", labels: { "x/y": "1" } } };
const JOB = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "j" },
  spec: { template: { spec: { image: "1" } } },
};

describe("objectDifference", () => {
  it("finds nothing between equal inputs, in whatever order their keys stand", () => {
    const reordered = { kind: "Namespace", metadata: { labels: { "x/y": "1" }, name: "a" }, apiVersion: "v1" };
    expect(objectDifference(NAMESPACE, reordered, [])).toEqual({ detailed: {}, deleteBeforeReplace: false });
  });

  it("updates a changed label in place, quoting a key that is no identifier", () => {
    const changed = { ...NAMESPACE, metadata: { name: "a", labels: { "x/y": "2" } } };
    expect(objectDifference(NAMESPACE, changed, []).detailed).toEqual({ 'metadata.labels["x/y"]': "update" });
  });

  it("makes the new one first when the name changes", () => {
    const renamed = { ...NAMESPACE, metadata: { ...NAMESPACE.metadata, name: "b" } };
    const detailed = { "metadata.name": "update-replace" };
    expect(objectDifference(NAMESPACE, renamed, [])).toEqual({ detailed, deleteBeforeReplace: false });
  });

  const CONFIG = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, immutable: true, data: { a: "1" } };
  const { immutable: _, ...MAP } = CONFIG;

  it("changes in place what a ConfigMap holds, of a kind set to be mutable", () => {
    const changed = objectDifference(MAP, { ...MAP, data: { a: "2" } }, ["ConfigMap"]);
    expect(changed).toEqual({ detailed: { "data.a": "update" }, deleteBeforeReplace: false });
  });

  it.each([
    ["a Job's template", JOB, { ...JOB, spec: { template: { spec: { image: "2" } } } }, "spec.template.spec.image"],
    ["what an immutable ConfigMap holds", CONFIG, { ...CONFIG, data: { a: "2" } }, "data.a"],
    ["what a ConfigMap holds, of a kind not set to be mutable", MAP, { ...MAP, data: { a: "2" } }, "data.a"],
  ])("replaces, deleting first, for %s", (_, olds, news, path) => {
    const mutable = olds === CONFIG ? ["ConfigMap"] : ["Secret"];
    expect(objectDifference(olds, news, mutable)).toEqual({
      detailed: { [path]: "update-replace" },
      deleteBeforeReplace: true,
    });
  });
});

describe("releaseDifference", () => {
  const release = { name: "engine-fleet", namespace: "a", values: { replicas: 3 } };

  it.each([
    ["a value", { ...release, values: { replicas: 4 } }, { "values.replicas": "update" }],
    ["a new setting", { ...release, atomic: true }, { atomic: "add" }],
    [
      "a value that a preview cannot know",
      { ...release, values: { replicas: UNKNOWN } },
      { "values.replicas": "update" },
    ],
    ["a value that is gone", { ...release, values: {} }, { "values.replicas": "delete" }],
    ["another namespace", { ...release, namespace: "b" }, { namespace: "update-replace" }],
  ])("tells of %s", (_, news, detailed) => {
    expect(releaseDifference({ inputs: release, live: release }, news)).toEqual({ detailed });
  });

  it("tells what somebody else made of it, but not of settings that the program never named", () => {
    const live = { ...release, values: { replicas: 9, theirs: true }, status: { revision: 4 } };
    expect(releaseDifference({ inputs: release, live }, release)).toEqual({
      detailed: { "values.replicas": "update" },
    });
    expect(releaseDifference({ inputs: release, live: { ...release, status: {} } }, release)).toEqual({ detailed: {} });
  });
});

describe("configurationDifference", () => {
  const kubeconfig = (server: string, token: string) =>
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server } }],
      contexts: [{ name: "x", context: { cluster: "c" } }],
      "current-context": "x",
      users: [{ name: "u", user: { token } }],
    });
  const olds = { kubeconfig: kubeconfig("https://one", "a") };
  const identified = { ...olds, clusterIdentifier: "arn" };

  it.each([
    ["nothing", olds, olds, {}],
    ["another way in", olds, { kubeconfig: kubeconfig("https://one", "b") }, { kubeconfig: "update" }],
    ["another cluster", olds, { kubeconfig: kubeconfig("https://two", "a") }, { kubeconfig: "update-replace" }],
    ["a cluster that is not known yet", olds, { kubeconfig: UNKNOWN }, { kubeconfig: "update-replace" }],
    ["a setting", olds, { ...olds, enableSecretMutable: "true" }, { enableSecretMutable: "update" }],
    ["an identifier that was not there", olds, identified, { clusterIdentifier: "update" }],
    [
      "a cluster that is not known yet, by its identifier",
      identified,
      { ...identified, kubeconfig: UNKNOWN },
      { kubeconfig: "update" },
    ],
    [
      "another identifier",
      identified,
      { ...olds, clusterIdentifier: UNKNOWN },
      { clusterIdentifier: "update-replace" },
    ],
  ])("tells of %s", (_, before, news, detailed) => {
    expect(configurationDifference(before, news)).toEqual({ detailed });
  });
});

import { environmentOf, expanded } from "../../../rehearsal/cluster/environment-and-volumes.ts";
import type { Container, Pod } from "../../../rehearsal/cluster/objects.ts";

const pod: Pod = {
  metadata: { name: "engine-1", namespace: "shop", uid: "u1", labels: { track: "fleet" }, annotations: { note: "a" } },
  spec: { nodeName: "i-1", serviceAccountName: "engine", containers: [] },
};
const placement = { podAddress: "10.40.16.1", nodeAddress: "127.20.4.1" };
const references = {
  configMap: async (name: string) => (name === "settings" ? { data: { MODE: "fast", LEVEL: "info" } } : undefined),
  secret: async (name: string) =>
    name === "keys" ? { data: { token: Buffer.from("t0").toString("base64") } } : undefined,
};

function environment(container: Partial<Container>) {
  const resources = { limits: { memory: "512Mi" }, requests: { cpu: "250m" } };
  return environmentOf({ pod, container: { name: "engine", resources, ...container }, placement, references });
}

describe("environmentOf", () => {
  it.each([
    ["metadata.name", "engine-1"],
    ["metadata.namespace", "shop"],
    ["metadata.uid", "u1"],
    ["metadata.labels['track']", "fleet"],
    ["metadata.annotations['note']", "a"],
    ["metadata.labels['none']", ""],
    ["spec.nodeName", "i-1"],
    ["spec.serviceAccountName", "engine"],
    ["status.podIP", "10.40.16.1"],
    ["status.hostIP", "127.20.4.1"],
  ])("reads the field %s", async (fieldPath, value) => {
    expect(await environment({ env: [{ name: "X", valueFrom: { fieldRef: { fieldPath } } }] })).toEqual({ X: value });
  });

  it("reads resource fields in units of their divisor", async () => {
    const env = [
      { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "requests.cpu", divisor: "1m" } } },
    ];
    expect(await environment({ env })).toEqual({ MEMORY: "512", CPU: "250" });
  });

  it("takes whole config maps and secrets first, so that a variable of its own wins", async () => {
    const envFrom = [{ configMapRef: { name: "settings" } }, { prefix: "KEY_", secretRef: { name: "keys" } }];
    const env = [{ name: "LEVEL", value: "debug" }];
    expect(await environment({ envFrom, env })).toEqual({ MODE: "fast", LEVEL: "debug", KEY_token: "t0" });
  });

  it("puts earlier variables into later ones", async () => {
    const env = [
      { name: "HOST", value: "db" },
      { name: "URL", value: "tcp://$(HOST):5432/$(NONE)" },
    ];
    expect(await environment({ env })).toMatchObject({ URL: "tcp://db:5432/$(NONE)" });
  });

  it.each([
    {
      env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "gone", key: "a" } } }],
      words: 'configmap "gone" not found',
    },
    { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "keys", key: "a" } } }], words: "couldn't find key a" },
    { env: [{ name: "X", valueFrom: { fieldRef: { fieldPath: "spec.host" } } }], words: "unsupported fieldPath" },
  ])("says $words", async ({ env, words }) => {
    await expect(environment({ env })).rejects.toThrow(words);
  });

  it("leaves out what is optional and missing", async () => {
    const valueFrom = { configMapKeyRef: { name: "gone", key: "a", optional: true } };
    expect(await environment({ env: [{ name: "X", valueFrom }] })).toEqual({});
  });
});

describe("expanded", () => {
  it.each([
    ["$(A)-$(A)", "1-1"],
    ["$$(A)", "$(A)"],
    ["$(B)", "$(B)"],
    ["$A", "$A"],
  ])("turns %s into %s", (text, result) => expect(expanded(text, { A: "1" })).toBe(result));
});

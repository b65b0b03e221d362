import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountInto, setUpVolumes, type VolumeSources } from "../../../rehearsal/cluster/environment-and-volumes.ts";
import type { Pod, Volume } from "../../../rehearsal/cluster/objects.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const placement = { podAddress: "10.40.16.1", nodeAddress: "127.20.4.1" };
const pod: Pod = {
  metadata: { name: "engine-1", labels: { track: "fleet" } },
  spec: { containers: [{ name: "engine", resources: { limits: { memory: "512Mi" } } }] },
};
const sources: VolumeSources = {
  configMap: async (name) =>
    name === "settings" ? { data: { mode: "fast" }, binaryData: { logo: base64("png") } } : undefined,
  secret: async (name) => (name === "keys" ? { data: { token: base64("t0") } } : undefined),
  secretProviderClass: async (name) =>
    name === "database"
      ? {
          apiVersion: "secrets-store.csi.x-k8s.io/v1",
          kind: "SecretProviderClass",
          metadata: { name },
          spec: { provider: "aws", parameters: { objects: '[{"objectName":"db","objectType":"secretsmanager"}]' } },
        }
      : undefined,
  secretValue: async (name) => (name === "db" ? "hidden" : undefined),
};
const csi = (driver: string, secretProviderClass: string) => ({
  csi: { driver, volumeAttributes: { secretProviderClass } },
});

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sparki-volumes-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function setUp(...volumes: Volume[]) {
  return setUpVolumes(root, { pod, placement, sources }, volumes);
}

async function read(volume: Omit<Volume, "name">, file: string, subPath?: string): Promise<string> {
  await setUp({ name: "v", ...volume });
  const mount = { name: "v", mountPath: "/mnt/data", ...(subPath === undefined ? {} : { subPath }) };
  await mountInto(root, { name: "engine", volumeMounts: [mount] });
  return readFileSync(join(root, "mnt/data", file), "utf8");
}

describe("setUpVolumes", () => {
  it.each([
    { what: "a config map", volume: { configMap: { name: "settings" } }, file: "mode", content: "fast" },
    { what: "binary data", volume: { configMap: { name: "settings" } }, file: "logo", content: "png" },
    { what: "a secret", volume: { secret: { secretName: "keys" } }, file: "token", content: "t0" },
    {
      what: "a chosen key",
      volume: { secret: { secretName: "keys", items: [{ key: "token", path: "deep/name" }] } },
      file: "deep/name",
      content: "t0",
    },
    {
      what: "a pod's field",
      volume: { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      file: "labels",
      content: 'track="fleet"',
    },
    {
      what: "a container's resource",
      volume: {
        downwardAPI: {
          items: [
            {
              path: "memory",
              resourceFieldRef: { containerName: "engine", resource: "limits.memory", divisor: "1Mi" },
            },
          ],
        },
      },
      file: "memory",
      content: "512",
    },
    {
      what: "projected sources",
      volume: { projected: { sources: [{ configMap: { name: "settings" } }, { secret: { name: "keys" } }] } },
      file: "token",
      content: "t0",
    },
    {
      what: "a secret of the account",
      volume: csi("secrets-store.csi.k8s.io", "database"),
      file: "db",
      content: "hidden",
    },
  ])("shows $what as a file", async ({ volume, file, content }) => {
    expect(await read(volume, file)).toBe(content);
  });

  it("lets nobody else read what it writes", async () => {
    await read({ secret: { secretName: "keys" } }, "token");
    expect(statSync(join(root, "mnt/data/token")).mode & 0o077).toBe(0);
  });

  it.each([
    { volume: { configMap: { name: "gone" } }, words: 'configmap "gone" not found' },
    { volume: { secret: { secretName: "gone" } }, words: 'secret "gone" not found' },
    { volume: { secret: { secretName: "keys", items: [{ key: "x", path: "x" }] } }, words: "non-existent key: x" },
    { volume: csi("secrets-store.csi.k8s.io", "gone"), words: "failed to get secretproviderclass gone" },
    { volume: csi("ebs.csi.eks.amazonaws.com", "x"), words: "driver name ebs.csi.eks.amazonaws.com not found" },
    { volume: { hostPath: { path: "/etc" } }, words: "no volume plugin matched" },
  ])("says $words", async ({ volume, words }) => {
    await expect(setUp({ name: "v", ...volume })).rejects.toMatchObject({
      message: expect.stringContaining(words),
    });
  });

  it("leaves out what is optional and missing", async () => {
    await expect(setUp({ name: "v", configMap: { name: "gone", optional: true } })).resolves.toBeUndefined();
  });
});

describe("mountInto", () => {
  it("mounts one file of a volume", async () => {
    await setUp({ name: "v", configMap: { name: "settings" } });
    const mount = { name: "v", mountPath: "/etc/mode", subPath: "mode" };
    await mountInto(root, { name: "engine", volumeMounts: [mount] });
    expect(readFileSync(join(root, "etc/mode"), "utf8")).toBe("fast");
  });

  it("mounts again over what an earlier start left", async () => {
    const volume = { configMap: { name: "settings" } };
    expect(await read(volume, "mode")).toBe(await read(volume, "mode"));
  });
});

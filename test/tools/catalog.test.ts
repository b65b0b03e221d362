import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CATALOG, EVERYDAY, KUBERNETES_VERSIONS, kubernetesTool } from "../../tools/catalog.ts";

const PLATFORMS = (["linux", "darwin"] as const).flatMap((os) =>
  (["x64", "arm64"] as const).map((arch) => ({ os, arch })),
);
const TOOLS = join(import.meta.dirname, "..", "..", "tools");

describe.each(CATALOG.map((tool) => [tool.name, tool] as const))("the catalog's %s", (_, tool) => {
  it("accepts its own pinned version and no version of another major", () => {
    const isServer = tool.name === "redis-server";
    expect(tool.accepts(isServer ? "7.0.15" : tool.version)).toBe(true);
    expect(tool.accepts("0.9.0")).toBe(false);
  });

  it("is a package of the Go module that pins it", () => {
    const goMod = readFileSync(join(TOOLS, tool.build.module, "go.mod"), "utf8");
    const isLocal = tool.build.package.startsWith("./");
    if (!isLocal) expect(goMod).toContain(`tool ${tool.build.package}\n`);
    else
      expect(readFileSync(join(TOOLS, tool.build.module, tool.build.package, "main.go"), "utf8")).toContain(
        "package main",
      );
  });

  it("is downloaded only over HTTPS, and only for platforms whose checksum is pinned here", () => {
    for (const platform of PLATFORMS) {
      const sum = tool.download?.sha256[`${platform.os}-${platform.arch}`];
      if (tool.download === undefined || sum === undefined) continue;
      const url = tool.download.url(platform);
      expect(new URL(url).protocol).toBe("https:");
      expect(url).toContain(tool.version);
      expect(sum).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("has a checksum of its own for each platform", () => {
    const sums = Object.values(tool.download?.sha256 ?? {});
    expect(new Set(sums).size).toBe(sums.length);
  });
});

describe("the tools that everybody gets", () => {
  it("are all but other versions of Kubernetes, which take minutes to build", () => {
    const rare = CATALOG.map(({ name }) => name).filter((name) => !EVERYDAY.includes(name));
    expect(rare.length).toBeGreaterThan(0);
    for (const name of rare) expect(name).toMatch(/^kube-(apiserver|controller-manager|scheduler)-1\.\d+$/);
    expect(EVERYDAY).toEqual(expect.arrayContaining(["pulumi", "helm", "kube-apiserver"]));
  });
});

describe("kubernetesTool", () => {
  const pinned = new Map(CATALOG.map((tool) => [tool.name, tool]));

  it("names the programs of every pinned version, each of that version", () => {
    expect(KUBERNETES_VERSIONS).toEqual([...KUBERNETES_VERSIONS].sort());
    for (const minor of KUBERNETES_VERSIONS) {
      const { version = "", accepts } = pinned.get(kubernetesTool("kube-apiserver", minor) ?? "") ?? {};
      expect(version.startsWith(`${minor}.`)).toBe(true);
      expect(KUBERNETES_VERSIONS.filter((other) => accepts?.(`${other}.9`))).toEqual([minor]);
    }
  });

  it("has the versions of the stacks' configs among them, with the one before and the one after", () => {
    const versions = ["prod", "staging"].map((stack) => {
      const file = readFileSync(join(TOOLS, "..", `Pulumi.${stack}.yaml`), "utf8");
      return /^ *version: "?(1\.\d+)/m.exec(file)?.[1] ?? "";
    });
    for (const version of versions) {
      expect(kubernetesTool("kube-apiserver", version)).toBe("kube-apiserver");
      const minor = Number(version.split(".")[1]);
      for (const other of [minor - 1, minor + 1])
        expect(kubernetesTool("kube-scheduler", `1.${other}`)).toBe(`kube-scheduler-1.${other}`);
    }
  });

  it("knows no other version", () => {
    expect(kubernetesTool("kube-apiserver", "1.20")).toBeUndefined();
    expect(kubernetesTool("kube-apiserver", "1.35.4")).toBeUndefined();
  });
});

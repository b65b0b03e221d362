import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CATALOG } from "../../tools/catalog.ts";

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

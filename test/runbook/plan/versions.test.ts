import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lockedNode, lockedPackages, type Versions, versionChanges } from "../../../runbook/plan/versions.ts";

const LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    "": { name: "small", version: "1.0.0" },
    "node_modules/@pulumi/aws": { version: "7.48.0" },
    "node_modules/@pulumi/eks/node_modules/@pulumi/aws": { version: "7.40.0" },
    "node_modules/jest": { version: "30.0.0", dev: true },
    "node_modules/node": { version: "24.21.0", dev: true },
    "node_modules/zod": { version: "4.0.0" },
  },
});

const made = (versions: Partial<Versions>): Versions => ({ tools: {}, packages: {}, plugins: {}, ...versions });

describe("lockedPackages", () => {
  it("reads what a deployment gets of the lock file, with packages that are inside of others", () => {
    expect(lockedPackages(LOCK)).toEqual({
      "@pulumi/aws": "7.48.0",
      "@pulumi/eks > @pulumi/aws": "7.40.0",
      zod: "4.0.0",
    });
    expect(lockedNode(LOCK)).toBe("24.21.0");
  });

  it("reads this project's own lock file", () => {
    const lock = readFileSync(join(import.meta.dirname, "..", "..", "..", "package-lock.json"), "utf8");
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
      readFileSync(join(import.meta.dirname, "..", "..", "..", "package.json"), "utf8"),
    );
    expect(lockedPackages(lock)).toMatchObject(dependencies);
    expect(lockedPackages(lock)).not.toHaveProperty("jest");
  });

  it.each(["", "{}", "not JSON", '{"packages": []}'])("knows nothing of %j", (text) => {
    expect([lockedPackages(text), lockedNode(text)]).toEqual([undefined, undefined]);
  });
});

describe("versionChanges", () => {
  it("names what differs: tools, SDKs and plugins before other packages", () => {
    const before = made({
      tools: { helm: { pinned: "3.19.0", used: "3.19.0" } },
      packages: { "@pulumi/aws": "7.48.0", "@pulumi/random": "4.21.2", yaml: "2.9.1" },
      plugins: { aws: "7.48.0", random: "4.21.2" },
    });
    const now = made({
      tools: { helm: { pinned: "3.20.0", used: "3.20.0" } },
      packages: { "@pulumi/aws": "7.49.0", "@pulumi/random": "4.21.2", zod: "4.0.0" },
      plugins: { aws: "7.49.0", random: "4.21.2" },
    });
    expect(versionChanges(before, now)).toEqual([
      { kind: "tool", name: "helm", from: "3.19.0", to: "3.20.0" },
      { kind: "sdk", name: "@pulumi/aws", from: "7.48.0", to: "7.49.0" },
      { kind: "plugin", name: "aws", from: "7.48.0", to: "7.49.0" },
      { kind: "package", name: "yaml", from: "2.9.1", to: undefined },
      { kind: "package", name: "zod", from: undefined, to: "4.0.0" },
    ]);
  });

  it.each([
    ["that is pinned otherwise and ran alike", ["3.255.0", "3.256.0"], ["3.256.0", "3.256.0"], { ranAs: "3.256.0" }],
    ["that is pinned otherwise and ran otherwise", ["3.255.0", "3.256.0"], ["3.255.0", "3.256.0"], {}],
  ] as const)("tells of a tool %s what ran", (_, [one, other], [ranBefore, ranNow], ran) => {
    const before = made({ tools: { pulumi: { pinned: one, used: ranBefore } } });
    const now = made({ tools: { pulumi: { pinned: other, used: ranNow } } });
    expect(versionChanges(before, now)).toEqual([{ kind: "tool", name: "pulumi", from: one, to: other, ...ran }]);
  });

  it("compares what ran where nothing is pinned, or the same", () => {
    const before = made({
      tools: { pulumi: { pinned: "3.255.0", used: "3.255.0" }, node: { pinned: undefined, used: "22.18.0" } },
    });
    const now = made({
      tools: { pulumi: { pinned: "3.255.0", used: "3.260.0" }, node: { pinned: undefined, used: "24.21.0" } },
    });
    expect(versionChanges(before, now)).toMatchObject([
      { name: "pulumi", from: "3.255.0", to: "3.260.0" },
      { name: "node", from: "22.18.0", to: "24.21.0" },
    ]);
    expect(versionChanges(now, now)).toEqual([]);
  });
});

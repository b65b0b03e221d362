import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginHashes } from "../../../io/seal/plugins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sparki-plugins-"));
  declares("aws", { name: "aws", resource: true, version: "7.48.0" });
  declares("eks", { name: "eks", resource: true, version: "v4.3.0" });
  declares("pulumi", undefined);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function declares(name: string, pulumi: object | undefined): void {
  const directory = join(folder, "project", "node_modules", "@pulumi", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ version: "1.0.0", pulumi }));
}

function installs(plugin: string, file: string, content: string): string {
  const path = join(folder, "home", "plugins", plugin, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const hashes = (env: Record<string, string> = { PULUMI_HOME: join(folder, "home") }) =>
  pluginHashes(join(folder, "project"), env);

describe("the hashes of the providers' plugins", () => {
  it("are of those that the program's packages ask for, in the very version, and of no other", () => {
    installs("resource-aws-v7.48.0", "pulumi-resource-aws", "a");
    installs("resource-aws-v7.47.0", "pulumi-resource-aws", "older");
    installs("resource-gcp-v1.0.0", "pulumi-resource-gcp", "g");
    installs("resource-eks-v4.3.0", "pulumi-resource-eks", "e");
    expect(hashes()).toEqual({
      "plugin aws 7.48.0": expect.stringMatching(/^[0-9a-f]{64}$/),
      "plugin eks 4.3.0": expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("differ once any file of a plugin is another, or is new", () => {
    installs("resource-aws-v7.48.0", "pulumi-resource-aws", "a");
    const seen = [hashes()];
    installs("resource-aws-v7.48.0", "pulumi-resource-aws", "b");
    seen.push(hashes());
    installs("resource-aws-v7.48.0", "lib/more.so", "c");
    seen.push(hashes());
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(3);
  });

  it("look in the user's own folder where PULUMI_HOME is not set", () => {
    installs("../.pulumi/plugins/resource-aws-v7.48.0", "pulumi-resource-aws", "a");
    mkdirSync(join(folder, "home"), { recursive: true });
    expect(hashes({ HOME: join(folder, "home") })).toEqual({ "plugin aws 7.48.0": expect.any(String) });
    expect(hashes({ HOME: join(folder, "nowhere") })).toEqual({});
  });

  it("are of those too that a preview used, in the version that it told, or in each where it told none", () => {
    for (const version of ["4.19.0", "4.34.2"])
      installs(`resource-kubernetes-v${version}`, "pulumi-resource-kubernetes", version);
    installs("resource-kubernetes-v4.19.0.lock", "x", "");
    installs("resource-kubernetes-cert-manager-v1.0.0", "x", "");
    const used = (version?: string) =>
      Object.keys(
        pluginHashes(join(folder, "project"), { PULUMI_HOME: join(folder, "home") }, [
          { name: "kubernetes", ...(version !== undefined && { version }) },
        ]),
      );
    expect(used("4.19.0")).toEqual(["plugin kubernetes 4.19.0"]);
    expect(used("4.20.0")).toEqual([]);
    expect(used().sort()).toEqual(["plugin kubernetes 4.19.0", "plugin kubernetes 4.34.2"]);
  });

  it("are refused for a plugin that holds a link", () => {
    const path = installs("resource-aws-v7.48.0", "pulumi-resource-aws", "a");
    symlinkSync("/bin/true", `${path}-link`);
    expect(() => hashes()).toThrow("of a provider's plugin is not a regular file");
  });
});

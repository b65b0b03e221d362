import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { CATALOG } from "../../tools/catalog.ts";
import { componentsOfTools, modulesIn, pythonPackages } from "../../tools/sbom.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const refsOf = (components: readonly { readonly "bom-ref": string }[]) => components.map((each) => each["bom-ref"]);

describe("modulesIn", () => {
  it("reads single and grouped requirements, with replacements", () => {
    const goMod = `module x\ngo 1.24.0\ntool k8s.io/kubernetes/cmd/kube-apiserver\nrequire a.example/one v1.0.0
require (
\tb.example/two v0.2.0
\tk8s.io/api v0.0.0 // indirect
)
replace k8s.io/api => k8s.io/api v0.33.0\n`;
    const expected = ["pkg:golang/a.example/one@v1.0.0", "pkg:golang/b.example/two@v0.2.0"];
    expect(refsOf(modulesIn(goMod))).toEqual([...expected, "pkg:golang/k8s.io/api@v0.33.0"]);
  });
});

describe("pythonPackages", () => {
  it("reads pinned packages with extras and markers", () => {
    const text = 'a-b==1.2 \\\n    --hash=sha256:00\nC_d[extra]==3 ; python_version < "4"\n';
    expect(refsOf(pythonPackages(text))).toEqual(["pkg:pypi/a-b@1.2", "pkg:pypi/c-d@3"]);
  });
});

describe("componentsOfTools", () => {
  const { components, dependencies } = componentsOfTools();

  it("names every tool with its version, and what each is built from", () => {
    for (const { name, version } of CATALOG) expect(refsOf(components)).toContain(`pkg:generic/${name}@${version}`);
    for (const { dependsOn } of dependencies) expect(dependsOn.length).toBeGreaterThan(0);
    const known = new Set(refsOf(components));
    expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !known.has(ref))).toEqual([]);
    expect(known.size).toBe(components.length);
  });

  it("names every package of checkov", () => {
    const text = readFileSync(join(ROOT, "tools", "checkov", "requirements.txt"), "utf8");
    const pinned = text.split("\n").filter((line) => /^[a-z0-9].*==/i.test(line));
    expect(refsOf(components).filter((ref) => ref.startsWith("pkg:pypi/"))).toHaveLength(pinned.length);
  });
});

describe("npm run sbom", () => {
  it("prints one CycloneDX document with npm's packages and the tools", async () => {
    const options = { cwd: ROOT, maxBuffer: 1 << 28 };
    const { stdout } = await promisify(execFile)(process.execPath, ["tools/sbom.ts"], options);
    const bom = JSON.parse(stdout);
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: expect.stringMatching(/^1\.\d$/) });
    const refs: string[] = refsOf(bom.components);
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const [name, version] of Object.entries(dependencies)) expect(refs).toContain(`${name}@${version}`);
    expect(refs).toContain(`pkg:generic/helm@${CATALOG.find(({ name }) => name === "helm")?.version}`);
    expect(new Set(refs).size).toBe(refs.length);
  });
});

describe("the proposals of newer versions", () => {
  const { updates } = parse(readFileSync(join(ROOT, ".github", "dependabot.yml"), "utf8"));
  const ecosystems = updates.map((update: { "package-ecosystem": string }) => update["package-ecosystem"]);

  it("cover npm, the tools' Go modules, Python and actions", () => {
    expect(ecosystems.sort()).toEqual(["github-actions", "gomod", "npm", "pip"]);
  });

  it("find a file of each kind where they look", () => {
    const modules = readdirSync(join(ROOT, "tools")).filter((name) => existsSync(join(ROOT, "tools", name, "go.mod")));
    // Nothing of the last one is built: its files are read (tools/kubernetes-apis).
    const pinned = [...CATALOG.map(({ build }) => build.module), "kubernetes-apis"];
    expect(new Set(pinned)).toEqual(new Set(modules));
    expect(existsSync(join(ROOT, "tools", "checkov", "requirements.txt"))).toBe(true);
  });
});

describe("the license", () => {
  it("agrees with package.json, and names every license file of others that is in the repository", () => {
    const text = readFileSync(join(ROOT, "LICENSE"), "utf8");
    const { license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(license).toBe("UNLICENSED");
    expect(text).toContain('"license": "UNLICENSED"');
    const folders = ["apps", "infra", "policies", "rehearsal", "runbook", "stacks", "tools", "test"];
    const others = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => /(^|\/)LICENSE/.test(name) && !name.includes("node_modules"))
        .map((name) => `${folder}/${name}`),
    );
    expect(others.length).toBeGreaterThan(0);
    for (const path of others) expect(text).toContain(path);
  });
});

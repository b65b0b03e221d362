import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { CurrentCheckout, copyProject } from "../../rehearsal/project.ts";
import { nextRelease } from "../../rehearsal/scenarios.ts";

const CONFIG = `# kept
secretsprovider: awskms://alias/sparki
encryptedkey: AQIDAHh
config:
  sparki:owner: platform
  sparki:pager: { secure: AAABAPm9 }
  sparki:storm:
    prometheusUrl: https://prometheus.storm.sparki.tools
  sparki:release:
    id: "1.0"
    gitSha: ${"a".repeat(40)}
    images: { engine: e@sha256:1, web: w@sha256:2, e2e: t@sha256:3 }
`;

describe("copyProject", () => {
  let root: string;
  let directory: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-project-"));
    directory = join(root, "work");
    writeFileSync(join(root, "Pulumi.yaml"), "name: sparki\nmain: index.ts\n");
    writeFileSync(join(root, "index.ts"), "");
    writeFileSync(join(root, "Pulumi.prod.yaml"), CONFIG);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const copied = () => parse(readFileSync(join(directory, "Pulumi.prod.yaml"), "utf8"));

  it("leaves the stack's own file untouched, whatever is changed in the copy", () => {
    const project = copyProject(root, "prod", directory);
    project.setRelease(nextRelease(project.release));
    project.replace(["sparki:storm", "prometheusUrl"], "http://127.20.0.13:9090", "the rehearsal's Prometheus");
    expect(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8")).toBe(CONFIG);
  });

  it("replaces only what cannot exist off the cloud, and lists it without values", () => {
    const project = copyProject(root, "prod", directory);
    project.replace(["sparki:storm", "prometheusUrl"], "http://127.20.0.13:9090", "the rehearsal's Prometheus");
    expect(project.replacements.map(({ key }) => key)).toEqual([
      "secretsprovider",
      "encryptedkey",
      "sparki:pager",
      "sparki:storm.prometheusUrl",
    ]);
    expect(copied().config["sparki:storm"].prometheusUrl).toBe("http://127.20.0.13:9090");
    expect(copied().config["sparki:owner"]).toBe("platform");
    expect(JSON.stringify(copied())).not.toContain("AAABAPm9");
  });

  it("does not invent a setting that the stack does not have", () => {
    const project = copyProject(root, "prod", directory);
    project.replace(["sparki:slack", "url"], "http://127.20.0.14", "a stand-in");
    expect(copied().config["sparki:slack"]).toBeUndefined();
  });

  it("adds to a part that the stack has what only the rehearsal knows", () => {
    const project = copyProject(root, "prod", directory);
    project.replace(["sparki:storm", "test"], { on: "2026-11-23" }, "a record");
    expect(copied().config["sparki:storm"].test).toEqual({ on: "2026-11-23" });
  });

  it("puts another release into the config", () => {
    const project = copyProject(root, "prod", directory);
    project.setRelease(nextRelease(project.release));
    expect(copied().config["sparki:release"].id).toBe("1.0-next");
  });

  it("gives the config as the engine would: text, or JSON text", () => {
    const config = copyProject(root, "prod", directory).config();
    expect(config["sparki:owner"]).toBe("platform");
    expect(JSON.parse(config["sparki:storm"] ?? "")).toEqual({
      prometheusUrl: "https://prometheus.storm.sparki.tools",
    });
  });

  it("names the file that a stack lacks", () => {
    expect(() => copyProject(root, "nowhere", directory)).toThrow(/stack nowhere has no config: .*Pulumi.nowhere.yaml/);
  });
});

describe("CurrentCheckout", () => {
  it("lets a rehearsal that is gone on with find its charts, and those of the folder that is deployed now", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-checkout-"));
    try {
      const [run, work] = [join(folder, "run"), join(folder, "work")];
      for (const each of [run, work]) mkdirSync(each);
      for (const each of ["one", "other"]) {
        mkdirSync(join(folder, each, "apps"), { recursive: true });
        writeFileSync(join(folder, each, "apps", "chart"), each);
      }
      new CurrentCheckout(run, join(folder, "one")).linkCharts(work);
      const again = new CurrentCheckout(run, join(folder, "one"));
      again.linkCharts(work);
      expect(readFileSync(join(work, "apps", "chart"), "utf8")).toBe("one");
      again.use(join(folder, "other"));
      expect(readFileSync(join(work, "apps", "chart"), "utf8")).toBe("other");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

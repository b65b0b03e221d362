import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type EmptyProject, emptyProject } from "../support/empty-project.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(600_000);

const HOST = join(import.meta.dirname, "..", "..", "rehearsal", "language-host");

const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
export default async function () {
  const config = new pulumi.Config();
  if (config.getBoolean("broken")) throw new Error("the program is broken");
  const stash = new pulumi.Stash("greeting", { input: config.require("greeting") });
  return { greeting: stash.output, pid: process.version };
}
`;

describe("the language host's stand-in", () => {
  let project: EmptyProject;
  beforeEach(() => {
    project = emptyProject(PROGRAM);
  });
  afterEach(() => project.remove());

  const pulumi = (...args: string[]) => pulumiBy(`${HOST}:${dirname(toolPath("pulumi"))}:/usr/bin:/bin`, ...args);
  const pulumiBy = async (path: string, ...args: string[]) => {
    const env = { ...project.environment, PATH: path };
    const options = { cwd: project.directory, env };
    const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
    return stdout;
  };

  it("lets plain pulumi preview, up and destroy run a TypeScript program", async () => {
    await pulumi("stack", "init", "prod");
    expect(await pulumi("preview")).toContain("2 to create");
    expect(await pulumi("up", "--yes")).toContain("2 created");
    expect(JSON.parse(await pulumi("stack", "output", "--json"))).toMatchObject({ greeting: "hello" });
    expect(await pulumi("up", "--yes")).toContain("2 unchanged");
    expect(await pulumi("destroy", "--yes")).toContain("2 deleted");
  });

  it("runs with the Node.js on PATH where its folder has none, as in a sealed copy", async () => {
    const copy = join(project.directory, "sealed", "rehearsal", "language-host");
    mkdirSync(copy, { recursive: true });
    copyFileSync(join(HOST, "pulumi-language-nodejs"), join(copy, "pulumi-language-nodejs"));
    writeFileSync(join(copy, "main.ts"), `await import(${JSON.stringify(join(HOST, "main.ts"))});\n`);
    const path = [copy, dirname(process.execPath), dirname(toolPath("pulumi")), "/usr/bin", "/bin"].join(":");
    await pulumiBy(path, "stack", "init", "prod");
    expect(await pulumiBy(path, "preview")).toContain("2 to create");
  });

  it("fails the update with the program's own error", async () => {
    await pulumi("stack", "init", "prod");
    await pulumi("config", "set", "broken", "true");
    await expect(pulumi("preview")).rejects.toMatchObject({
      stdout: expect.stringContaining("the program is broken"),
    });
  });
});

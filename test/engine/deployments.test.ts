import { join } from "node:path";
import { WITH_POLICIES } from "../../delivery/pulumi-cloud.ts";
import { commandRunner } from "../../io/child-command.ts";
import { emptyProject } from "../support/empty-project.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(600_000);

const ROOT = join(import.meta.dirname, "..", "..");

describe("an operation that Pulumi Cloud runs with a deployment's settings", () => {
  const project = emptyProject("export default async () => ({});\n");
  const pulumi = commandRunner(toolPath("pulumi"), {
    ...project.environment,
    ...WITH_POLICIES,
    PATH: `${join(ROOT, "rehearsal", "language-host")}:${process.env.PATH}`,
  });
  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await pulumi([...args, "--stack", "prod", "--non-interactive"], {
      cwd: project.directory,
    });
    return { code, stdout, said: stdout + stderr };
  };

  beforeAll(async () => {
    expect(await run("stack", "init")).toMatchObject({ code: 0 });
  });
  afterAll(() => project.remove());

  it("is no update without the policies: one whose pack is not there changes nothing", async () => {
    const update = await run("up", "--yes", "--skip-preview");
    expect(update.code).not.toBe(0);
    expect(update.said).toContain('failed to load Pulumi policy project located at "policies"');
    expect(JSON.parse((await run("stack", "export")).stdout).deployment.resources ?? []).toEqual([]);
  });

  it("looks for drift, and destroys, as without them", async () => {
    expect(await run("refresh", "--preview-only")).toMatchObject({ code: 0 });
    expect(await run("destroy", "--yes")).toMatchObject({ code: 0 });
  });
});

import { join } from "node:path";
import { type CommandRunner, commandRunner } from "../../../io/child-command.ts";
import { charts } from "../../../runbook/preflight/charts.ts";
import { configWith, fakeContext, fakeState, look, realFiles, resource } from "../../support/preflight.ts";
import { toolPath } from "../../support/tool.ts";

const projectDirectory = join(import.meta.dirname, "..", "..", "..");
const real = commandRunner(toolPath("helm"), process.env);
const withHelm = (helm: CommandRunner, parts: Parameters<typeof fakeContext>[0] = {}) =>
  fakeContext({ projectDirectory, files: realFiles, commands: { aws: helm, helm, git: helm }, ...parts });

describe("charts", () => {
  it("passes for the project's own charts with prod's config, by the real helm", async () => {
    const finding = await look(charts, withHelm(real));
    expect(finding).toMatchObject({ status: "pass" });
    expect(finding.reason).toMatch(
      /^engine-one-box, engine-fleet, web-one-box, web-fleet lint and render; there is no earlier monitoring release/,
    );
  });

  it("fails with helm's own words when the config does not fit a chart", async () => {
    const config = configWith({ engine: { replicas: 3, maxReplicas: 1000 } });
    const finding = await look(charts, withHelm(real, { config }));
    expect(finding).toMatchObject({ status: "fail", fix: expect.stringContaining("apps/charts") });
    expect(finding.reason).toContain("engine-one-box does not render: ");
    expect(finding.reason).not.toContain("web-fleet");
  });

  it("tries monitoring with the values of its last release", async () => {
    const asked: unknown[] = [];
    const helm: CommandRunner = async (args, options) => {
      if (args.includes(join("apps", "charts", "monitoring"))) asked.push(JSON.parse(options?.input ?? ""));
      return { code: 0, stdout: "", stderr: "" };
    };
    const release = resource("kubernetes:helm.sh/v3:Release", "monitoring", { inputs: { values: { stack: "prod" } } });
    const finding = await look(charts, withHelm(helm, { state: fakeState([release]) }));
    expect(finding.reason).toContain("web-fleet, monitoring lint and render");
    expect(asked).toEqual([{ stack: "prod" }, { stack: "prod" }]);
  });

  it("fails for a chart that renders but does not lint", async () => {
    const helm: CommandRunner = async ([verb]) =>
      verb === "lint"
        ? { code: 1, stdout: "==> Linting web\n[WARNING] templates/: object name does not conform\n", stderr: "" }
        : { code: 0, stdout: "", stderr: "" };
    const { reason } = await look(charts, withHelm(helm));
    expect(reason).toContain("web-fleet does not lint: [WARNING] templates/: object name does not conform");
  });
});

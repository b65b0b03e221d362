import { DeployError } from "../../stacks/deploy-error.ts";
import type { HelmTemplate } from "../plan/helm-diff.ts";
import type { CommandRunner } from "./child-command.ts";

/** Renders charts of the project with `helm template`, which asks no cluster; rejects with helm's own words. */
export function helmTemplate(helm: CommandRunner, projectDirectory: string): HelmTemplate {
  return async ({ release, namespace, chart, values, kubernetesVersion }) => {
    // What is known only after the deployment would not meet the chart's schema; preflight checks that.
    const common = [
      "--skip-schema-validation",
      "--namespace",
      namespace,
      "--kube-version",
      `${kubernetesVersion}.0`,
      "--values",
      "-",
    ];
    const options = { cwd: projectDirectory, input: JSON.stringify(values) };
    const { code, stdout, stderr } = await helm(["template", release, chart, ...common], options);
    if (code !== 0) throw new DeployError("SPARKI_OUTSIDE", `helm template ${release}: ${stderr.trim()}`);
    return stdout;
  };
}

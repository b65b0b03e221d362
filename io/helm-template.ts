import { DeployError } from "../shared/deploy-error.ts";

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

export interface HelmRequest {
  readonly release: string;
  readonly namespace: string;
  /** Relative to the project's folder. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The cluster's, such as `1.35`. */
  readonly kubernetesVersion: string;
}

/** Renders a chart to its manifests; rejects when it cannot be rendered. */
export type HelmTemplate = (request: HelmRequest) => Promise<string>;

import { DeployError } from "../shared/deploy-error.ts";
import { type TemplatedRelease, templateArguments } from "../tools/template-arguments.ts";
import type { CommandRunner } from "./child-command.ts";

/** Renders charts of the project with `helm template`, which asks no cluster; rejects with helm's own words. */
export function helmTemplate(helm: CommandRunner, projectDirectory: string): HelmTemplate {
  return async (request) => {
    const options = { cwd: projectDirectory, input: JSON.stringify(request.values) };
    const { code, stdout, stderr } = await helm(templateArguments(request), options);
    if (code !== 0) throw new DeployError("SPARKI_OUTSIDE", `helm template ${request.release}: ${stderr.trim()}`);
    return stdout;
  };
}

/** The chart's folder is relative to the project's. */
export interface HelmRequest extends TemplatedRelease {
  readonly values: Readonly<Record<string, unknown>>;
}

/** Renders a chart to its manifests; rejects when it cannot be rendered. */
export type HelmTemplate = (request: HelmRequest) => Promise<string>;

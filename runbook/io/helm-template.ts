import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError } from "../../stacks/deploy-error.ts";
import type { HelmTemplate } from "../plan/helm-diff.ts";
import type { CommandRunner } from "./child-command.ts";

/** Renders charts of the project with `helm template`, which asks no cluster; rejects with helm's own words. */
export function helmTemplate(helm: CommandRunner, projectDirectory: string): HelmTemplate {
  return async ({ release, namespace, chart, values }) => {
    const folder = await mkdtemp(join(tmpdir(), "sparki-helm-"));
    try {
      const file = join(folder, "values.json");
      await writeFile(file, JSON.stringify(values), { mode: 0o600 });
      const args = ["template", release, chart, "--namespace", namespace, "--values", file];
      const { code, stdout, stderr } = await helm(args, { cwd: projectDirectory });
      if (code !== 0) throw new DeployError("SPARKI_OUTSIDE", `helm template ${release}: ${stderr.trim()}`);
      return stdout;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

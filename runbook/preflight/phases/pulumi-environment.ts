import { existsSync } from "node:fs";
import { join } from "node:path";
import { allowedEnvironment, type Environment } from "../../../io/seal/environment.ts";
import { PROJECT_DIRECTORY } from "../../project.ts";
import type { Backends, Project } from "./context.ts";

/** The folders that the projects' config is in: Pulumi writes into it. */
export const PROJECT_FOLDERS: Readonly<Record<Project, string>> = {
  sparki: PROJECT_DIRECTORY,
  "sparki-delivery": join(PROJECT_DIRECTORY, "delivery"),
};

/** The policies that a project's previews and updates are judged by. */
export const PROJECT_POLICIES: Readonly<Record<Project, string>> = {
  sparki: join(PROJECT_DIRECTORY, "policies", "pack"),
  "sparki-delivery": join(PROJECT_DIRECTORY, "policies", "delivery", "pack"),
};

/** Where a folder's first state keeps the passphrase of its secrets, of which there are none. */
export const passphraseFile = ({ folderPath }: Pick<Backends, "folderPath">) => join(folderPath, "passphrase");

/**
 * What Pulumi gets in one of the projects' folders. Delivery's state holds no secret, so a passphrase in its folder does for
 * it; a person's own counts where there is none. Only a key service on this machine, a rehearsal's, may stand in for AWS's.
 */
export function pulumiEnvironment(env: Environment, backend: string, backends: Backends): Record<string, string> {
  const { AWS_ENDPOINT_URL_KMS: keys } = env;
  const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE, ...others } = allowedEnvironment(env);
  const own = {
    ...(PULUMI_CONFIG_PASSPHRASE !== undefined && { PULUMI_CONFIG_PASSPHRASE }),
    ...(PULUMI_CONFIG_PASSPHRASE_FILE !== undefined && { PULUMI_CONFIG_PASSPHRASE_FILE }),
  };
  const file = passphraseFile(backends);
  return {
    ...others,
    PULUMI_BACKEND_URL: backend,
    ...(existsSync(file) ? { PULUMI_CONFIG_PASSPHRASE_FILE: file } : own),
    ...(keys !== undefined && /^http:\/\/127\.\d+\.\d+\.\d+:\d+$/.test(keys) && { AWS_ENDPOINT_URL_KMS: keys }),
  };
}

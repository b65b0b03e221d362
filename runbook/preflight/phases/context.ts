import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DeliveryConfig } from "../../../delivery/config.ts";
import type { CommandOutput, CommandRunner } from "../../../io/child-command.ts";
import { allowedEnvironment, type Environment } from "../../../io/seal/environment.ts";
import { PROJECT_DIRECTORY } from "../../project.ts";
import type { Group, Look } from "../check.ts";
import type { PreflightContext } from "../context.ts";

/** The account's delivery, as its config describes it. */
export interface Delivered {
  /** The name of delivery's own stack: of the file below `delivery/`. */
  readonly stack: string;
  readonly config: DeliveryConfig;
}

/** Where states are, by the address that `pulumi login` takes. */
export interface Backends {
  /** The account's bucket, or what PULUMI_BACKEND_URL names in its place. */
  readonly states: string;
  /** Where delivery's state is until there is a bucket: a folder of the user's. */
  readonly folder: string;
  /** The same folder's path. */
  readonly folderPath: string;
}

/** A Pulumi project of this checkout: the deployment's own, or delivery's. */
export type Project = "sparki" | "sparki-delivery";

/** Everything that the checks of the bootstrap's steps need beyond the checklist's. */
export interface PhaseContext extends PreflightContext {
  /** The stack as the backend knows it. */
  readonly fullName: string;
  /** Throws SPARKI_CONFIG with every problem of delivery's config. */
  delivered(): Delivered;
  readonly backends: Backends;
  /** Runs the Pulumi CLI in a project's folder against a backend, and changes nothing: it is for questions. */
  pulumi(project: Project, backend: string, args: readonly string[], signal: AbortSignal): Promise<CommandOutput>;
  /** The Pulumi that a shell would run, from PATH. */
  readonly shellPulumi: CommandRunner;
  /** Of the process. */
  readonly nodeVersion: string;
}

/** A check of a step: the checklist's own are some of them. */
export interface PhaseCheck extends Look<PhaseContext> {
  readonly group: Group;
  readonly proves: string;
}

/** Whether states are in a bucket of S3, and so encrypted by keys of delivery's. */
export function isBucket(backend: string): boolean {
  return backend.startsWith("s3://");
}

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

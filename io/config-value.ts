import { DeployError } from "../shared/deploy-error.ts";
import type { CommandRunner } from "./child-command.ts";
import { backendHint, reasonIn, STACK_NOT_FOUND } from "./pulumi-process.ts";

/** The stack whose config is read, by the Pulumi CLI in the project's folder. */
export interface ConfiguredStack {
  readonly pulumi: CommandRunner;
  readonly projectDirectory: string;
  /** As the backend knows it. */
  readonly fullName: string;
}

const ABSENT = /configuration key .* not found/i;

/**
 * A value of a stack's config, in plain text if it is a secret; undefined where the config has none. Throws SPARKI_OUTSIDE
 * for one that cannot be read, a secret without its passphrase for one: that is no config without it.
 */
export async function configValue(
  { fullName, projectDirectory, pulumi }: ConfiguredStack,
  key: string,
): Promise<string | undefined> {
  const asked = ["config", "get", key, "--stack", fullName, "--non-interactive"];
  const { code, stderr, stdout } = await pulumi(asked, { cwd: projectDirectory });
  if (code === 0) return stdout.trim() || undefined;
  if (code === STACK_NOT_FOUND || ABSENT.test(stderr)) return undefined;
  const reason = reasonIn(stderr).split("\n")[0] ?? "";
  throw new DeployError("SPARKI_OUTSIDE", `${key} of stack ${fullName} cannot be read: ${reason}`, {
    hint: /passphrase|decrypt/i.test(reason)
      ? "export PULUMI_CONFIG_PASSPHRASE_FILE=<file>, then run the same command again"
      : backendHint(reason),
  });
}

import type { Update } from "../records/update.ts";
import { backendFolder } from "./backend-folder.ts";
import { type PulumiCommand, readCliHistory } from "./cli-history.ts";
import { readFileHistory } from "./file-history.ts";

export interface HistoryOptions {
  /** As `pulumi whoami` tells it, such as https://api.pulumi.com, file:///srv/state or s3://bucket. */
  readonly backendUrl: string;
  /** Where a relative `file://` begins. */
  readonly projectDirectory: string;
  readonly project: string;
  readonly stack: string;
  readonly pulumi: PulumiCommand;
}

/** A stack's updates, newest first, from whatever backend keeps them. */
export async function readHistory(options: HistoryOptions): Promise<readonly Update[]> {
  const { backendUrl, projectDirectory, project, stack, pulumi } = options;
  if (!backendUrl.startsWith("file://")) return readCliHistory(pulumi);
  return readFileHistory(backendFolder(backendUrl, projectDirectory), project, stack);
}

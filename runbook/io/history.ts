import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Update } from "../deploy/update.ts";
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
  return readFileHistory(folderOf(backendUrl, projectDirectory), project, stack);
}

/** `file://~` is the home folder, and `file://./state` one beside the project: neither is a path as URLs know it. */
function folderOf(url: string, projectDirectory: string): string {
  const path = url.slice("file://".length);
  if (path.startsWith("~")) return path.replace("~", process.env.HOME ?? "~");
  return path.startsWith("/") ? fileURLToPath(url) : resolve(projectDirectory, path);
}

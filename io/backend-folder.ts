import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of a `file:` backend. `file://~` is the home folder, and `file://./state` one beside the project: neither is
 * a path as URLs know it. Options behind a question mark are not of the path.
 */
export function backendFolder(url: string, projectDirectory: string): string {
  const [path = ""] = url.slice("file://".length).split("?");
  if (path.startsWith("~")) return path.replace("~", homedir());
  return path.startsWith("/") ? fileURLToPath(url) : resolve(projectDirectory, path);
}

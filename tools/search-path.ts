import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Tool } from "./tool.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The first executable of that name on PATH; undefined when there is none. */
export function which(name: string, env: Env): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** A tool on PATH whose own answer is a version that is good enough; undefined when there is none. */
export async function findOnPath(tool: Tool, env: Env): Promise<string | undefined> {
  const path = which(tool.name, env);
  if (path === undefined) return undefined;
  const version = versionIn(await output(path, tool.ask, env));
  return version !== undefined && tool.accepts(version) ? path : undefined;
}

/** The first `x.y` or `x.y.z` of a text. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0];
}

/** What a program prints, on either stream; empty when it fails or takes longer than 10 seconds. */
export function output(path: string, args: readonly string[], env: Env): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 10_000 };
    execFile(path, args, options, (error, stdout, stderr) => resolve(error ? "" : `${stdout}\n${stderr}`));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

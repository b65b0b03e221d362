import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Where a pod has its volumes; a process of this machine finds them below its root. */
const MOUNTED = /(?<![\w./-])\/(?=(?:mnt|etc\/sparki)\/)/g;

/**
 * Runs a shell's script as a container of PostgreSQL's client image would: the shell is real, `psql` is `psql.ts`, and
 * paths of volumes lead below `root`. Returns the shell's exit code.
 */
export async function shell(words: readonly string[], root: string): Promise<number> {
  const args = words.map((word) => word.replaceAll(MOUNTED, `${root}/`));
  const programs = join(import.meta.dirname, "bin");
  const child = spawn("/bin/sh", args, {
    env: { ...process.env, PATH: `${programs}:${process.env.PATH ?? "/usr/bin:/bin"}`, SPARKI_NODE: process.execPath },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "close");
  return typeof code === "number" ? code : 1;
}

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_DIRECTORY } from "../../runbook/project.ts";

/** Runs git in a folder, as somebody. */
export function gitIn(folder: string): (...args: readonly string[]) => string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
  return (...args) => execFileSync("git", ["-C", folder, ...who, ...args], { encoding: "utf8" });
}

/** The project as it is here, as one commit of a repository of its own. */
export function commitCopy(folder: string): void {
  const list = ["-C", PROJECT_DIRECTORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  for (const path of execFileSync("git", list, { encoding: "utf8" }).split("\0").filter(Boolean)) {
    // A config of a stack that another test had for a while.
    if (!existsSync(join(PROJECT_DIRECTORY, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(PROJECT_DIRECTORY, path), join(folder, path));
  }
  const git = gitIn(folder);
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "All of it");
}

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { messageOf } from "../../shared/message-of.ts";
import type { Environment } from "./environment.ts";
import { type Files, refusedKind, type SourceFile } from "./files.ts";

/** The files that a plan is made of. */
export interface Source {
  /** The commit whose very content these files are; undefined where they are no commit's. */
  readonly commit: string | undefined;
  /** Why they are no commit's; undefined where they are. */
  readonly gap: string | undefined;
  readonly files: Files;
}

/** What no plan is made of: it is installed, or made by sparki itself. */
const OWN_FOLDERS = ["node_modules", ".git", ".sparki", "coverage"];
const MAX_SHOWN = 5;

/**
 * Reads a checkout: out of git's own objects where it is a clean commit, so that nothing git was told not to see gets in;
 * as it is, with the reason, where it is not. Throws SPARKI_USAGE for links, and for what is no plain file.
 */
export function readSource(checkout: string, env: Environment): Source {
  const git = gitIn(checkout, env);
  let head: string;
  try {
    head = git(["rev-parse", "--verify", "HEAD^{commit}"]).toString().trim();
  } catch (error) {
    return { commit: undefined, gap: `it is no commit: ${reasonOf(error)}`, files: filesOnDisk(checkout) };
  }
  const changed = changedIn(git);
  if (changed.length === 0) {
    const files = filesOfCommit(git, head);
    if (files !== undefined) return { commit: head, gap: undefined, files };
    return {
      commit: undefined,
      gap: "no commit has it: git leaves the whole folder out",
      files: filesOnDisk(checkout),
    };
  }
  const rest = changed.length - MAX_SHOWN;
  const named = [...changed.slice(0, MAX_SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
  return { commit: undefined, gap: `no commit has it: ${named}`, files: filesOfWorkTree(git, checkout) };
}

type Git = (args: readonly string[], input?: string) => Buffer;

/** Git that runs no hook, asks no monitor and replaces no object. */
function gitIn(checkout: string, { PATH, HOME }: Environment): Git {
  const env = {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
  };
  const settings = ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"];
  return (args, input) =>
    execFileSync("git", ["-C", checkout, ...settings, ...args], {
      env,
      maxBuffer: 1 << 30,
      stdio: ["pipe", "pipe", "pipe"],
      ...(input === undefined ? {} : { input }),
    });
}

/** Paths that differ from the commit, and those that no commit has. */
function changedIn(git: Git): string[] {
  const status = git(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", "."]);
  return entriesOf(status).map((entry) => entry.slice(3));
}

function filesOfWorkTree(git: Git, checkout: string): Files {
  const paths = entriesOf(git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]));
  const files = new Map<string, SourceFile>();
  for (const path of new Set(paths)) {
    const file = fileOnDisk(checkout, path);
    if (file !== undefined) files.set(path, file);
  }
  return files.has("package.json") ? files : filesOnDisk(checkout);
}

/** Every file in the folder, where git cannot say which are the project's. */
function filesOnDisk(checkout: string): Files {
  const files = new Map<string, SourceFile>();
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = relative(checkout, join(folder, entry.name));
      if (OWN_FOLDERS.includes(path)) continue;
      if (entry.isDirectory()) walk(join(folder, entry.name));
      else {
        const file = fileOnDisk(checkout, path);
        if (file !== undefined) files.set(path, file);
      }
    }
  };
  walk(checkout);
  return files;
}

function fileOnDisk(checkout: string, path: string): SourceFile | undefined {
  const found = lstatSync(join(checkout, path), { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile()) throw refusedKind(path, found.isSymbolicLink());
  return { content: readFileSync(join(checkout, path)), isExecutable: (found.mode & 0o100) !== 0 };
}

interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  readonly path: string;
}

/** The commit's files; what git hands out is hashed again, up to the commit's own id. Undefined where it has none here. */
function filesOfCommit(git: Git, commit: string): Files | undefined {
  const entries = entriesOf(git(["ls-tree", "-r", "-z", commit])).map((line): TreeEntry => {
    const [mode = "", , id = "", path = ""] = /^(\d+) (\w+) ([0-9a-f]+)\t([\s\S]*)$/.exec(line)?.slice(1) ?? [];
    return { mode, id, path };
  });
  if (entries.length === 0) return undefined;
  for (const { mode, path } of entries) {
    if (mode !== "100644" && mode !== "100755") throw refusedKind(path, mode === "120000");
  }
  const contents = blobsOf(git, entries);
  assertCommit(git, commit, entries);
  return new Map(
    entries.map(({ mode, path }, index) => [
      path,
      { content: contents[index] ?? Buffer.alloc(0), isExecutable: mode === "100755" },
    ]),
  );
}

function blobsOf(git: Git, entries: readonly TreeEntry[]): Buffer[] {
  const all = git(["cat-file", "--batch"], entries.map(({ id }) => `${id}\n`).join(""));
  let offset = 0;
  return entries.map(({ id, path }) => {
    const end = all.indexOf("\n", offset);
    const size = Number(all.toString("latin1", offset, end).split(" ")[2]);
    const content = all.subarray(end + 1, end + 1 + size);
    offset = end + 2 + size;
    if (objectId("blob", content, id) !== id) throw notGits(`${path} is not what its id says`);
    return content;
  });
}

/** Throws unless these entries are the tree that the commit names; of a project below a repository's top, its own tree. */
function assertCommit(git: Git, commit: string, entries: readonly TreeEntry[]): void {
  const tree = treeId(entries, commit);
  const prefix = git(["rev-parse", "--show-prefix"]).toString().trim();
  if (prefix !== "") {
    if (
      git(["rev-parse", `${commit}:./`])
        .toString()
        .trim() !== tree
    )
      throw notGits("the tree is not the commit's");
    return;
  }
  const content = git(["cat-file", "commit", commit]);
  if (objectId("commit", content, commit) !== commit || !content.toString("latin1").startsWith(`tree ${tree}\n`))
    throw notGits("the tree is not the commit's");
}

/** The id that git gives a folder of these entries. */
function treeId(entries: readonly TreeEntry[], like: string): string {
  const children = new Map<string, TreeEntry[]>();
  const own: { readonly mode: string; readonly name: string; readonly id: string }[] = [];
  for (const { mode, id, path } of entries) {
    const slash = path.indexOf("/");
    if (slash < 0) own.push({ mode, name: path, id });
    else {
      const name = path.slice(0, slash);
      children.set(name, [...(children.get(name) ?? []), { mode, id, path: path.slice(slash + 1) }]);
    }
  }
  for (const [name, below] of children) own.push({ mode: "40000", name, id: treeId(below, like) });
  // Git sorts a folder as if its name ended with a slash.
  const key = ({ mode, name }: (typeof own)[number]) => Buffer.from(mode === "40000" ? `${name}/` : name);
  own.sort((one, other) => Buffer.compare(key(one), key(other)));
  const parts = own.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]);
  return objectId("tree", Buffer.concat(parts), like);
}

/** An object's id, by the algorithm of an id that the repository has. */
function objectId(type: string, content: Buffer, like: string): string {
  return createHash(like.length === 64 ? "sha256" : "sha1")
    .update(`${type} ${content.length}\0`)
    .update(content)
    .digest("hex");
}

function entriesOf(output: Buffer): string[] {
  return output
    .toString()
    .split("\0")
    .filter((entry) => entry !== "");
}

function notGits(what: string): DeployError {
  return new DeployError("SPARKI_USAGE", `git handed out something else than the commit: ${what}`, {
    hint: "git fsck",
  });
}

function reasonOf(error: unknown): string {
  const stderr = typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr) : "";
  const lines = stderr.trim().split("\n");
  return (lines[0] || messageOf(error)).replace(/^fatal: /, "");
}

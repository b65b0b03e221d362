import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { type Environment, GIT_SETTINGS, gitEnvironment, pathOutside } from "./environment.ts";
import { assertPaths, type Files, MOST_BYTES, refusedKind, refusedSize, type SourceFile } from "./files.ts";

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
 * as it is, with the reason, where it is not. Throws SPARKI_USAGE for links, and for what is not a regular file.
 */
export function readSource(checkout: string, env: Environment): Source {
  const git = gitIn(checkout, env);
  let head: string;
  try {
    head = git(["rev-parse", "--verify", "HEAD^{commit}"]).toString().trim();
  } catch (error) {
    return { commit: undefined, gap: `it is not a commit: ${reasonOf(error)}`, files: filesOnDisk(checkout) };
  }
  const committed = entriesOfCommit(git, head);
  const { changed, same } = comparedWith(committed, git, checkout);
  if (changed.length === 0) {
    const files = filesOfCommit(git, head, committed, same);
    if (files !== undefined) return { commit: head, gap: undefined, files };
    return {
      commit: undefined,
      gap: "not committed: git ignores the whole folder",
      files: filesOnDisk(checkout),
    };
  }
  const rest = changed.length - MAX_SHOWN;
  const named = [...changed.slice(0, MAX_SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
  return { commit: undefined, gap: `not committed: ${named}`, files: filesOfWorkTree(git, checkout) };
}

/** The files of one commit of a checkout's repository. */
export interface Committed {
  /** Its full id. */
  readonly commit: string;
  readonly files: Files;
}

/**
 * Reads any commit that a name stands for, out of git's own objects, each hashed again; the work tree counts for nothing.
 * Throws SPARKI_USAGE for a name that no commit here has, and for a commit without the project.
 */
export function readCommit(checkout: string, name: string, env: Environment): Committed {
  const git = gitIn(checkout, env);
  const commit = commitNamed(git, name);
  const files = filesOfCommit(git, commit, entriesOfCommit(git, commit), new Map());
  if (files?.has("runbook/sparki.ts") === true && files.has("package-lock.json")) return { commit, files };
  const missing = "it has no runbook/sparki.ts or no package-lock.json";
  throw new DeployError(
    "SPARKI_USAGE",
    `commit ${commit.slice(0, 12)} (${name}) is not one of this project: ${missing}`,
    {
      hint: "name a commit that npx sparki plan could be run on, such as origin/main",
    },
  );
}

function commitNamed(git: Git, name: string): string {
  try {
    return git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`])
      .toString()
      .trim();
  } catch (error) {
    // Quiet about a name that is not known, git says only what else is wrong.
    const said = typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr).trim() : "";
    const why = said === "" ? "" : `: ${reasonOf(error)}`;
    const found = `${JSON.stringify(name)} is no commit, branch or tag of this repository${why}`;
    throw new DeployError("SPARKI_USAGE", found, {
      hint: "git fetch, then run the same command again; git log --oneline lists the commits that are here",
      cause: error,
    });
  }
}

type Git = (args: readonly string[], input?: string) => Buffer;

/**
 * Git that runs nothing of the checkout's: it is asked by commands that only read its objects and its index, which start
 * no hook, monitor, filter, signature check or transport, whatever the repository's settings say.
 */
function gitIn(checkout: string, env: Environment): Git {
  const own = gitEnvironment(env.PATH === undefined ? env : { ...env, PATH: pathOutside(env.PATH, checkout) });
  return (args, input) =>
    execFileSync("git", ["-C", checkout, ...GIT_SETTINGS, ...args], {
      env: own,
      maxBuffer: 1 << 30,
      stdio: ["pipe", "pipe", "pipe"],
      ...(input === undefined ? {} : { input }),
    });
}

interface Compared {
  /** Paths that differ from the commit, and those that no commit has. */
  readonly changed: readonly string[];
  /** By path the content that is the commit's own. */
  readonly same: ReadonlyMap<string, Buffer>;
}

/**
 * Compared here, byte by byte: git would run the filters that the repository's settings name. What git was told not to
 * see is not compared; it is not sealed either.
 */
function comparedWith(committed: readonly TreeEntry[], git: Git, checkout: string): Compared {
  const ids = new Map(committed.map(({ path, mode, id }) => [path, `${mode} ${id}`]));
  const unseen = new Set(entriesOf(git(["ls-files", "-z", "-v"])).flatMap((entry) => UNSEEN.exec(entry)?.[1] ?? []));
  const staged = entriesOf(git(["ls-files", "-z", "--stage"])).map((entry) => {
    const [mode = "", id = "", stage = "", path = ""] = /^(\d+) (\w+) (\d)\t([\s\S]*)$/.exec(entry)?.slice(1) ?? [];
    return { path, id, isCommitted: stage === "0" && ids.get(path) === `${mode} ${id}` };
  });
  const same = new Map<string, Buffer>();
  const changed = staged.filter(({ path, id, isCommitted }) => {
    if (!isCommitted) return true;
    if (unseen.has(path)) return false;
    const content = plainContent(join(checkout, path));
    if (content === undefined || objectId("blob", content, id) !== id) return true;
    same.set(path, content);
    return false;
  });
  const tracked = new Set(staged.map(({ path }) => path));
  const removed = committed.filter(({ path }) => !tracked.has(path));
  const untracked = entriesOf(git(["ls-files", "-z", "--others", "--exclude-standard"]));
  const paths = [...[...changed, ...removed].map(({ path }) => path), ...untracked];
  return { changed: [...new Set(paths)].sort(), same };
}

/** By `ls-files -v`: assumed to be unchanged, or not in the work tree. */
const UNSEEN = /^[a-zS] ([\s\S]*)$/;

/** Undefined for what is no plain file, and for one that is too large. */
function plainContent(path: string): Buffer | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size <= MOST_BYTES ? readFileSync(path) : undefined;
}

function filesOfWorkTree(git: Git, checkout: string): Files {
  const paths = entriesOf(git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]));
  assertPaths(paths);
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
  if (found.size > MOST_BYTES) throw refusedSize(path, found.size);
  return { content: readFileSync(join(checkout, path)), isExecutable: (found.mode & 0o100) !== 0 };
}

interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What a commit has in this folder and below it. */
function entriesOfCommit(git: Git, commit: string): TreeEntry[] {
  return entriesOf(git(["ls-tree", "-r", "-l", "-z", commit])).map((line) => {
    const [mode = "", id = "", size = "", path = ""] =
      /^(\d+) \w+ ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line)?.slice(1) ?? [];
    return { mode, id, path, size: Number(size) };
  });
}

/**
 * The commit's files: git is asked only for content that was not found on disk, and what it hands out is hashed again, up
 * to the commit's own id. Undefined where the commit has none here.
 */
function filesOfCommit(
  git: Git,
  commit: string,
  entries: readonly TreeEntry[],
  known: ReadonlyMap<string, Buffer>,
): Files | undefined {
  if (entries.length === 0) return undefined;
  assertPaths(entries.map(({ path }) => path));
  for (const { mode, path, size } of entries) {
    if (mode !== "100644" && mode !== "100755") throw refusedKind(path, mode === "120000");
    if (size > MOST_BYTES) throw refusedSize(path, size);
  }
  const others = blobsOf(
    git,
    entries.filter(({ path }) => !known.has(path)),
  );
  assertCommit(git, commit, entries);
  return new Map(
    entries.map(({ mode, path }) => {
      const content = known.get(path) ?? others.get(path);
      if (content === undefined) throw notGits(`it did not say what is in ${path}`);
      return [path, { content, isExecutable: mode === "100755" }];
    }),
  );
}

function blobsOf(git: Git, entries: readonly TreeEntry[]): ReadonlyMap<string, Buffer> {
  if (entries.length === 0) return new Map();
  const all = git(["cat-file", "--batch"], entries.map(({ id }) => `${id}\n`).join(""));
  let offset = 0;
  const blobs = entries.map(({ id, path }): [string, Buffer] => {
    const end = all.indexOf("\n", offset);
    const size = Number(all.toString("latin1", offset, end).split(" ")[2]);
    const content = all.subarray(end + 1, end + 1 + size);
    offset = end + 2 + size;
    if (objectId("blob", content, id) !== id) throw notGits(`${path} does not match its id`);
    return [path, content];
  });
  return new Map(blobs);
}

/** Throws unless these entries are the tree that the commit names, or the one in it of a project below the top. */
function assertCommit(git: Git, commit: string, entries: readonly TreeEntry[]): void {
  const content = git(["cat-file", "commit", commit]);
  if (objectId("commit", content, commit) !== commit) throw notGits("the commit does not match its id");
  let tree = /^tree ([0-9a-f]+)\n/.exec(content.toString("latin1"))?.[1];
  const prefix = git(["rev-parse", "--show-prefix"]).toString().trim();
  for (const name of prefix.split("/").filter((each) => each !== "")) tree = childOf(git, tree ?? "", name);
  if (tree !== treeId(entries, commit)) throw notGits("the tree is not the commit's");
}

/** The id of a folder in another one, whose own id is verified. */
function childOf(git: Git, tree: string, name: string): string | undefined {
  const content = git(["cat-file", "tree", tree]);
  if (objectId("tree", content, tree) !== tree) throw notGits(`the folder with ${name} does not match its id`);
  const bytes = tree.length / 2;
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(0, at);
    const [, found = ""] = content.toString("utf8", at, end).split(/ ([\s\S]*)/);
    at = end + 1 + bytes;
    if (found === name) return content.toString("hex", end + 1, at);
  }
  return undefined;
}

/** The id that git gives a folder of these entries. */
function treeId(entries: readonly Omit<TreeEntry, "size">[], like: string): string {
  const children = new Map<string, Omit<TreeEntry, "size">[]>();
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
  return new DeployError("SPARKI_USAGE", `git checked out something other than the commit: ${what}`, {
    hint: "git fsck",
  });
}

function reasonOf(error: unknown): string {
  const stderr = typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr) : "";
  const lines = stderr.trim().split("\n");
  return (lines[0] || messageOf(error)).replace(/^fatal: /, "");
}

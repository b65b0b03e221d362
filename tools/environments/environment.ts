import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { cacheDirectory, MANIFEST } from "../cache.ts";
import { which } from "../tool.ts";

/** What an environment is made of, and given back by its `undo`. */
export interface Made {
  /** The folder that the command runs in. */
  readonly cwd: string;
  /** Set over the sweep's own variables; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The command; by default the sweep's own, in `cwd`. */
  readonly argv?: readonly string[];
  readonly uid?: number;
  /** Streams that are closed before the command begins. */
  readonly closed?: readonly (0 | 1 | 2)[];
  readonly umask?: number;
  undo?(): void;
}

/** What makes one: a clone of this checkout with its packages, and an empty folder beside it. */
export interface Bench {
  /** The clone, in a folder of this name. */
  clone(name?: string, options?: CloneOptions): string;
  readonly folder: string;
  /** The program of the command line in a clone, with its arguments. */
  sparki(clone: string): readonly string[];
  /** The arguments of sparki, without its program. */
  readonly words: readonly string[];
}

export interface CloneOptions {
  /** Of `git clone`, such as `--depth=1`. */
  readonly git?: readonly string[];
}

/** An environment of the sweep: how it is made, and what must become of the command in it. */
export interface Environment {
  readonly name: string;
  readonly what: string;
  /** It is about what a rehearsal writes, so that a preview alone would not meet it. */
  readonly isWhole?: true;
  /** Words of the message that must end it, as a mistake or an outside fault; @default the command succeeds */
  readonly refusal?: RegExp;
  /** Throws NotHere where this machine cannot make it. */
  make(bench: Bench): Made;
}

/** Why an environment cannot be made on this machine. */
export class NotHere extends Error {}

const isRoot = process.getuid?.() === 0;
/** Nobody, on every Linux. */
const STRANGER = 65_534;

const inFolder = (name: string, what: string, folder: string): Environment => ({
  name,
  what,
  make: (bench) => ({ cwd: bench.clone(folder) }),
});

const withVariables = (name: string, what: string, env: (bench: Bench) => Made["env"]): Environment => ({
  name,
  what,
  make: (bench) => ({ cwd: bench.clone(), env: env(bench) ?? {} }),
});

const NOBODY_LISTENS = "http://127.0.0.1:9";

export const ENVIRONMENTS: readonly Environment[] = [
  withVariables("plain", "a plain clone", () => ({})),
  withVariables("proxies", "unreachable proxies, in both spellings, and a no_proxy with a space", () => ({
    http_proxy: NOBODY_LISTENS,
    https_proxy: NOBODY_LISTENS,
    HTTP_PROXY: NOBODY_LISTENS,
    HTTPS_PROXY: NOBODY_LISTENS,
    no_proxy: "example.com, .internal",
  })),
  {
    ...withVariables("tmpdir-missing", "TMPDIR names a folder that does not exist", ({ folder }) => ({
      TMPDIR: join(folder, "gone"),
    })),
    refusal: /TMPDIR is .*gone.*is not there/s,
  },
  withVariables("home-unset", "no HOME", () => ({ HOME: undefined })),
  withVariables("home-missing", "HOME names a folder that does not exist", ({ folder }) => ({
    HOME: join(folder, "gone"),
  })),
  inFolder("percent-folder", "a folder whose name looks percent-encoded", "feature%2Fx 100%"),
  inFolder("hash-folder", "a folder with #", "c# x"),
  inFolder("question-folder", "a folder with ?", "what?x=1"),
  inFolder("blank-folder", "a folder with spaces", "two  words"),
  inFolder("letters-folder", "a folder whose name is not ASCII", "Büro-日本-ñ"),
  {
    name: "autocrlf",
    what: "a clone with core.autocrlf=true",
    make: (bench) => ({ cwd: bench.clone("clone", { git: ["-c", "core.autocrlf=true"] }) }),
  },
  {
    name: "shallow",
    what: "a clone of one commit",
    make: (bench) => ({ cwd: bench.clone("clone", { git: ["--depth=1"] }) }),
  },
  {
    name: "worktree",
    what: "a git worktree",
    make: (bench) => {
      const clone = bench.clone();
      const tree = join(bench.folder, "worktree");
      execFileSync("git", ["-C", clone, "worktree", "add", "--quiet", "--detach", tree]);
      renameSync(join(clone, "node_modules"), join(tree, "node_modules"));
      return { cwd: tree, undo: () => renameSync(join(tree, "node_modules"), join(clone, "node_modules")) };
    },
  },
  {
    name: "no-repository",
    what: "an unpacked archive, without .git",
    make: (bench) => {
      const clone = bench.clone();
      rmSync(join(clone, ".git"), { recursive: true });
      return { cwd: clone };
    },
  },
  {
    name: "no-git",
    what: "no git on PATH",
    make: (bench) => {
      const clone = bench.clone();
      return { cwd: clone, env: { PATH: pathWithout("git", bench.folder) } };
    },
  },
  {
    name: "subfolder",
    what: "npx from a subfolder",
    make: (bench) => {
      const clone = bench.clone();
      return { cwd: join(clone, "docs"), argv: ["npx", "sparki", ...bench.words] };
    },
  },
  {
    name: "node-run",
    what: "node --run from a subfolder",
    make: (bench) => {
      const clone = bench.clone();
      const argv = [process.execPath, "--run", "sparki", "--", ...bench.words];
      return { cwd: join(clone, "docs"), argv };
    },
  },
  withVariables("no-terminal", "no TERM, and the C locale", () => ({ TERM: undefined, LANG: "C", LC_ALL: "C" })),
  {
    name: "umask-077",
    what: "a umask that denies others access to all new files",
    make: (bench) => ({ cwd: bench.clone(), umask: 0o077 }),
  },
  ...([0, 1, 2] as const).map((stream): Environment => {
    const name = ["stdin", "stdout", "stderr"][stream];
    return {
      name: `closed-${name}`,
      what: `${name} is closed`,
      make: (bench) => ({ cwd: bench.clone(), closed: [stream] }),
    };
  }),
  {
    name: "other-user",
    what: "another user than the checkout's owner",
    make: otherUser,
    isWhole: true,
    refusal: /\.sparki\S* cannot be written to/,
  },
  {
    name: "other-user-place",
    what: "another user, with its own folder in SPARKI_REHEARSAL_DIRECTORY",
    make: (bench) => {
      const made = otherUser(bench);
      return { ...made, env: { ...made.env, SPARKI_REHEARSAL_DIRECTORY: join(bench.folder, "home", "rehearsals") } };
    },
    isWhole: true,
  },
  {
    name: "read-only",
    what: "a read-only checkout",
    make: (bench) => {
      const clone = bench.clone();
      if (!isRoot) {
        execFileSync("chmod", ["-R", "a-w", clone]);
        return { cwd: clone, undo: () => execFileSync("chmod", ["-R", "u+w", clone]) };
      }
      mount(["--bind", clone, clone]);
      mount(["-o", "remount,ro,bind", clone]);
      return { cwd: clone, undo: () => execFileSync("umount", [clone]) };
    },
    isWhole: true,
    refusal: /\.sparki\S* cannot be written to/,
  },
  {
    name: "full-disk",
    what: "8 MB of disk for a rehearsal's files",
    make: (bench) => onDisk(bench, "size=8m").made,
    isWhole: true,
    refusal: /disk has too little free space at \S+disk\S*: \d+ MiB are free; expected 500/,
  },
  {
    name: "no-more-files",
    what: "a disk on which only a few more files can be created",
    make: (bench) => onDisk(bench, "size=900m,nr_inodes=500").made,
    isWhole: true,
    refusal: /disk has too little free space at \S+disk\S*: .*more files fit there/,
  },
  {
    name: "filling-disk",
    what: "a disk that fills up some seconds after the rehearsal starts",
    make: (bench) => {
      const { disk, made } = onDisk(bench, "size=540m");
      const filling = setInterval(() => {
        if (!existsSync(join(disk, "prod", "etcd"))) return;
        clearInterval(filling);
        // dd ends when there is no more room.
        spawn("dd", ["if=/dev/zero", `of=${join(disk, "filler")}`, "bs=1M"], { stdio: "ignore" });
      }, 200);
      const undo = () => {
        clearInterval(filling);
        made.undo?.();
      };
      return { ...made, undo };
    },
    isWhole: true,
    refusal: /disk is full at \S+disk\S*: \d+ MiB are free; expected 500/,
  },
];

function otherUser(bench: Bench): Made {
  if (!isRoot) throw new NotHere("only root can run as another user");
  const clone = bench.clone();
  const home = join(bench.folder, "home");
  mkdirSync(home, { mode: 0o700 });
  giveTools(join(home, ".cache"));
  execFileSync("find", [home, "-type", "d", "-exec", "chown", `${STRANGER}`, "{}", "+"]);
  openTo(clone);
  return { cwd: clone, uid: STRANGER, env: { HOME: home, XDG_CACHE_HOME: undefined } };
}

/** A disk of its own in memory, for what a rehearsal keeps. */
function onDisk(bench: Bench, options: string): { readonly disk: string; readonly made: Made } {
  if (!isRoot) throw new NotHere("only root can make a small disk");
  const clone = bench.clone();
  const disk = join(bench.folder, "disk");
  mkdirSync(disk);
  mount(["-t", "tmpfs", "-o", options, "tmpfs", disk]);
  const undo = () => execFileSync("umount", ["--lazy", disk]);
  return { disk, made: { cwd: clone, env: { SPARKI_REHEARSAL_DIRECTORY: disk }, undo } };
}

function mount(args: readonly string[]): void {
  try {
    execFileSync("mount", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch {
    throw new NotHere("this machine does not allow mounts");
  }
}

/**
 * The tools that are here already, for a user who has none: built again they would take minutes. What each folder says of
 * itself is for its owner alone, so the new one gets copies of that.
 */
function giveTools(cache: string): void {
  const own = cacheDirectory(process.env);
  if (!existsSync(own)) return;
  mkdirSync(join(cache, "sparki-deploy"), { recursive: true });
  const given = join(cache, "sparki-deploy", "tools");
  execFileSync("cp", ["-al", own, given]);
  for (const name of readdirSync(given, { recursive: true, encoding: "utf8" })) {
    if (basename(name) !== MANIFEST) continue;
    const text = readFileSync(join(given, name));
    rmSync(join(given, name));
    writeFileSync(join(given, name), text, { mode: 0o644 });
  }
}

/** Others may read all of it, and every folder on the way to it. */
function openTo(clone: string): void {
  execFileSync("chmod", ["-R", "a+rX", clone]);
  for (let path = dirname(clone); path !== dirname(path); path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) chmodSync(path, statSync(path).mode | 0o001);
    if (path === dirname(dirname(clone))) break;
  }
}

/** A search path with all that is on the present one, but for a program. */
function pathWithout(program: string, folder: string): string {
  const target = join(folder, "programs");
  mkdirSync(target);
  const places = (process.env.PATH ?? "").split(delimiter).filter((place) => place !== "" && existsSync(place));
  for (const place of places) {
    for (const name of execFileSync("ls", ["-1", place], { encoding: "utf8" }).split("\n")) {
      if (name === "" || name === program || name.startsWith("git-") || existsSync(join(target, name))) continue;
      symlinkSync(join(place, name), join(target, name));
    }
  }
  if (which(program, { PATH: target }) !== undefined) throw new NotHere(`${program} cannot be hidden`);
  return target;
}

/** Clones the checkout as it is committed, and gives the clone its own packages: by hard links where the disk allows it. */
export function cloneInto(checkout: string, target: string, { git = [] }: CloneOptions): void {
  execFileSync("git", ["clone", "--quiet", ...git, `file://${encodeURI(checkout)}`, target], { stdio: "pipe" });
  const packages = join(checkout, "node_modules");
  try {
    execFileSync("cp", ["-al", packages, join(target, "node_modules")], { stdio: "pipe" });
  } catch {
    rmSync(join(target, "node_modules"), { recursive: true, force: true });
    cpSync(packages, join(target, "node_modules"), { recursive: true, verbatimSymlinks: true });
  }
  writeFileSync(join(target, ".git", "info", "exclude"), "node_modules\n", { flag: "a" });
}

/** What became of the command in an environment. */
export interface Row {
  readonly name: string;
  readonly what: string;
  /** Such as `promoted`, or `exit` with the code. */
  readonly outcome: string;
  /** What a person reads at the end, where it was not promoted. */
  readonly message: string;
}

const [BEGIN, END] = ["<!-- environments: begin -->", "<!-- environments: end -->"];

/** The page with these rows in its table: those of other environments stay, and all are in the order of `names`. */
export function pageWith(page: string, rows: readonly Row[], names: readonly string[]): string {
  const [before = "", rest] = page.split(BEGIN);
  const [table, after] = rest?.split(END) ?? [];
  if (table === undefined || after === undefined) throw new Error(`the page has no ${BEGIN} and ${END}`);
  const lines = new Map(
    table.split("\n").flatMap((line) => (nameIn(line) === undefined ? [] : [[nameIn(line), line]])),
  );
  for (const row of rows) lines.set(row.name, lineOf(row));
  const sorted = names.flatMap((name) => lines.get(name) ?? []);
  const head = ["| environment | what it is | outcome | message |", "| --- | --- | --- | --- |"];
  return `${before}${BEGIN}\n${[...head, ...sorted].join("\n")}\n${END}${after}`;
}

function nameIn(line: string): string | undefined {
  return /^\| `([^`]+)` \|/.exec(line)?.[1];
}

function lineOf({ name, what, outcome, message }: Row): string {
  return `| ${[`\`${name}\``, what, outcome, message].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

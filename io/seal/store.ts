import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Environment } from "./environment.ts";

/** The kinds of things in a store: installed dependencies, programs, seals, and what a command is running from. */
export type Kind = "dependencies" | "tools" | "seals" | "runs";

const MAX_SEALS = 10;
const HASH_DIGITS = 64;
/** What is used by no seal is kept so long: another process may just be sealing with it. */
const UNUSED_SECONDS = 3600;

/** Where the user's store is, made or not. */
export function storeDirectory(env: Environment): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "sealed");
}

/** Where sealed plans and what they share are kept, by the user who runs sparki: no one else may look into it. */
export class SealStore {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Opens the user's store; throws SPARKI_USAGE when someone else could have put something into it. */
  static open(env: Environment): SealStore {
    return SealStore.at(storeDirectory(env));
  }

  static at(directory: string): SealStore {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = lstatSync(directory);
    const isOwn = process.getuid === undefined || uid === process.getuid();
    if (!isOwn || (mode & 0o077) !== 0)
      throw new DeployError("SPARKI_USAGE", `${directory} is not private; expected mode 0700, owned by this user`, {
        hint: `chmod 700 ${directory}`,
      });
    assertGuarded(dirname(directory));
    for (const kind of ["dependencies", "tools", "seals", "runs"])
      mkdirSync(join(directory, kind), { recursive: true });
    return new SealStore(directory);
  }

  path(kind: Kind, ...names: readonly string[]): string {
    return join(this.directory, kind, ...names);
  }

  /** Makes a thing whole or not at all: one that is half made has another name, and is removed by the next command. */
  async make(kind: Kind, name: string, build: (folder: string) => void | Promise<void>): Promise<string> {
    const target = this.path(kind, name);
    if (existsSync(target)) return target;
    const making = this.path(kind, `.making-${process.pid}-${randomBytes(4).toString("hex")}`);
    mkdirSync(making, { mode: 0o700 });
    try {
      await build(making);
      renameSync(making, target);
    } catch (error) {
      rmSync(making, { recursive: true, force: true });
      // Another process may have made the same thing meanwhile.
      if (!existsSync(target)) throw error;
    }
    return target;
  }

  remove(kind: Kind, name: string): void {
    rmSync(this.path(kind, name), { recursive: true, force: true });
  }

  /** Says that a thing was used now, so that it is among the last to go. */
  touch(kind: Kind, name: string): void {
    const now = new Date();
    utimesSync(this.path(kind, name), now, now);
  }

  /** Removes what processes that are gone have left, the oldest seals beyond ten, and what no seal uses any more. */
  prune(): void {
    for (const kind of ["dependencies", "tools", "seals"] as const)
      for (const name of this.#names(kind)) if (isLeft(name)) this.remove(kind, name);
    for (const name of this.#names("runs")) if (isLeft(name)) this.remove("runs", name);
    const seals = this.#names("seals").toSorted((one, other) => this.#age("seals", one) - this.#age("seals", other));
    for (const name of seals.slice(MAX_SEALS)) this.remove("seals", name);
    const used = [...this.#documents("seals"), ...this.#documents("runs")].join("\n");
    for (const kind of ["dependencies", "tools"] as const)
      for (const name of this.#names(kind))
        if (!used.includes(name.slice(0, HASH_DIGITS)) && this.#age(kind, name) > UNUSED_SECONDS)
          this.remove(kind, name);
  }

  #names(kind: Kind): string[] {
    return readdirSync(this.path(kind));
  }

  #age(kind: Kind, name: string): number {
    const found = lstatSync(this.path(kind, name), { throwIfNoEntry: false });
    return found === undefined ? 0 : (Date.now() - found.mtimeMs) / 1000;
  }

  #documents(kind: "seals" | "runs"): string[] {
    return this.#names(kind).flatMap((name) => {
      const file = this.path(kind, name, "seal.json");
      return existsSync(file) ? [readFileSync(file, "utf8")] : [];
    });
  }
}

/** Throws SPARKI_USAGE where another user could put a folder of their own in the place of one on the way to the store. */
function assertGuarded(directory: string): void {
  const { mode, uid } = statSync(directory);
  const isOthers = uid !== 0 && process.getuid !== undefined && uid !== process.getuid();
  const mayBeMoved = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  if (isOthers || mayBeMoved)
    throw new DeployError(
      "SPARKI_USAGE",
      `${directory}, above the sealed plans, ${isOthers ? "is owned by another user" : "is writable by everyone"}`,
      { hint: "set XDG_CACHE_HOME to a folder of your own" },
    );
  if (directory !== dirname(directory)) assertGuarded(dirname(directory));
}

/** Whether the process that a folder's name begins with is gone: `.making-<pid>-...`, or `<pid>-...` of a run. */
function isLeft(name: string): boolean {
  const pid = /^(?:\.making-)?(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error && error.code === "ESRCH";
  }
}

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { keepNewest } from "../shared/keep-newest.ts";
import { removeAbandoned } from "../tools/temporary-folders.ts";
import { sharedFolders } from "./backing/postgres.ts";
import { endLeftovers, hold } from "./processes.ts";

/** The directory that one rehearsal alone writes to, until it is released. */
export interface RunDirectory {
  readonly path: string;
  /** Holds the passphrase that encrypts the secrets in this run's state. */
  readonly passphraseFile: string;
  readonly backendDirectory: string;
  /** When an earlier run last changed the world that was here and is gone now; undefined when there was none. */
  readonly replaced: Date | undefined;
  release(): void;
}

/** Puts a world that continues, and its passphrase, into a run's directory. */
type Fill = (path: string) => Promise<void>;

/** What of an earlier run stays: its reports, and the plans that they lead to. */
const KEPT = ["report", join(".sparki", "plans")];
/** The newest files that stay of each: a report and a plan are a few files, some hundred kilobytes in all. */
const MOST_KEPT = 200;

/**
 * Makes a fresh run directory; what a crashed run left there, processes included, is ended and removed first. The newest
 * reports of earlier runs stay, and with `goesOn` all that the last run had, but for its processes. With
 * `fill` it begins with what that puts there.
 * Throws SPARKI_OUTSIDE while another rehearsal uses it.
 */
export async function openRunDirectory(
  path: string,
  { goesOn = false, fill }: { readonly goesOn?: boolean; readonly fill?: Fill | undefined } = {},
): Promise<RunDirectory> {
  makeFolder(dirname(path));
  const held = hold(`${path}.lock`);
  if (!("release" in held)) throw inUse(path, held.pid);
  await endLeftovers(path);
  const found = goesOn ? undefined : emptied(path);
  removeAbandoned(sharedFolders());
  const backendDirectory = join(path, "backend");
  const passphraseFile = join(path, "passphrase");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  mkdirSync(backendDirectory, { recursive: true });
  await fill?.(path);
  if (!existsSync(passphraseFile)) writeFileSync(passphraseFile, randomBytes(16).toString("hex"), { mode: 0o600 });
  return { path, passphraseFile, backendDirectory, replaced: found, release: () => held.release() };
}

/** What cannot be made is told with the other place that there may be. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", `${folder} cannot be written to: ${messageOf(cause)}`, {
      hint: "give SPARKI_REHEARSAL_DIRECTORY the path of a folder that this user can write to, then run the same command again",
      cause,
    });
  }
}

/** Removes all of a run but its newest reports; answers when its world last changed. */
function emptied(path: string): Date | undefined {
  const changed = statSync(join(path, "world.json"), { throwIfNoEntry: false })?.mtime;
  const aside = `${path}.kept`;
  for (const name of KEPT) {
    const kept = join(path, name);
    if (!existsSync(kept)) continue;
    mkdirSync(dirname(join(aside, name)), { recursive: true, mode: 0o700 });
    rmSync(join(aside, name), { recursive: true, force: true });
    renameSync(kept, join(aside, name));
  }
  rmSync(path, { recursive: true, force: true });
  if (existsSync(aside)) renameSync(aside, path);
  for (const name of KEPT) keepNewest(join(path, name), MOST_KEPT);
  return changed;
}

function inUse(path: string, pid: number | undefined): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `another rehearsal uses ${path} (process ${pid ?? "unknown"})`, {
    hint: "wait until it ends, or stop it with Ctrl-C; then run the same command again",
  });
}

import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemCodeOf } from "../shared/deploy-error.ts";
import { isAlive } from "../tools/lock.ts";

/** What a file is to hold, and who may read it. */
interface Content {
  readonly content: string | Buffer;
  readonly mode: number;
}

/** Writes a file, or another content into it: whoever reads it, and whatever is killed meanwhile, finds all of one or the other. */
export function writeWhole(file: string, content: Content): void {
  // A link stays one.
  const place = existsSync(file) ? realpathSync(file) : file;
  beside(place, content, (whole) => renameSync(whole, place));
}

/** Makes a file with all of its content; throws EEXIST where one is there, which stays as it is. */
export function createWhole(file: string, content: Content): void {
  beside(file, content, (whole) => linked(whole, file));
}

/** Whether `createWhole` made nothing because a file is there. */
export function isThere(error: unknown): boolean {
  return systemCodeOf(error) === "EEXIST";
}

/** What file systems say that have no links. */
const WITHOUT_LINKS: ReadonlySet<unknown> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP"]);

/**
 * Writes it in the same folder under a name of this process's own, which is gone afterwards; of a process that was killed it
 * is removed by the next that writes there.
 */
function beside(file: string, { content, mode }: Content, place: (whole: string) => void): void {
  const folder = dirname(file);
  const whole = join(folder, `.${basename(file)}.${process.pid}.part`);
  try {
    for (const name of readdirSync(folder)) if (isLeft(name)) rmSync(join(folder, name), { force: true });
    writeFileSync(whole, content, { mode, flag: "wx" });
    place(whole);
  } finally {
    rmSync(whole, { force: true });
  }
}

/** Whether it is the part of a process that has ended, or that this one left before. */
function isLeft(name: string): boolean {
  const pid = /^\..+\.(\d+)\.part$/.exec(name)?.[1];
  return pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid)));
}

/** A link is made whole or not at all, and never over another file; some file systems have none. */
function linked(whole: string, file: string): void {
  try {
    linkSync(whole, file);
  } catch (error) {
    if (!WITHOUT_LINKS.has(systemCodeOf(error))) throw error;
    copyFileSync(whole, file, constants.COPYFILE_EXCL);
  }
}

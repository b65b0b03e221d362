import { constants, copyFileSync, linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a file is to hold, and who may read it. */
interface Content {
  readonly content: string | Buffer;
  readonly mode: number;
}

/** Writes a file, or another content into it: whoever reads it, and whatever is killed meanwhile, finds all of one or the other. */
export function writeWhole(file: string, content: Content): void {
  beside(file, content, (whole) => renameSync(whole, file));
}

/** Makes a file with all of its content; throws EEXIST where one is there, which stays as it is. */
export function createWhole(file: string, content: Content): void {
  beside(file, content, (whole) => linked(whole, file));
}

/** Writes it in the same folder under a name of this process's own, which is gone afterwards unless the process is killed. */
function beside(file: string, { content, mode }: Content, place: (whole: string) => void): void {
  const whole = join(dirname(file), `.${basename(file)}.${process.pid}.part`);
  try {
    rmSync(whole, { force: true });
    writeFileSync(whole, content, { mode, flag: "wx" });
    place(whole);
  } finally {
    rmSync(whole, { force: true });
  }
}

/** A link is made whole or not at all, and never over another file; some file systems have none. */
function linked(whole: string, file: string): void {
  try {
    linkSync(whole, file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
    copyFileSync(whole, file, constants.COPYFILE_EXCL);
  }
}

import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** What a command makes a folder among temporary files for. */
const KINDS = [
  ...["gates", "plan", "controls", "lookups", "config", "state"],
  ...["environment", "kubernetes", "bench", "chaos", "life", "aws-facts", "mutants", "checkov"],
] as const;
type Kind = (typeof KINDS)[number];

/** All that commands and rehearsals make below TMPDIR, and take away again when they end. */
const OURS = new RegExp(`^sparki-(?:${KINDS.join("|")}|postgres)-`);
/** As `temporaryFolder` names them: after the process that made them. */
const MADE_BY = /^sparki-(?:[a-z]+-)+(\d+\.\d+\.\d+)-\w{6}$/;
const OWNER = ".run";
const HOUR_MILLISECONDS = 3_600_000;
/** One whose maker is not known, that no process has open, and that nothing was put into for so long, was left behind. */
const ABANDONED_MILLISECONDS = 24 * HOUR_MILLISECONDS;

const cleaned = new Set<string>();

/**
 * Makes a folder of our own among temporary files, which who asks for it removes again. It is named after this process: the
 * next command removes what a killed one left, this one that of others before its first.
 */
export function temporaryFolder(kind: Kind, place = tmpdir()): string {
  if (!cleaned.has(place)) removeAbandoned([place]);
  cleaned.add(place);
  const maker = makerOf(process.pid);
  return mkdtempSync(join(place, `sparki-${kind}-${maker === undefined ? "" : `${maker}-`}`));
}

/** Notes in a folder outside of a run's directory which run it belongs to: it is abandoned once that has no such `sign`. */
export function ownedBy(folder: string, sign: string): void {
  writeFileSync(join(folder, OWNER), JSON.stringify({ sign, pid: process.pid, identity: identityOf(process.pid) }), {
    mode: 0o600,
  });
}

/**
 * Removes what killed commands of our own user left in the folders for temporary files, and answers with the paths. What
 * a living process made, has open or was told of stays; so does what cannot be removed.
 */
export function removeAbandoned(folders: readonly string[] = [tmpdir()], now = Date.now()): readonly string[] {
  const found = [...new Set(folders)].flatMap((folder) => entriesOf(folder).map((name) => join(folder, name)));
  const candidates = found.filter((path) => isOurs(path) && isAbandoned(path, now));
  if (candidates.length === 0) return [];
  const used = usedPaths();
  return candidates.filter((path) => !used.some((each) => each.includes(path)) && isRemoved(path));
}

function isRemoved(path: string): boolean {
  return safely(() => rmSync(path, { recursive: true, force: true }) ?? true) ?? false;
}

function entriesOf(folder: string): string[] {
  return safely(() => readdirSync(folder).filter((name) => OURS.test(name))) ?? [];
}

function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function isAbandoned(path: string, now: number): boolean {
  const owner = ownerOf(path);
  if (owner !== undefined) return !existsSync(owner.sign) && identityOf(owner.pid) !== owner.identity;
  const maker = MADE_BY.exec(basename(path))?.[1];
  if (maker !== undefined && isGone(maker)) return true;
  return now - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > ABANDONED_MILLISECONDS;
}

/**
 * A process for ever: which world of numbers it is in, its number, and when it began there; undefined where the system does
 * not tell. In another container the same number is another process, and ours is not seen there.
 */
function makerOf(pid: number): string | undefined {
  const world = safely(() => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]);
  const began = identityOf(pid)?.split("/")[1];
  return world === undefined || began === undefined ? undefined : `${world}.${pid}.${began}`;
}

function isGone(maker: string): boolean {
  const [world, pid] = maker.split(".");
  const own = makerOf(process.pid);
  return own?.split(".")[0] === world && makerOf(Number(pid)) !== maker;
}

function ownerOf(path: string): { sign: string; pid: number; identity: string | undefined } | undefined {
  return safely(() => {
    const owner: { sign: string; pid: number; identity: string | undefined } = JSON.parse(
      readFileSync(join(path, OWNER), "utf8"),
    );
    return owner;
  });
}

/** Every path that a process has open, works in, or was told of when it began, as far as we may see. */
function usedPaths(): string[] {
  const pids = (safely(() => readdirSync("/proc")) ?? []).filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => [
    ...linksIn(`/proc/${pid}/fd`, safely(() => readdirSync(`/proc/${pid}/fd`)) ?? []),
    ...linksIn(`/proc/${pid}`, ["cwd", "exe"]),
    ...["cmdline", "environ"].flatMap((name) => safely(() => readFileSync(`/proc/${pid}/${name}`, "utf8")) ?? []),
  ]);
}

function linksIn(folder: string, names: readonly string[]): string[] {
  return names.flatMap((name) => safely(() => readlinkSync(join(folder, name))) ?? []);
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** When the process started, as the system tells it: a pid with this identity is the same process, not a reused number. */
export function identityOf(pid: number): string | undefined {
  try {
    if (process.platform !== "linux")
      return execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }).trim();
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // Fields are counted after the command's closing bracket, because a command may hold spaces; the 22nd is the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
    return `${boot}/${fields?.[19]}`;
  } catch {
    return undefined;
  }
}

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { keepNewest } from "../shared/keep-newest.ts";
import { attributesIn, changeIn, copyTree, MANIFEST, recordFolder } from "../tools/cache.ts";
import { removeAbandoned } from "../tools/temporary-folders.ts";
import { SLOTS } from "./addresses.ts";
import { placeOf, postgresUser, sharedFolders } from "./backing/postgres.ts";
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

/** A kept world that only its holder runs copies of, until it is released. */
export interface KeptWorld {
  /** The slot that it was made in, and that a copy runs in: its addresses are part of what it holds. */
  readonly slot: number;
  /** Puts a copy into a run's directory, over what is there. */
  copyTo(runDirectory: string): Promise<void>;
  /** Removes it, so that who holds it next makes it again. */
  discard(): void;
  release(): void;
}

/** A world to keep: of a run that has ended, all its processes too. */
export interface EndedRun {
  readonly runDirectory: string;
  readonly slot: number;
}

/** A copy of a kept world did not serve again, for the reason that it carries. */
export class LostWorld extends DeployError {
  constructor(cause: unknown) {
    const hint = cause instanceof DeployError ? cause.hint : undefined;
    super("SPARKI_OUTSIDE", messageOf(cause), { cause, ...(hint !== undefined && { hint }) });
  }
}

/** What `open` resolves with; tried once more when the world it continues from was lost, and `say` is told why. */
export async function openedAgain<T>(open: () => Promise<T>, say: (why: string) => void): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof LostWorld)) throw error;
    say(error.message);
    return await open();
  }
}

export interface KeptPorts {
  /** Whether a rehearsal could run in the slot now. */
  isFree(slot: number): Promise<boolean>;
  make(): Promise<EndedRun>;
  /** Told why a world that is kept is made again. */
  say(line: string): void;
}

/** What belongs to the run alone: its programs, its processes, its own access, and what it has said. */
const LEFT_OUT = [
  "bin",
  "checkout",
  "work",
  "private",
  "logs",
  "report",
  "redis",
  ".sparki",
  "processes.json",
  "gates.jsonl",
];
/** What the database keeps outside of a run's directory, in a kept world. */
const OUTSIDE = "postgres-outside";
const SLOT_FILE = "slot";
/** Its folders, modes and owners: PostgreSQL needs them as they were, and who copies or restores a cache may lose them. */
const ATTRIBUTES = "attributes";
/** What a kept world has beside the run's own. */
const ABOUT = [OUTSIDE, SLOT_FILE, ATTRIBUTES, MANIFEST];
/** Several may be in use at once, each in a slot of its own. */
const MOST = 4;
/** Of all programs: each takes some 120 MB. */
const MOST_WORLDS = 12;
const OLD_MILLISECONDS = 24 * 3_600_000;

/**
 * Holds a kept world of that key, which must name all that the world was made of; where none is free it is made, and kept.
 * One that is not as it was kept is removed and made again. Undefined when as many as may be are in use.
 */
export async function holdWorld(
  folder: string,
  key: string,
  { isFree, make, say }: KeptPorts,
): Promise<KeptWorld | undefined> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  removeOld(folder);
  for (let each = 1; each <= MOST; each++) {
    const place = join(folder, `${key}-${each}`);
    const held = hold(`${place}.lock`);
    if (!("release" in held)) continue;
    try {
      const slot = (await slotOf(place, say)) ?? (await kept(place, await make()));
      const discard = () => rmSync(place, { recursive: true, force: true });
      if (await isFree(slot))
        return { slot, copyTo: (path) => copyTo(place, path), discard, release: () => held.release() };
    } catch (error) {
      held.release();
      throw error;
    }
    held.release();
  }
  return undefined;
}

/** The slot of a kept world; undefined when there is none, or it is not as it was kept, and is removed. */
async function slotOf(place: string, say: KeptPorts["say"]): Promise<number | undefined> {
  if (!existsSync(place)) return undefined;
  const change = (await changeIn(place)) ?? attributesChangedIn(place);
  if (change === undefined) return Number(readFileSync(join(place, SLOT_FILE), "utf8"));
  say(`the promoted world in ${place} is made again: ${change}`);
  rmSync(place, { recursive: true, force: true });
  return undefined;
}

/** What of a kept world is missing or has another mode or owner, in words; the contents are compared by themselves. */
function attributesChangedIn(place: string): string | undefined {
  const present = new Set(attributesOf(place));
  const recorded = readFileSync(join(place, ATTRIBUTES), "utf8").split("\n");
  const lost = recorded.find((each) => !present.has(each));
  return lost && `${lost.split(" ").slice(2).join(" ")} is missing, or its mode or owner has changed`;
}

function attributesOf(place: string): string[] {
  return attributesIn(place).filter((each) => ![ATTRIBUTES, MANIFEST].some((name) => each.endsWith(` ${name}`)));
}

async function kept(place: string, { runDirectory, slot }: EndedRun): Promise<number> {
  const making = `${place}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o700 });
  const parts = readdirSync(runDirectory).filter((name) => !LEFT_OUT.includes(name));
  await copyTree(
    parts.map((name) => join(runDirectory, name)),
    making,
  );
  for (const name of databasesIn(runDirectory)) {
    const { folder, sign } = placeOf(runDirectory, name, postgresUser());
    if (folder === sign) continue;
    mkdirSync(join(making, OUTSIDE), { recursive: true });
    await copyTree([`${folder}/.`], join(making, OUTSIDE, name));
  }
  writeFileSync(join(making, SLOT_FILE), `${slot}`);
  writeFileSync(join(making, ATTRIBUTES), attributesOf(making).join("\n"));
  await recordFolder(making);
  renameSync(making, place);
  return slot;
}

async function copyTo(place: string, runDirectory: string): Promise<void> {
  const parts = readdirSync(place).filter((name) => !ABOUT.includes(name));
  await copyTree(
    parts.map((name) => join(place, name)),
    runDirectory,
  );
  for (const name of databasesIn(place)) {
    const outside = join(place, OUTSIDE, name);
    const { folder } = placeOf(runDirectory, name, postgresUser());
    rmSync(folder, { recursive: true, force: true });
    await copyTree([`${existsSync(outside) ? outside : join(place, "postgres", name)}/.`], folder);
  }
}

function databasesIn(directory: string): string[] {
  const folder = join(directory, "postgres");
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Keys of other days and other programs are asked for no more: the newest few stay, for a day. */
function removeOld(folder: string): void {
  const places = readdirSync(folder)
    .filter((name) => !name.endsWith(".lock"))
    .map((name) => join(folder, name));
  const ages = places.map((place) => ({
    place,
    age: Date.now() - (statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()),
  }));
  for (const [index, { place, age }] of ages.sort((one, other) => one.age - other.age).entries()) {
    if (index < MOST_WORLDS && age < OLD_MILLISECONDS) continue;
    const held = hold(`${place}.lock`);
    if (!("release" in held)) continue;
    rmSync(place, { recursive: true, force: true });
    held.release();
  }
}

/** What a rehearsal was started with, also when it is continued: kept in its run's directory. */
const keptSchema = z.object({
  seed: z.int().min(0),
  timeScale: z.number().positive(),
  /** Its loopback network: the state and the cluster hold addresses of it. */
  slot: z.int().min(SLOTS.first).max(SLOTS.last),
  /** The day that its passwords are from, ISO 8601. */
  since: z.iso.date(),
  /** Whether Pulumi's own providers were used where there are any. */
  providers: z.enum(["simulated", "real"]).default("simulated"),
});

export type KeptRehearsal = z.infer<typeof keptSchema>;

/** Writes it down, so that the rehearsal can be continued, however it ends. */
export function keepRehearsal(runDirectory: string, kept: KeptRehearsal): void {
  writeFileSync(fileIn(runDirectory), JSON.stringify(kept), { mode: 0o600 });
}

/** The rehearsal that was left in a run's directory; undefined where there is none to continue. */
export function keptRehearsal(runDirectory: string): KeptRehearsal | undefined {
  if (!existsSync(fileIn(runDirectory))) return undefined;
  try {
    return keptSchema.safeParse(JSON.parse(readFileSync(fileIn(runDirectory), "utf8"))).data;
  } catch {
    // A file cut short by a full disk or a crash keeps nothing.
    return undefined;
  }
}

function fileIn(runDirectory: string): string {
  return join(runDirectory, "rehearsal.json");
}

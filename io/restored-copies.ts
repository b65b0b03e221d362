/** RDS's and ElastiCache's words for an instance that answers: one whose storage RDS still optimizes does so for hours. */
const ANSWERING: ReadonlySet<string> = new Set(["available", "storage-optimization"]);

/** Whether an instance answers, by AWS's own word for how it is; a word that is not known is waited for. */
export function isAnswering(status: string | undefined): boolean {
  return status !== undefined && ANSWERING.has(status);
}

/** A snapshot of the stack's database or cache; times are seconds since 1970. */
export interface Snapshot {
  readonly id: string;
  readonly at: number;
  /** The disk that a database's copy needs; a cache's has none. */
  readonly storageGib: number;
}

/** What a copy is made of: a snapshot, or the live database's own backups up to a moment. */
export type RestoreSource =
  | ({ readonly kind: "snapshot" } & Snapshot)
  | { readonly kind: "point"; readonly at: number; readonly storageGib: number };

/** A temporary instance, marked so that it is found again if nobody is left to delete it. */
export interface Copy {
  readonly name: string;
  readonly source: RestoreSource;
  /** When whoever made it has given up at the latest, in seconds since 1970. */
  readonly until: number;
  /** Who made it. */
  readonly by: string;
  /** The version that it is to be upgraded to once it is there, for which more is made that has to be deleted. */
  readonly upgradeTo?: string;
}

/** What a drill left behind, found by its mark. */
export type Leftover = Pick<Copy, "name" | "until" | "by">;

export interface Question {
  readonly id: string;
  /** One SELECT of one value. */
  readonly sql: string;
}

export interface CacheQuestion {
  readonly id: string;
  /** One of Redis's commands that read, with its words as redis-cli takes them. */
  readonly command: string;
}

/** The value as text, null for none, or what the server said instead, with SQL's SQLSTATE where it has one. */
export type Answer =
  | { readonly id: string; readonly value: string | null }
  | { readonly id: string; readonly problem: string; readonly sqlState: string };

/** Who is asked: the one that serves, or a copy by its name. */
export type Asked = "live" | { readonly copy: string };

/**
 * The stack's database or cache, its backups, and temporary copies made of them. Nothing here changes the one that serves.
 * Whatever AWS does not answer, or answers in a way that is not understood, throws SPARKI_OUTSIDE.
 */
export interface Copies<Q> {
  /** The newest automated snapshot that can be restored. */
  newestSnapshot(): Promise<Snapshot | undefined>;
  snapshot(id: string): Promise<Snapshot | undefined>;
  /** The moments that can be restored to; undefined where there are none. */
  restorable(): Promise<
    { readonly earliest: number; readonly latest: number; readonly storageGib: number } | undefined
  >;
  leftovers(): Promise<readonly Leftover[]>;
  /** Asks for the copy, where nobody but the checks can reach it; throws BackupUnreadable where the backup is the reason. */
  restore(copy: Copy): Promise<void>;
  /** AWS's own word for how the instance is, and why; undefined once there is none. */
  describe(name: string): Promise<{ readonly status: string; readonly why?: string } | undefined>;
  /** Asks read-only; an answer may be missing, and is then not known. */
  query(asked: Asked, questions: readonly Q[], signal: AbortSignal): Promise<readonly Answer[]>;
  /** Deletes the copy and all that was made for it; true once nothing of it is left. Safe to repeat. */
  remove(name: string): Promise<boolean>;
  /** What upgrades a copy; undefined where nothing is upgraded. */
  readonly upgrades?: CopyUpgrades;
}

/** How a copy is that AWS was told to upgrade. */
export interface UpgradeState {
  readonly status: string;
  /** The version that it has now. */
  readonly version: string;
  /** AWS still has to give it another one. */
  readonly isPending: boolean;
  /** What AWS has told of it since the upgrade was asked for, oldest first, in its own words. */
  readonly events: readonly string[];
}

/** A time in which nobody reached a copy, in seconds since 1970. */
export interface Outage {
  readonly from: number;
  readonly until: number;
}

/** Connects to a copy again and again, from when it was begun. */
export interface ReachWatch {
  /** Ends it; resolves with every time in which no connection was answered, oldest first. Throws where it is not known. */
  end(): Promise<readonly Outage[]>;
}

/** Upgrades of copies alone: the one that serves cannot be named here. */
export interface CopyUpgrades {
  /** The version that the one that serves has now. */
  liveVersion(): Promise<string>;
  /** Has AWS upgrade a copy at once, with its own parameters for the version; throws UpgradeRefused where it will not. */
  begin(name: string, version: string): Promise<void>;
  state(name: string, since: number): Promise<UpgradeState>;
  /** The end of what pg_upgrade wrote when it did not upgrade the copy; empty where AWS has no such log. */
  refusalLog(name: string): Promise<readonly string[]>;
  /** Begins to watch, until a moment at the latest; resolves once the copy has answered for the first time. */
  watch(name: string, until: number, signal: AbortSignal): Promise<ReachWatch>;
}

export type DatabaseCopies = Copies<Question>;
export type CacheCopies = Copies<CacheQuestion>;

/** The backup itself cannot be restored: its key is gone, or it is damaged. */
export class BackupUnreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackupUnreadable";
  }
}

/** AWS does not begin an upgrade: it is not one that it does, or the copy is in no state for it. */
export class UpgradeRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UpgradeRefused";
  }
}

/** The copies of a stack's database all begin so; nothing else of the account does. */
export function copyPrefix(stack: string): string {
  return `sparki-${stack}-drill-`;
}

/** Those of its cache, whose whole names have at most 40 characters. */
export function cacheCopyPrefix(stack: string): string {
  return `sparki-${stack}-cache-drill-`;
}

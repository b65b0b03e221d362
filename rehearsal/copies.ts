import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { postgresUpgradeTargets, postgresVersions } from "../aws/catalog.ts";
import { compareVersions } from "../aws/rules/shared.ts";
import { messageOf } from "../shared/deploy-error.ts";
import { MAJOR_UPGRADE_SECONDS, versionOf } from "./aws/services/rds.ts";
import { TYPES } from "./aws/types.ts";
import { at, number, text } from "./aws/values.ts";
import type { WorldResource } from "./aws/world.ts";
import type { Caches } from "./backing/cache.ts";
import type { Databases, UpgradeRefusal } from "./backing/database.ts";
import { parsed, type Route } from "./control.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const restoreSchema = z.strictObject({
  /** Whose backup it is. */
  source: name,
  copy: name,
  backup: z.string().max(100).exactOptional(),
  /** In seconds since 1970. */
  moment: z.number().exactOptional(),
  until: z.number(),
  by: z.string().max(200),
});
const id = z.string().max(60);
const namedSchema = z.strictObject({ name });
const upgradeSchema = z.strictObject({ name, version: z.string().max(20) });

interface Backup {
  readonly id: string;
  readonly at: number;
}

/** Servers that can be backed up, and restored from that under another name. */
interface Restorable {
  names(): readonly string[];
  /** Newest first. */
  backups(name: string): readonly Backup[];
  backUp(name: string, id: string): Promise<Backup>;
  restore(name: string, copy: string, target: { readonly backup: string; readonly until?: number }): Promise<void>;
  /** Stops a copy, and removes its data. */
  drop(copy: string): Promise<void>;
}

interface Kind<Q> {
  readonly path: "/copies" | "/cache-copies";
  readonly servers: Restorable;
  readonly question: z.ZodType<Q>;
  answer(server: string, question: Q): Promise<string | null>;
  /** AWS's word for an instance that its backup keeps from being available. */
  readonly unreadable: string;
  /** AWS's refusal where there is no such backup. */
  readonly notFound: string;
  /** As AWS names an automated snapshot. */
  backupId(server: string, stamp: string): string;
  /** Why AWS restores no backup of this server now; undefined where it does. */
  refusal(server: string): string | undefined;
  /** Whether the account says that it is backed up. */
  isBackedUp(server: string): boolean;
  /** How AWS upgrades a copy; undefined where nothing is upgraded. */
  readonly upgrades?: Upgrades;
}

interface Upgrades {
  /** The version that a server has which was not restored. */
  version(server: string): string;
  /** Why AWS does not begin the upgrade at all; undefined where it does. */
  refusal(from: string, to: string): string | undefined;
  /** Upgrades a copy; resolves with why AWS left it as it was, or undefined. Ends at once when the signal aborts. */
  upgrade(
    copy: string,
    versions: { readonly from: string; readonly to: string },
    signal: AbortSignal,
  ): Promise<UpgradeRefusal | undefined>;
}

/** What the account says of a server and its backups. */
interface BackupFacts {
  isBackedUp(server: string): boolean;
  /** What is wrong with the key that its backups are encrypted with. */
  keyProblem(server: string): string | undefined;
  /** The version of a database. */
  version(server: string): string;
}

const FACTS: BackupFacts = { isBackedUp: () => true, keyProblem: () => undefined, version: () => "17.6" };

/** Model seconds in which RDS looks for what keeps an instance from being upgraded, while it still serves. */
const PRECHECK_SECONDS = 60;
/** Those of an upgrade of the minor version, in which nobody reaches it. */
const MINOR_UPGRADE_SECONDS = 60;
const majorOf = (version: string) => version.split(".")[0];

/** RDS's way: its pre-check first, then the outage; the server behind is one binary, which starts again over its data. */
function rdsUpgrades(databases: Databases, facts: BackupFacts, timeScale: number): Upgrades {
  const wait = async (seconds: number, signal: AbortSignal) => {
    await sleep(seconds * timeScale * 1000, undefined, { signal }).catch(() => undefined);
  };
  return {
    version: (server) => facts.version(server),
    refusal: (from, to) => {
      const isMinor = majorOf(from) === majorOf(to) && compareVersions(to, from) > 0 && postgresVersions().includes(to);
      if (isMinor || postgresUpgradeTargets(from).includes(to)) return undefined;
      return `InvalidParameterCombination: Cannot upgrade postgres from ${from} to ${to}`;
    },
    upgrade: async (copy, versions, signal) => {
      const isMajor = majorOf(versions.from) !== majorOf(versions.to);
      if (isMajor) await wait(PRECHECK_SECONDS, signal);
      const refusal = isMajor ? await databases.upgradeRefusal(copy, versions) : undefined;
      if (refusal !== undefined) return refusal;
      const seconds = isMajor ? MAJOR_UPGRADE_SECONDS : MINOR_UPGRADE_SECONDS;
      await databases.interrupt(copy, () => wait(seconds, signal));
      return undefined;
    },
  };
}

/** Temporary copies of the rehearsal's databases, real servers over real backups, as a drill asks for them. */
export function copyRoutes(
  databases: Databases,
  { facts = FACTS, timeScale = 1 }: { readonly facts?: BackupFacts; readonly timeScale?: number } = {},
): Readonly<Record<string, Route>> {
  return routesOf({
    path: "/copies",
    servers: {
      names: () => databases.names(),
      backups: (server) => databases.backups(server),
      backUp: (server, backup) => databases.backUp(server, backup),
      restore: (server, copy, target) => databases.restore(server, copy, target),
      drop: (copy) => databases.stop(copy, { dropData: true }),
    },
    question: z.strictObject({ id, sql: z.string().max(8_000) }),
    answer: (server, { sql }) => databases.ask(server, sql),
    unreadable: "incompatible-restore",
    notFound: "DBSnapshotNotFound",
    backupId: (server, stamp) => `rds:${server}-${stamp}`,
    refusal: (server) => refused("KMSKeyNotAccessibleFault", facts.keyProblem(server)),
    isBackedUp: (server) => facts.isBackedUp(server),
    upgrades: rdsUpgrades(databases, facts, timeScale),
  });
}

/** Those of its caches: each a Redis that has loaded the dump of another one. */
export function cacheCopyRoutes(caches: Caches, facts: BackupFacts = FACTS): Readonly<Record<string, Route>> {
  return routesOf({
    path: "/cache-copies",
    servers: {
      names: () => caches.names(),
      backups: (server) => caches.backups(server),
      backUp: (server, backup) => caches.backUp(server, backup),
      restore: (server, copy, { backup }) => caches.restore(server, copy, backup),
      drop: (copy) => caches.stop(copy),
    },
    question: z.strictObject({ id, command: z.string().max(1_000) }),
    answer: (server, { command }) => caches.ask(server, command.split(" ")),
    unreadable: "restore-failed",
    notFound: "SnapshotNotFoundFault",
    backupId: (server, stamp) => `automatic.${server}-${stamp}`,
    refusal: (server) => refused("InvalidKMSKeyFault", facts.keyProblem(server)),
    isBackedUp: (server) => facts.isBackedUp(server),
  });
}

function refused(code: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${code}: ${problem}`;
}

interface Copy {
  status: string;
  why: string | undefined;
  readonly until: number;
  readonly by: string;
  /** Resolves once its server has started, or will not; and once an upgrade of it has ended. */
  started: Promise<void>;
  version: string;
  readonly events: { readonly at: number; readonly text: string }[];
  log: readonly string[];
  /** Aborts once it is deleted. */
  readonly deletion: AbortController;
}

/**
 * A copy begins `creating` and becomes `available` once its server has read the whole backup, or unreadable with what it
 * said.
 */
function routesOf<Q extends { readonly id: string }>(kind: Kind<Q>): Readonly<Record<string, Route>> {
  const { path, servers } = kind;
  const askSchema = z.strictObject({ name, questions: z.array(kind.question).max(100) });
  const copies = new Map<string, Copy>();

  async function restore(body: unknown): Promise<void> {
    const { source, copy, backup, moment, until, by } = parsed(restoreSchema, body);
    if (servers.names().includes(copy)) throw new Error(`${copy} already exists`);
    const problem = kind.refusal(source);
    if (problem !== undefined) throw new Error(problem);
    const base = servers
      .backups(source)
      .find((each) => (backup === undefined ? each.at <= (moment ?? 0) : each.id === backup));
    if (base === undefined) throw new Error(`${kind.notFound}: ${backup ?? "no backup before that moment"}`);
    const version = kind.upgrades?.version(source) ?? "";
    const made: Copy = {
      ...{ status: "creating", why: undefined, until, by, started: Promise.resolve() },
      ...{ version, events: [], log: [], deletion: new AbortController() },
    };
    copies.set(copy, made);
    const target = { backup: base.id, ...(moment === undefined ? {} : { until: moment }) };
    made.started = servers.restore(source, copy, target).then(
      () => {
        if (made.status === "creating") made.status = "available";
      },
      (error: unknown) => {
        made.status = kind.unreadable;
        made.why = messageOf(error).replace(/\s+/g, " ");
      },
    );
  }

  async function remove(body: unknown) {
    const { name: copy } = parsed(namedSchema, body);
    const found = copies.get(copy);
    if (found === undefined) return { isGone: true };
    found.status = "deleting";
    found.deletion.abort();
    await found.started;
    await servers.drop(copy);
    copies.delete(copy);
    return { isGone: true };
  }

  async function upgrade(body: unknown): Promise<void> {
    const { name: copy, version } = parsed(upgradeSchema, body);
    const found = copies.get(copy);
    const { upgrades } = kind;
    if (found === undefined || upgrades === undefined) throw new Error(`DBInstanceNotFound: ${copy}`);
    if (found.status !== "available") throw new Error(`InvalidDBInstanceState: ${copy} is ${found.status}`);
    const problem = upgrades.refusal(found.version, version);
    if (problem !== undefined) throw new Error(problem);
    const versions = { from: found.version, to: version };
    const tell = (text: string) => found.events.push({ at: Date.now() / 1000, text });
    found.status = "upgrading";
    found.started = upgrades
      .upgrade(copy, versions, found.deletion.signal)
      .then((refusal) => {
        if (refusal === undefined) found.version = version;
        else found.log = refusal.log;
        tell(refusal?.event ?? "Database instance engine version upgrade completed");
      })
      .catch((error: unknown) => void tell(`The upgrade failed: ${messageOf(error)}`))
      .finally(() => {
        if (found.status === "upgrading") found.status = "available";
      });
  }

  const backUp = (server: string) => servers.backUp(server, kind.backupId(server, stampNow()));
  return {
    [`GET ${path}`]: async () => ({
      copies: [...copies].map(([own, { started: _, deletion: __, ...copy }]) => ({ name: own, ...copy })),
    }),
    [`POST ${path}/version`]: async (body) => ({
      version: kind.upgrades?.version(parsed(namedSchema, body).name) ?? "",
    }),
    [`POST ${path}/upgrade`]: upgrade,
    // As if AWS's daily window had just been: RDS backs an instance up as soon as it exists, too.
    [`POST ${path}/backups`]: async (body) => {
      const { name: server } = parsed(namedSchema, body);
      if (!servers.names().includes(server) || !kind.isBackedUp(server)) return { backups: [] };
      if (servers.backups(server).length === 0) await backUp(server);
      return { backups: servers.backups(server) };
    },
    [`POST ${path}/back-up`]: async (body) => backUp(parsed(namedSchema, body).name),
    [`POST ${path}/restore`]: restore,
    [`POST ${path}/ask`]: async (body) => {
      const { name: server, questions } = parsed(askSchema, body);
      return { answers: await Promise.all(questions.map((question) => answerOf(kind, server, question))) };
    },
    [`POST ${path}/remove`]: remove,
  };
}

/** As AWS dates a snapshot's name, by the second. */
function stampNow(): string {
  return new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
}

async function answerOf<Q extends { readonly id: string }>(kind: Kind<Q>, server: string, question: Q) {
  const own = { id: question.id };
  try {
    return { ...own, value: await kind.answer(server, question) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { ...own, problem: messageOf(error), sqlState: code };
  }
}

/** The types of what is backed up, and the setting that says for how many days its backups are kept. */
const RETENTION: Readonly<Record<string, string>> = {
  [TYPES.database]: "backupRetentionPeriod",
  [TYPES.replicationGroup]: "snapshotRetentionLimit",
};

/** What the account says of the backups of a server of a type: whether any are kept, and whether their key can be used. */
export function backupFacts(resources: () => readonly WorldResource[], type: string): BackupFacts {
  const inputsOf = (server: string) =>
    resources().find((each) => each.type === type && (each.name === server || each.id === server))?.inputs ?? {};
  return {
    isBackedUp: (server) => (number(inputsOf(server), RETENTION[type] ?? "") ?? 0) > 0,
    version: (server) => {
      const found = resources().find((each) => each.type === type && (each.name === server || each.id === server));
      return (found && versionOf(found)) ?? "";
    },
    keyProblem: (server) => {
      const arn = text(inputsOf(server), "kmsKeyId");
      if (arn === undefined) return undefined;
      const key = resources().find((each) => each.type === TYPES.kmsKey && each.arn === arn);
      if (key === undefined) return `key ${arn} does not exist`;
      return at(key.inputs, "isEnabled")[0] === false ? `key ${arn} is disabled` : undefined;
    },
  };
}

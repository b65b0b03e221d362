import { z } from "zod";
import { messageOf } from "../shared/deploy-error.ts";
import { TYPES } from "./aws/types.ts";
import { at, number, text } from "./aws/values.ts";
import type { WorldResource } from "./aws/world.ts";
import type { Caches } from "./backing/cache.ts";
import type { Databases } from "./backing/database.ts";
import type { Route } from "./control.ts";
import { parsed } from "./control-requests.ts";

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
}

/** What the account says of a server and its backups. */
interface BackupFacts {
  isBackedUp(server: string): boolean;
  /** What is wrong with the key that its backups are encrypted with. */
  keyProblem(server: string): string | undefined;
}

const FACTS: BackupFacts = { isBackedUp: () => true, keyProblem: () => undefined };

/** Temporary copies of the rehearsal's databases, real servers over real backups, as a drill asks for them. */
export function copyRoutes(databases: Databases, facts: BackupFacts = FACTS): Readonly<Record<string, Route>> {
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
  /** Resolves once its server has started, or will not. */
  started: Promise<void>;
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
    const made: Copy = { status: "creating", why: undefined, until, by, started: Promise.resolve() };
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
    await found.started;
    await servers.drop(copy);
    copies.delete(copy);
    return { isGone: true };
  }

  const backUp = (server: string) => servers.backUp(server, kind.backupId(server, stampNow()));
  return {
    [`GET ${path}`]: async () => ({
      copies: [...copies].map(([own, { status, why, until, by }]) => ({ name: own, status, why, until, by })),
    }),
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
    keyProblem: (server) => {
      const arn = text(inputsOf(server), "kmsKeyId");
      if (arn === undefined) return undefined;
      const key = resources().find((each) => each.type === TYPES.kmsKey && each.arn === arn);
      if (key === undefined) return `key ${arn} does not exist`;
      return at(key.inputs, "isEnabled")[0] === false ? `key ${arn} is disabled` : undefined;
    },
  };
}

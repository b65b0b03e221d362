import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Leftovers } from "../../io/aws-leftovers.ts";
import { jsonIn, request, saidInstead } from "../../io/http.ts";
import type { Network } from "../../io/network.ts";
import type { DatabaseReplacement } from "../../io/rds-copies.ts";
import { rehearsalVariables } from "../../io/rehearsal-variables.ts";
import {
  type Answer,
  BackupUnreadable,
  type CacheCopies,
  type CacheQuestion,
  type Copies,
  type CopyUpgrades,
  type DatabaseCopies,
  type Outage,
  type Question,
  type ReachWatch,
  type Snapshot,
  UpgradeRefused,
} from "../../io/restored-copies.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { AskCostExplorer } from "../housekeeping/costs.ts";

/** Asks a running rehearsal's control API; resolves with its answer. */
export type AskRehearsal = (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>;

const backupsSchema = z.object({ backups: z.array(z.object({ id: z.string(), at: z.number() })) });
const copiesSchema = z.object({
  copies: z.array(
    z.object({
      ...{ name: z.string(), status: z.string(), why: z.string().optional(), until: z.number(), by: z.string() },
      ...{ version: z.string(), events: z.array(z.object({ at: z.number(), text: z.string() })) },
      log: z.array(z.string()),
    }),
  ),
});
const answersSchema = z.object({
  answers: z.array(
    z.union([
      z.object({ id: z.string(), value: z.string().nullable() }),
      z.object({ id: z.string(), problem: z.string(), sqlState: z.string() }),
    ]),
  ),
});

/** What a rehearsal is asked by of the one kind. */
interface Asking {
  /** Of the control API. */
  readonly path: "/copies" | "/cache-copies";
  /** The name of the one that serves. */
  readonly live: string;
  readonly storageGib: number;
}

/** What both kinds do alike. */
function copiesAt<Q>(ask: AskRehearsal, { path, live, storageGib }: Asking): Omit<Copies<Q>, "restorable"> {
  const snapshots = async (): Promise<Snapshot[]> => {
    const { backups } = backupsSchema.parse(await ask("POST", `${path}/backups`, { name: live }));
    return backups.map((backup) => ({ ...backup, storageGib }));
  };
  const copies = async () => copiesSchema.parse(await ask("GET", path)).copies;
  return {
    newestSnapshot: async () => (await snapshots())[0],
    snapshot: async (id) => (await snapshots()).find((each) => each.id === id),
    leftovers: async () => (await copies()).map(({ name, until, by }) => ({ name, until, by })),
    restore: async ({ name: copy, source, until, by }) => {
      const what = source.kind === "snapshot" ? { backup: source.id } : { moment: source.at };
      try {
        await ask("POST", `${path}/restore`, { source: live, copy, ...what, until, by });
      } catch (cause) {
        if (cause instanceof Error && UNREADABLE.test(cause.message))
          throw new BackupUnreadable(cause.message, { cause });
        throw cause;
      }
    },
    describe: async (name) => {
      const found = (await copies()).find((each) => each.name === name);
      if (found === undefined) return undefined;
      return { status: found.status, ...(found.why === undefined ? {} : { why: found.why }) };
    },
    query: async (asked, questions): Promise<readonly Answer[]> => {
      const name = asked === "live" ? live : asked.copy;
      return answersSchema.parse(await ask("POST", `${path}/ask`, { name, questions })).answers;
    },
    remove: async (name) => {
      await ask("POST", `${path}/remove`, { name });
      return (await copies()).every((each) => each.name !== name);
    },
  };
}

const versionSchema = z.object({ version: z.string() });
const WATCH_MILLISECONDS = 50;

/** What upgrades a copy there: the rehearsal's model of RDS, over the real server. */
function upgradesAt(ask: AskRehearsal, database: string): CopyUpgrades {
  const copyNamed = async (name: string) => {
    const { copies } = copiesSchema.parse(await ask("GET", "/copies"));
    const found = copies.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new DeployError("SPARKI_OUTSIDE", `${name} does not exist any more`);
  };
  return {
    liveVersion: async () => versionSchema.parse(await ask("POST", "/copies/version", { name: database })).version,
    begin: async (name, version) => {
      try {
        await ask("POST", "/copies/upgrade", { name, version });
      } catch (cause) {
        if (cause instanceof Error && /\bInvalidParameterCombination\b/.test(cause.message))
          throw new UpgradeRefused(cause.message, { cause });
        throw cause;
      }
    },
    state: async (name, since) => {
      const { status, version, events } = await copyNamed(name);
      const told = events.filter(({ at }) => at >= Math.floor(since)).map(({ text }) => text);
      return { status, version, isPending: status === "upgrading", events: told };
    },
    refusalLog: async (name) => (await copyNamed(name)).log,
    watch: async (name) => watchAt(ask, name),
  };
}

/** Asks the server again and again; resolves once it has been asked. */
async function watchAt(ask: AskRehearsal, name: string): Promise<ReachWatch> {
  const ended = new AbortController();
  const outages: Outage[] = [];
  let down: number | undefined;
  const look = async () => {
    const at = Date.now() / 1000;
    const questions = [{ id: "reach", sql: "SELECT 1" }];
    const { answers } = answersSchema.parse(await ask("POST", "/copies/ask", { name, questions }));
    const isReached = answers.some((answer) => "value" in answer);
    if (!isReached) down ??= at;
    else if (down !== undefined) {
      outages.push({ from: down, until: Date.now() / 1000 });
      down = undefined;
    }
  };
  await look();
  const looks = (async () => {
    while (!ended.signal.aborted) {
      await sleep(WATCH_MILLISECONDS, undefined, { signal: ended.signal }).catch(() => undefined);
      await look();
    }
  })();
  looks.catch(() => undefined);
  return {
    end: async () => {
      ended.abort();
      await looks;
      return down === undefined ? outages : [...outages, { from: down, until: Date.now() / 1000 }];
    },
  };
}

/** As AWS refuses a restore for its backup's sake. */
const UNREADABLE = /\b(?:DBSnapshotNotFound|SnapshotNotFoundFault|KMSKeyNotAccessibleFault|InvalidKMSKeyFault)\b/;

/**
 * The copies in a rehearsal: base backups of its real PostgreSQL stand for automated snapshots, and its write-ahead log
 * for what lies between them. `storageGib` is what the stack's config says, since the rehearsal's own disks cost nothing.
 */
export function rehearsedCopies(ask: AskRehearsal, database: string, storageGib: number): DatabaseCopies {
  const copies = copiesAt<Question>(ask, { path: "/copies", live: database, storageGib });
  return {
    ...copies,
    upgrades: upgradesAt(ask, database),
    restorable: async () => {
      const { backups } = backupsSchema.parse(await ask("POST", "/copies/backups", { name: database }));
      const oldest = backups.at(-1);
      return oldest === undefined ? undefined : { earliest: oldest.at, latest: Date.now() / 1000, storageGib };
    },
  };
}

/** The copies of a rehearsal's Redis, by dumps that it writes itself. */
export function rehearsedCacheCopies(ask: AskRehearsal, cache: string): CacheCopies {
  const copies = copiesAt<CacheQuestion>(ask, { path: "/cache-copies", live: cache, storageGib: 0 });
  return { ...copies, restorable: async () => undefined };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The copies of the rehearsal that the environment names; undefined outside of one. */
export function openRehearsedCopies(
  network: Network,
  env: Environment,
  { stack, storageGib }: { readonly stack: string; readonly storageGib: number },
): (DatabaseCopies & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedCopies(ask, `sparki-${stack}-database`, storageGib));
}

/** Those of its Redis; undefined outside of one. */
export function openRehearsedCacheCopies(
  network: Network,
  env: Environment,
  stack: string,
): (CacheCopies & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedCacheCopies(ask, `sparki-${stack}-cache`));
}

/** What is made of how the rehearsal that the environment names is asked; undefined outside of one. */
function openInRehearsal<Opened extends object>(
  network: Network,
  env: Environment,
  make: (ask: AskRehearsal) => Opened,
): (Opened & { close(): void }) | undefined {
  const origin = rehearsalVariables(env).access?.origins[0];
  return origin === undefined ? undefined : { ...make(askRehearsal(network, origin)), close: () => {} };
}

/** How long an answer may take: a base backup is taken, or a server stopped, while it is waited for. */
const ANSWER_SECONDS = 300;

/** Asks the rehearsal whose control API is at that address; the network brings its token. */
function askRehearsal(network: Network, origin: string): AskRehearsal {
  return async (method, path, body) => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    const options = { method, headers, timeoutSeconds: ANSWER_SECONDS, ...content };
    const answer = await request(network, `${origin}${path}`, options);
    if (answer.answered && answer.status === 200) return jsonIn(answer.body);
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `the rehearsal did not answer ${method} ${path}: ${answer.answered ? saidInstead(answer) : answer.error}`,
      { hint: "check whether npx sparki cloud is still running" },
    );
  };
}

/** Cost Explorer of the rehearsal that the environment names; undefined outside of one. */
export function rehearsedCostExplorer(network: Network, env: Environment): AskCostExplorer | undefined {
  const opened = openInRehearsal(network, env, (ask) => ({
    costs: (request: object) => ask("POST", "/cost-explorer/get-cost-and-usage", request),
  }));
  return opened?.costs;
}

const instancesSchema = z.object({
  instances: z.array(
    z.object({ name: z.string(), resourceId: z.string(), status: z.string(), why: z.string().exactOptional() }),
  ),
});

/** AWS's words for what passes by itself. */
const LATER = /\bapi error (?:InvalidDBInstanceState|DBInstanceAlreadyExists):/;

/** What an earlier request has begun already. */
const TAKEN = /\bapi error DBInstanceAlreadyExists:/;

/** The instances of a rehearsal's account: real servers, restored from base backups and their log. */
export function rehearsedReplacement(ask: AskRehearsal, database: string): DatabaseReplacement {
  const { restorable } = rehearsedCopies(ask, database, 0);
  return {
    restorable,
    instance: async (name) => {
      const { instances } = instancesSchema.parse(await ask("GET", "/instances"));
      const found = instances.find((each) => each.name === name);
      if (found === undefined) return undefined;
      const { name: _, ...instance } = found;
      return instance;
    },
    restoreBeside: async (as, moment) => {
      try {
        await ask("POST", "/instances/restore", { name: database, as, moment });
      } catch (error) {
        if (!(error instanceof Error && TAKEN.test(error.message))) throw error;
      }
    },
    rename: async (name, to, isProtected) => {
      try {
        await ask("POST", "/instances/rename", { name, to, isProtected });
        return true;
      } catch (error) {
        if (error instanceof Error && LATER.test(error.message)) return false;
        throw error;
      }
    },
    query: (copy, questions, signal) => rehearsedCopies(ask, database, 0).query({ copy }, questions, signal),
  };
}

/** What of a stack is in a rehearsal's account that no state need name: its instances, and nothing else is modelled. */
export function rehearsedLeftovers(ask: AskRehearsal, stack: string): Leftovers {
  return {
    list: async () => {
      const { instances } = instancesSchema.parse(await ask("GET", "/instances"));
      const own = instances.filter(({ name }) => name.startsWith(`sparki-${stack}-`));
      return own.map(({ name: id, resourceId: stateId, status }) => {
        return { kind: "database-instance", id, stateId, status, createdAt: undefined, gib: undefined };
      });
    },
    remove: async ({ id }) => {
      await ask("POST", "/instances/remove", { name: id });
    },
  };
}

/** The leftovers in the rehearsal that the environment names; undefined outside of one. */
export function openRehearsedLeftovers(
  network: Network,
  env: Environment,
  stack: string,
): (Leftovers & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedLeftovers(ask, stack));
}

/** The instances of the rehearsal that the environment names; undefined outside of one. */
export function openRehearsedReplacement(
  network: Network,
  env: Environment,
  stack: string,
): (DatabaseReplacement & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedReplacement(ask, `sparki-${stack}-database`));
}

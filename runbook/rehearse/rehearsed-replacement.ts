import { z } from "zod";
import type { DatabaseReplacement } from "../../io/database-replacement.ts";
import type { Leftovers } from "../../io/leftovers.ts";
import type { Network } from "../../io/network.ts";
import { type AskRehearsal, openInRehearsal, rehearsedCopies } from "./rehearsed-copies.ts";

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
  env: Readonly<Record<string, string | undefined>>,
  stack: string,
): (Leftovers & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedLeftovers(ask, stack));
}

/** The instances of the rehearsal that the environment names; undefined outside of one. */
export function openRehearsedReplacement(
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
  stack: string,
): (DatabaseReplacement & { close(): void }) | undefined {
  return openInRehearsal(network, env, (ask) => rehearsedReplacement(ask, `sparki-${stack}-database`));
}

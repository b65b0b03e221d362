import { z } from "zod";
import type { DatabaseInstances } from "./aws/instances.ts";
import type { Route } from "./control.ts";
import { parsed } from "./control-requests.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const restoreSchema = z.strictObject({
  name,
  as: name,
  /** In seconds since 1970. */
  moment: z.number(),
});
const renameSchema = z.strictObject({ name, to: name, isProtected: z.boolean() });

/** What a recovery asks RDS for, and is answered at once: it looks how far that is. */
export function instanceRoutes(databases: DatabaseInstances): Readonly<Record<string, Route>> {
  return {
    "GET /instances": async () => ({ instances: databases.describe() }),
    "POST /instances/restore": async (body) => {
      const { name: live, as, moment } = parsed(restoreSchema, body);
      await databases.restore(live, as, moment);
    },
    "POST /instances/remove": async (body) => databases.remove(parsed(z.strictObject({ name }), body).name),
    "POST /instances/rename": async (body) => {
      const { name: present, to, isProtected } = parsed(renameSchema, body);
      databases.rename(present, to, isProtected);
    },
  };
}

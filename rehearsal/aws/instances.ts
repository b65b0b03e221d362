import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { messageOf } from "../../shared/deploy-error.ts";
import { parsed, type Route } from "../control.ts";
import { AwsError, type Cloud } from "./model.ts";
import type { Operations } from "./operations.ts";
import { renameDatabase, restoredInputs } from "./services/rds.ts";
import { TYPES } from "./types.ts";
import type { WorldResource } from "./world.ts";

/** An instance as RDS describes it. */
export interface DescribedInstance {
  readonly name: string;
  readonly resourceId: string;
  readonly status: string;
  readonly why?: string;
}

/** Database instances that RDS restores or renames because someone asks it to: no state of Pulumi's knows of that. */
export class DatabaseInstances {
  readonly #cloud: Cloud;
  readonly #operations: Operations;
  readonly #renaming = new Set<string>();
  readonly #failures = new Map<string, string>();

  constructor(cloud: Cloud, operations: Operations) {
    this.#cloud = cloud;
    this.#operations = operations;
  }

  describe(): readonly DescribedInstance[] {
    return this.#cloud.world.ofType(TYPES.database).map(({ id, name = "", status }) => {
      const why = this.#failures.get(id);
      const own = status === "failed" ? "incompatible-restore" : status;
      const shown = this.#renaming.has(id) ? "renaming" : own;
      return { name, resourceId: id, status: shown, ...(why === undefined ? {} : { why }) };
    });
  }

  /**
   * Begins to restore another instance beside one, as that was at a moment in seconds since 1970; resolves once RDS has
   * accepted that, and rejects with its refusal.
   */
  async restore(name: string, as: string, moment: number): Promise<void> {
    const live = this.#named(name);
    if (this.#find(as) !== undefined) throw alreadyExists();
    const { region, accountId } = live;
    const inputs = restoredInputs(live, as, moment);
    const order = { type: TYPES.database, urn: `restored ${as}`, logicalName: as, inputs, region, accountId };
    const made = this.#operations.create({ ...order, secrets: [] }, new AbortController().signal);
    const refusals: unknown[] = [];
    made.catch((error: unknown) => refusals.push(error));
    while (this.#find(as) === undefined && refusals.length === 0) await delay(5);
    const accepted = this.#find(as);
    if (accepted === undefined) throw refusals[0];
    made.catch((error: unknown) => this.#failures.set(accepted.id, messageOf(error).replace(/\s+/g, " ")));
  }

  /** Begins to give an instance another name: until it is available again nobody reaches it. */
  rename(name: string, to: string, isProtected: boolean): void {
    const resource = this.#named(name);
    if (resource.status !== "available" || this.#renaming.has(resource.id))
      throw new AwsError("InvalidDBInstanceState", `Database instance ${name} is not in available state.`);
    if (this.#find(to) !== undefined) throw new AwsError("DBInstanceAlreadyExists", "DB instance already exists");
    this.#renaming.add(resource.id);
    void this.#rename(resource, { to, isProtected }).finally(() => this.#renaming.delete(resource.id));
  }

  /** Deletes an instance with a final snapshot that is named after it, whether it is protected or not; resolves once it is gone. */
  async remove(name: string): Promise<void> {
    const resource = this.#named(name);
    const settings = { deletionProtection: false, skipFinalSnapshot: false, finalSnapshotIdentifier: `${name}-final` };
    this.#cloud.world.put({ ...resource, inputs: { ...resource.inputs, ...settings } });
    await this.#operations.delete(TYPES.database, resource.id, new AbortController().signal);
  }

  async #rename(resource: WorldResource, as: Parameters<typeof renameDatabase>[1]): Promise<void> {
    try {
      await renameDatabase(resource, as, this.#cloud);
    } catch (error) {
      this.#failures.set(resource.id, messageOf(error));
      this.#cloud.world.put({ ...resource, status: "failed" });
    }
  }

  #find(name: string): WorldResource | undefined {
    return this.#cloud.world.ofType(TYPES.database).find((each) => each.name === name);
  }

  #named(name: string): WorldResource {
    const found = this.#find(name);
    if (found !== undefined) return found;
    throw new AwsError("DBInstanceNotFound", `DBInstance ${name} not found.`);
  }
}

function alreadyExists(): AwsError {
  return new AwsError("DBInstanceAlreadyExists", "DB instance already exists");
}

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

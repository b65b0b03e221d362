import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { DeployError } from "../../stacks/deploy-error.ts";
import { ORIGIN_TAG, originOf } from "../../stacks/origin-tag.ts";
import type { Clock } from "../command.ts";
import { nameOf } from "../deploy/engine-record.ts";
import type { AwsLookups } from "../io/aws-lookups.ts";
import type { Engine } from "../io/engine.ts";
import { resourcesIn, type StateResource } from "../report/state.ts";
import { type Finders, type PendingCreate, physicalIds } from "./physical-id.ts";
import { pendingCreates, withCreatesEnded } from "./state-edit.ts";

/** What became of what an update was making when it died. */
export interface Adoption {
  /** What exists and is now in the state, by name. */
  readonly adopted: readonly string[];
  /** What does not exist, or can be made again without harm; the next update makes it. */
  readonly madeAgain: readonly string[];
}

export interface AdoptionOptions {
  readonly engine: Pick<Engine, "exportEncrypted" | "importState" | "refresh">;
  readonly aws: Pick<AwsLookups, "find">;
  readonly stack: string;
  readonly clock: Clock;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

/**
 * Takes into the exported state what an update that was killed had begun to make, writes it back, and waits until AWS has finished it, so that
 * the next update neither makes it twice nor fails because it is there. Changes nothing in the cloud. Throws
 * SPARKI_OUTSIDE where two resources claim to be the same one, AWS does not finish in time, or the state moved meanwhile.
 * The engine's own `refresh --import-pending-creates` is of no use here: in 3.255 it forgets what it was told to import.
 */
export async function adoptPending(exported: unknown, options: AdoptionOptions): Promise<Adoption> {
  const { engine } = options;
  const pending = pendingCreates(exported);
  const ids = await idsOf(pending, resourcesIn(exported), findersOf(options));
  await assertUnmoved(engine, exported);
  await engine.importState(withCreatesEnded(exported, ids));
  const found = ids.size === 0 ? [] : await refreshed(options, [...ids.keys()]);
  const isThere = ({ urn }: PendingCreate) => found.some((resource) => resource.urn === urn);
  return {
    adopted: pending.filter(isThere).map(({ name }) => name),
    madeAgain: pending.filter((each) => !isThere(each)).map(({ name }) => name),
  };
}

/** Nobody's update may be written over: looking for ids takes a while. */
async function assertUnmoved(engine: AdoptionOptions["engine"], exported: unknown): Promise<void> {
  if (isDeepStrictEqual(await engine.exportEncrypted(), exported)) return;
  throw unread("somebody else has updated the stack meanwhile");
}

async function idsOf(
  pending: readonly PendingCreate[],
  state: readonly StateResource[],
  find: Finders,
): Promise<ReadonlyMap<string, string>> {
  const known = new Set(state.map(({ type, id }) => `${type} ${id}`));
  const found = await Promise.all(pending.map(async (each) => [each, await physicalIds(each, find)] as const));
  const ids = new Map<string, string>();
  for (const [{ urn, type, name }, candidates] of found) {
    // What the state knows already is an older one of the same name.
    const [id, ...others] = candidates.filter((candidate) => !known.has(`${type} ${candidate}`));
    if (others.length > 0) throw ambiguous(type, name, [id, ...others].join(" and "));
    if (id !== undefined) ids.set(urn, id);
  }
  return ids;
}

function ambiguous(type: string, name: string, ids: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${ids} both claim to be ${name} (${type}); expected one`, {
    hint: `look which one is used, delete the other or its tag ${ORIGIN_TAG}, and run the same command again`,
  });
}

const taggedSchema = z.object({ resourceTagMappingLists: z.array(z.object({ resourceArn: z.string() })) });
const versionsSchema = z.object({ versions: z.array(z.object({ versionId: z.string() })) });

function findersOf({ aws, stack }: AdoptionOptions): Finders {
  return {
    byOrigin: async ({ type, name }) => {
      const tags = { project: "sparki", stack, [ORIGIN_TAG]: originOf(type, name) };
      const tagFilters = Object.entries(tags).map(([key, value]) => ({ key, values: [value] }));
      const found = await aws.find("resourcegroupstaggingapi/getResources", { tagFilters }, taggedSchema);
      return found?.resourceTagMappingLists.map(({ resourceArn }) => resourceArn) ?? [];
    },
    versionsOf: async (secretId) => {
      const found = await aws.find("secretsmanager/getSecretVersions", { secretId }, versionsSchema);
      return found?.versions.map(({ versionId }) => versionId) ?? [];
    },
  };
}

/** What AWS takes minutes to make, and an output that it has once it is made. */
const MADE_WITH: Readonly<Record<string, string>> = {
  "aws:eks/cluster:Cluster": "endpoint",
  "aws:elasticache/replicationGroup:ReplicationGroup": "primaryEndpointAddress",
  "aws:rds/instance:Instance": "endpoint",
};
const LOOK_EVERY_SECONDS = 15;
/** The longest that any of them was seen to take; ElastiCache's own limit. */
const DEADLINE_SECONDS = 3_600;

/** Those of the resources that exist, once AWS has finished them; reads them until then. */
async function refreshed(options: AdoptionOptions, urns: readonly string[]): Promise<readonly StateResource[]> {
  const { clock, engine, signal, timeScale, onProgress } = options;
  const deadline = clock.now() + Math.max(60, DEADLINE_SECONDS * timeScale);
  for (let left = urns; ; ) {
    const { outcome, failure } = await engine.refresh(undefined, left);
    if (outcome !== "succeeded") throw unread(failure);
    const found = resourcesIn(await engine.exportEncrypted()).filter(
      (resource) => urns.includes(resource.urn) && resource.delete !== true,
    );
    const unfinished = found.filter(isUnfinished);
    if (unfinished.length === 0) return found;
    const names = unfinished.map(({ urn }) => nameOf(urn)).join(", ");
    if (clock.now() >= deadline) throw unread(`AWS has not finished ${names}`);
    onProgress(`AWS is still making ${names}`);
    left = unfinished.map(({ urn }) => urn);
    await clock.sleep(Math.max(1, LOOK_EVERY_SECONDS * timeScale), signal);
  }
}

function isUnfinished({ type, outputs }: StateResource): boolean {
  const output = MADE_WITH[type];
  return output !== undefined && (outputs[output] ?? "") === "";
}

function unread(reason: string | undefined): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `what an interrupted update left could not be taken over: ${reason}`, {
    hint: "run the same command again",
  });
}

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import { QUERY_LOGS } from "../../io/aws-lookups.ts";
import type { Engine } from "../../io/engine.ts";
import { type EngineResult, nameOf } from "../../records/engine-record.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { ORIGIN_TAG, originOf } from "../../stacks/tagging.ts";
import { foundBy } from "./found-by.ts";
import {
  type Finders,
  isOf,
  isUnfinished,
  type PendingCreate,
  pendingCreates,
  physicalIds,
  savedAt,
  unreadIn,
  withCreatesEnded,
  withGuesses,
} from "./state-edit.ts";

/** What became of what an update was making when it died. */
export interface Adoption {
  /** What exists and is now in the state, by name. */
  readonly adopted: readonly string[];
  /** What does not exist, or can be made again without harm; the next update makes it. */
  readonly madeAgain: readonly string[];
}

export type AdoptingEngine = Pick<Engine, "exportEncrypted" | "importState"> & {
  refresh(watch: undefined, urns: readonly string[]): Promise<Pick<EngineResult, "outcome" | "failure">>;
};

export interface AdoptionOptions {
  readonly engine: AdoptingEngine;
  readonly aws: Pick<AwsLookups, "find">;
  readonly stack: string;
  readonly clock: Clock;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly signal: AbortSignal;
  /** What the backend holds now, where the exported state was changed since. @default the exported state */
  readonly saved?: unknown;
  /** Whether what exists may be taken over. @default all that was being created may */
  readonly isOurs?: (pending: PendingCreate, id: string) => boolean;
  /** Nothing is being created any more, so what is not found at once does not exist. @default what was killed may continue */
  readonly isSettled?: boolean;
  onProgress(text: string): void;
}

/** A provider that outlives its engine continues for so long: what it was told to make may appear until then. */
const SETTLE_SECONDS = 10;
/** AWS's list of tags learns of what was made within so many seconds; off AWS they pass at the time scale. */
const LISTED_SECONDS = 60;

/**
 * Takes into the exported state what an update that was killed had begun to make, and waits until AWS has finished it, so
 * that the next update neither makes it twice nor fails because it is there. Changes nothing in the cloud. It can itself
 * be killed anywhere, and begun again: what was being created stays pending until it was looked for; what is there is then
 * in the state by its id alone, which shows that nothing has read it yet, and is read by whoever comes next. All of that is
 * one import, since the engine's import forgets every pending operation. Throws SPARKI_OUTSIDE where two resources claim
 * to be the same one, AWS does not finish in time, or the state moved meanwhile.
 * The engine's own `refresh --import-pending-creates` is of no use here: in 3.255 it forgets what it was told to import.
 */
export async function adoptPending(exported: unknown, options: AdoptionOptions): Promise<Adoption> {
  const { engine } = options;
  const [pending, halfAdopted] = [pendingCreates(exported), unreadIn(exported)];
  const places = await placesOf(pending, exported, options);
  await assertUnmoved(engine, options.saved ?? exported);
  // What is not there is pending no more then; what is, is known to be unread until it was read.
  if (places.guesses.size > 0 || options.saved !== undefined)
    await engine.importState(withGuesses(exported, places.guesses));
  const urns = new Set([...places.guesses.keys(), ...places.known, ...halfAdopted.map(({ urn }) => urn)]);
  const found = urns.size === 0 ? [] : await refreshed(options, [...urns]);
  const ended = withCreatesEnded(await engine.exportEncrypted(), new Set(pending.map(({ urn }) => urn)));
  if (pending.length > 0) await engine.importState(ended);
  const isThere = ({ urn }: { readonly urn: string }) => found.some((resource) => resource.urn === urn);
  const all = [...new Map([...pending, ...halfAdopted].map((each) => [each.urn, each])).values()];
  return {
    adopted: all.filter(isThere).map(({ name }) => name),
    madeAgain: all.filter((each) => !isThere(each)).map(({ name }) => name),
  };
}

/** Nobody's update may be written over: looking for ids takes a while. */
async function assertUnmoved(engine: AdoptionOptions["engine"], exported: unknown): Promise<void> {
  if (isDeepStrictEqual(await engine.exportEncrypted(), exported)) return;
  throw unread("another update has changed the stack meanwhile");
}

interface Places {
  /** The ids of what may exist and is not in the state, by URN. */
  readonly guesses: ReadonlyMap<string, string>;
  /** What a take-over before this one has put into the state already. */
  readonly known: readonly string[];
}

/** Asks once, and for what was not there again once nothing that was told to make it can still be at it. */
async function placesOf(
  pending: readonly PendingCreate[],
  exported: unknown,
  options: AdoptionOptions,
): Promise<Places> {
  const find = { ...options, ...findersOf(options) };
  const resources = resourcesIn(exported);
  const first = await lookedUp(pending, resources, find);
  const absent = pending.filter(({ urn }) => !first.guesses.has(urn) && !first.known.includes(urn));
  const late = absent.filter(({ type }) => foundBy(type)?.by !== "effect");
  if (late.length === 0 || options.isSettled === true || !(await settled(exported, options))) return first;
  const second = await lookedUp(late, resources, find);
  return {
    guesses: new Map([...first.guesses, ...second.guesses]),
    known: [...first.known, ...second.known],
  };
}

/** Waits for what is left of the time in which a provider may continue; false where that is long over. */
export async function settled(
  exported: unknown,
  { clock, signal, timeScale, onProgress }: Pick<AdoptionOptions, "clock" | "signal" | "timeScale" | "onProgress">,
): Promise<boolean> {
  const limit = Math.max(SETTLE_SECONDS, LISTED_SECONDS * timeScale);
  const left = limit - (clock.now() - (savedAt(exported) ?? 0));
  if (left <= 0) return false;
  onProgress("waiting for resources that the interrupted update may still be creating");
  await clock.sleep(Math.min(limit, left), signal);
  return true;
}

async function lookedUp(
  pending: readonly PendingCreate[],
  state: readonly StateResource[],
  { isOurs = () => true, ...find }: Finders & Pick<AdoptionOptions, "isOurs">,
): Promise<Places> {
  const ids = await Promise.all(pending.map(async (each) => [each, await physicalIds(each, find)] as const));
  const [guesses, known] = [new Map<string, string>(), [] as string[]];
  for (const [each, found] of ids) {
    const { urn, type, name } = each;
    const candidates = found.filter((id) => isOurs(each, id));
    const inState = state.filter((known) => known.type === type && known.pendingReplacement !== true);
    // What the state knows already is an older one of the same name, or was taken over before.
    const [id, ...others] = candidates.filter((candidate) => !inState.some((known) => isOf(known, candidate)));
    if (others.length > 0) throw ambiguous(type, name, [id, ...others].join(" and "));
    if (id !== undefined) guesses.set(urn, id);
    else if (candidates.length > 0 && state.some((old) => old.urn === urn && old.delete !== true)) known.push(urn);
  }
  return { guesses, known };
}

function ambiguous(type: string, name: string, ids: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${ids} both claim to be ${name} (${type}); expected one`, {
    hint: `AWS may list a deleted resource for some minutes: run the same command again later; if both still exist, find out which one is used, delete the other or its tag ${ORIGIN_TAG}, and run the same command again`,
  });
}

const taggedSchema = z.object({ resourceTagMappingLists: z.array(z.object({ resourceArn: z.string() })) });
const queryLogsSchema = z.object({ ids: z.array(z.string()) });
const versionsSchema = z.object({ versions: z.array(z.object({ versionId: z.string() })) });

/** The ARNs of all that carries these tags. */
export async function taggedWith(
  aws: AdoptionOptions["aws"],
  tags: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const tagFilters = Object.entries(tags).map(([key, value]) => ({ key, values: [value] }));
  const found = await aws.find("resourcegroupstaggingapi/getResources", { tagFilters }, taggedSchema);
  return found?.resourceTagMappingLists.map(({ resourceArn }) => resourceArn) ?? [];
}

const KEY = "aws:kms/key:Key";
const keySchema = z.object({ keyState: z.string() });

/**
 * Those of the keys that are not deleted. KMS keeps a deleted one with its tags for as long as its deletion could be
 * cancelled, a month, and takes no tag off it: beside one of a stack that was destroyed, the new one would never be told.
 */
async function inUse(aws: AdoptionOptions["aws"], keys: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(keys.map((keyId) => aws.find("kms/getKey", { keyId }, keySchema)));
  return keys.filter((_, index) => !/^Pending\w*Deletion$/.test(found[index]?.keyState ?? "PendingDeletion"));
}

function findersOf({ aws, stack }: AdoptionOptions): Finders {
  return {
    byOrigin: async ({ type, name }) => {
      const found = await taggedWith(aws, { project: "sparki", stack, [ORIGIN_TAG]: originOf(type, name) });
      return type === KEY && found.length > 1 ? inUse(aws, found) : found;
    },
    secretVersions: async (secretId) => {
      const found = await aws.find("secretsmanager/getSecretVersions", { secretId }, versionsSchema);
      return found?.versions.map(({ versionId }) => `${secretId}|${versionId}`) ?? [];
    },
    queryLogs: async (hostedZoneId) => {
      const found = await aws.find(QUERY_LOGS, { hostedZoneId }, queryLogsSchema);
      return found?.ids ?? [];
    },
  };
}

const LOOK_EVERY_SECONDS = 15;
/** The longest that any of them was seen to take; ElastiCache's own limit. */
const DEADLINE_SECONDS = 3_600;

/** Those of the resources that exist, once AWS has finished them; reads them until then. */
async function refreshed(options: AdoptionOptions, urns: readonly string[]): Promise<readonly StateResource[]> {
  const { clock, engine, signal, timeScale, onProgress } = options;
  const deadline = clock.now() + Math.max(60, DEADLINE_SECONDS * timeScale);
  for (let left = urns; ; ) {
    const { outcome, failure } = await engine.refresh(undefined, left);
    signal.throwIfAborted();
    if (outcome !== "succeeded") throw unread(failure);
    const found = resourcesIn(await engine.exportEncrypted()).filter(
      (resource) => urns.includes(resource.urn) && resource.delete !== true,
    );
    const unfinished = found.filter(isUnfinished);
    if (unfinished.length === 0) return found;
    const names = unfinished.map(({ urn }) => nameOf(urn)).join(", ");
    if (clock.now() >= deadline) throw unread(`AWS has not finished ${names}`);
    onProgress(`AWS is still creating ${names}`);
    left = unfinished.map(({ urn }) => urn);
    await clock.sleep(Math.max(1, LOOK_EVERY_SECONDS * timeScale), signal);
  }
}

function unread(reason: string | undefined): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `could not adopt what an interrupted update left: ${reason}`, {
    hint: "run the same command again",
  });
}

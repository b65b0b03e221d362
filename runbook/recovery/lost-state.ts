import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { timeScaleOf } from "../../gates/live/pace.ts";
import type { Engine } from "../../io/engine.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { isTagged } from "../../stacks/tagging.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { CommandResult, Ports } from "../command.ts";
import { type PlannedResource, PlannedResources } from "../plan/planned.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { type AdoptionOptions, adoptPending, taggedWith } from "./adopt.ts";
import { foundBy } from "./found-by.ts";
import {
  type Goals,
  goalsIn,
  neededFrom,
  nextStep,
  PASSWORD,
  withDependencies,
  withoutResources,
  withPasswords,
  withSecretInputs,
} from "./planned-state.ts";
import { unreadIn, withCreatesPending } from "./state-edit.ts";

export interface LostStateOptions extends Omit<AdoptionOptions, "engine" | "saved" | "isOurs" | "isSettled"> {
  readonly engine: AdoptionOptions["engine"] & Pick<Engine, "draft" | "exportState">;
}

interface Named {
  readonly name: string;
  readonly type: string;
}

/** What a state was rebuilt of, and what the next update would still do. */
export interface RebuiltState {
  readonly outcome: "rebuilt" | "unchanged" | "differs";
  readonly exitCode: ExitCodeOf;
  /** Of the program: all that its providers make. */
  readonly resources: number;
  /** What the state knew before. */
  readonly before: number;
  /** Found where it is, and now in the state. */
  readonly imported: readonly Named[];
  /** What no search finds, because it is nowhere but in a state, or leaves nothing that would be met again. */
  readonly remade: readonly (Named & { readonly why: string })[];
  /** Not found: the next update creates it. */
  readonly missing: readonly Named[];
  /** Has the name of the program's, and the tags of another owner: it is not imported, nor what hangs on it. */
  readonly foreign: readonly (Named & { readonly id: string })[];
  /** What the next update would change of what exists. */
  readonly changes: readonly (Named & {
    readonly action: PlannedResource["action"];
    readonly paths: readonly string[];
  })[];
  /** Carries the stack's tags, and the program has nothing of it: ARNs. */
  readonly unclaimed: readonly string[];
  readonly rounds: number;
}

/** Each round finds what needs only what the rounds before have found; the program is some six levels deep. */
const MOST_ROUNDS = 20;

/**
 * Rebuilds a state of what exists: each resource of the program is found by its name, its tag or its parent, and read by
 * its provider. Changes nothing in the cloud. It can be killed anywhere and begun again: what the state holds already is
 * not looked for, and what nothing has read yet is read. Throws SPARKI_OUTSIDE as `adoptPending` does, where the program
 * cannot be previewed, or where the search comes to no end.
 */
export async function rebuildState(options: LostStateOptions): Promise<RebuiltState> {
  const { engine, onProgress } = options;
  const begun = await engine.exportEncrypted();
  const before = namesOf(readIn(begun));
  const isContinued = unreadIn(begun).length > 0;
  // The program cannot be previewed over them: the state knows nothing but their ids, and they would be replaced.
  if (isContinued) await adoptPending(begun, { ...options, isSettled: true });
  const foreign = new Map<string, StateResource>();
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    onProgress(`round ${round}: what does the program need?`);
    const { goals, planned } = await drafted(engine);
    const saved = await engine.exportEncrypted();
    const step = nextStep(saved, goals, neededFrom(new Set(foreign.keys()), goals));
    const unread = unreadIn(saved).length;
    const isWork = step.candidates.length + step.added + unread > 0 || (isContinued && round === 1);
    onProgress(`round ${round}: ${step.candidates.length} to look for`);
    if (isWork)
      await adoptPending(withCreatesPending(step.exported, step.candidates), { ...options, saved, isSettled: true });
    for (const each of await notOurs(options)) foreign.set(each.urn, each);
    const others = neededFrom(new Set(foreign.keys()), goals);
    const left = new Set([...others].filter((urn) => !before.has(urn)));
    const found = await completed(engine, goals, { isWork, left });
    const known = namesOf(resourcesIn(saved));
    const isMore = step.added + unread > 0 || found.some(({ urn }) => !known.has(urn));
    if (!isMore) return resultOf(options, { before, goals, planned, foreign: [...foreign.values()], rounds: round });
  }
  throw new DeployError("SPARKI_OUTSIDE", `after ${MOST_ROUNDS} rounds more of the program is still being found`, {
    hint: "run the same command again",
  });
}

interface Drafted {
  readonly goals: readonly Goals[];
  readonly planned: readonly PlannedResource[];
}

async function drafted(engine: LostStateOptions["engine"]): Promise<Drafted> {
  const folder = temporaryFolder("plan");
  try {
    const file = join(folder, "plan.json");
    const planned = new PlannedResources();
    const { outcome, failure } = await engine.draft(file, (_record, event) => planned.add(event));
    if (outcome !== "succeeded")
      throw new DeployError("SPARKI_OUTSIDE", `the program could not be previewed: ${failure}`, {
        hint: "npx sparki preflight",
      });
    return { goals: goalsIn(JSON.parse(await readFile(file, "utf8"))), planned: planned.all };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a provider has read of it; a search that was killed left the rest. */
function readIn(exported: unknown): readonly StateResource[] {
  const unread = new Set(unreadIn(exported).map(({ urn }) => urn));
  return resourcesIn(exported).filter(({ urn }) => !unread.has(urn));
}

/** What the state holds and another owner has tagged. */
async function notOurs({ engine, stack }: LostStateOptions): Promise<readonly StateResource[]> {
  const tagsSchema = z.record(z.string(), z.unknown());
  return resourcesIn(await engine.exportEncrypted()).filter(({ type, custom, outputs }) => {
    if (!custom || !isTagged(type)) return false;
    const tags = tagsSchema.safeParse(outputs.tagsAll ?? outputs.tags).data;
    return tags !== undefined && (tags.project !== "sparki" || tags.stack !== stack);
  });
}

/** Adds what the state alone can be told, and takes out what is not ours (`left`); answers with what is then in the state. */
async function completed(
  engine: LostStateOptions["engine"],
  goals: readonly Goals[],
  { isWork, left }: { readonly isWork: boolean; readonly left: ReadonlySet<string> },
): Promise<readonly StateResource[]> {
  const found = await engine.exportEncrypted();
  const own = withPasswords(withSecretInputs(withoutResources(found, left)), await engine.exportState(), goals);
  const whole = isWork ? withDependencies(own, goals) : own;
  if (JSON.stringify(whole) !== JSON.stringify(found)) await engine.importState(whole);
  return resourcesIn(whole);
}

function namesOf(resources: readonly StateResource[]): ReadonlySet<string> {
  return new Set(resources.map(({ urn }) => urn));
}

interface Findings extends Drafted {
  readonly before: ReadonlySet<string>;
  readonly foreign: readonly StateResource[];
  readonly rounds: number;
}

async function resultOf(
  { aws, engine, stack }: LostStateOptions,
  { before, goals, planned, foreign, rounds }: Findings,
): Promise<RebuiltState> {
  const state = resourcesIn(await engine.exportEncrypted());
  const there = namesOf(state);
  const made = goals.filter(({ isMade }) => isMade);
  const known = made.filter(({ urn }) => there.has(urn));
  const absent = made.filter(({ urn }) => !there.has(urn));
  const others = new Set(foreign.map(({ urn }) => urn));
  const changed = planned.filter(({ urn, action }) => there.has(urn) && action !== "same");
  const imported = known.filter(({ urn }) => !before.has(urn));
  const remade = absent.flatMap((each) => {
    const why = whyRemade(each.type);
    return why === undefined ? [] : [{ ...named(each), why }];
  });
  const missing = absent.filter(({ urn, type }) => whyRemade(type) === undefined && !others.has(urn));
  const texts = new Set(state.flatMap(({ id, outputs }) => [id, ...Object.values(outputs)]));
  const tagged = await taggedWith(aws, { project: "sparki", stack });
  const isSame = missing.length + foreign.length + changed.length === 0;
  const outcome = !isSame ? "differs" : imported.length === 0 ? "unchanged" : "rebuilt";
  return {
    outcome,
    exitCode: outcome === "differs" ? EXIT.held.code : EXIT.done.code,
    resources: made.length,
    before: known.length - imported.length,
    imported: imported.map(named),
    remade,
    missing: missing.map(named),
    foreign: foreign.map(({ urn, type, id }) => ({ name: urn.split("::").at(-1) ?? urn, type, id: id ?? "" })),
    changes: changed.map(({ name, type, action, changes }) => ({
      name,
      type,
      action,
      paths: changes.map(({ path }) => path),
    })),
    unclaimed: tagged.filter((arn) => !texts.has(arn) && !texts.has(arn.slice(arn.lastIndexOf("/") + 1))).toSorted(),
    rounds,
  };
}

const named = ({ name, type }: Named): Named => ({ name, type });

/** Why a kind is not found but made again; undefined where it is found. */
function whyRemade(type: string): string | undefined {
  const how = foundBy(type);
  if (type === PASSWORD) return "no secret holds it any more";
  return how?.by === "effect" ? how.why : undefined;
}

export interface RebuildOptions {
  readonly stack: string;
  readonly engine: LostStateOptions["engine"];
  readonly context: Pick<PreflightContext, "aws" | "state">;
  readonly screen: Screen;
  readonly ports: Pick<Ports, "clock" | "env" | "signal" | "stderr">;
  /** Resolves once a person agrees. */
  agree(question: string): Promise<void>;
}

/** Rebuilds the stack's state and tells what came of it; throws SPARKI_OUTSIDE while someone else holds the stack. */
export async function rebuildShown(options: RebuildOptions): Promise<CommandResult> {
  const { stack, engine, context, screen, ports } = options;
  const { clock, env, signal, stderr } = ports;
  const lock = await context.state.lock();
  if (lock !== undefined)
    throw new DeployError("SPARKI_OUTSIDE", `${lock.holder} holds stack ${stack}; its state may still change`, {
      hint: `wait for it; if it runs no more: pulumi cancel --stack ${stack}`,
    });
  await options.agree(`Write what exists of ${stack} into its state? Nothing that exists is changed.`);
  const rebuilt = await showPhase(screen, clock, `rebuild the state of ${stack}`, async (phase) => {
    const onProgress = (text: string) => phase.say(text);
    const settings = { engine, aws: context.aws, stack, clock, timeScale: timeScaleOf(env), signal, onProgress };
    const result = await rebuildState(settings);
    phase.note(`${result.imported.length} of ${result.resources} imported in ${result.rounds} rounds`);
    return result;
  });
  const isNew = rebuilt.imported.length > 0;
  const next =
    rebuilt.exitCode === EXIT.done.code && !isNew
      ? null
      : `npx sparki plan --stack ${stack}, and deploy once it is right`;
  stderr.write(rebuiltText(stack, rebuilt, next ?? "nothing", screen.paint));
  return { exitCode: rebuilt.exitCode, json: { stack, ...rebuilt, next } };
}

const HEADS: Readonly<Record<RebuiltState["outcome"], string>> = {
  rebuilt: "the state is rebuilt; the next update changes nothing that exists",
  unchanged: "the state has all that exists",
  differs: "the state has what was found; what differs is for people to read",
};

/** What a rebuilt state consists of, and what the next update does, for a person. */
export function rebuiltText(stack: string, rebuilt: RebuiltState, next: string, paint: Paint): string {
  const { outcome, exitCode, resources, before, imported, remade, missing, foreign, changes, unclaimed } = rebuilt;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = [
    `${colour(outcome)} ${stack}: ${HEADS[outcome]}`,
    `  resources  ${resources} of the program: ${before} were in the state, ${imported.length} imported, ${remade.length} to make again, ${missing.length} missing, ${foreign.length} of others`,
    ...remade.map(({ name, type, why }) => `  again    ${name} (${type}): ${why}`),
    ...missing.map(({ name, type }) => `  missing  ${name} (${type}): the next update creates it`),
    ...foreign.map(({ name, type, id }) => `  foreign  ${name} (${type}): ${id} has the tags of another owner`),
    ...changes.map(({ name, type, action, paths }) => `  ${action}  ${name} (${type}): ${paths.join(", ")}`),
    ...unclaimed.map((arn) => `  unclaimed  ${arn}: it has the stack's tags, and the program does not know it`),
    `  next     ${next}`,
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}

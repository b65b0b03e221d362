import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { timeScaleOf } from "../../gates/live/pace.ts";
import { wholeJson } from "../../io/disk.ts";
import type { Engine } from "../../io/engine.ts";
import { nameOf } from "../../records/engine-record.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN_VALUES } from "../../shared/engine-values.ts";
import { isTagged } from "../../stacks/tagging.ts";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import type { CommandResult, Ports } from "../command.ts";
import { type PlannedResource, PlannedResources } from "../plan/planned.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { type AdoptionOptions, adoptPending, taggedWith } from "./adopt.ts";
import { foundBy, type Inputs } from "./found-by.ts";
import { type TakenResource, unreadIn, withCreatesPending } from "./state-edit.ts";

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
    return { goals: goalsIn(wholeJson(await readFile(file, "utf8"), file)), planned: planned.all };
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

const needs = {
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
};
const goalSchema = z.object({
  ...needs,
  type: z.string(),
  custom: z.boolean().default(false),
  protect: z.boolean().default(false),
  additionalSecretOutputs: z.array(z.string()).nullish(),
  inputDiff: z.object({ adds: z.record(z.string(), z.unknown()).default({}) }).default({ adds: {} }),
});
const planSchema = z.object({
  resourcePlans: z
    .record(z.string(), z.object({ goal: goalSchema.nullish(), steps: z.array(z.string()).default([]) }))
    .default({}),
});
const resourceSchema = z.looseObject({
  ...needs,
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  additionalSecretOutputs: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});
const exportSchema = z.looseObject({
  deployment: z.looseObject({ resources: z.array(resourceSchema).nullish() }),
});

type Goal = z.infer<typeof goalSchema>;
type StateEntry = z.infer<typeof resourceSchema>;
type Needs = Pick<Goal, "parent" | "provider" | "dependencies" | "propertyDependencies">;

/** A resource of the program by the engine's plan: a component, a provider, or something that a provider makes. */
interface Goals {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly isMade: boolean;
  /** Whether an update would leave it as it is, or change it in place: what it tells then is known to the preview. */
  readonly isKept: boolean;
  readonly goal: Goal;
}

/** What the program consists of, from the file that the engine writes of a preview. What it only reads is left out. */
function goalsIn(enginePlan: unknown): readonly Goals[] {
  return Object.entries(planSchema.parse(enginePlan).resourcePlans).flatMap(([urn, { goal, steps }]) => {
    if (goal == null || steps.length === 0 || steps.some((step) => step.startsWith("read"))) return [];
    const isMade = goal.custom && !isProvider(goal.type);
    const isKept = steps.every((step) => step === "same" || step === "update");
    return [{ urn, type: goal.type, name: nameOf(urn), isMade, isKept, goal }];
  });
}

function isProvider(type: string): boolean {
  return type.startsWith("pulumi:providers:");
}

/** One step towards the program's state: the state to begin with, and what may exist and is to be looked for. */
export interface NextStep {
  /** With the components and providers that only a state holds. */
  readonly exported: unknown;
  /** How many of those are new. */
  readonly added: number;
  readonly candidates: readonly TakenResource[];
}

/**
 * The state with all components and providers that can already be there, and what then can be looked for: a resource
 * whose parent and provider are in the state. A provider can be there once the preview knows its settings. What is
 * `left` is not looked for.
 */
function nextStep(exported: unknown, goals: readonly Goals[], left: ReadonlySet<string>): NextStep {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = deployment.resources ?? [];
  const ids = new Map(resources.map(({ urn, id }) => [urn, id]));
  const made = [...resources];
  const isThere = (urn: string | undefined) => urn === undefined || ids.has(urn);
  const kept = new Map(goals.map(({ urn, isMade, isKept }) => [urn, isKept || !isMade]));
  const isKnown = ({ type, goal }: Goals) =>
    !isProvider(type) ||
    (!holdsUnknown(goal.inputDiff.adds) && neededBy(goal).every((need) => isThere(need) && kept.get(need) !== false));
  for (let before = -1; before !== made.length; ) {
    before = made.length;
    for (const each of goals) {
      const { urn, type, isMade, goal } = each;
      if (isMade || ids.has(urn) || !isThere(goal.parent) || !isKnown(each)) continue;
      const id = isProvider(type) ? randomUUID() : undefined;
      ids.set(urn, id);
      made.push({ urn, ...stateOf(goal, ids), ...(id !== undefined && providerState(goal, id)) });
    }
  }
  const candidates = goals.filter(
    ({ urn, type, isMade, goal }) =>
      isMade &&
      !ids.has(urn) &&
      isLookedFor(type) &&
      isThere(goal.parent) &&
      isThere(providerOf(goal)) &&
      !left.has(urn),
  );
  return {
    exported: { ...rest, deployment: { ...deployment, resources: made } },
    added: made.length - resources.length,
    candidates: candidates.map((each) => {
      const inputs = { ...known(each.goal), ...usedName(each, goals, resources) };
      return { urn: each.urn, ...stateOf(each.goal, ids), inputs };
    }),
  };
}

const ROLE = "aws:iam/role:Role";
const ROLE_ARN = /^arn:[\w-]+:iam::\d+:role\/(?:.*\/)?([^/]+)$/;

/**
 * The name of a role whose name a provider makes up, and each preview another one: what was made of the role tells it. The
 * cluster has the ARNs of the two roles that EKS's component makes.
 */
function usedName({ urn, type, name, goal }: Goals, goals: readonly Goals[], resources: readonly StateEntry[]): Inputs {
  const madeUp = goal.inputDiff.adds.name;
  if (type !== ROLE || typeof madeUp !== "string" || !isMadeUp(madeUp, name)) return {};
  const users = new Set(goals.filter((each) => neededBy(each.goal).includes(urn)).map((each) => each.urn));
  const texts = resources.filter((each) => users.has(each.urn)).flatMap(({ outputs }) => textsIn(outputs));
  const names = new Set(texts.flatMap((text) => ROLE_ARN.exec(text)?.[1] ?? []).filter((each) => isMadeUp(each, name)));
  const [only] = names;
  return only !== undefined && names.size === 1 ? { name: only } : {};
}

/** The resource's own name and seven random characters. */
function isMadeUp(physical: string, name: string): boolean {
  return physical.startsWith(`${name}-`) && /^[0-9a-f]{7}$/.test(physical.slice(name.length + 1));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function isLookedFor(type: string): boolean {
  const how = foundBy(type);
  return how !== undefined && how.by !== "effect";
}

function providerState({ inputDiff: { adds } }: Goal, id: string) {
  const { __internal: _, ...outputs } = adds;
  return { id, inputs: adds, outputs };
}

/** What the state keeps of a resource beside its inputs and outputs, as far as what it names is in the state. */
function stateOf(goal: Goal, ids: ReadonlyMap<string, string | undefined>) {
  const { type, custom, protect, parent, additionalSecretOutputs } = goal;
  const provider = providerOf(goal);
  return {
    type,
    custom,
    ...(parent !== undefined && { parent }),
    ...(provider !== undefined && { provider: `${provider}::${ids.get(provider) ?? ""}` }),
    ...(protect && { protect }),
    ...(additionalSecretOutputs && { additionalSecretOutputs }),
    ...dependenciesOf(goal, ids),
  };
}

function dependenciesOf({ dependencies, propertyDependencies }: Goal, there: ReadonlyMap<string, unknown>) {
  const only = (urns: readonly string[] | null | undefined) => (urns ?? []).filter((urn) => there.has(urn));
  const byProperty = Object.entries(propertyDependencies ?? {}).map(([property, urns]) => [property, only(urns)]);
  return {
    ...(only(dependencies).length > 0 && { dependencies: only(dependencies) }),
    ...(byProperty.length > 0 && { propertyDependencies: Object.fromEntries(byProperty) }),
  };
}

/** A provider reference is the provider's URN and id. */
function providerOf({ provider }: Needs): string | undefined {
  return provider?.slice(0, provider.lastIndexOf("::"));
}

function neededBy({ dependencies, propertyDependencies }: Needs): readonly string[] {
  return [...(dependencies ?? []), ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? [])];
}

/**
 * The inputs without those that hold anything which the preview could not know. In place of a secret one stands an empty
 * secret: by it the provider that reads the resource, and so tells its value, knows that it is one.
 */
function known({ inputDiff: { adds }, additionalSecretOutputs }: Goal): Inputs {
  return Object.fromEntries(
    Object.entries(adds).flatMap(([key, value]) => {
      if (!holdsUnknown(value)) return [[key, value]];
      return additionalSecretOutputs?.includes(key) === true ? [[key, secret("")]] : [];
    }),
  );
}

/** A secret as an import takes it; the engine encrypts it. */
function secret(value: unknown) {
  return { [SIGNATURE_KEY]: SECRET_SIGNATURE, plaintext: JSON.stringify(value) };
}

/** The state in which every input is a secret whose output is one, whatever a provider has told of it. */
function withSecretInputs(exported: unknown): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const isSecret = (value: unknown) => typeof value === "object" && value !== null && SIGNATURE_KEY in value;
  const resources = (deployment.resources ?? []).map((resource) => {
    const { inputs, additionalSecretOutputs: secrets } = resource;
    const bare = Object.entries(inputs ?? {}).filter(
      ([key, value]) => secrets?.includes(key) === true && !isSecret(value),
    );
    if (bare.length === 0) return resource;
    return {
      ...resource,
      inputs: { ...inputs, ...Object.fromEntries(bare.map(([key, value]) => [key, secret(value)])) },
    };
  });
  return { ...rest, deployment: { ...deployment, resources } };
}

function holdsUnknown(value: unknown): boolean {
  if (typeof value === "string") return UNKNOWN_VALUES.has(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}

/** The state in which everything waits for what the program has it wait for, so that even a destroy goes in order. */
function withDependencies(exported: unknown, goals: readonly Goals[]): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = deployment.resources ?? [];
  const ids = new Map(resources.map(({ urn, id }) => [urn, id]));
  const byUrn = new Map(goals.map((each) => [each.urn, each.goal]));
  const whole = resources.map((resource) => {
    const goal = byUrn.get(resource.urn);
    return goal === undefined ? resource : { ...resource, ...dependenciesOf(goal, ids) };
  });
  return { ...rest, deployment: { ...deployment, resources: inOrder(whole) } };
}

/** Each behind all that it needs, as the engine wants a state to be. */
function inOrder<Resource extends Needs & { readonly urn: string }>(resources: readonly Resource[]): Resource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const placed = new Set<Resource>();
  const place = (resource: Resource): void => {
    if (placed.has(resource) || open.has(resource)) return;
    open.add(resource);
    for (const need of [resource.parent, providerOf(resource), ...neededBy(resource)]) {
      const needed = need === undefined ? undefined : byUrn.get(need);
      if (needed !== undefined) place(needed);
    }
    placed.add(resource);
  };
  const open = new Set<Resource>();
  for (const resource of resources) place(resource);
  return [...placed];
}

const PASSWORD = "random:index/randomPassword:RandomPassword";
const SECRET_VALUE = "aws:secretsmanager/secretVersion:SecretVersion";
/** The keys under which the program's secrets hold a generated password. */
const PASSWORD_KEYS = ["authToken", "password"];

const valueSchema = z.object({ plaintext: z.string() }).transform(({ plaintext }) => JSON.parse(plaintext));
const secretSchema = z.string().transform((text) => JSON.parse(text));

/**
 * The state with the generated passwords that Secrets Manager still holds: each is what the secret holds that the program
 * makes of it. `shown` is the same state with its secrets in plain text, as the result has them for these passwords.
 */
function withPasswords(exported: unknown, shown: unknown, goals: readonly Goals[]): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = deployment.resources ?? [];
  const ids = new Map(resources.map(({ urn, id }) => [urn, id]));
  const plain = new Map((exportSchema.parse(shown).deployment.resources ?? []).map((each) => [each.urn, each]));
  const passwords = goals.flatMap(({ urn, type, goal }) => {
    if (type !== PASSWORD || ids.has(urn) || !ids.has(goal.parent ?? urn) || !ids.has(providerOf(goal) ?? urn))
      return [];
    const holders = goals.filter(
      (each) => each.type === SECRET_VALUE && each.goal.propertyDependencies?.secretString?.includes(urn) === true,
    );
    const values = new Set(holders.flatMap((holder) => passwordIn(plain.get(holder.urn)?.outputs) ?? []));
    const [value, ...others] = values;
    const { adds: inputs } = goal.inputDiff;
    if (value === undefined || others.length > 0 || value.length !== inputs.length) return [];
    return [{ urn, ...stateOf(goal, ids), id: "none", inputs, outputs: { ...inputs, result: secret(value) } }];
  });
  return { ...rest, deployment: { ...deployment, resources: [...resources, ...passwords] } };
}

function passwordIn(outputs: unknown): string | undefined {
  const { secretString } = z.object({ secretString: z.unknown() }).catch({ secretString: undefined }).parse(outputs);
  const value = valueSchema.pipe(secretSchema).safeParse(secretString);
  const record = z.record(z.string(), z.unknown()).safeParse(value.data);
  const found = Object.entries(record.data ?? {}).filter(([key]) => PASSWORD_KEYS.includes(key));
  const [only] = found;
  return found.length === 1 && typeof only?.[1] === "string" ? only[1] : undefined;
}

/** These, and all that the program makes of them, however far. */
function neededFrom(urns: ReadonlySet<string>, goals: readonly Goals[]): ReadonlySet<string> {
  const all = new Set(urns);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { urn, goal, isMade } of goals)
      if (isMade && [goal.parent, ...neededBy(goal)].some((need) => need !== undefined && all.has(need))) all.add(urn);
  }
  return all;
}

/** The state without these; what is there of it stays. */
function withoutResources(exported: unknown, urns: ReadonlySet<string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = (deployment.resources ?? []).filter(({ urn }) => !urns.has(urn));
  return { ...rest, deployment: { ...deployment, resources } };
}

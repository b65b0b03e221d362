import { randomUUID } from "node:crypto";
import { z } from "zod";
import { nameOf } from "../../records/engine-record.ts";
import { SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN_VALUES } from "../../shared/engine-values.ts";
import { foundBy, type Inputs } from "./found-by.ts";
import type { TakenResource } from "./state-edit.ts";

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
export interface Goals {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly isMade: boolean;
  /** Whether an update would leave it as it is, or change it in place: what it tells then is known to the preview. */
  readonly isKept: boolean;
  readonly goal: Goal;
}

/** What the program consists of, from the file that the engine writes of a preview. What it only reads is left out. */
export function goalsIn(enginePlan: unknown): readonly Goals[] {
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
export function nextStep(exported: unknown, goals: readonly Goals[], left: ReadonlySet<string>): NextStep {
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
export function withSecretInputs(exported: unknown): unknown {
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
export function withDependencies(exported: unknown, goals: readonly Goals[]): unknown {
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

export const PASSWORD = "random:index/randomPassword:RandomPassword";
const SECRET_VALUE = "aws:secretsmanager/secretVersion:SecretVersion";
/** The keys under which the program's secrets hold a generated password. */
const PASSWORD_KEYS = ["authToken", "password"];

const valueSchema = z.object({ plaintext: z.string() }).transform(({ plaintext }) => JSON.parse(plaintext));
const secretSchema = z.string().transform((text) => JSON.parse(text));

/**
 * The state with the generated passwords that Secrets Manager still holds: each is what the secret holds that the program
 * makes of it. `shown` is the same state with its secrets in plain text, as the result has them for these passwords.
 */
export function withPasswords(exported: unknown, shown: unknown, goals: readonly Goals[]): unknown {
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
export function neededFrom(urns: ReadonlySet<string>, goals: readonly Goals[]): ReadonlySet<string> {
  const all = new Set(urns);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { urn, goal, isMade } of goals)
      if (isMade && [goal.parent, ...neededBy(goal)].some((need) => need !== undefined && all.has(need))) all.add(urn);
  }
  return all;
}

/** The state without these; what is there of it stays. */
export function withoutResources(exported: unknown, urns: ReadonlySet<string>): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = (deployment.resources ?? []).filter(({ urn }) => !urns.has(urn));
  return { ...rest, deployment: { ...deployment, resources } };
}

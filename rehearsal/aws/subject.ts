import type { Session } from "../provider/model.ts";
import { isList, isRecord, type Path, type Properties, type Value } from "../provider/properties.ts";
import type { Cloud, Companion, Draft, ResourceModel, Subject } from "./model.ts";
import { text, textEntries, texts } from "./values.ts";
import type { Status, World, WorldResource } from "./world.ts";

/** Where in the account a resource is made. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** What a resource's id and outputs are made from, with its own supply of generated digits. */
export function draftOf(
  world: World,
  identity: Place & {
    readonly type: string;
    readonly logicalName: string;
    readonly inputs: Properties;
    readonly serial: number;
    readonly origin: string;
  },
): Draft {
  return { ...identity, hex: (label, length) => world.hex(identity.origin, label, length) };
}

/** A draft with its id and ARN. */
export function identify(model: ResourceModel, draft: Draft, world: World): Subject {
  const identified = { ...draft, id: model.id(draft, world) };
  return { ...identified, arn: model.arn?.(identified, world) ?? "" };
}

/** The subject behind a resource that exists, with its secret inputs. */
export function subjectOf(resource: WorldResource, { world, vault }: Pick<Cloud, "world" | "vault">): Subject {
  const inputs = inputsOf(resource, vault);
  const identity = { ...resource, inputs, logicalName: resource.name ?? resource.id };
  return { ...draftOf(world, identity), id: resource.id, arn: resource.arn };
}

/** The inputs with the secrets that the vault holds for the resource. */
export function inputsOf(resource: WorldResource, vault: Cloud["vault"]): Properties {
  return reveal(resource.inputs, asHidden(vault.get(secretsKey(resource))));
}

/** Paths of the resource's secret inputs. */
export function secretPathsOf(resource: WorldResource, vault: Cloud["vault"]): Path[] {
  return asHidden(vault.get(secretsKey(resource))).map(({ path }) => path);
}

/** The world's record of a subject; its secrets go to the vault. */
export function record(
  model: ResourceModel,
  subject: Subject,
  state: {
    readonly status: Status;
    readonly outputs: Properties;
    readonly createdAtModelSeconds: number;
    readonly secrets: readonly Path[];
  },
  { vault }: Pick<Cloud, "vault">,
): WorldResource {
  const paths = [...state.secrets, ...(model.secrets ?? []).map((key) => [key])];
  const { visible, hidden } = conceal(subject.inputs, paths);
  if (hidden.length > 0)
    vault.set(
      secretsKey(subject),
      hidden.map(({ path, value }) => ({ path: [...path], value })),
    );
  const name = model.nameProperty === undefined ? undefined : visible[model.nameProperty];
  const { type, id, arn, region, accountId, serial, origin } = subject;
  return {
    ...{ type, id, arn, region, accountId, serial, origin },
    inputs: visible,
    outputs: state.outputs,
    tags: textEntries(visible.tagsAll),
    createdAtModelSeconds: state.createdAtModelSeconds,
    status: state.status,
    ...(typeof name === "string" ? { name } : {}),
  };
}

/** The key of a resource's secret inputs in the vault. */
export function secretsKey({ type, id }: { readonly type: string; readonly id: string }): string {
  return `inputs ${type} ${id}`;
}

/** A resource's outputs as the model computes them. */
export function computedOutputs(model: ResourceModel, subject: Subject, world: World): Properties {
  const computed = Object.entries(model.outputs ?? {}).map(([key, of]) => [key, of(subject, world)] as const);
  return { ...(model.arn === undefined ? {} : { arn: subject.arn }), ...Object.fromEntries(computed) };
}

/** What the engine keeps of a resource: defaults, inputs and outputs in one. */
export function stateOf(model: ResourceModel, resource: WorldResource, vault: Cloud["vault"]): Properties {
  return merge({ ...model.defaults, ...inputsOf(resource, vault) }, resource.outputs);
}

/** Outputs over inputs; where both are objects, key by key. */
export function merge(inputs: Properties, outputs: Properties): Properties {
  const merged: Record<string, Value> = { ...inputs };
  for (const [key, value] of Object.entries(outputs)) {
    const given = merged[key];
    merged[key] = isRecord(given) && isRecord(value) ? merge(given, value) : value;
  }
  return merged;
}

/** A companion as the world records it. */
export function companionRecord(companion: Companion, subject: Subject, createdAtModelSeconds: number): WorldResource {
  return {
    inputs: {},
    outputs: {},
    ...companion,
    region: subject.region,
    accountId: subject.accountId,
    tags: {},
    createdAtModelSeconds,
    status: "available",
    serial: subject.serial,
    origin: subject.origin,
    owner: subject.id,
  };
}

/** A secret value with its place among the inputs. */
type Hidden = { readonly path: Path; readonly value: Value };

/** Takes the values at the paths out of the properties; what is at none of them stays. */
export function conceal(properties: Properties, paths: readonly Path[]): { visible: Properties; hidden: Hidden[] } {
  const hidden: Hidden[] = [];
  let visible: Value = properties;
  for (const path of paths) {
    const value = valueAt(visible, path);
    if (value === undefined || value === null) continue;
    hidden.push({ path, value });
    visible = replaceAt(visible, path, null);
  }
  return { visible: isRecord(visible) ? visible : {}, hidden };
}

/** Puts concealed values back in their places. */
export function reveal(visible: Properties, hidden: readonly Hidden[]): Properties {
  const whole = hidden.reduce<Value>((value, { path, value: secret }) => replaceAt(value, path, secret), visible);
  return isRecord(whole) ? whole : visible;
}

/** Reads what `conceal` gave back after it has been stored as a plain value. */
export function asHidden(stored: Value | undefined): Hidden[] {
  if (!isList(stored)) return [];
  return stored.flatMap((item) => {
    if (!isRecord(item) || !isList(item.path) || item.value === undefined) return [];
    const path = item.path.filter((key) => typeof key === "string" || typeof key === "number");
    return [{ path, value: item.value }];
  });
}

function valueAt(value: Value, path: Path): Value | undefined {
  return path.reduce<Value | undefined>((found, key) => {
    if (isList(found) && typeof key === "number") return found[key];
    return isRecord(found) ? found[key] : undefined;
  }, value);
}

function replaceAt(value: Value, path: Path, replacement: Value): Value {
  const [head, ...rest] = path;
  if (head === undefined) return replacement;
  if (isList(value)) return value.map((item, index) => (index === head ? replaceAt(item, rest, replacement) : item));
  if (!isRecord(value)) return value;
  return { ...value, [head]: replaceAt(value[head] ?? {}, rest, replacement) };
}

/** What an AWS provider instance was configured with. */
export interface Settings extends Place {
  readonly defaultTags: Readonly<Record<string, string>>;
  /** How often a call is tried in all. */
  readonly maxRetries: number;
}

const UNNAMED_ACCOUNT = "123456789012";

/** The provider's own when the program says nothing. */
const MAX_RETRIES = 25;

/** Reads a provider instance's configuration; the account is the first that the program allows. */
export function settingsOf({ config }: Session): Settings {
  const parsed = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, parse(value)]));
  return {
    region: text(parsed, "region") ?? "us-east-1",
    accountId: texts(parsed, "allowedAccountIds")[0] ?? UNNAMED_ACCOUNT,
    defaultTags: textEntries(isRecord(parsed.defaultTags) ? parsed.defaultTags.tags : undefined),
    maxRetries: Number(config.maxRetries ?? MAX_RETRIES),
  };
}

/** Nested settings arrive as JSON texts. */
function parse(value: Value): Value {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    const parsed: Value = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}

/** The tags that AWS puts on a resource: the instance's, and the resource's own over them. */
export function allTags(inputs: Properties, { defaultTags }: Settings): Record<string, string> {
  return { ...defaultTags, ...textEntries(inputs.tags) };
}

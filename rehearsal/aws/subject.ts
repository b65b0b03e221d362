import { isRecord, type Path, type Properties, type Value } from "../provider/properties.ts";
import { asHidden, conceal, reveal } from "./concealment.ts";
import type { Cloud, Companion, Draft, ResourceModel, Subject } from "./model.ts";
import { textEntries } from "./values.ts";
import type { World } from "./world.ts";
import type { Status, WorldResource } from "./world-file.ts";

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

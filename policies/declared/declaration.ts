import { fill, type Shape, type World } from "./shape.ts";

/** One resource of this deployment, or one for each zone, administrator or network that its config names. */
export interface Declaration {
  readonly type: string;
  /** Logical name, with placeholders: `network-nat-{zone}`. */
  readonly name: string;
  /** All properties that the program may set, each with what it must be. */
  readonly properties: Readonly<Record<string, Shape>>;
}

/** Declares resources of one type by their logical names. */
export function declare(
  type: string,
  resources: Readonly<Record<string, Declaration["properties"]>>,
  common: Declaration["properties"] = {},
): Declaration[] {
  return Object.entries(resources).map(([name, own]) => ({ type, name, properties: { ...common, ...own } }));
}

/** The values that a placeholder in a name stands for on this stack. */
const REPEATED: Readonly<Record<string, (world: World) => readonly string[]>> = {
  zone: ({ config }) => config.network.zones,
  administrator: ({ config }) => config.cluster.administrators.map((arn) => arn.slice(arn.lastIndexOf("/") + 1)),
  caller: ({ config }) => config.cluster.privateAccessCidrs.map((cidr) => cidr.replace(/[./]/g, "-")),
};

/** The logical names that a name stands for on this stack, each with what its placeholder is bound to. */
export function namesOf(name: string, world: World): { readonly name: string; readonly world: World }[] {
  const repeated = Object.keys(REPEATED).find((key) => name.includes(`{${key}}`) && !(key in world.bound));
  if (repeated === undefined) return [{ name: fill(name, world), world }];
  return (REPEATED[repeated]?.(world) ?? []).map((value) => {
    const bound = { ...world, bound: { ...world.bound, [repeated]: value } };
    return { name: fill(name, bound), world: bound };
  });
}

import type { StackConfig } from "../../stacks/schema.ts";
import type { AnyResource, ResourceOptions } from "../judging/resource.ts";
import type { Mismatch, Shape, World } from "./shape.ts";

type Identified = Pick<AnyResource, "type" | "name">;

/** What a resource has to be, in the world that its own name gives it. */
export interface Declared {
  readonly shape: Readonly<Record<string, Shape>>;
  readonly world: World;
}

/** All that may exist in the stacks of one project, by the tables that a reviewer reads; nothing else may. */
export interface ClosedWorld {
  /** The world that the declarations of a stack speak of. */
  worldOf(stack: { readonly stack: string; readonly organization?: string; readonly config: StackConfig }): World;
  /** What a resource has to be; undefined when it is not declared. */
  declarationOf(resource: Pick<AnyResource, "type" | "name" | "options">, world: World): Declared | undefined;
  /** Whether the engine makes up a provider of this kind by itself. */
  isDefaultProvider(
    provider: { readonly type: string; readonly name?: string; readonly props: object },
    world: World,
  ): boolean;
  /** Whether a text could be an output of one of these resources, by all that is declared of them. */
  couldTell(sources: readonly string[], text: string, world: World): boolean;
  /** The options of a resource that are not declared. */
  optionMismatches(resource: Identified, options: ResourceOptions, world: World): readonly string[];
  /** The guards of a resource that are not among these resources. */
  missingGuards(resource: Identified, all: readonly Identified[]): readonly string[];
  /** The outputs of the stack that are not declared. */
  outputMismatches(outputs: Readonly<Record<string, unknown>>, world: World): readonly Mismatch[];
}

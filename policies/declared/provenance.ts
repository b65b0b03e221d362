import { type AnyResource, textsIn } from "../judging/resource.ts";
import type { Declared } from "./closed-world.ts";
import { type Mismatch, mismatches, type World } from "./shape.ts";
import { isSource } from "./world.ts";

/** What AWS gives no ARN; its id is no output of every provider, and all that the engine tells of it is where it comes from. */
const WITHOUT_ARN = new Set(["aws:ec2/natGateway:NatGateway"]);

/** Whether one of the resources of these logical names has a text for an output: as a whole, or as the last part of an ARN. */
export function whatTells(resources: readonly AnyResource[]): NonNullable<World["tells"]> {
  const known = new Map<AnyResource, ReadonlySet<string>>();
  const textsOf = (resource: AnyResource) => {
    const texts = known.get(resource) ?? new Set(textsIn(() => resource.props).flatMap((text) => [text, lastOf(text)]));
    known.set(resource, texts);
    return texts;
  };
  return (sources, text, world) =>
    resources.some(
      (resource) =>
        isSource(resource.name, sources, world) &&
        (textsOf(resource).has(text) || (WITHOUT_ARN.has(resource.type) && !("id" in resource.props))),
    );
}

function lastOf(text: string): string {
  return text.startsWith("arn:") ? text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf(":")) + 1) : text;
}

/**
 * Where a property has a text that no resource which it may come from has for an output: one that stands in the program
 * beside such outputs, or that it puts in the place of one.
 */
export function notTold({ asked }: AnyResource, declared: Declared | undefined): Mismatch[] {
  if (declared === undefined || asked === undefined) return [];
  const { tells: _, ...alone } = declared.world;
  const known = new Set(mismatches(() => asked, declared.shape, alone).map(({ path }) => path));
  return mismatches(() => asked, declared.shape, declared.world).filter(({ path }) => !known.has(path));
}

import { outputsSchema } from "../../stacks/outputs.ts";
import { isUnknownValue } from "../judging/resource.ts";
import { Matcher, type Mismatch, same, type World } from "./shape.ts";

/** A promotion as the stack's output tells it, and nothing beside it. */
export const PROMOTION = new Matcher("a promotion, as stacks/outputs.ts says, and no more", (value) =>
  isExactly(outputsSchema.shape.promotion, value),
);

function isExactly(
  schema: { safeParse(value: unknown): { data?: unknown; success: boolean } },
  value: unknown,
): boolean {
  const { data, success } = schema.safeParse(value);
  return success && same(data, value);
}

/** What each output of the stack has to be beside its form, by its name. */
const TELLS: Readonly<Record<string, (value: unknown, world: World) => boolean>> = {
  url: (value, { config }) => value === `https://${config.domain}`,
};

/**
 * The outputs of the stack that are not of the contract, or hold more than it says: whoever reads a stack's outputs would
 * read them too. What preview does not know is let pass; an update is judged again once all are known.
 */
export function outputMismatches(outputs: Readonly<Record<string, unknown>>, world: World): Mismatch[] {
  return Object.keys(outputs).flatMap((path) => {
    const schema = Object.entries(outputsSchema.shape).find(([name]) => name === path)?.[1];
    if (schema === undefined) return [{ path, expected: "not to be set" }];
    try {
      const value = outputs[path];
      const isExact = isExactly(schema, value) && TELLS[path]?.(value, world) !== false;
      return isExact ? [] : [{ path, expected: "as stacks/outputs.ts says, and no more" }];
    } catch (error) {
      if (isUnknownValue(error)) return [];
      throw error;
    }
  });
}

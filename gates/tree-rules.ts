import type { Rule } from "./tree.ts";
import { RULES_AFTER_PROMOTION } from "./tree-rules-after.ts";
import { RULES_BEFORE_PROMOTION } from "./tree-rules-before.ts";

/** The rules of the decision tree: exactly one holds in every state, so their order does not matter. */
export const RULES: readonly Rule[] = [...RULES_BEFORE_PROMOTION, ...RULES_AFTER_PROMOTION];

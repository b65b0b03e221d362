import ts from "typescript";

/** Calls whose function argument is a policy's condition. */
const DEMANDS = ["demand", "everyContainer", "everyGrant", "everyAttachment"];

/** Where a condition stands in a policy's source. */
export interface Condition {
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Every condition of a policy: the functions that say whether a demand holds, in the source's order. */
export function conditionsOf(source: string): Condition[] {
  const file = ts.createSourceFile("policy.ts", source, ts.ScriptTarget.Latest, true);
  const found: Condition[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && DEMANDS.includes(node.expression.text)) {
      const condition = conditionIn(node);
      const line = file.getLineAndCharacterOfPosition(condition.getStart()).line + 1;
      found.push({ start: condition.getStart(), end: condition.getEnd(), line });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** The function among a call's arguments, or its only argument when that names a function. */
function conditionIn(call: ts.CallExpression): ts.Expression {
  const condition = call.arguments.find((argument) => ts.isArrowFunction(argument)) ?? call.arguments[0];
  if (condition === undefined) throw new SyntaxError(`no condition in ${call.getText()}`);
  return condition;
}

/** The source with one condition saying the opposite. */
export function negate(source: string, { start, end }: Condition): string {
  return `${source.slice(0, start)}((...args) => !(${source.slice(start, end)})(...args))${source.slice(end)}`;
}

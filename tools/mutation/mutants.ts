// By its file: unit tests map the package itself to nothing, because Pulumi would load it for each of them.
import ts from "typescript/lib/typescript.js";

/** Calls whose function argument is a policy's condition. */
const DEMANDS = ["demand", "everyContainer", "everyGrant", "everyAttachment"];
const LOGICAL = [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken];

/** One change to a policy's source that its test must notice. */
export interface Mutant {
  readonly line: number;
  readonly what: "says the opposite" | "only its left side" | "only its right side";
  /** The whole source with the change. */
  readonly source: string;
}

/** Every condition saying the opposite, and every `&&` and `||` reduced to either of its sides. */
export function mutantsOf(source: string): Mutant[] {
  const file = ts.createSourceFile("policy.ts", source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const add = (node: ts.Node, what: Mutant["what"], replacement: string) => {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const changed = `${source.slice(0, node.getStart())}${replacement}${source.slice(node.getEnd())}`;
    mutants.push({ line, what, source: changed });
  };
  const visit = (node: ts.Node): void => {
    const condition = conditionIn(node);
    if (condition !== undefined)
      add(condition, "says the opposite", `((...args) => !(${condition.getText()})(...args))`);
    if (ts.isBinaryExpression(node) && LOGICAL.includes(node.operatorToken.kind)) {
      add(node, "only its left side", `(${node.left.getText()})`);
      add(node, "only its right side", `(${node.right.getText()})`);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return mutants;
}

/** The function among a demand's arguments, or its only argument when that names a function. */
function conditionIn(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  if (!DEMANDS.includes(node.expression.text)) return undefined;
  return node.arguments.find((argument) => ts.isArrowFunction(argument)) ?? node.arguments[0];
}

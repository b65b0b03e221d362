import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
// By its file: unit tests map the package itself to nothing, because Pulumi would load it for each of them.
import ts from "typescript/lib/typescript.js";

/** What the installed `@pulumi/aws` accepts for a resource type: names, kinds and which are required, at any depth. */
export interface Shape {
  readonly kind: "string" | "number" | "boolean" | "list" | "map" | "object" | "any";
  readonly required?: boolean;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  /** Pairs of properties of which the provider takes at most one. */
  readonly apart?: readonly Pair[];
  /** Pairs of which the first, where it is given, needs the second. */
  readonly needs?: readonly Pair[];
}

type Pair = readonly [one: string, other: string];

const HOME = dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));
const DEPTH = 7;

/** Reads the arguments' interfaces from the package's own type declarations. */
export class PulumiArguments {
  readonly #inputs: ReadonlyMap<string, ts.InterfaceDeclaration>;

  constructor() {
    this.#inputs = namedInterfaces(join(HOME, "types", "input.d.ts"));
  }

  /** @throws when the package has no such type. */
  of(type: string): Shape {
    const [, path = "", name = ""] = type.split(":");
    const args = interfaces(join(HOME, `${path}.d.ts`)).get(`${name}Args`);
    if (args === undefined) throw new Error(`@pulumi/aws has no arguments for ${type}`);
    return this.#object(args, 0);
  }

  #object(declaration: ts.InterfaceDeclaration, depth: number): Shape {
    const members = declaration.members.filter(ts.isPropertySignature);
    const properties = members.map((member) => {
      const shape = this.#shape(member.type, depth);
      const required = member.questionToken === undefined;
      return [member.name.getText(), required ? { ...shape, required } : shape] as const;
    });
    return { kind: "object", properties: Object.fromEntries(properties), ...relationsIn(members) };
  }

  #shape(node: ts.TypeNode | undefined, depth: number): Shape {
    if (node === undefined) return { kind: "any" };
    if (ts.isUnionTypeNode(node)) {
      const members = node.types.filter((each) => each.kind !== ts.SyntaxKind.UndefinedKeyword);
      return this.#shape(members[0], depth);
    }
    if (ts.isParenthesizedTypeNode(node)) return this.#shape(node.type, depth);
    if (ts.isArrayTypeNode(node)) return { kind: "list", items: this.#shape(node.elementType, depth) };
    if (node.kind === ts.SyntaxKind.StringKeyword) return { kind: "string" };
    if (node.kind === ts.SyntaxKind.NumberKeyword) return { kind: "number" };
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return { kind: "boolean" };
    if (ts.isTypeLiteralNode(node)) return { kind: "map" };
    if (!ts.isTypeReferenceNode(node)) return { kind: "any" };
    const name = node.typeName.getText();
    if (name === "pulumi.Input") return this.#shape(node.typeArguments?.[0], depth);
    const inputs = name.startsWith("inputs.") ? this.#inputs.get(name.slice("inputs.".length)) : undefined;
    if (inputs !== undefined && depth < DEPTH) return this.#object(inputs, depth + 1);
    // Enumerations, ARNs and paths to other packages' types: text.
    return { kind: inputs === undefined ? "string" : "any" };
  }
}

const NAMES = "((?:the )?(?:`[\\w.]+`(?:, and a |, or |, and | and a | and | or | & |, )?)+)";
const APART = new RegExp(
  `(?:[Cc]onflicts with|Cannot be (?:set|specified|used) with) ${NAMES}|Cannot be (?:set|specified) if ${NAMES}(?: is| are) (?:set|provided|specified)`,
  "g",
);
const NEEDED = /Required (?:when|if) `(\w+)` is (?:set|specified|provided)(?! to)/g;

/** What the provider's documentation says between properties that stand beside each other. */
function relationsIn(members: readonly ts.PropertySignature[]): Pick<Shape, "apart" | "needs"> {
  const names = new Set(members.map((member) => member.name.getText()));
  const pairs = (pattern: RegExp) =>
    members.flatMap((member) => {
      const own = member.name.getText();
      const words = member.getFullText().replace(/\s*\n\s*\*\s?/g, " ");
      const named = [...words.matchAll(pattern)].flatMap(([, ...lists]) => lists.join(" ").match(/\w+/g) ?? []);
      return named.filter((name) => names.has(name) && name !== own).map((name): Pair => [name, own]);
    });
  const sorted = pairs(APART).map(([one, other]): Pair => (one < other ? [one, other] : [other, one]));
  const apart = [...new Map(sorted.map((pair) => [pair.join(), pair])).values()].sort();
  const needs = pairs(NEEDED);
  return { ...(apart.length > 0 && { apart }), ...(needs.length > 0 && { needs }) };
}

function interfaces(file: string): ReadonlyMap<string, ts.InterfaceDeclaration> {
  const source = parsed(file);
  return new Map(source.statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]));
}

/** The interfaces of a file of namespaces, as `rds.InstanceS3Import`. */
function namedInterfaces(file: string): ReadonlyMap<string, ts.InterfaceDeclaration> {
  const found = new Map<string, ts.InterfaceDeclaration>();
  for (const statement of parsed(file).statements) {
    if (ts.isInterfaceDeclaration(statement)) found.set(statement.name.text, statement);
    if (!ts.isModuleDeclaration(statement) || statement.body === undefined || !ts.isModuleBlock(statement.body))
      continue;
    for (const inner of statement.body.statements)
      if (ts.isInterfaceDeclaration(inner)) found.set(`${statement.name.text}.${inner.name.text}`, inner);
  }
  return found;
}

function parsed(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}

import type { ChartFiles } from "../../shared/chart-files.ts";
import { documentsIn, type Mismatch, matching, mismatches, optional, parsedOnce, type World } from "./shape.ts";

/** What a chart consists of; a chart in a chart, a hook's folder or notes are none of it. */
const FILES =
  /^(Chart\.yaml|values\.yaml|values\.schema\.json|LICENSE|NOTICE|ci\/[\w-]+\.yaml|crds\/[\w-]+\.yaml|templates\/[\w-]+\.(yaml|tpl))$/;
const VERSION = matching("a version", /^\d+\.\d+\.\d+$/);
/** All that a chart may say of itself: nothing of dependencies. */
const METADATA = {
  apiVersion: "v2",
  name: "{chart}",
  description: optional(matching("a line of text", /^.*$/)),
  type: "application",
  version: VERSION,
  appVersion: optional(VERSION),
  kubeVersion: optional(matching("versions of Kubernetes", /^[\d .<>=~^,|&x-]+$/)),
};

/**
 * What templates may call. What would give another answer in the cluster, at another time or in the next upgrade is not
 * among it: `lookup`, `tpl`, `now`, random values, files, and whether it is an upgrade. So what is judged is what is made.
 */
const FUNCTIONS = new Set(
  [
    "if else end range with define template include true false nil and or not eq ne lt le gt ge len index slice print",
    "printf quote squote int add sub mul div mod max min until list dict first last has hasKey set default empty",
    "ternary fail required join split concat keys toYaml toJson toString indent nindent trim trunc trimSuffix",
    "trimPrefix replace lower upper toUpper title sha256sum contains hasPrefix hasSuffix sortAlpha",
  ].flatMap((names) => names.split(" ")),
);
/** What a template may ask of Helm; a name of its own values begins in lower case. */
const OBJECTS = /^(Values|Chart\.(Name|Version|AppVersion)|Release\.(Name|Namespace|Service))(\.|$)/;
const CALLS_TEMPLATE = new Set(["include", "template"]);

/** What in a chart's files would escape the judgement of what it renders. */
export function chartProblems(files: ChartFiles, world: World): Mismatch[] {
  const templates = [...files].filter(([path]) => path.startsWith("templates/"));
  const open = templates.flatMap(([path, bytes]) =>
    openActions(bytes.toString("utf8")).map((line) => ({
      path: `${path}, line ${line}`,
      expected: "an action that ends with }}",
    })),
  );
  // What such an action seems to hold is text of the template.
  if (open.length > 0) return open;
  const calls = templates.flatMap(([path, bytes]) =>
    wordsNotAllowed(bytes.toString("utf8")).map((word) => ({ path: `${path}: ${word}`, expected: "not to be used" })),
  );
  const strangers = [...files.keys()].filter((path) => !FILES.test(path));
  return [
    ...strangers.map((path) => ({ path: `file ${path}`, expected: "not to be there" })),
    ...metadataMismatches(files, world),
    ...schemaMismatches(files),
    ...calls,
  ];
}

function metadataMismatches(files: ChartFiles, world: World): Mismatch[] {
  const [metadata] = documentsIn(files.get("Chart.yaml")?.toString("utf8") ?? "") ?? [];
  return mismatches(() => metadata, METADATA, world, "Chart.yaml");
}

/** A schema that refers to another place would be fetched from there. */
function schemaMismatches(files: ChartFiles): Mismatch[] {
  const schema = files.get("values.schema.json");
  if (schema === undefined) return [];
  const parsed = parsedOnce(schema.toString("utf8"));
  if (parsed !== undefined && hasOwnReferencesOnly(parsed)) return [];
  return [{ path: "values.schema.json", expected: "a schema that refers to itself alone" }];
}

const REFERENCES: Readonly<Record<string, RegExp>> = {
  $schema: /^https?:\/\/json-schema\.org\//,
  // Another base would make another place's of its own references.
  $id: /^$/,
  $ref: /^#/,
  $dynamicRef: /^#/,
  $recursiveRef: /^#/,
};

function hasOwnReferencesOnly(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return true;
  return Object.entries(schema).every(([key, value]) =>
    typeof value === "string" ? REFERENCES[key]?.test(value) !== false : hasOwnReferencesOnly(value),
  );
}

/**
 * What a template's actions use beyond what is allowed. All that Helm offers, as one value, is a way around the names:
 * `.` outside of `with` and `range`, and `$`, may be handed on to another template of the chart and to nothing else.
 */
export function wordsNotAllowed(template: string): string[] {
  const found = new Set<string>();
  const open: { readonly keyword: string; rebinds: boolean }[] = [];
  for (const { tokens } of actionsOf(template)) {
    // What `else with` asks stands outside of the block whose other case it is.
    const around = tokens[0] === "else" ? open.slice(0, -1) : open;
    const isItem = around.findLast(({ keyword, rebinds }) => rebinds || keyword === "define")?.rebinds === true;
    for (const [index, token] of tokens.entries()) {
      const isHandedOn = CALLS_TEMPLATE.has(tokens[index - 2] ?? "") && tokens[index - 1] === TEXT;
      const isRoot = token === "$" || (token === "." && !isItem);
      if (isRoot ? !isHandedOn : !isAllowed(token)) found.add(isRoot ? `${token} as a value` : token);
    }
    follow(open, tokens);
  }
  return [...found];
}

function follow(open: { keyword: string; rebinds: boolean }[], [first = "", second = ""]: readonly string[]): void {
  const rebinds = (keyword: string) => keyword === "with" || keyword === "range";
  if (first === "end") open.pop();
  const top = open.at(-1);
  if (first === "else" && top !== undefined) top.rebinds = rebinds(second);
  if (first === "if" || first === "define" || rebinds(first)) open.push({ keyword: first, rebinds: rebinds(first) });
}

const NAME = /^[$.\w]/;

function isAllowed(token: string): boolean {
  if (!NAME.test(token) || token === "." || /^\d/.test(token)) return true;
  const [first = "", ...rest] = token.replace(/^\$\w*/, "").split(".");
  if (first !== "") return rest.length === 0 && FUNCTIONS.has(first);
  const capital = rest.findIndex((segment) => /^[A-Z]/.test(segment));
  return capital === -1 || (capital === 0 && OBJECTS.test(rest.join(".")));
}

/** Stands for a text in an action. */
const TEXT = '""';
const TOKEN =
  /(?<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*')|(?<comment>\/\*[\s\S]*?\*\/)|(?<end>\}\})|\d[\w.]*|\$\w+[\w.]*|\$(?:\.\w+)+|\$|(?:\.\w+)+|[^\W\d][\w.]*|\.|[^\s]|\s+/g;

/** The lines in which actions begin that never end, or not before another begins: no action has a brace in it. */
export function openActions(template: string): number[] {
  return [...actionsOf(template)]
    .filter(({ tokens, isEnded }) => !isEnded || tokens.includes("{") || tokens.includes("}"))
    .map(({ at }) => template.slice(0, at).split("\n").length);
}

interface Action {
  /** Its names, signs and texts. */
  readonly tokens: readonly string[];
  readonly at: number;
  readonly isEnded: boolean;
}

function* actionsOf(template: string): Generator<Action> {
  let at = template.indexOf("{{");
  while (at !== -1) {
    const tokens: string[] = [];
    let end = template.length;
    let isEnded = false;
    const reader = new RegExp(TOKEN);
    reader.lastIndex = at + 2;
    for (let found = reader.exec(template); found !== null; found = reader.exec(template)) {
      const { text, comment, end: closes } = found.groups ?? {};
      end = reader.lastIndex;
      isEnded = closes !== undefined;
      if (isEnded) break;
      if (text !== undefined) tokens.push(TEXT);
      else if (comment === undefined && found[0].trim() !== "" && found[0] !== "-") tokens.push(found[0]);
    }
    yield { tokens, at, isEnded };
    at = template.indexOf("{{", end);
  }
}

import type { ChartFiles } from "../../stacks/chart-files.ts";

/** What a chart consists of; a chart in a chart, a hook's folder or notes are none of it. */
const FILES =
  /^(Chart\.yaml|values\.yaml|values\.schema\.json|LICENSE|NOTICE|ci\/[\w-]+\.yaml|crds\/[\w-]+\.yaml|templates\/[\w-]+\.(yaml|tpl))$/;

/**
 * What templates may call. What would give another answer in the cluster, at another time or in the next upgrade is not
 * among it: `lookup`, `tpl`, `now`, random values, files, and whether it is an upgrade. So what is judged is what is made.
 */
const FUNCTIONS = new Set([
  ...["if", "else", "end", "range", "with", "define", "template", "include", "true", "false", "nil"],
  ...["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf"],
  ...[
    "quote",
    "squote",
    "int",
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "max",
    "min",
    "until",
    "list",
    "dict",
    "first",
    "last",
  ],
  ...["has", "hasKey", "set", "default", "empty", "ternary", "fail", "required", "join", "split", "concat", "keys"],
  ...["toYaml", "toJson", "toString", "indent", "nindent", "trim", "trunc", "trimSuffix", "trimPrefix", "replace"],
  ...["lower", "upper", "toUpper", "title", "sha256sum", "contains", "hasPrefix", "hasSuffix", "sortAlpha"],
]);
/** What a template may ask of Helm; a name of its own values begins in lower case. */
const OBJECTS = /^(Values|Chart\.(Name|Version|AppVersion)|Release\.(Name|Namespace|Service))(\.|$)/;

/** What in a chart's files would escape the judgement of what it renders. */
export function chartProblems(files: ChartFiles): string[] {
  const strangers = [...files.keys()].filter((path) => !FILES.test(path)).map((path) => `file ${path}`);
  const templates = [...files].filter(([path]) => path.startsWith("templates/"));
  const calls = templates.flatMap(([path, bytes]) =>
    wordsOf(bytes.toString("utf8"))
      .filter((word) => !isAllowed(word))
      .map((word) => `${path}: ${word}`),
  );
  const metadata = files.get("Chart.yaml")?.toString("utf8") ?? "dependencies";
  const dependencies = /\bdependencies\b/.test(metadata) ? ["Chart.yaml: dependencies"] : [];
  return [...strangers, ...new Set(calls), ...dependencies];
}

function isAllowed(word: string): boolean {
  const [first = "", ...rest] = word.replace(/^\$\w*/, "").split(".");
  if (first !== "") return rest.length === 0 && FUNCTIONS.has(first);
  const capital = rest.findIndex((segment) => /^[A-Z]/.test(segment));
  return capital === -1 || (capital === 0 && OBJECTS.test(rest.join(".")));
}

/** The names that a template's actions use: functions, fields and variables, without texts and comments. */
function wordsOf(template: string): string[] {
  const words: string[] = [];
  let at = template.indexOf("{{");
  while (at !== -1) {
    const { text, end } = actionAt(template, at + 2);
    words.push(...(text.match(/[$.]*[A-Za-z_][\w.]*/g) ?? []));
    at = template.indexOf("{{", end);
  }
  return words;
}

/** An action without its texts and comments, and where it ends. */
function actionAt(template: string, start: number): { readonly text: string; readonly end: number } {
  const token = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)'|\/\*[\s\S]*?\*\/|\}\}|[\s\S]/g;
  token.lastIndex = start;
  let text = "";
  for (let found = token.exec(template); found !== null; found = token.exec(template)) {
    if (found[0] === "}}") break;
    text += found[0].length > 1 ? " " : found[0];
  }
  return { text, end: token.lastIndex === 0 ? template.length : token.lastIndex };
}

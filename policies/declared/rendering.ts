import { createHash } from "node:crypto";
import { basename, isAbsolute, join } from "node:path";
import { type ChartFiles, chartFilesIn, filesHash } from "../../shared/chart-files.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { type ChartToRender, type RenderedChart, renderChart, renderedChart } from "../../tools/rendered-chart.ts";
import { isUnknownValue, textAt } from "../judging/resource.ts";
import { CHARTS, CRDS, type DeclaredObject, UNKNOWN_TEXT } from "./charts.ts";
import { documentsIn, type Mismatch, matching, mismatches, optional, parsedOnce, type World } from "./shape.ts";

/** Where relative paths of charts begin: beside the program, as for Helm itself. */
const PROGRAM = process.env.SPARKI_PROGRAM_DIRECTORY ?? join(import.meta.dirname, "..", "..");

/** A Helm release as the program asks for it. */
export interface AskedRelease {
  /** Of this repository, `./apps/charts/NAME`, or restored, `/.../.sparki/charts/NAME-HASH`. */
  readonly chart: string;
  readonly name: string;
  readonly namespace: string;
  /** Throws when preview cannot know it, or what is below it. */
  readonly values: () => unknown;
}

/** Everything in which what Helm would make of a release differs from what is declared of its chart. */
export function renderedMismatches(asked: AskedRelease, world: World): Mismatch[] {
  const request = requestFor(asked, world);
  if (Array.isArray(request)) return request;
  const { declared, bound, files, chart } = request;
  const wrong = fileMismatches(files, bound);
  if (wrong.length > 0) return wrong;
  const objects = rendered(chart, files);
  if (!Array.isArray(objects)) return [objects];
  return [
    ...objects.flatMap((object) => objectMismatches(object, declared, bound)),
    ...leftOut(objects, declared, bound),
  ];
}

/** Has Helm render what `renderedMismatches` will ask for, so that it need not wait. */
export async function renderInAdvance(asked: AskedRelease, world: World): Promise<void> {
  const request = requestFor(asked, world);
  if (Array.isArray(request) || fileMismatches(request.files, request.bound).length > 0) return;
  const key = keyOf(request.chart, request.files);
  if (!known.has(key)) known.set(key, objectsOf(await renderChart(request.chart)));
}

interface Request {
  readonly declared: (typeof CHARTS)[string];
  readonly bound: World;
  readonly files: ChartFiles;
  readonly chart: ChartToRender;
}

function requestFor({ chart, name, namespace, values }: AskedRelease, world: World): Request | Mismatch[] {
  const chartName = basename(chart).replace(/-[0-9a-f]{16}$/, "");
  const declared = CHARTS[chartName];
  if (declared === undefined) return [{ path: "chart", expected: `one of ${Object.keys(CHARTS).join(", ")}` }];
  const track = name.slice(chartName.length + 1);
  const released = { ...world, bound: { ...world.bound, chart: chartName, release: name, namespace, track } };
  const directory = isAbsolute(chart) ? chart : join(PROGRAM, chart);
  const planned = plannedValues(values, released);
  if (!isPlain(planned)) return [{ path: "values", expected: "an object of plain values" }];
  const bound = { ...released, bound: { ...released.bound, ...receiversIn(planned, world) } };
  const files = filesOf(directory);
  if (!(files instanceof Map)) return [files];
  const { version: kubernetesVersion } = world.config.cluster;
  return {
    declared,
    bound,
    files,
    chart: { chart: directory, release: name, namespace, kubernetesVersion, values: planned },
  };
}

/**
 * Where alerts go to, whom the config wakes by which severity, and whether somebody listens for silence: at least where the
 * stack has a secret to reach them by, whatever the release's values say.
 */
function receiversIn(planned: unknown, { config, bound }: World): Record<string, string> {
  const { slack, onCall }: { slack?: unknown; onCall?: unknown } = Object(planned);
  const hasSlack = slack !== undefined || bound.slackToken !== undefined || bound.slackWebhook !== undefined;
  const isHeard = Object(onCall).heartbeat === true || bound.heartbeatUrl !== undefined;
  const { page, ticket } = config.onCall;
  const isSomebody = onCall !== undefined || isHeard || page.length + ticket.length > 0;
  const receiver = hasSlack ? "slack" : isSomebody ? "on-call" : undefined;
  return {
    page: page.join(" "),
    ticket: ticket.join(" "),
    ...(isHeard && { heartbeat: "heartbeat" }),
    ...(receiver && { receiver }),
  };
}

function filesOf(directory: string): Map<string, Buffer> | Mismatch {
  try {
    return new Map(chartFilesIn(directory));
  } catch (error) {
    const why = error instanceof DeployError ? error.message : "no folder that can be read";
    return { path: "chart", expected: `plain files only: ${why}` };
  }
}

/**
 * What in the chart's files nobody declared. They are the files that Helm would read; an update that goes back may tell
 * it of a release that it leaves alone, whose own files were others, so that values.chartHash says nothing here.
 */
function fileMismatches(files: ChartFiles, world: World): Mismatch[] {
  const definitions = [...files].filter(([path]) => path.startsWith("crds/"));
  const changed = definitions.filter(
    ([path, bytes]) => CRDS[path] !== createHash("sha256").update(bytes).digest("hex"),
  );
  return [
    ...chartProblems(files, world),
    ...changed.map(([path]) => ({ path, expected: "the definitions whose digest is declared" })),
  ];
}

/**
 * The values, with what preview cannot know stood in for: an image by the config's, all else by a text. In the update
 * they are known, and judged again before the release is touched.
 */
function plannedValues(read: () => unknown, world: World, key = ""): unknown {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    const { chart } = world.bound;
    const service = SERVICE_NAMES.find((name) => name === chart);
    return key === "image" && service !== undefined ? world.config.release.images[service] : UNKNOWN_TEXT;
  }
  if (typeof value !== "object" || value === null) return value;
  const inner = (name: string) => plannedValues(() => Reflect.get(Object(value), name), world, name);
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => inner(String(index)));
  return Object.fromEntries(Object.keys(value).map((name) => [name, inner(name)]));
}

/** Whether a value holds neither assets nor references, which the provider would read from elsewhere. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(
    ([key, inner]) => !key.startsWith("__pulumi") && (typeof inner !== "object" || inner === null || isPlain(inner)),
  );
}

type Rendered = readonly unknown[] | Mismatch;

/** What was rendered before, by all that it is made of: a release is judged when it is planned and when it is made. */
const known = new Map<string, Rendered>();

function rendered(chart: ChartToRender, files: ChartFiles): unknown[] | Mismatch {
  const key = keyOf(chart, files);
  const found = known.get(key) ?? objectsOf(renderedChart(chart));
  known.set(key, found);
  return Array.isArray(found) ? [...found] : { path: "chart", expected: "objects", ...found };
}

function keyOf(chart: ChartToRender, files: ChartFiles): string {
  return createHash("sha256").update(filesHash(files)).update(JSON.stringify(chart)).digest("hex");
}

function objectsOf(result: RenderedChart): Rendered {
  if ("problem" in result) return { path: "chart", expected: `to be rendered: ${result.problem}` };
  return documentsIn(result.text) ?? { path: "chart", expected: "YAML that every reader reads the same" };
}

/** The mismatches with the declared object of that kind that is the nearest. */
function objectMismatches(object: unknown, declared: (typeof CHARTS)[string], world: World): Mismatch[] {
  const path = `${textAt(object, "kind")} ${textAt(object, "metadata", "name")}`;
  const candidates = declared.map(({ shape }) => shape).filter((shape) => isOfKind(object, shape));
  const found = candidates.map((shape) => mismatches(() => object, shape, world));
  const [nearest] = found.sort((one, other) => one.length - other.length);
  if (nearest === undefined) return [{ path, expected: "no object of this kind" }];
  return nearest.map((one) => ({ ...one, path: `${path}: ${one.path}` }));
}

function isOfKind(object: unknown, { apiVersion, kind }: DeclaredObject["shape"]): boolean {
  return textAt(object, "apiVersion") === apiVersion && textAt(object, "kind") === kind;
}

/** The kinds of which fewer objects were rendered than this release consists of. */
function leftOut(objects: readonly unknown[], declared: (typeof CHARTS)[string], world: World): Mismatch[] {
  const needed = declared.filter(({ isPartOf }) => isPartOf(world)).map(({ shape }) => shape);
  return needed.flatMap((shape) => {
    const least = needed.filter(({ apiVersion, kind }) => apiVersion === shape.apiVersion && kind === shape.kind);
    const found = new Set(
      objects.filter((object) => isOfKind(object, shape)).map((object) => textAt(object, "metadata", "name")),
    );
    if (found.size >= least.length || least[0] !== shape) return [];
    return [{ path: `${shape.kind}`, expected: `${least.length} in this release, found ${found.size}` }];
  });
}

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
function chartProblems(files: ChartFiles, world: World): Mismatch[] {
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

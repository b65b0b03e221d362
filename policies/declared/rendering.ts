import { createHash } from "node:crypto";
import { basename, isAbsolute, join } from "node:path";
import { type ChartFiles, chartFilesIn, filesHash } from "../../shared/chart-files.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { type ChartToRender, type RenderedChart, renderChart, renderedChart } from "../../tools/rendered-chart.ts";
import { isUnknownValue, textAt } from "../judging/resource.ts";
import { CHARTS, CRDS, type DeclaredObject, UNKNOWN_TEXT } from "./charts.ts";
import { documentsIn, type Mismatch, mismatches, type World } from "./shape.ts";
import { chartProblems } from "./templates.ts";

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

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type ChartFiles, chartFilesIn } from "../shared/chart-files.ts";
import { yamlText } from "../shared/yaml-text.ts";

/**
 * A chart as Helm keeps it with each release: what Chart.yaml and values.yaml say, and every other file as it is. Helm
 * keeps no comments of these two, so a chart from a folder and the same one from Helm are compared by this.
 */
export interface ChartContent {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly values: unknown;
  /** By path below the chart's folder, in base64. */
  readonly files: Readonly<Record<string, string>>;
}

/** Reads a chart's folder. */
export function chartContentIn(directory: string): ChartContent {
  return chartContentOf(chartFilesIn(directory));
}

/** The chart that these files are. */
export function chartContentOf(files: ChartFiles): ChartContent {
  // Helm reads YAML 1.1.
  const yaml = (path: string): unknown => parse(files.get(path)?.toString("utf8") ?? "", { version: "1.1" });
  const metadata = yaml("Chart.yaml");
  const others = [...files].filter(([path]) => path !== "Chart.yaml" && path !== "values.yaml");
  return {
    metadata: typeof metadata === "object" && metadata !== null ? { ...metadata } : {},
    values: yaml("values.yaml") ?? {},
    files: Object.fromEntries(others.map(([path, bytes]) => [path, bytes.toString("base64")])),
  };
}

/** SHA-256 over what the chart says, 64 hex digits: equal for a folder and for what Helm keeps of it. */
export function contentHash({ metadata, values, files }: ChartContent): string {
  const named = Object.entries(metadata).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const told = named.map(([key, value]) => [key, typeof value === "object" ? value : String(value)]);
  return hashOf([Object.fromEntries(told), values, files]);
}

/**
 * SHA-256 over a release's values, 64 hex digits; the same in any order of their keys. What is null or an empty list counts
 * as not given: the Kubernetes provider leaves the one out and makes the other null before Helm keeps them.
 */
export function valuesHash(values: unknown): string {
  return hashOf(given(values));
}

function given(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(given);
  if (typeof value !== "object" || value === null) return value;
  const isGiven = (each: unknown) => each !== null && !(Array.isArray(each) && each.length === 0);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (isGiven(each) ? [[key, given(each)]] : [])),
  );
}

function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(inOrder(value)) ?? "")
    .digest("hex");
}

/** Writes a chart that Helm takes for the same one; throws where its YAML could not be read back as it is meant. */
export function writeChart({ metadata, values, files }: ChartContent, directory: string): void {
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  };
  write("Chart.yaml", yamlText(metadata));
  write("values.yaml", yamlText(values));
  for (const [path, base64] of Object.entries(files)) write(path, Buffer.from(base64, "base64"));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([k, v]) => [k, inOrder(v)]));
}

/** Names the file that tells an update which rolls back what each Helm release was when it was promoted. */
export const KEPT_VARIABLE = "SPARKI_KEPT_RELEASE";

const keptInputsSchema = z.object({
  /** Where the kept chart is: below the project as `./apps/charts/NAME`, or restored, and absolute then. */
  chart: z.string(),
  /** SHA-256 over the chart's files, as promoted. */
  hash: z.string(),
  /** SHA-256 over what Helm keeps of it. */
  content: z.string(),
  values: z.record(z.string(), z.unknown()),
  /** What the state has already: with these values nothing has to change, if its path stays as it is. */
  state: z.object({ chart: z.string(), values: z.string() }).exactOptional(),
});

/** A Helm release's inputs as they were promoted. */
export type KeptInputs = z.infer<typeof keptInputsSchema>;

const keptFileSchema = z.record(z.string(), keptInputsSchema);

/** The inputs that a Helm release rolls back to; undefined in any other update, and where none are kept. */
export function keptInputs(release: string, env: Environment): KeptInputs | undefined {
  const file = env[KEPT_VARIABLE];
  if (file === undefined || file === "" || !isRollbackUpdate(env)) return undefined;
  return keptFileSchema.parse(JSON.parse(readFileSync(file, "utf8")))[release];
}

/**
 * Values as they were promoted, but for what is the platform's: where those had an address or a network, they get today's.
 * A key that they did not have stays away, because their chart may not know it.
 */
export function restoredValues(
  kept: Readonly<Record<string, unknown>>,
  platform: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries(kept).flatMap(([key, value]): [string, unknown][] => {
    if (!(key in platform)) return [[key, value]];
    const now = platform[key];
    if (now === undefined) return [];
    return [[key, isPlain(value) && isPlain(now) ? { ...value, ...restoredValues(value, now) } : now]];
  });
  return Object.fromEntries(entries);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes an update one that rolls back to a release that was proven before. Its gates look at health alone, no error
 * budget can forbid it, and migrations and seed are left as they are: a database never rolls back.
 */
export const ROLLBACK_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "true" };

/** Makes an update any other one, whatever the environment that it is run from says. */
export const FORWARD_ENVIRONMENT: Readonly<Record<string, string>> = { SPARKI_ROLLBACK: "false" };

/** Whether the environment is that of an update that rolls back. */
export function isRollbackUpdate(env: Environment): boolean {
  return Object.entries(ROLLBACK_ENVIRONMENT).every(([name, value]) => env[name] === value);
}

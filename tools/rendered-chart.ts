import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cachedPath, findCached } from "./cache.ts";
import { CATALOG } from "./catalog.ts";
import { type TemplatedRelease, templateArguments, which } from "./tool.ts";

/** The chart's folder is absolute. */
export interface ChartToRender extends TemplatedRelease {
  readonly values: unknown;
}

const TIMEOUT_MILLISECONDS = 60_000;
const MAX_BYTES = 64 * 1024 * 1024;

export type RenderedChart = { readonly text: string } | { readonly problem: string };

/**
 * What Helm makes of a chart, hooks included and without asking a cluster, or why it makes nothing. Helm is the one on
 * PATH, where a sealed run has its own, else the cached one.
 */
export function renderChart(chart: ChartToRender): Promise<RenderedChart> {
  const { promise, resolve } = Promise.withResolvers<RenderedChart>();
  const helm = helmPath();
  if (helm === undefined) return Promise.resolve(NOT_FOUND);
  const child = execFile(helm, templateArguments(chart), options(), (error, stdout, stderr) => {
    if (error === null) resolve({ text: stdout });
    else resolve({ problem: stderr.trim() || error.message });
  });
  // One that ends before it has read everything says why by itself.
  child.stdin?.on("error", () => {});
  child.stdin?.end(JSON.stringify(chart.values));
  return promise;
}

/** The same for who cannot wait in the background. */
export function renderedChart(chart: ChartToRender): RenderedChart {
  const helm = helmPath();
  if (helm === undefined) return NOT_FOUND;
  const input = JSON.stringify(chart.values);
  const { status, stdout, stderr, error } = spawnSync(helm, templateArguments(chart), { input, ...options() });
  if (error !== undefined) return { problem: error.message };
  return status === 0 ? { text: stdout } : { problem: stderr.trim() };
}

const NOT_FOUND = { problem: "helm is not found: npm run tools" };

function options() {
  return {
    encoding: "utf8",
    // Nothing else of the environment: plugins and settings of Helm's own would change what is rendered.
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    timeout: TIMEOUT_MILLISECONDS,
    maxBuffer: MAX_BYTES,
  } as const;
}

const HELM = CATALOG.find(({ name }) => name === "helm");
const QUIET = { begin: () => ({ end: () => {} }) };

/** Checks the cached Helm, where it is the one to be used: one that is not as it was put there is taken away. */
export async function findHelm(): Promise<void> {
  if (HELM !== undefined && which("helm", process.env) === undefined)
    await findCached(HELM, { env: process.env, progress: QUIET });
}

function helmPath(): string | undefined {
  const onPath = which("helm", process.env);
  if (onPath !== undefined || HELM === undefined) return onPath;
  const cached = cachedPath(HELM, process.env);
  return existsSync(cached) ? cached : undefined;
}

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cachedPath, findCached } from "./cache.ts";
import { CATALOG } from "./catalog.ts";
import { which } from "./search-path.ts";
import { type TemplatedRelease, templateArguments } from "./template-arguments.ts";

/** The chart's folder is absolute. */
export interface ChartToRender extends TemplatedRelease {
  readonly values: unknown;
}

const TIMEOUT_MILLISECONDS = 60_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * What Helm makes of a chart, hooks included and without asking a cluster, or why it makes nothing. Waits for Helm:
 * whoever judges a resource has to answer before it is made. Helm is the one on PATH, where a sealed run has its own,
 * else the cached one.
 */
export function renderedChart(chart: ChartToRender): { readonly text: string } | { readonly problem: string } {
  const helm = helmPath();
  if (helm === undefined) return { problem: "helm is not found: npm run tools" };
  const { status, stdout, stderr, error } = spawnSync(helm, templateArguments(chart), {
    input: JSON.stringify(chart.values),
    encoding: "utf8",
    // Nothing else of the environment: plugins and settings of Helm's own would change what is rendered.
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    timeout: TIMEOUT_MILLISECONDS,
    maxBuffer: MAX_BYTES,
  });
  if (error !== undefined) return { problem: error.message };
  return status === 0 ? { text: stdout } : { problem: stderr.trim() };
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

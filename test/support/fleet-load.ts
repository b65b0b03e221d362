import { setTimeout as sleep } from "node:timers/promises";
import { type RunningLoad, startLoad } from "./load-process.ts";
import type { ServedEngine } from "./served-engine.ts";
import type { LoadFigures } from "./steady-load.ts";

/** A tenth of the real time keeps the order of preStop, deregistration and probes, which smaller scales round away. */
export const TIME_SCALE = 0.1;
/** Requests are in flight whenever a pod leaves. */
export const BEHAVIOUR = { slowRatio: 0.02, slowMilliseconds: 1500 };
export const PER_SECOND = 200;
export const REPLICAS = 3;

export const CALLS = [
  { method: "GET", path: "/api/projects" },
  { method: "GET", path: "/api/cache/health" },
  { method: "POST", path: "/api/projects/5eed0000-0000-4000-8000-000000000001/detect" },
] as const;

/** Users of every kind, at a steady rate. */
export function loadOn(engine: Pick<ServedEngine, "site">): RunningLoad {
  return startLoad({ ...engine.site, perSecond: PER_SECOND, calls: CALLS });
}

/** Resolves with the fleet's pods once all of them are ready. */
export async function wholeFleet(engine: Pick<ServedEngine, "readyPods">): Promise<readonly string[]> {
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(200)) {
    const pods = await engine.readyPods();
    if (pods.length === REPLICAS) return pods;
  }
  throw new Error(`the fleet has not ${REPLICAS} ready pods: ${await engine.readyPods()}`);
}

/** Takes Kubernetes to a version under load; resolves once every node has it and the whole fleet is ready again. */
export async function upgradeUnderLoad(engine: ServedEngine, version: string): Promise<LoadFigures> {
  const running = loadOn(engine);
  await engine.upgradeKubernetes(version);
  const isOld = (node: string) => !node.startsWith(`v${version}.`);
  for (const end = Date.now() + 600_000; (await engine.nodeVersions()).some(isOld); await sleep(500))
    if (Date.now() > end) throw new Error(`not every node has ${version}: ${await engine.nodeVersions()}`);
  await wholeFleet(engine);
  await sleep(1000);
  return running.end();
}

export function sayFigures(test: string, what: string, figures: LoadFigures): void {
  const { requests, seconds, failures, slowestMilliseconds: slowest } = figures;
  const rate = (requests / seconds).toFixed(1);
  process.stderr.write(
    `${test}: ${what}: ${failures.length} of ${requests} requests failed, ${rate} a second for ${seconds.toFixed(1)} s, slowest ${slowest} ms\n`,
  );
}

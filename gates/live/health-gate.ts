import { systemClock } from "../../io/clock.ts";
import { type HttpRequest, request } from "../../io/http.ts";
import { type LiveRelease, readLiveRelease } from "../../io/live-release.ts";
import type { Network } from "../../io/network.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { imageReference } from "../../stacks/fields.ts";
import { releaseOf } from "../../stacks/schema.ts";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import { type GateResult, type GateSubject, subjectOf } from "../gate.ts";
import { type HealthExpectation, type HealthFinding, type HealthSample, judgeHealth } from "../health.ts";
import type { GateTarget } from "./track.ts";

/** Something that must answer, such as the cache behind `/api/cache/health`. */
export interface HealthProbe {
  readonly name: string;
  /** Undefined when it answered as it should, else what was found instead. */
  run(): Promise<string | undefined>;
}

/** The pods to judge, and how to look at them. */
export interface WatchedPods {
  readonly expected: HealthExpectation;
  sample(): Promise<HealthSample>;
}

export interface HealthGate extends GateSubject {
  /** Undefined where only an answer counts, as at the entrance. */
  readonly pods?: WatchedPods;
  readonly probes: readonly HealthProbe[];
  /** Of the pods, and then of each probe; read again at each look. */
  readonly deadlineSeconds: number;
  /** When all of it must have ended, by the clock. @default never */
  readonly endsAt?: number | undefined;
  /** How long something that the release needs may be away without a break. @default deadlineSeconds */
  readonly outageSeconds?: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  onProgress(text: string): void;
}

const LOOK_EVERY_SECONDS = 0.5;
/** What a look is given at least, also the last one. */
const MIN_LOOK_SECONDS = 1;

/**
 * Waits until every pod is ready on the expected image and every probe answers. Fails at once on what waiting cannot
 * fix, with the kubelet's reason, and at the deadline with what was missing; a cluster that cannot be asked, or does not
 * answer in time, is `error`. Rejects only when the signal aborts.
 */
export async function runHealthGate(gate: HealthGate): Promise<GateResult[]> {
  const results: GateResult[] = [];
  const { pods } = gate;
  if (pods !== undefined) {
    const finding = await until(gate, () => judgePods(pods));
    results.push(result(gate, "pods ready", finding));
    // Asking pods that are not there would only add noise to the reason.
    if (finding.verdict !== "pass") return results;
  }
  for (const probe of gate.probes) {
    results.push(result(gate, probe.name, await until(gate, () => judgeProbe(probe))));
  }
  return results;
}

type Finding =
  | HealthFinding
  | { readonly verdict: "error"; readonly reason: string; readonly words?: never; readonly outage?: never };

async function judgePods(pods: WatchedPods): Promise<Finding> {
  try {
    return judgeHealth(await pods.sample(), pods.expected);
  } catch (error) {
    return { verdict: "error", reason: `the Kubernetes API did not respond: ${messageOf(error)}` };
  }
}

async function judgeProbe(probe: HealthProbe): Promise<Finding> {
  const found = await probe.run();
  if (found === undefined) return { verdict: "pass", reason: "answered as expected" };
  return { verdict: "inconclusive", reason: found, outage: true };
}

/** Looks until the finding is final or its time is over; what is still missing then has failed. */
async function until(gate: HealthGate, look: () => Promise<Finding>): Promise<Finding> {
  const { clock, endsAt = Number.POSITIVE_INFINITY } = gate;
  const started = clock.now();
  const deadline = () => Math.min(gate.deadlineSeconds, Math.max(0, endsAt - started));
  let outageSince: number | undefined;
  for (;;) {
    const finding = await inTime(gate, started + deadline() - clock.now(), look);
    if (finding.verdict === "pass" || finding.verdict === "fail") return finding;
    const now = clock.now();
    const deadlineSeconds = deadline();
    const outageSeconds = gate.outageSeconds ?? deadlineSeconds;
    outageSince = finding.outage ? (outageSince ?? now) : undefined;
    if (outageSince !== undefined && now - outageSince >= outageSeconds) return expired(outageSeconds, finding);
    if (now - started >= deadlineSeconds) return expired(deadlineSeconds, finding);
    gate.onProgress(`${gate.gate}: ${finding.reason}`);
    await clock.sleep(LOOK_EVERY_SECONDS, gate.signal);
  }
}

/** The finding, or that there was none: a look that never ends holds nobody up, nor does it keep the signal waiting. */
async function inTime({ clock, signal }: HealthGate, left: number, look: () => Promise<Finding>): Promise<Finding> {
  const seconds = Math.max(MIN_LOOK_SECONDS, left);
  const over = new AbortController();
  const ends = AbortSignal.any(signal === undefined ? [over.signal] : [over.signal, signal]);
  const limit = clock
    .sleep(seconds, ends)
    .then((): Finding => ({ verdict: "error", reason: `no answer within ${Math.round(seconds)} s` }));
  try {
    return await Promise.race([look(), limit]);
  } finally {
    over.abort();
  }
}

function expired(seconds: number, finding: Finding): Finding {
  const reason = `after ${Math.round(seconds)} s: ${finding.reason}`;
  if (finding.verdict === "error") return { verdict: "error", reason };
  return { verdict: "fail", reason, ...(finding.words !== undefined && { words: finding.words }) };
}

/** Health is a yes or no: shown as one look that was good or bad, with no ratio behind it. */
function result(gate: HealthGate, objective: string, { verdict, reason, words }: Finding): GateResult {
  const bad = verdict === "pass" ? 0 : 1;
  const measured = verdict === "error" ? null : bad;
  const bounds = { lower: measured ?? 0, upper: measured ?? 1 };
  return {
    ...subjectOf(gate),
    kind: "health",
    objective,
    verdict,
    requests: 1,
    bad,
    measured,
    limit: 0,
    ...bounds,
    needed: 0,
    synthetic: 1,
    reason,
    ...(words !== undefined && { words }),
  };
}

const TIMEOUT_SECONDS = 10;

/** A probe that is content with the status 200 and tells of anything else. */
export function httpProbe(
  network: Network,
  name: string,
  url: string,
  headers: NonNullable<HttpRequest["headers"]> = {},
): HealthProbe {
  return {
    name,
    run: async () => {
      const answer = await request(network, url, {
        headers: { ...headers, ...SYNTHETIC },
        timeoutSeconds: TIMEOUT_SECONDS,
      });
      if (!answer.answered) return `${url}: ${answer.error}`;
      if (answer.status !== 200) return `${url} answered ${answer.status}; expected 200`;
      return undefined;
    },
  };
}

type Watched = Pick<GateTarget, "config" | "kubeconfig" | "signal" | "onProgress">;

/** Proves by the Kubernetes API that every ready pod of either track runs the config's release, and no other image runs. */
export function judgeRunningDigests(
  { config, kubeconfig, signal, onProgress }: Watched,
  gate: GateSubject,
  deadlineSeconds: number,
): Promise<GateResult[]> {
  const run = () =>
    readLiveRelease(kubeconfig, signal).then(
      (live) => digestsApart(live, releaseOf(config).images),
      (error: unknown) => `the Kubernetes API did not respond: ${messageOf(error)}`,
    );
  const probes = [{ name: "running digests", run }];
  return runHealthGate({ ...gate, probes, deadlineSeconds, clock: systemClock, signal, onProgress });
}

/** Which pods run something else, in words; undefined when none does. */
export function digestsApart(
  live: LiveRelease,
  images: Readonly<Partial<Record<ServiceName, string>>>,
): string | undefined {
  const apart = SERVICE_NAMES.flatMap((workload) =>
    (["oneBox", "fleet"] as const).flatMap((track) => {
      const image = images[workload];
      const expected = image === undefined ? undefined : imageReference(image).digest;
      const found = live[workload][track];
      if (found.length < 2 && found[0] === expected) return [];
      return [`${workload} ${track} runs ${found.join(" and ") || "nothing"}; expected ${expected ?? "nothing"}`];
    }),
  );
  return apart.length === 0 ? undefined : apart.join("; ");
}

import type { Clock } from "../../shared/clock.ts";
import { type EvidenceByObjective, judgeBesideFleet } from "../beside-fleet.ts";
import {
  type GateResult,
  type GateSubject,
  type Look,
  percent,
  subjectOf,
  type Trouble,
  troubleOfReading,
  VERDICTS,
  worst,
} from "../gate.ts";
import {
  type CountsByObjective,
  type CountsReading,
  type MetricSource,
  NO_COUNTS,
  type Objective,
  problemOfStep,
} from "../objective.ts";
import { countsByObjective, type TrafficCounts } from "../traffic.ts";

export interface SloGate extends GateSubject {
  readonly objectives: readonly Objective[];
  /** Total chance of a wrong verdict. @default 0.05 */
  readonly errorRate?: number | undefined;
  readonly sources: TrackSources;
  /** The fleet beside a one-box; when set, a release clearly worse than it is held. */
  readonly fleet?: TrackSources | undefined;
  readonly lookEverySeconds: number;
  readonly deadlineSeconds: number;
  /** How long a metrics source may give no usable answer before the gate gives up. @default 60 */
  readonly sourceRetrySeconds?: number | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: GateProgress) => void) | undefined;
}

export interface GateProgress {
  readonly gate: string;
  readonly elapsedSeconds: number;
  readonly results: readonly GateResult[];
  /** Why a metrics source gives no usable answer just now. */
  readonly problem: string | undefined;
}

/**
 * Looks until the evidence decides or the deadline passes, and resolves with the last look's results.
 * It fails as soon as one objective is proven broken. It passes only when all are proven kept at the same look and every
 * metrics source answers. A source that stays silent ends in `error`, one with unusable samples in `inconclusive`.
 * Rejects only when the signal aborts.
 */
export async function runSloGate(gate: SloGate): Promise<GateResult[]> {
  const traffic = [gate.sources.synthetic, gate.fleet?.synthetic].filter((source) => source !== undefined);
  try {
    for (const source of traffic) source.start();
    return await lookUntilDecided(gate);
  } finally {
    await Promise.all(traffic.map((source) => source.stop()));
  }
}

async function lookUntilDecided(gate: SloGate): Promise<GateResult[]> {
  const { clock, objectives, deadlineSeconds } = gate;
  const started = clock.now();
  const lookAtTrack = trackEvidence(gate.sources, objectives, started);
  const lookAtFleet = trackEvidence(gate.fleet ?? {}, objectives, started);
  const history = new LookHistory();
  for (;;) {
    const left = started + deadlineSeconds - clock.now();
    await clock.sleep(Math.max(0, Math.min(gate.lookEverySeconds, left)), gate.signal);
    const now = clock.now();
    const [track, fleet] = await Promise.all([lookAtTrack(now), lookAtFleet(now)]);
    const results = judgeBesideFleet(objectives, track.byObjective, fleet.byObjective, judging(gate));
    const trouble = track.trouble ?? fleet.trouble;
    // What is compared with the fleet has no bounds of its own.
    history.add(now - started, results.filter(isObjective));
    gate.onProgress?.({ gate: gate.gate, elapsedSeconds: now - started, results, problem: trouble?.reason });
    const decided = decision(gate, results, trouble, now - started, now);
    if (decided !== undefined) return history.attachTo(decided);
  }
}

function judging(gate: SloGate) {
  const { errorRate } = gate;
  return errorRate === undefined ? subjectOf(gate) : { ...subjectOf(gate), errorRate };
}

function isObjective({ kind }: GateResult): boolean {
  return kind === "objective";
}

/** The results to end with, or undefined to look again. */
function decision(
  gate: SloGate,
  results: GateResult[],
  trouble: SourceTrouble | undefined,
  elapsedSeconds: number,
  now: number,
): GateResult[] | undefined {
  const ofObjectives = worst(results.filter(isObjective).map(({ verdict }) => verdict));
  if (ofObjectives === "fail" || ofObjectives === "error") return results;
  const late = elapsedSeconds >= gate.deadlineSeconds;
  if (trouble !== undefined && (late || now - trouble.since >= (gate.sourceRetrySeconds ?? 60))) {
    return results.map((result) => withTrouble(result, trouble));
  }
  if (trouble === undefined && ofObjectives === "pass") return results;
  return late ? results.map((result) => atDeadline(result, gate.deadlineSeconds)) : undefined;
}

function withTrouble(result: GateResult, { verdict, reason }: Trouble): GateResult {
  return { ...result, verdict: worst([result.verdict, verdict]), reason: `${reason}; ${result.reason}` };
}

function atDeadline(result: GateResult, deadlineSeconds: number): GateResult {
  if (result.verdict !== "inconclusive") return result;
  return { ...result, reason: `${result.reason}; undecided after ${Math.round(deadlineSeconds)} s` };
}

/** One line of live progress: per objective the requests, the bound and what is still needed; the worst first. */
export function progressLine({ gate, elapsedSeconds, results, problem }: GateProgress): string {
  const parts = results.toSorted(worseFirst).map(({ objective, verdict, requests, bad, upper, limit, needed }) => {
    const bound = `${bad}/${requests} bad, at most ${percent(upper)} of ${percent(limit)}`;
    return `${objective}: ${verdict === "inconclusive" && needed > 0 ? `${bound}, ${needed} to go` : `${bound}, ${verdict}`}`;
  });
  return `${gate} ${Math.round(elapsedSeconds)} s: ${[...(problem ? [problem] : []), ...parts].join("; ")}`;
}

/** By verdict, then by the requests that are still needed: a line may be cut where it is shown. */
function worseFirst(one: GateResult, other: GateResult): number {
  return VERDICTS.indexOf(one.verdict) - VERDICTS.indexOf(other.verdict) || other.needed - one.needed;
}

/** Enough to draw a curve, few enough for a log that is read. */
const MOST_LOOKS = 50;

const DIGITS = 4;

/** Keeps what each look of a gate found, for the reports: a gate on a slow stack looks several hundred times. */
export class LookHistory {
  readonly #looks = new Map<string, Look[]>();

  /** Seconds count from the gate's begin. */
  add(seconds: number, results: readonly GateResult[]): void {
    for (const { objective, requests, bad, lower, upper } of results) {
      const look = { seconds: rounded(seconds), requests, bad, lower: rounded(lower), upper: rounded(upper) };
      const earlier = this.#looks.get(objective);
      if (earlier === undefined) this.#looks.set(objective, [look]);
      else earlier.push(look);
    }
  }

  /** The results, each with at most 50 of the looks at its objective, the first and the last among them. */
  attachTo(results: readonly GateResult[]): GateResult[] {
    return results.map((result) => {
      const looks = this.#looks.get(result.objective);
      return looks === undefined ? result : { ...result, looks: thinned(looks, MOST_LOOKS) };
    });
  }
}

/** At most `most` of the items, evenly spread, from the first to the last. */
export function thinned<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)]).filter(
    (item) => item !== undefined,
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** Requests that the gate makes itself while it runs. */
export interface TrafficSource {
  start(): void;
  counts(): TrafficCounts;
  /** Why requests reach the release no more, and so do not count; undefined while they do. */
  problem?(): string | undefined;
  stop(): Promise<void>;
}

export interface TrackSources {
  /** Users' requests to the track; undefined where there can be none yet. */
  readonly users?: MetricSource | undefined;
  readonly synthetic?: TrafficSource | undefined;
}

/** A source that gives no usable counts, and since when. */
interface SourceTrouble extends Trouble {
  readonly since: number;
}

/** What is known of one track at the latest look. */
interface TrackEvidence {
  readonly byObjective: EvidenceByObjective;
  readonly trouble: SourceTrouble | undefined;
}

/** A look function for one track's sources: each call reads them again at `now`, keeping the last usable counts. */
function trackEvidence(sources: TrackSources, objectives: readonly Objective[], started: number) {
  const none = Object.fromEntries(objectives.map(({ name }) => [name, NO_COUNTS]));
  let users: CountsByObjective = none;
  let trouble: SourceTrouble | undefined;
  return async (now: number): Promise<TrackEvidence> => {
    const reading = await sources.users?.countsSince(objectives, started);
    const ofUsers = reading && troubleIn(reading, users);
    if (reading?.kind === "value" && ofUsers === undefined) users = reading.value;
    // What is bad in a part is bad in the whole.
    if (reading?.kind === "partial" && stepBack(users, reading.value) === undefined) users = reading.value;
    const found = ofUsers ?? troubleOf(sources.synthetic);
    trouble = found && { ...found, since: trouble?.since ?? now };
    const synthetic = sources.synthetic && countsByObjective(objectives, sources.synthetic.counts());
    return { byObjective: merge(objectives, sources.users && users, synthetic), trouble };
  };
}

function troubleOf(synthetic: TrafficSource | undefined): Trouble | undefined {
  const reason = synthetic?.problem?.();
  return reason === undefined ? undefined : { verdict: "inconclusive", reason };
}

function troubleIn(reading: CountsReading, before: CountsByObjective): Trouble | undefined {
  if (reading.kind === "value") {
    const backwards = stepBack(before, reading.value);
    return backwards === undefined ? undefined : { verdict: "error", reason: `counters went backwards: ${backwards}` };
  }
  return troubleOfReading(reading);
}

/** Which counts went backwards, in words; undefined where none did. */
function stepBack(before: CountsByObjective, after: CountsByObjective): string | undefined {
  const backwards = Object.entries(after).flatMap(([name, counts]) => {
    const problem = problemOfStep(before[name] ?? NO_COUNTS, counts);
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });
  return backwards.length === 0 ? undefined : backwards.join();
}

function merge(
  objectives: readonly Objective[],
  users: CountsByObjective | undefined,
  synthetic: CountsByObjective | undefined,
): EvidenceByObjective {
  return Object.fromEntries(
    objectives.map(({ name }) => [
      name,
      {
        ...(users && { users: users[name] ?? NO_COUNTS }),
        ...(synthetic && { synthetic: synthetic[name] ?? NO_COUNTS }),
      },
    ]),
  );
}

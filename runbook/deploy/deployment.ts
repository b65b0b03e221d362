import { readGateLog } from "../../gates/live/gate-log.ts";
import type { GateResult } from "../../gates/verdict.ts";
import type { Engine, RunSettings, Watcher } from "../../io/engine.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import type { Clock } from "../../shared/clock.ts";
import { failedCreations } from "../recovery/state-edit.ts";
import { type Recovery, TakenResources } from "../recovery/take-over.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { holdState } from "./stack-target.ts";

/** What one deploy of a release came to. */
export interface Deployment {
  /** Undefined when the checklist refused before it. */
  readonly preview: EngineResult | undefined;
  /** Why the deploy did not begin, other than by its preview. */
  readonly refusal?: string | undefined;
  /** Undefined when the preview or a check before the first change refused. */
  readonly up: EngineResult | undefined;
  /** What this deploy's gates found, in the order they ran. */
  readonly gates: readonly GateResult[];
}

export interface Surroundings {
  readonly screen: Screen;
  readonly clock: Clock;
  readonly gateLogFile: string;
  /** Sees every event of the update, after the screen did. */
  readonly watch?: Watcher | undefined;
  readonly run?: RunSettings;
  /** What was previewed and shown already. @default previewed here */
  readonly preview?: EngineResult | undefined;
  /** Takes over what the update finds there already, as an update that was killed left it; without it that is a failure. */
  readonly recovery?: Pick<Recovery, "adoptTaken" | "adoptUnanswered"> | undefined;
  /** What the update is called on the screen. @default deploy */
  readonly verb?: string;
}

/** The operations that a deploy is made of. */
export type DeployEngine = Pick<Engine, "preview" | "up" | "exportState" | "discard">;

/**
 * Previews with the policies, and deploys only what the preview lets through. What the run's `check` throws ends it before
 * anything is changed.
 */
export async function deploy(engine: DeployEngine, title: string, surroundings: Surroundings): Promise<Deployment> {
  const { gateLogFile, run, verb = "deploy" } = surroundings;
  const before = readGateLog(gateLogFile).length;
  const preview = surroundings.preview ?? (await previewed(engine, title, surroundings));
  if (preview.outcome !== "succeeded") return { preview, up: undefined, gates: [] };
  const discarded = await discardFailed(engine, surroundings, run?.check);
  if (discarded !== undefined && discarded.outcome !== "succeeded") return { preview, up: discarded, gates: [] };
  const settings = discarded === undefined ? run : await heldNow(engine, run);
  let [up, failed] = await updated(engine, `${verb} ${title}`, surroundings, settings);
  for (let round = 0; round < ADOPTIONS && up.outcome === "failed" && failed.found.length > 0; round++) {
    const adopted = await surroundings.recovery?.adoptTaken(failed.found);
    if (adopted === undefined || adopted.length === 0) break;
    [up, failed] = await updated(engine, `${verb} ${title}`, surroundings, await heldNow(engine, run));
  }
  if (up.outcome !== "succeeded") await surroundings.recovery?.adoptUnanswered(failed.unanswered);
  return { preview, up, gates: readGateLog(gateLogFile).slice(before) };
}

/** The run's settings, where it is checked against the state as it is now: we have just changed it ourselves. */
async function heldNow(engine: DeployEngine, run: RunSettings | undefined): Promise<RunSettings | undefined> {
  return run?.check === undefined ? run : { ...run, check: await holdState(engine) };
}

/** How often an update continues with what it found there already; each time brings it to what depended on that. */
const ADOPTIONS = 5;

/** One update, and what it could not make. */
async function updated(
  engine: DeployEngine,
  title: string,
  { screen, clock, watch: other }: Surroundings,
  settings: RunSettings | undefined,
): Promise<[EngineResult, TakenResources]> {
  const taken = new TakenResources();
  const result = await showPhase(screen, clock, title, async (phase) => {
    const show = phase.watch({ lines: true });
    const watch: Watcher = (record, event) => {
      show(record, event);
      taken.see(event);
      other?.(record, event);
    };
    const up = await engine.up(watch, settings);
    phase.note(describeResult(up));
    return up;
  });
  return [result, taken];
}

/** Deletes what AWS could not make, so that the update makes it again; undefined when there is nothing of the kind. */
async function discardFailed(
  engine: DeployEngine,
  { screen, clock }: Surroundings,
  check: RunSettings["check"],
): Promise<EngineResult | undefined> {
  const failed = failedCreations(await engine.exportState());
  if (failed.length === 0) return undefined;
  // What was decided on is the state before this; the update then stands on what this leaves.
  await check?.();
  const names = failed.map(({ name }) => name).join(", ");
  return showPhase(screen, clock, `delete what AWS could not make: ${names}`, (phase) =>
    engine.discard(
      failed.map(({ urn }) => urn),
      phase.watch({ lines: true }),
    ),
  );
}

/** Previews a deploy and tells what it would do. */
export function previewed(
  engine: Pick<DeployEngine, "preview">,
  title: string,
  { screen, clock, run }: Pick<Surroundings, "screen" | "clock" | "run">,
): Promise<EngineResult> {
  return showPhase(screen, clock, `preview ${title}`, async (phase) => {
    const result = await engine.preview(phase.watch({ lines: false }), run);
    phase.note(`${describeResult(result)}, ${result.policy.checked} policy checks`);
    return result;
  });
}

/** An operation's outcome, and how many steps of each kind it has, in a few words; components and providers are none. */
export function describeResult({ outcome, steps }: Pick<EngineResult, "outcome" | "steps">): string {
  const counts = [...Map.groupBy(steps, ({ op }) => op)].map(([op, all]) => `${all.length} ${op}`);
  return [outcome, ...counts].join(", ");
}

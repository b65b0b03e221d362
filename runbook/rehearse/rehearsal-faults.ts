import { systemClock } from "../../io/clock.ts";
import type { Watcher } from "../../io/engine.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import type { CloudProcess } from "../../rehearsal/cloud-process.ts";
import { heldNowSchema, parsed } from "../../rehearsal/control.ts";
import type { TimedFaults } from "../../rehearsal/scenario.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { nearest } from "../../shared/nearest.ts";

/**
 * Runs `work`, whose watcher sees the engine's events, with faults in the cloud from their moment on until it has ended,
 * or until `fix` where they are kept.
 * Throws SPARKI_USAGE when their step never began: then nothing was rehearsed.
 */
export async function withFaults<T>(
  cloud: Pick<CloudProcess, "ask">,
  faults: TimedFaults | undefined,
  work: (watch: Watcher) => Promise<T>,
): Promise<T> {
  if (faults === undefined) return work(() => {});
  const { at, after, before, hold, isKept = false } = faults;
  let broken: Promise<unknown> | undefined;
  const begun = new Set<string>();
  const breakNow = () => {
    broken ??= cloud.ask("POST", "/faults", hold);
    // Awaited when the work has ended; until then nobody may call it unhandled.
    broken.catch(() => undefined);
    return broken;
  };
  const waiting = before === undefined ? undefined : await holdStep(cloud, before, breakNow);
  if (at === undefined && after === undefined && before === undefined) await breakNow();
  try {
    const result = await work(({ steps }) => {
      const running = steps.filter(({ op, status }) => op !== "same" && status === "running");
      for (const { name } of running) begun.add(name);
      if (at !== undefined && begun.has(at)) breakNow();
      if (steps.some(({ name, op, status }) => name === after && op !== "same" && status === "done")) breakNow();
    });
    await waiting?.end();
    const step = at ?? before;
    if (step !== undefined && begun.size > 0 && broken === undefined) throw neverBegan(step);
    await broken;
    return result;
  } finally {
    await waiting?.end().catch(() => undefined);
    if (!isKept) await fix(cloud);
  }
}

const LOOK_SECONDS = 0.1;

/**
 * Lets the cloud hold a step before anything of it, its gate too, and continue it once `breakNow` has resolved. `end` stops
 * that, whether the step came or not, and rejects as it did.
 */
async function holdStep(
  cloud: Pick<CloudProcess, "ask">,
  step: string,
  breakNow: () => Promise<unknown>,
): Promise<{ end(): Promise<void> }> {
  await cloud.ask("POST", "/held", { calls: [{ name: step, operation: "check", moment: "before" }] });
  const over = new AbortController();
  const isHeld = async () => parsed(heldNowSchema, await cloud.ask("GET", "/held")).held.includes(step);
  const broken = async () => {
    try {
      while (!over.signal.aborted) {
        if (await isHeld()) return await breakNow();
        await systemClock.sleep(LOOK_SECONDS, over.signal).catch(() => undefined);
      }
    } finally {
      await cloud.ask("POST", "/held", {});
    }
  };
  const ended = broken();
  // Awaited by `end`; until then nobody may call it unhandled.
  ended.catch(() => undefined);
  return {
    end: async () => {
      over.abort();
      await ended;
    },
  };
}

/**
 * Lets hold from now on what of a fault is the account's own, its parent zone's or Slack's: the checklist asks for it, and people are told before the update. Resolves with
 * whether there is any; `fix` ends it.
 */
export async function holdAccount(cloud: Pick<CloudProcess, "ask">, faults: TimedFaults | undefined): Promise<boolean> {
  const { account, signer, slack } = faults?.hold ?? {};
  if (account === undefined && signer === undefined && slack === undefined) return false;
  await cloud.ask("POST", "/faults", {
    ...(account && { account }),
    ...(signer && { signer }),
    ...(slack && { slack }),
  });
  return true;
}

/** Ends every fault in the cloud. */
export async function fix(cloud: Pick<CloudProcess, "ask">): Promise<void> {
  await cloud.ask("POST", "/faults", {});
}

type Previewed = Pick<EngineResult, "steps">;

const HINT = "npx sparki rehearse, which prints the name of every step";

/** Throws SPARKI_USAGE for a step that a preview does not know, with those that are called alike. */
export function assertKnown(wanted: string, { steps }: Previewed): void {
  const names = new Set(steps.map(({ name }) => name));
  if (names.has(wanted)) return;
  const alike = nearest(wanted, names);
  const meant = alike.length === 0 ? "" : `; did you mean ${alike.join(" or ")}?`;
  throw new DeployError("SPARKI_USAGE", `no step is named ${JSON.stringify(wanted)}${meant}`, { hint: HINT });
}

/** Throws SPARKI_USAGE too for a step that the previewed deploy leaves as it is; a deploy that changes nothing has none. */
export function assertBegins(wanted: string, preview: Previewed): void {
  assertKnown(wanted, preview);
  const changed = new Set(preview.steps.filter(({ op }) => op !== "same").map(({ name }) => name));
  if (changed.size === 0 || changed.has(wanted)) return;
  const names = [...changed].join(", ");
  throw new DeployError("SPARKI_USAGE", `this deploy changes nothing in ${wanted}; its steps are ${names}`, {
    hint: HINT,
  });
}

/** The deploy ended before the step: what was to happen there was not rehearsed. */
export function neverBegan(step: string): DeployError {
  return new DeployError("SPARKI_USAGE", `the deploy ended before ${step} started, so the fault was never injected`, {
    hint: "name an earlier step, or remove the fault that ends the deploy before it",
  });
}

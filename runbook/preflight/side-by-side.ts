import type { Clock } from "../../shared/clock.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { messageOf } from "../../shared/message-of.ts";
import { duration } from "../report/duration.ts";
import type { Screen } from "../report/screen.ts";
import { type Finding, fail, type Look } from "./check.ts";

/** What was found of one thing, with its name. */
export interface Looked extends Finding {
  readonly id: string;
  readonly title: string;
  readonly seconds: number;
  /** It failed because nobody could look: it says nothing about what it was to look at. */
  readonly isBlind?: true;
}

type Found = Omit<Looked, "id" | "title" | "seconds">;

const MAX_RUNNING = 12;

/**
 * Looks at everything side by side, live on the screen under the name; resolves with the findings in the order of the
 * looks, after as long as the slowest one, and rejects only when aborted.
 */
export async function lookSideBySide<Context extends { readonly clock: Clock }>(
  name: string,
  looks: readonly Look<Context>[],
  context: Context,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<Looked[]> {
  const { clock } = context;
  const start = clock.now();
  const running = new Set(looks);
  const region = () => {
    const lines = [...running].slice(0, MAX_RUNNING).map(({ title }) => `    ${title}`);
    const done = looks.length - running.size;
    return [`  ${name}: ${duration(clock.now() - start)}, ${done} of ${looks.length} done`, ...lines];
  };
  const end = screen.region(region);
  try {
    const found = await Promise.all(
      looks.map(async (look) => {
        const finding = await withinLimit(look, context, signal);
        running.delete(look);
        return { id: look.id, title: look.title, ...finding, seconds: clock.now() - start };
      }),
    );
    signal.throwIfAborted();
    return found;
  } finally {
    end();
  }
}

/** The finding, or that it took too long: a look that ignores its signal holds nobody up. */
async function withinLimit<Context extends { readonly clock: Clock }>(
  look: Look<Context>,
  context: Context,
  signal: AbortSignal,
): Promise<Found> {
  const over = new AbortController();
  const limit = context.clock.sleep(look.timeLimitSeconds, AbortSignal.any([over.signal, signal])).then(
    () =>
      blind(`not finished within ${duration(look.timeLimitSeconds)}`, "run it again; see whether the service answers"),
    () => blind("interrupted", "run it again"),
  );
  const stop = new AbortController();
  const work = lookedAt(look, context, AbortSignal.any([stop.signal, signal]));
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
    stop.abort();
  }
}

async function lookedAt<Context>(look: Look<Context>, context: Context, signal: AbortSignal): Promise<Found> {
  try {
    return await look.run(context, signal);
  } catch (error) {
    const reason = messageOf(error);
    const hint = error instanceof DeployError ? error.hint : undefined;
    return blind(`could not look: ${reason}`, hint ?? "mend what the reason names, then run it again");
  }
}

function blind(reason: string, fix: string): Found {
  return { ...fail(reason, fix), isBlind: true };
}

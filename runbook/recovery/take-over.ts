import { timeScaleOf } from "../../gates/live/pace.ts";
import { nameOf } from "../../records/engine-record.ts";
import { resourcesIn } from "../../records/state.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { showPhase } from "../report/live.ts";
import { type Adoption, type AdoptionOptions, adoptPending, taggedWith } from "./adopt.ts";
import { foundBy } from "./found-by.ts";
import type { PendingCreate } from "./physical-id.ts";
import {
  interruptedUpdates,
  pendingCreates,
  type TakenResource,
  unreadIn,
  withCreatesPending,
  withUpdatesRepeated,
} from "./state-edit.ts";

/** What taking over touches of a stack. */
export interface RecoverableTarget extends Pick<StackTarget, "clock" | "env" | "screen" | "signal" | "stack"> {
  readonly engine: AdoptionOptions["engine"];
}

type Context = Pick<PreflightContext, "aws" | "state">;

/** What one command takes over of an update that was killed: before it begins, and where it then finds a name taken. */
export class Recovery {
  readonly #target: RecoverableTarget;
  readonly #open: () => Promise<{ readonly context: Context; close(): Promise<void> }>;
  /** What was being created and was not there; a provider that lived on may still make it. */
  readonly #lost = new Set<string>();

  constructor(target: RecoverableTarget, open: () => Promise<{ readonly context: Context; close(): Promise<void> }>) {
    this.#target = target;
    this.#open = open;
  }

  /** Takes over what an update that was killed left half-made; nothing while somebody else holds the stack, for it may be theirs. */
  async takeOver({ aws, state }: Context): Promise<void> {
    if ((await state.lock()) !== undefined) return;
    const { engine } = this.#target;
    const found = await engine.exportEncrypted();
    const repeated = interruptedUpdates(found);
    if (repeated.length > 0) await engine.importState(withUpdatesRepeated(found, repeated));
    const exported = repeated.length > 0 ? await engine.exportEncrypted() : found;
    const pending = pendingCreates(exported);
    if (pending.length === 0 && unreadIn(exported).length === 0) return;
    const { madeAgain } = await this.#adopt("take over what an interrupted update left", exported, { aws });
    for (const { urn, name } of pending) if (madeAgain.includes(name)) this.#lost.add(urn);
  }

  /**
   * Takes what an update found taken into the state, so that the next one changes it and does not make it: where it is
   * this stack's by its tags, is in the stack's own cluster, or was being created when an update was killed. Answers
   * with the names of what was taken over.
   */
  async adoptTaken(taken: readonly TakenResource[]): Promise<readonly string[]> {
    const { context, close } = await this.#open();
    try {
      const { engine, stack } = this.#target;
      const owned = await taggedWith(context.aws, { project: "sparki", stack });
      const isOurs = (pending: PendingCreate, id: string) => this.#lost.has(pending.urn) || isOwn(pending, id, owned);
      const saved = await engine.exportEncrypted();
      const exported = withCreatesPending(saved, taken);
      const options = { aws: context.aws, isOurs, saved };
      const { adopted } = await this.#adopt("take over what is there already", exported, options);
      const before = new Set(resourcesIn(saved).map(({ urn }) => urn));
      return adopted.filter((name) => taken.some(({ urn }) => nameOf(urn) === name && !before.has(urn)));
    } finally {
      await close();
    }
  }

  #adopt(
    title: string,
    exported: unknown,
    options: Pick<AdoptionOptions, "aws" | "isOurs" | "saved">,
  ): Promise<Adoption> {
    const { clock, engine, env, screen, signal, stack } = this.#target;
    return showPhase(screen, clock, title, async (phase) => {
      const onProgress = (text: string) => phase.say(text);
      const settings = { engine, stack, clock, timeScale: timeScaleOf(env), signal, onProgress, ...options };
      const adoption = await adoptPending(exported, settings);
      const { adopted, madeAgain } = adoption;
      phase.note(`${adopted.length} exist and are in the state now, ${madeAgain.length} will be made again`);
      return adoption;
    });
  }
}

const RECORD = "aws:route53/record:Record";

/**
 * Whether what exists is the stack's own: it is in the stack's own cluster, was found by the stack's tags, or it or what
 * it belongs to has them. A record in the stack's zone may be somebody's.
 */
function isOwn({ type }: PendingCreate, id: string, owned: readonly string[]): boolean {
  if (type.startsWith("kubernetes:") || foundBy(type)?.by !== "name") return true;
  if (type === RECORD) return false;
  const [parent = id] = id.split(/[:#,]|(?<!^)\//);
  return owned.some((arn) => isNamed(arn, id) || isNamed(arn, parent));
}

/** Whether an ARN is that of the resource which a provider imports by this id. */
function isNamed(arn: string, id: string): boolean {
  return arn === id || arn.endsWith(`:${id}`) || arn.endsWith(`/${id}`);
}

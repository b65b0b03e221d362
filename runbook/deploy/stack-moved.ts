import type { Engine } from "../../io/engine.ts";
import { hashOf } from "../../records/canonical.ts";
import { stateEntries } from "../plan/fingerprint.ts";

/** The stack is no longer what something was decided on; nothing was changed. */
export class StackMoved extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StackMoved";
  }
}

/** What moved between the last look and the engine's lock; any other failure goes on. */
export function movedOrThrow(error: unknown): StackMoved {
  if (error instanceof StackMoved) return error;
  throw error;
}

/** A hash of an exported state: another one after every update that changed anything. */
export function stateHash(exported: unknown): string {
  return hashOf(stateEntries(exported));
}

/** Remembers the state as it is, and returns what throws `StackMoved` once it is another one. */
export async function holdState(engine: Pick<Engine, "exportState">): Promise<() => Promise<void>> {
  const held = stateHash(await engine.exportState());
  return async () => {
    if (stateHash(await engine.exportState()) !== held)
      throw new StackMoved("another update has changed the stack since this one began; run the same command again");
  };
}

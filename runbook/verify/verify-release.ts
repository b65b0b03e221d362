import type { Release } from "../../stacks/schema.ts";
import { gateTargetOf } from "../deploy/gate-target.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { openVerify } from "./open.ts";
import type { VerifyContext } from "./verification.ts";

/** Does work with the ports to a release that should be live; throws when the stack's outputs do not say how to reach it. */
export async function withVerify<T>(
  target: StackTarget,
  release: Release,
  work: (context: VerifyContext) => Promise<T>,
): Promise<T> {
  const { clock, screen } = target;
  const say = (text: string) => screen.line(`    ${screen.paint.dim(text.slice(0, screen.width - 4))}`);
  const { context, close } = await openVerify(await gateTargetOf(target, release, say), clock);
  try {
    return await work(context);
  } finally {
    await close();
  }
}

import type { Release } from "../../stacks/schema.ts";
import { gateTargetOf } from "../deploy/gate-target.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { openVerify } from "./open.ts";
import { runVerify, type VerifyReport } from "./verify.ts";

/** Verifies a release that should be live on a stack; throws when the stack's outputs do not say how to reach it. */
export async function verifyRelease(target: StackTarget, release: Release): Promise<VerifyReport> {
  const { clock, screen, signal } = target;
  const say = (text: string) => screen.line(`    ${screen.paint.dim(text.slice(0, screen.width - 4))}`);
  const { context, close } = await openVerify(await gateTargetOf(target, release, say), clock);
  try {
    return await runVerify(context, { screen, signal });
  } finally {
    await close();
  }
}

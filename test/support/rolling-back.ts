import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { EngineResult } from "../../records/engine-record.ts";
import type { Update } from "../../records/update.ts";
import { Notifications } from "../../runbook/notify/notifications.ts";
import { plainScreen } from "../../runbook/report/screen.ts";
import type { RollbackTarget } from "../../runbook/rollback/rollback-run.ts";
import { parseConfig } from "../../stacks/config.ts";
import { fakeClock } from "./fake-clock.ts";
import { rawConfig } from "./stack-config.ts";
import { taggedStack } from "./tagged-stack.ts";
import { NOTHING_KEPT } from "./updates.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** What the engine says of an operation that did nothing. */
export function resultOf(outcome: EngineResult["outcome"], failure?: string): EngineResult {
  const nothing = { steps: [], diagnostics: [], policy: { checked: 0, violations: [] }, changes: {}, seconds: 1 };
  return { outcome, failure, ...nothing };
}

/** A stack to roll back on, as a test breaks it. */
export interface FakeStack {
  resources: readonly object[];
  updates: readonly Update[];
  readonly engine: Partial<RollbackTarget["engine"]>;
}

/** A stack whose operations all succeed unless told otherwise, and which has no cluster that a proof could ask. */
export function stackToRollBack(given: Partial<FakeStack>) {
  const stack: FakeStack = { resources: [], updates: [], engine: {}, ...given };
  const controller = new AbortController();
  const ups: string[] = [];
  const told: string[] = [];
  const tags = taggedStack();
  const send = async ({ text }: { readonly text: string }) => {
    told.push(text);
    return { delivered: true } as const;
  };
  const target: RollbackTarget = {
    stack: "prod",
    engine: {
      ...tags,
      exportState: async () => ({ version: 3, deployment: { resources: stack.resources } }),
      history: async () => stack.updates,
      preview: async () => resultOf("succeeded"),
      up: async (_watch, settings) => {
        ups.push(settings?.message ?? "");
        return resultOf("succeeded");
      },
      discard: async () => resultOf("succeeded"),
      outputs: async () => ({}),
      identity: async () => ({ name: "ada", through: "here", run: null }),
      ...stack.engine,
    },
    config: async () => parseConfig(rawConfig("prod"), "prod"),
    configFile: join(ROOT, "Pulumi.prod.yaml"),
    gateLogFile: join(ROOT, "no-gate-has-run"),
    env: {},
    keep: async () => NOTHING_KEPT,
    registry: { find: async () => ({ kind: "there" }) },
    notifications: new Notifications({ send }, () => undefined),
    screen: plainScreen(new PassThrough()),
    clock: fakeClock(),
    signal: controller.signal,
  };
  return { stack, target, controller, ups, told, tags };
}

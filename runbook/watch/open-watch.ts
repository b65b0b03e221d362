import { releaseCounts } from "../../gates/live/release-slo.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { type Release, type StackConfig, withRelease } from "../../stacks/schema.ts";
import { type OpenTarget, openTargetPreflight } from "../deploy/real-target.ts";
import { frozenReason } from "../deploy/stack-tags.ts";
import type { DiagnosisContext } from "../diagnosis/examination.ts";
import { anomalyMessage, escalationMessage, resolvedMessage } from "../notify/notify.ts";
import { NOBODY_ASKED } from "../preflight/context.ts";
import { openPreflight } from "../preflight/open.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { Recovery } from "../recovery/take-over.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Screen } from "../report/screen.ts";
import { runRequestedRollback } from "../rollback/requested-rollback.ts";
import { findRollbackTarget, readPresent } from "../rollback/rollback-target.ts";
import { lookAtTraffic, lookLines, runChecks, type Seen, type TrafficLook } from "./look.ts";

import type { WatchPorts } from "./watch-run.ts";
import { gatesIn, type Promoted, promotionTime } from "./watch-run.ts";

/** What a watch needs beside its stack. */
export interface WatchTools {
  /** Absolute paths of pulumi and helm. */
  readonly tools: Readonly<Record<string, string>>;
  readonly timeScale: number;
  /** Whom to tell. */
  readonly config: StackConfig;
  /** A wait is drawn again and again; where it cannot be, the look before it says when the next one is. */
  readonly isTerminal: boolean;
}

/** The ports of a watch on a stack, on AWS or rehearsed; every look opens what it looks through again. */
export function openWatch(target: OpenTarget, given: WatchTools): WatchPorts {
  const { notifications, screen, stack, clock, signal } = target;
  const recovery = new Recovery(target, () => openTargetPreflight(target, NOBODY_ASKED));
  return {
    promoted: () => readPromoted(target),
    see: (promoted, elapsedSeconds, sinceLookSeconds) =>
      see(target, given, promoted, { elapsedSeconds, sinceLookSeconds }),
    frozen: () => frozenReason(target.engine),
    obstacle: (leaving) => obstacleOf(target, leaving),
    rollBack: (leaving, why) =>
      runRequestedRollback(target, { leaving, isDryRun: false, why, recovery, confirm: async () => undefined }),
    tell: (look, what, release) => {
      const { elapsedSeconds, decision, problems } = look;
      const occasion = { stack, config: given.config, at: look.at };
      const news = { release, elapsedSeconds, reason: what === "anomaly" ? problems.join("; ") : decision.reason };
      if (what === "escalation") notifications.tell(escalationMessage(occasion, news));
      else if (what === "anomaly") notifications.tell(anomalyMessage(occasion, news));
      else notifications.tell(resolvedMessage(occasion, news));
    },
    show: (look, next) => {
      for (const line of lookLines(look, next, screen.paint)) screen.line(line);
    },
    showDone: (text) => screen.line(inColumns(`      → ${text}`)),
    wait: async (seconds, next) => {
      const until = clock.now() + seconds;
      const draw = () => [`  next check at T+${duration(next)}, in ${duration(Math.max(0, until - clock.now()))}`];
      const end = given.isTerminal ? screen.region(draw) : () => undefined;
      try {
        await clock.sleep(seconds, signal);
      } finally {
        end();
      }
    },
  };
}

/** What is live by the state, and since when by the history. */
export async function readPromoted(target: OpenTarget): Promise<Promoted | undefined> {
  const [{ live, updates }, outputs] = await Promise.all([readPresent(target), target.engine.outputs()]);
  if (live === undefined) return undefined;
  const since = await promotionTime(updates, live.release);
  if (since !== undefined) return { release: live.release, ...since, baseline: gatesIn(outputs) };
  throw new DeployError("SPARKI_OUTSIDE", `no update in the history says when ${live.release.id} was promoted`, {
    hint: `npx sparki history --stack ${target.stack}`,
  });
}

async function see(
  target: OpenTarget,
  given: WatchTools,
  promoted: Promoted,
  { elapsedSeconds, sinceLookSeconds }: { readonly elapsedSeconds: number; readonly sinceLookSeconds: number },
): Promise<Seen> {
  const { stack, fullName, env, clock, screen, signal } = target;
  const { tools, timeScale } = given;
  const config = withRelease(await target.config(), promoted.release);
  const opened = openPreflight({
    stack,
    fullName,
    config,
    projectDirectory: PROJECT_DIRECTORY,
    tools,
    answers: NOBODY_ASKED,
    clock,
    env,
  });
  try {
    const metrics = openPrometheus(opened.network, config.storm.prometheusUrl);
    const counts = releaseCounts(metrics, { stack, config }, clock.now);
    const { baseline } = promoted;
    const traffic = { counts, config, baseline, elapsedSeconds, sinceLookSeconds, timeScale };
    return await lookAtAll(traffic, { ...opened.context, metrics }, screen, signal);
  } finally {
    await opened.close();
  }
}

/**
 * What a look sees: users' requests, which decide, and then the pods, their logs and the way in. Not side by side: an hour of
 * a large fleet's samples and the logs of all its pods are each what a small machine has memory for.
 */
export async function lookAtAll(
  look: TrafficLook,
  context: DiagnosisContext,
  screen: Screen,
  signal: AbortSignal,
): Promise<Seen> {
  const traffic = await lookAtTraffic(look);
  return { ...traffic, checks: await runChecks(context, screen, signal) };
}

async function obstacleOf(target: OpenTarget, leaving: Release): Promise<string | undefined> {
  const found = await findRollbackTarget(target, await target.config(), leaving);
  return "obstacle" in found ? found.obstacle : undefined;
}

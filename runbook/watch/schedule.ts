/** A part of the first day after a promotion, with how often it is checked. */
export interface Stage {
  readonly name: string;
  /** Since the promotion. */
  readonly untilSeconds: number;
  readonly everySeconds: number;
}

const HOUR = 3_600;

/** The runbook's monitoring schedule, section 6. */
export const STAGES: readonly Stage[] = [
  { name: "first hour", untilSeconds: HOUR, everySeconds: 300 },
  { name: "first 4 hours", untilSeconds: 4 * HOUR, everySeconds: 900 },
  { name: "first 24 hours", untilSeconds: 24 * HOUR, everySeconds: HOUR },
];

/** When watching ends: what comes after is normal monitoring, by the alerts. */
export const END_SECONDS = 24 * HOUR;

/** How late a look by a schedule of CI or cron is often taken. */
export const LATE_SECONDS = HOUR;

/** A single look that comes later than this after the end has nothing to look at any more. */
export const LATEST_LOOK_SECONDS = END_SECONDS + LATE_SECONDS;

/** Before this much time has passed, what is not well now is not checked again. */
export const RECHECK_SECONDS = 60;

/** Every look of the schedule, in seconds since the promotion. */
export const LOOKS: readonly number[] = STAGES.flatMap(({ untilSeconds, everySeconds }, index) => {
  const from = STAGES[index - 1]?.untilSeconds ?? 0;
  return Array.from({ length: (untilSeconds - from) / everySeconds }, (_, look) => from + (look + 1) * everySeconds);
});

/** The stage that a time since the promotion is in; the last one also beyond its end. */
export function stageAt(elapsedSeconds: number): Stage {
  const found = STAGES.find(({ untilSeconds }) => elapsedSeconds <= untilSeconds) ?? STAGES.at(-1);
  if (found === undefined) throw new Error("the schedule has no stage");
  return found;
}

/** The next look after a time since the promotion; undefined when that was the last. */
export function nextLook(elapsedSeconds: number): number | undefined {
  return LOOKS.find((at) => at > elapsedSeconds);
}

import type { Row } from "./table.ts";

/** What the gate must show at a true ratio, with 25 requests a look, limit 0.1 %, one objective, error rate 5 %. */
export interface Target {
  readonly badRatio: number;
  readonly verdict: "pass" | "fail" | undefined;
  readonly maxMedianRequests?: number;
  readonly maxRequests?: number;
  readonly maxWrong?: number;
}

export const TARGETS: readonly Target[] = [
  { badRatio: 0, verdict: "pass", maxRequests: 3_600, maxWrong: 0 },
  { badRatio: 0.0002, verdict: "pass", maxMedianRequests: 6_000, maxWrong: 0.01 },
  { badRatio: 0.001, verdict: undefined, maxWrong: 0.05 },
  { badRatio: 0.005, verdict: "fail", maxMedianRequests: 1_200 },
  { badRatio: 0.01, verdict: "fail", maxMedianRequests: 300 },
  { badRatio: 0.05, verdict: "fail", maxMedianRequests: 60 },
];

/** What a row falls short of, in words; nothing when it meets its target. */
export function shortfalls(row: Row, target: Target): string[] {
  const { medianRequests, maxRequests } = row;
  const checks: [boolean, string][] = [
    [target.verdict !== undefined && row[target.verdict] < 0.5, `${target.verdict} in less than half of the streams`],
    [over(medianRequests, target.maxMedianRequests), `median ${medianRequests} over ${target.maxMedianRequests}`],
    [over(maxRequests, target.maxRequests), `${maxRequests} requests over ${target.maxRequests}`],
    [row.wrong > (target.maxWrong ?? 1), `wrong in ${row.wrong} over ${target.maxWrong}`],
  ];
  return checks.flatMap(([missed, words]) => (missed ? [words] : []));
}

function over(value: number | null, limit: number | undefined): boolean {
  return limit !== undefined && (value === null || value > limit);
}

/** Where a rival is better than our row on the same streams: fewer wrong verdicts, or as right and sooner. */
export function whereBehind(ours: Row, rival: Row): string[] {
  const wrong = rival.wrong < ours.wrong ? [`wrong less often (${share(rival.wrong)} to ${share(ours.wrong)})`] : [];
  const [theirs, own] = [
    rival.medianRequests ?? Number.POSITIVE_INFINITY,
    ours.medianRequests ?? Number.POSITIVE_INFINITY,
  ];
  const sooner =
    theirs < own
      ? [
          `answers sooner (median ${theirs} requests to ${ours.medianRequests ?? "none"}), wrong in ${share(rival.wrong)}`,
        ]
      : [];
  return [...wrong, ...sooner];
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

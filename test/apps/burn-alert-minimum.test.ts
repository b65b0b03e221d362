import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MIN_BAD_REQUESTS } from "../../apps/monitoring/alerts.ts";
import { alerts, WORKBOOK_PAIRS } from "../../gates/burn-rate.ts";
import { seededRandom } from "../../rehearsal/backing/random.ts";

const MAX_RATIO = 0.001;
const HOUR = 3600;
const EVALUATION_SECONDS = 30;
const PAGES = WORKBOOK_PAIRS.filter(({ severity }) => severity === "page");

interface Users {
  /** On average; one does not wait for another. */
  readonly requestsPerHour: number;
  readonly badRatio: number;
  readonly hours: number;
}

/** The times of all requests and of the bad ones, in seconds. */
function requestsOf({ requestsPerHour, badRatio, hours }: Users, random: () => number) {
  const [all, bad]: [number[], number[]] = [[], []];
  for (let at = 0; ; ) {
    at -= (Math.log(1 - random()) * HOUR) / requestsPerHour;
    if (at > hours * HOUR) return { all, bad };
    all.push(at);
    if (random() < badRatio) bad.push(at);
  }
}

/** When somebody is paged: each time an alert begins to fire that has ended before. */
function pagesOf(users: Users, minimum: number, random: () => number): number[] {
  const { all, bad } = requestsOf(users, random);
  const within = (times: readonly number[], at: number, seconds: number) =>
    countUpTo(times, at) - countUpTo(times, at - seconds);
  return PAGES.flatMap((pair) => {
    const holdsSeconds = pair.shortSeconds === 300 ? 900 : 0;
    // Nothing else can begin to fire than what has a bad request in its shorter window.
    const looks = new Set(
      bad.flatMap((at) => {
        const first = Math.ceil(at / EVALUATION_SECONDS);
        const steps = Math.ceil(pair.shortSeconds / EVALUATION_SECONDS) + 1;
        return Array.from({ length: steps }, (_, step) => (first + step) * EVALUATION_SECONDS);
      }),
    );
    let last = Number.NEGATIVE_INFINITY;
    return [...looks]
      .sort((one, other) => one - other)
      .filter((at) => {
        const of = (seconds: number) => ({ requests: within(all, at, seconds), bad: within(bad, at, seconds) });
        const [long, short] = [of(pair.longSeconds), of(pair.shortSeconds)];
        if (short.requests === 0 || long.bad < minimum || !alerts(pair, long, short, MAX_RATIO)) return false;
        const begins = at - last > holdsSeconds + EVALUATION_SECONDS;
        last = at;
        return begins;
      });
  }).sort((one, other) => one - other);
}

function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Seconds until the first page of each of 400 outages of six hours; infinite where nobody was paged. */
function outages(requestsPerHour: number, badRatio: number, minimum: number): number[] {
  const random = seededRandom(1925);
  // By the fortieth bad request everybody has long been paged.
  const hours = Math.min(6, 40 / requestsPerHour / badRatio);
  const first = Array.from(
    { length: 400 },
    () => pagesOf({ requestsPerHour, badRatio, hours }, minimum, random)[0] ?? Number.POSITIVE_INFINITY,
  );
  return first.sort((one, other) => one - other);
}

/** Pages a month of 30 days, of four months in which requests fail as often as the objective allows and no oftener. */
function falsePages(requestsPerHour: number, minimum: number): number {
  const random = seededRandom(1925);
  const months = 4;
  return pagesOf({ requestsPerHour, badRatio: MAX_RATIO, hours: months * 720 }, minimum, random).length / months;
}

const share = (sorted: readonly number[], part: number) => sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN;
const minutes = (seconds: number) => (seconds > 6 * HOUR ? "over 6 h" : `${Math.ceil(seconds / 60)} min`);

describe("the least number of bad requests that page", () => {
  const loads = [20, 60, 150, 300];

  it("lets errors within the objective page twice a month at most, however few requests come; one less does not", () => {
    for (const load of loads) expect(falsePages(load, MIN_BAD_REQUESTS)).toBeLessThan(2);
    expect(Math.max(...loads.map((load) => falsePages(load, MIN_BAD_REQUESTS - 1)))).toBeGreaterThan(4);
    expect(Math.max(...loads.map((load) => falsePages(load, 1)))).toBeGreaterThan(20);
  });

  it("pages for 19 of 20 outages at two requests an hour within three and a half hours; two more do not", () => {
    expect(share(outages(2, 1, MIN_BAD_REQUESTS), 0.95)).toBeLessThan(3.5 * HOUR);
    expect(share(outages(2, 1, MIN_BAD_REQUESTS + 2), 0.95)).toBeGreaterThan(4 * HOUR);
  });

  it("pages as soon as docs/alerts.md says", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/alerts.md"), "utf8");
    for (const load of [200, 60, 20, 10, 5, 2]) {
      const [all, half] = [outages(load, 1, MIN_BAD_REQUESTS), outages(load, 0.5, MIN_BAD_REQUESTS)];
      const row = [all, half].flatMap((times) => [share(times, 0.5), share(times, 0.95)]).map(minutes);
      expect(page).toContain(`\n| ${load} | ${row.join(" | ")} |\n`);
    }
  });
});

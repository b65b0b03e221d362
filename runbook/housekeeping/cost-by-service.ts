import { estimateByService, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";
import { nameOf } from "../../records/engine-record.ts";
import type { StateResource } from "../../records/state.ts";
import { COST_TAGS, dayOf, type Spender, type SpentDay } from "./spending.ts";

/** What one of AWS's services costs, in US dollars a month. */
export interface ServiceCost {
  /** As Cost Explorer names it. */
  readonly service: string;
  /** Null where the estimate does not know it. */
  readonly estimatedUsd: number | null;
  /** Null where nothing is recorded under the stack's tags: that is not zero. */
  readonly spentUsd: number | null;
  /** Spent by estimated; null where one of the two is not there. */
  readonly ratio: number | null;
}

/** What the stack was estimated to cost and what was spent, in US dollars a month of 730 hours. */
export interface CostByService {
  readonly currency: "USD";
  /** The days that spending is projected from, ISO dates, both included. */
  readonly from: string;
  readonly to: string;
  readonly days: number;
  /** Why it says less than a month of a final bill would. */
  readonly partial: readonly string[];
  /** Of the list prices. */
  readonly pricesAsOf: string;
  readonly pricesRegion: string;
  readonly estimatedUsd: number;
  readonly spentUsd: number;
  readonly ratio: number | null;
  /** The dearest first. */
  readonly services: readonly ServiceCost[];
}

/** Days in a month as estimates count it. */
const MONTH_DAYS = 730 / 24;
const MOST_DAYS = 31;
/** From so many days on it is no part of a month. */
const WHOLE_DAYS = 28;
/** Cost Explorer has all of a day at the latest so many days after it. */
const LATE_DAYS = 2;

/**
 * Compares the estimate of what the state holds with what was spent on complete days, by service; a text says why it is not
 * known. Nothing recorded is never taken for nothing spent.
 */
export function costByService(
  resources: readonly StateResource[],
  spent: readonly SpentDay[],
  spender: Spender,
  now: number,
): CostByService | string {
  const first = spent.findIndex(({ services }) => services.size > 0);
  if (first < 0) return nothingRecorded(spender);
  // Of the day on which a stack is made there is only a part.
  const whole = spent.slice(first === 0 ? 0 : first + 1);
  const final = whole.filter(({ isEstimated }) => !isEstimated);
  const arrived = whole.filter(({ day }) => day <= dayOf(now, -1 - LATE_DAYS));
  const counted = (final.length > 0 ? final : arrived).slice(-MOST_DAYS);
  const [from, to] = [counted.at(0)?.day, counted.at(-1)?.day];
  if (from === undefined || to === undefined)
    return `there is no complete day yet: the first spending is of ${spent[first]?.day}, and AWS has all of a day ${LATE_DAYS} days after it`;
  const partial = [
    ...(counted.length < WHOLE_DAYS
      ? [`only ${counted.length} complete ${counted.length === 1 ? "day" : "days"}`]
      : []),
    ...(final.length > 0 ? [] : ["AWS may still change them: no bill of these days is final"]),
  ];
  const priced = pricedIn(resources);
  const { asOf, region } = estimateCost(priced);
  return {
    ...{ currency: "USD", from, to, days: counted.length, partial, pricesAsOf: asOf, pricesRegion: region },
    ...compared(estimateByService(priced), projected(counted)),
  };
}

function pricedIn(resources: readonly StateResource[]): readonly Priced[] {
  const present = resources.filter((resource) => resource.custom && resource.delete !== true);
  return present.map(({ type, urn, inputs }) => ({ type, name: nameOf(urn), inputs }));
}

/** In US dollars a month, by service. */
function projected(days: readonly SpentDay[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { services } of days)
    for (const [service, dollars] of services) sums.set(service, (sums.get(service) ?? 0) + dollars);
  return new Map([...sums].map(([service, dollars]) => [service, cents((dollars / days.length) * MONTH_DAYS)]));
}

type Compared = Pick<CostByService, "estimatedUsd" | "spentUsd" | "ratio" | "services">;

function compared(estimated: ReadonlyMap<string, number>, spent: ReadonlyMap<string, number>): Compared {
  const names = [...new Set([...estimated.keys(), ...spent.keys()])];
  const services = names
    .map((service) => costOf(service, estimated.get(service) ?? null, spent.get(service) ?? null))
    // What is less than a cent a month is worth no line, unless it was estimated to be more.
    .filter(({ estimatedUsd, spentUsd }) => estimatedUsd !== null || spentUsd !== 0)
    .sort((one, other) => dearest(other) - dearest(one) || one.service.localeCompare(other.service));
  const sum = (values: ReadonlyMap<string, number>) => cents([...values.values()].reduce((all, each) => all + each, 0));
  const [estimatedUsd, spentUsd] = [sum(estimated), sum(spent)];
  return { estimatedUsd, spentUsd, ratio: ratioOf(estimatedUsd, spentUsd), services };
}

function costOf(service: string, estimatedUsd: number | null, spentUsd: number | null): ServiceCost {
  return { service, estimatedUsd, spentUsd, ratio: ratioOf(estimatedUsd, spentUsd) };
}

function ratioOf(estimated: number | null, spent: number | null): number | null {
  return estimated === null || estimated === 0 || spent === null ? null : cents(spent / estimated);
}

const dearest = ({ estimatedUsd, spentUsd }: ServiceCost) => Math.max(estimatedUsd ?? 0, spentUsd ?? 0);
const cents = (dollars: number) => Math.round(dollars * 100) / 100;

function nothingRecorded({ stack, accountId }: Spender): string {
  const status = COST_TAGS.map((key) => `TagKey=${key},Status=Active`).join(" ");
  return (
    `Cost Explorer has no spending of account ${accountId} with the tags project=sparki and stack=${stack}, which is not 0: ` +
    "it finds by tags only what was spent a day or more after they were activated, in the organization's management account, " +
    `by aws ce update-cost-allocation-tags-status --region us-east-1 --cost-allocation-tags-status ${status}`
  );
}

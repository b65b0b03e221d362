import { z } from "zod";
import { estimateByService, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";
import { nameOf } from "../../records/engine-record.ts";
import type { StateResource } from "../../records/state.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { askedByCli } from "../preflight/phases/account.ts";

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

/** A GetCostAndUsage request, as Cost Explorer's API takes it. */
export interface CostRequest {
  /** Days of UTC; the second one is not included. */
  readonly TimePeriod: { readonly Start: string; readonly End: string };
  readonly Granularity: "DAILY";
  readonly Metrics: readonly ["UnblendedCost"];
  readonly GroupBy: readonly [{ readonly Type: "DIMENSION"; readonly Key: "SERVICE" }];
  readonly Filter: object;
  readonly NextPageToken?: string;
}

/** Asks Cost Explorer for one page, which costs 0.01 USD; resolves with its answer as it came. */
export type AskCostExplorer = (request: CostRequest) => Promise<unknown>;

/** What AWS has recorded for one day of UTC. */
export interface SpentDay {
  /** ISO date. */
  readonly day: string;
  /** AWS may still change it: the bill of its month is not final. */
  readonly isEstimated: boolean;
  /** In US dollars by service, as Cost Explorer names it; of a service that is not there nothing is recorded. */
  readonly services: ReadonlyMap<string, number>;
}

/** Whose spending it is. */
interface Spender {
  readonly stack: string;
  readonly accountId: string;
}

/** A month whose bill is final is always within them. */
const LONGEST_DAYS = 62;
const MOST_PAGES = 10;
const DAY_MILLISECONDS = 86_400_000;
const LIMIT_SECONDS = 60;

/** By which tags AWS knows a stack's spending: the program's own, and what EKS itself puts on the nodes. */
const COST_TAGS = ["project", "stack", "aws:eks:cluster-name"] as const;

const dateSchema = z.iso.date();
const amountSchema = z.object({
  Amount: z.string().regex(/^-?\d{1,15}(?:\.\d{1,30})?(?:E-?\d{1,2})?$/i),
  Unit: z.literal("USD"),
});
const answerSchema = z.object({
  ResultsByTime: z.array(
    z.object({
      TimePeriod: z.object({ Start: dateSchema }),
      Estimated: z.boolean(),
      Groups: z.array(
        z.object({ Keys: z.tuple([z.string().min(1)]), Metrics: z.object({ UnblendedCost: amountSchema }) }),
      ),
    }),
  ),
  NextPageToken: z.string().nullish(),
});

/**
 * What was spent under the stack's tags, by day and service, on the last days before today, credits and refunds left out; the
 * oldest day first. Throws SPARKI_OUTSIDE where Cost Explorer's answer is not understood.
 */
export async function spentDays(ask: AskCostExplorer, spender: Spender, now: number): Promise<readonly SpentDay[]> {
  const request: CostRequest = {
    TimePeriod: { Start: dayOf(now, -LONGEST_DAYS), End: dayOf(now, 0) },
    Granularity: "DAILY",
    Metrics: ["UnblendedCost"],
    GroupBy: [{ Type: "DIMENSION", Key: "SERVICE" }],
    Filter: filterOf(spender),
  };
  const days = new Map<string, { isEstimated: boolean; services: Map<string, number> }>();
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = understood(await ask(token === undefined ? request : { ...request, NextPageToken: token }));
    for (const { TimePeriod, Estimated, Groups } of answer.ResultsByTime) {
      // A day may begin on one page and end on the next.
      const day = days.get(TimePeriod.Start) ?? { isEstimated: false, services: new Map<string, number>() };
      days.set(TimePeriod.Start, day);
      day.isEstimated ||= Estimated;
      for (const { Keys, Metrics } of Groups) {
        const service = bounded(oneLine(Keys[0]), 60);
        day.services.set(service, (day.services.get(service) ?? 0) + Number(Metrics.UnblendedCost.Amount));
      }
    }
    token = answer.NextPageToken || undefined;
    if (token === undefined)
      return [...days].sort(([one], [other]) => one.localeCompare(other)).map(([day, rest]) => ({ day, ...rest }));
  }
  throw new DeployError("SPARKI_OUTSIDE", `Cost Explorer's answer does not end within ${MOST_PAGES} pages`);
}

/** The date so many days after a moment in seconds since 1970. */
export function dayOf(now: number, days: number): string {
  return new Date(now * 1000 + days * DAY_MILLISECONDS).toISOString().slice(0, 10);
}

function filterOf({ stack, accountId }: Spender): object {
  const tagged = (key: (typeof COST_TAGS)[number], value: string) => ({ Tags: { Key: key, Values: [value] } });
  const own = { And: [tagged("project", "sparki"), tagged("stack", stack)] };
  return {
    And: [
      // Credentials of an organization's first account see every other one too.
      { Dimensions: { Key: "LINKED_ACCOUNT", Values: [accountId] } },
      { Not: { Dimensions: { Key: "RECORD_TYPE", Values: ["Credit", "Refund"] } } },
      { Or: [own, tagged("aws:eks:cluster-name", `sparki-${stack}`)] },
    ],
  };
}

function understood(answer: unknown): z.infer<typeof answerSchema> {
  const parsed = answerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `Cost Explorer's answer is not understood: ${issue?.path.join(".")}: ${issue?.message}`,
  );
}

/** By the AWS command line: Cost Explorer is in us-east-1 alone, whichever is the stack's region. */
export function costExplorerByCli(
  context: Pick<PreflightContext, "commands" | "isRehearsal">,
  signal: AbortSignal,
): AskCostExplorer {
  return async (request) => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_SECONDS * 1000)]);
    const document = ["--cli-input-json", JSON.stringify(request)];
    const args = ["ce", "get-cost-and-usage", "--region", "us-east-1", "--no-paginate", ...document];
    try {
      return await askedByCli(context, args, limited);
    } catch (error) {
      if (limited.aborted && !signal.aborted)
        throw new DeployError("SPARKI_OUTSIDE", `aws ce get-cost-and-usage did not answer within ${LIMIT_SECONDS} s`);
      throw error;
    }
  };
}

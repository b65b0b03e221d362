import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { askedByCli } from "../preflight/phases/delivered.ts";

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
export interface Spender {
  readonly stack: string;
  readonly accountId: string;
}

/** A month whose bill is final is always within them. */
export const LONGEST_DAYS = 62;
const MOST_PAGES = 10;
const DAY_MILLISECONDS = 86_400_000;
const LIMIT_SECONDS = 60;

/** By which tags AWS knows a stack's spending: the program's own, and what EKS itself puts on the nodes. */
export const COST_TAGS = ["project", "stack", "aws:eks:cluster-name"] as const;

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

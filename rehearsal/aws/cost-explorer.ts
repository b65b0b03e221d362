import { z } from "zod";
import type { Route } from "../control.ts";
import { AwsError } from "./model.ts";
import { TYPES } from "./types.ts";
import { at, number, text, texts } from "./values.ts";
import type { WorldResource } from "./world.ts";

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const MONTH_HOURS = 730;
/** Usage is billed so late at most, and is not there before. */
const LATE_SECONDS = DAY_SECONDS;
/** A month's bill is final on this day of the next one: AWS says from the third to the seventh. */
const FINAL_DAY = 5;
/** Daily data is kept for so long. */
const KEPT_DAYS = 14 * 31;

interface Expression {
  readonly And?: readonly Expression[] | undefined;
  readonly Or?: readonly Expression[] | undefined;
  readonly Not?: Expression | undefined;
  readonly Dimensions?: { readonly Key: string; readonly Values: readonly string[] } | undefined;
  readonly Tags?: { readonly Key: string; readonly Values: readonly string[] } | undefined;
}

const isOne = (expression: Expression) => Object.values(expression).filter((each) => each !== undefined).length === 1;
const named = <Key extends z.ZodType<string>>(Key: Key) =>
  z.strictObject({ Key, Values: z.array(z.string().max(1024)).min(1) });
const expressionSchema: z.ZodType<Expression> = z.lazy(() =>
  z
    .strictObject({
      And: z.array(expressionSchema).min(2).optional(),
      Or: z.array(expressionSchema).min(2).optional(),
      Not: expressionSchema.optional(),
      Dimensions: named(z.enum(["LINKED_ACCOUNT", "RECORD_TYPE", "SERVICE"])).optional(),
      Tags: named(z.string().min(1).max(1024)).optional(),
    })
    .refine(isOne, "Expression must have exactly one root"),
);

/** What of GetCostAndUsage is modelled; AWS knows more. */
const requestSchema = z.strictObject({
  TimePeriod: z.strictObject({ Start: z.iso.date(), End: z.iso.date() }),
  Granularity: z.literal("DAILY"),
  Metrics: z.tuple([z.literal("UnblendedCost")]),
  GroupBy: z.tuple([z.strictObject({ Type: z.literal("DIMENSION"), Key: z.literal("SERVICE") })]),
  Filter: expressionSchema.optional(),
  NextPageToken: z.string().max(8192).optional(),
});
const statusSchema = z.strictObject({
  CostAllocationTagsStatus: z
    .array(z.strictObject({ TagKey: z.string().min(1), Status: z.enum(["Active", "Inactive"]) }))
    .min(1)
    .max(20),
});

/** In US dollars an hour, by the service that bills it. */
type Meter = (resource: WorldResource) => readonly (readonly [service: string, hourly: number])[];

const DATABASE_HOUR: Readonly<Record<string, number>> = { "db.t4g.medium": 0.065, "db.t4g.large": 0.129 };
const CACHE_HOUR: Readonly<Record<string, number>> = { "cache.t4g.small": 0.032, "cache.t4g.medium": 0.065 };
const VPC = "Amazon Virtual Private Cloud";
const monthly = (dollars: number) => dollars / MONTH_HOURS;

/** AWS's list prices of us-east-1 for what stacks are made of, as it bills them; requests and traffic are not metered. */
const METERS: Readonly<Record<string, Meter>> = {
  [TYPES.cluster]: () => [["Amazon Elastic Container Service for Kubernetes", 0.1]],
  [TYPES.natGateway]: () => [["EC2 - Other", 0.045]],
  [TYPES.eip]: () => [[VPC, 0.005]],
  [TYPES.vpcEndpoint]: ({ inputs }) =>
    text(inputs, "vpcEndpointType") === "Interface" ? [[VPC, 0.01 * texts(inputs, "subnetIds").length]] : [],
  [TYPES.loadBalancer]: ({ inputs }) => [
    ["Amazon Elastic Load Balancing", 0.0225],
    [VPC, 0.005 * texts(inputs, "subnets").length],
  ],
  [TYPES.kmsKey]: () => [["AWS Key Management Service", monthly(1)]],
  [TYPES.secret]: () => [["AWS Secrets Manager", monthly(0.4)]],
  [TYPES.zone]: () => [["Amazon Route 53", monthly(0.5)]],
  [TYPES.webAcl]: ({ inputs }) => [["AWS WAF", monthly(5 + at(inputs, "rules[*]").length)]],
  [TYPES.database]: ({ inputs }) => {
    const copies = inputs.multiAz === true ? 2 : 1;
    const each = DATABASE_HOUR[text(inputs, "instanceClass") ?? ""] ?? 0.25;
    const storage = monthly(0.115 * (number(inputs, "allocatedStorage") ?? 0));
    return [["Amazon Relational Database Service", copies * (each + storage)]];
  },
  [TYPES.replicationGroup]: ({ inputs }) => {
    const each = CACHE_HOUR[text(inputs, "nodeType") ?? ""] ?? 0.2;
    return [["Amazon ElastiCache", each * (number(inputs, "numCacheClusters") ?? 1)]];
  },
};

/** What costs something, from when on, and how it is tagged. */
interface Charge {
  readonly service: string;
  readonly hourly: number;
  readonly accountId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** In seconds since 1970. */
  readonly since: number;
}

export interface CostExplorerOptions {
  readonly resources: () => readonly WorldResource[];
  /** The world's own time. */
  readonly modelSeconds: () => number;
  /** In seconds since 1970. */
  readonly now: () => number;
  /** Groups on a page. @default 1000 */
  readonly pageSize?: number;
}

/**
 * Cost Explorer of the simulated account: what exists is metered by the hour under its tags since it was made, a day late,
 * and a month is estimated until its bill is final. As at AWS no tag is known until it is activated, and then only for what
 * is spent from then on; what was deleted is metered no more, its past included, which is otherwise at AWS.
 */
export class CostExplorer {
  readonly #options: CostExplorerOptions;
  readonly #activated = new Map<string, number>();

  constructor(options: CostExplorerOptions) {
    this.#options = options;
  }

  /** `UpdateCostAllocationTagsStatus`: a key that nothing bears cannot be activated. */
  updateTagsStatus(body: unknown): object {
    const asked = valid(statusSchema, body).CostAllocationTagsStatus;
    const known = new Set(this.#charges().flatMap(({ tags }) => Object.keys(tags)));
    const errors = asked.filter(({ TagKey }) => !known.has(TagKey));
    for (const { TagKey, Status } of asked.filter(({ TagKey }) => known.has(TagKey))) {
      if (Status === "Inactive") this.#activated.delete(TagKey);
      else if (!this.#activated.has(TagKey)) this.#activated.set(TagKey, this.#options.now());
    }
    return { Errors: errors.map(({ TagKey }) => ({ TagKey, Code: "TagKeysNotFound", Message: "Tag keys not found" })) };
  }

  /** `GetCostAndUsage`, by day and service. */
  costAndUsage(body: unknown): object {
    const { TimePeriod, GroupBy, Filter, NextPageToken } = valid(requestSchema, body);
    const now = this.#options.now();
    const [from, until] = [secondsOf(TimePeriod.Start), secondsOf(TimePeriod.End)];
    if (from >= until) throw invalid("Start date (and hour) should be before end date (and hour)");
    if (from > now) throw invalid("Start date cannot be after today");
    if (from < now - KEPT_DAYS * DAY_SECONDS) throw invalid("You haven't enabled historical data beyond 14 months");
    const charges = this.#charges();
    const rows: { readonly day: number; readonly service: string | undefined; readonly amount: number }[] = [];
    for (let day = from; day < until; day += DAY_SECONDS) {
      const services = this.#spentOn(day, charges, Filter);
      if (services.size === 0) rows.push({ day, service: undefined, amount: 0 });
      for (const [service, amount] of [...services].sort(([one], [other]) => one.localeCompare(other)))
        rows.push({ day, service, amount });
    }
    const { pageSize = 1000 } = this.#options;
    const offset = NextPageToken === undefined ? 0 : offsetIn(NextPageToken, rows.length);
    const page = rows.slice(offset, offset + pageSize);
    const more = offset + pageSize < rows.length ? { NextPageToken: tokenOf(offset + pageSize) } : {};
    const days = [...Map.groupBy(page, ({ day }) => day)];
    return {
      GroupDefinitions: GroupBy,
      ResultsByTime: days.map(([day, spent]) => ({
        TimePeriod: { Start: dateOf(day), End: dateOf(day + DAY_SECONDS) },
        Total: {},
        Groups: spent.flatMap(({ service, amount }) =>
          service === undefined
            ? []
            : [{ Keys: [service], Metrics: { UnblendedCost: { Amount: amount.toFixed(10), Unit: "USD" } } }],
        ),
        Estimated: !isFinal(day, now),
      })),
      DimensionValueAttributes: [],
      ...more,
    };
  }

  #spentOn(day: number, charges: readonly Charge[], filter: Expression | undefined): ReadonlyMap<string, number> {
    const services = new Map<string, number>();
    const known = this.#options.now() - LATE_SECONDS;
    for (const charge of charges)
      for (let hour = day; hour < day + DAY_SECONDS; hour += HOUR_SECONDS) {
        const isThere = hour >= charge.since && hour + HOUR_SECONDS <= known;
        if (isThere && (filter === undefined || this.#fits(filter, charge, hour)))
          services.set(charge.service, (services.get(charge.service) ?? 0) + charge.hourly);
      }
    return services;
  }

  #fits(expression: Expression, charge: Charge, hour: number): boolean {
    const { And, Or, Not, Dimensions, Tags } = expression;
    if (And !== undefined) return And.every((each) => this.#fits(each, charge, hour));
    if (Or !== undefined) return Or.some((each) => this.#fits(each, charge, hour));
    if (Not !== undefined) return !this.#fits(Not, charge, hour);
    if (Tags !== undefined) {
      const since = this.#activated.get(Tags.Key);
      return since !== undefined && hour >= since && Tags.Values.includes(charge.tags[Tags.Key] ?? "");
    }
    const values = { LINKED_ACCOUNT: charge.accountId, RECORD_TYPE: "Usage", SERVICE: charge.service };
    const value = Object.entries(values).find(([key]) => key === Dimensions?.Key)?.[1];
    return value !== undefined && Dimensions?.Values.includes(value) === true;
  }

  #charges(): readonly Charge[] {
    const { resources, modelSeconds, now } = this.#options;
    return resources().flatMap((resource) => {
      const { type, accountId, tags, createdAtModelSeconds, name } = resource;
      const since = now() - (modelSeconds() - createdAtModelSeconds);
      const own = (METERS[type]?.(resource) ?? []).map(([service, hourly]) => ({ service, hourly, tags }));
      return [...own, ...(type === TYPES.cluster ? nodes(name ?? "") : [])].map((each) => ({
        ...each,
        accountId,
        since,
      }));
    });
  }
}

/** Two nodes of Auto Mode, which bear EKS's own tag and none of the program's. */
function nodes(cluster: string): readonly Pick<Charge, "service" | "hourly" | "tags">[] {
  const tags = { "aws:eks:cluster-name": cluster };
  return [
    { service: "Amazon Elastic Compute Cloud - Compute", hourly: 2 * 0.0765, tags },
    { service: "Amazon Elastic Container Service for Kubernetes", hourly: 2 * 0.00918, tags },
  ];
}

function valid<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join(".")}: ${issue?.message}`);
}

const invalid = (message: string) => new AwsError("ValidationException", message);
const secondsOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / 1000;
const dateOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

function isFinal(day: number, now: number): boolean {
  const date = new Date(day * 1000);
  return now >= Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, FINAL_DAY) / 1000;
}

const tokenOf = (offset: number) => Buffer.from(`page ${offset}`).toString("base64");

function offsetIn(token: string, count: number): number {
  const offset = Number(/^page (\d{1,9})$/.exec(Buffer.from(token, "base64").toString())?.[1]);
  if (offset > 0 && offset < count) return offset;
  throw new AwsError("InvalidNextTokenException", "Invalid pagination token");
}

/** Cost Explorer's calls, each with the document that its API takes and answers. */
export function costRoutes(costs: CostExplorer): Readonly<Record<string, Route>> {
  return {
    "POST /cost-explorer/get-cost-and-usage": async (body) => costs.costAndUsage(body),
    "POST /cost-explorer/update-cost-allocation-tags-status": async (body) => costs.updateTagsStatus(body),
  };
}

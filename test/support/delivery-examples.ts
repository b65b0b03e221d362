import { createHash } from "node:crypto";
import { parse } from "yaml";
import { parseDelivery } from "../../delivery/config.ts";
import { DeliverySituation, policies } from "../../policies/delivery/judging.ts";
import { NO_EXCUSES, type Violation } from "../../policies/judging/session.ts";
import type { Policy } from "../../policies/policy.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { type RecordedDelivery, rawDelivery } from "./delivery-program.ts";
import { Example, judge } from "./policy-fixtures.ts";
import type { Recorded } from "./recorder.ts";

/** A preview of what is not there yet knows no output; an update knows all. */
export type View = "preview" | "update";

export const NOW = new Date("2026-11-23T12:00:00Z");
/** What the recorder makes up for an output, with the logical name of the resource that it is one of. */
const MADE_UP = /arn:aws:test:us-east-1:\d{12}:([\w@.-]+)|([a-z0-9-]+)-(?:id|pool)$/g;

/** As the engine shows them to a policy pack, with the stack itself. */
export function examplesOf(
  { resources }: Pick<RecordedDelivery, "resources">,
  view: View,
  stack = "prod",
): Example<object>[] {
  const made = new Map(resources.map((each) => [each.name, each]));
  const examples = resources.map((each) => exampleOf(each, made, view));
  const bySource = new Map(examples.map((each) => [each.traits.name, each]));
  const related = examples.map((each) => {
    const inputs = made.get(each.traits.name)?.inputs ?? {};
    const sources = Object.entries(inputs).map(([property, value]) => [
      property,
      namesIn(value).flatMap((name) => bySource.get(name) ?? []),
    ]);
    const named = sources.filter(([, from]) => from !== undefined && from.length > 0);
    return new Example(each.type, each.props, { ...each.traits, sources: Object.fromEntries(named) });
  });
  // Its outputs are known in the end only: see outputMismatches.
  const own = new Example("pulumi:pulumi:Stack", {}, { ...PLAIN, name: `sparki-delivery-${stack}` });
  return [own, ...related];
}

const PLAIN = { protect: true, sources: {}, provider: undefined };

function exampleOf({ type, name, inputs }: Recorded, made: ReadonlyMap<string, Recorded>, view: View): Example<object> {
  const seen = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, seenAs(value, made, view)]));
  const outputs = view === "update" && type.startsWith("aws:") ? { arn: arnOf(made, name) } : {};
  return new Example(type, seen, { ...PLAIN, name, outputs });
}

function seenAs(value: unknown, made: ReadonlyMap<string, Recorded>, view: View): unknown {
  if (typeof value === "string") {
    if (!new RegExp(MADE_UP).test(value)) return value;
    if (view === "preview") return UNKNOWN;
    return value.replace(MADE_UP, (_all, arn?: string, id?: string) =>
      arn === undefined ? idOf(made, id ?? "") : arnOf(made, arn),
    );
  }
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.entries(value).map(([key, each]) => [key, seenAs(each, made, view)] as const);
  return Array.isArray(value) ? inner.map(([, each]) => each) : Object.fromEntries(inner);
}

function namesIn(value: unknown): string[] {
  if (typeof value === "string") return [...value.matchAll(MADE_UP)].map(([, arn, id]) => arn ?? id ?? "");
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(namesIn) : [];
}

const digest = (name: string) => createHash("sha256").update(name).digest("hex");

/** What AWS names itself it names by the logical name here. */
function idOf(made: ReadonlyMap<string, Recorded>, logical: string): string {
  const { type = "", inputs = {} } = made.get(logical) ?? {};
  const id = digest(logical);
  if (type === "aws:kms/key:Key") return `${id.slice(0, 8)}-0000-4000-8000-${id.slice(8, 20)}`;
  if (type === "aws:ec2/securityGroup:SecurityGroup") return `sg-${id.slice(0, 17)}`;
  return String(inputs.name ?? inputs.bucket ?? id.slice(0, 12));
}

function arnOf(made: ReadonlyMap<string, Recorded>, logical: string): string {
  const { type = "", inputs = {} } = made.get(logical) ?? {};
  const id = idOf(made, logical);
  const region = String(inputs.region ?? "");
  const account = /\d{12}/.exec(String(made.get("aws")?.inputs.allowedAccountIds))?.[0];
  const [, module = ""] = type.split(":");
  const [service = "", kind = ""] = module.split("/");
  if (service === "s3") return `arn:aws:s3:::${id}`;
  if (service === "iam") return `arn:aws:iam::${account}:${kind}/${id}`;
  if (service === "sns") return `arn:aws:sns:${region}:${account}:${id}`;
  return `arn:aws:${service}:${region}:${account}:${kind === "securityGroup" ? "security-group" : kind}/${id}`;
}

interface JudgedBy {
  readonly view: View;
  readonly stack?: string;
  /** @default all of delivery's policies */
  readonly by?: readonly Policy[];
}

/** What delivery's policies find in these resources of a stack. */
export function judged(
  examples: readonly Example<object>[],
  config: Readonly<Record<string, unknown>>,
  { view, stack = "prod", by = policies }: JudgedBy,
): Violation[] {
  const parsed = parseDelivery(rawDelivery(config), stack, { now: NOW.getTime() });
  const situation = new DeliverySituation(stack, parsed, "2026-11-23");
  return judge(by, examples, situation, { preview: view === "preview", excuses: NO_EXCUSES });
}

/** The config in a file such as delivery/Pulumi.prod.yaml. */
export function configIn(text: string): Record<string, unknown> {
  const { config }: { config: Record<string, unknown> } = parse(text);
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace(/^sparki-delivery:/, ""), value]),
  );
}

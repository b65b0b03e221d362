import { asResource, type ResourceOptions, unknownsThrow } from "../../policies/judging/resource.ts";
import { Session, type SessionOptions, type Violation } from "../../policies/judging/session.ts";
import type { Policy, PolicyConfig, Situation } from "../../policies/policy.ts";
import type { PropsOf, ResourceType } from "../../policies/resource-types.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { parsedStackConfig } from "./policy-stack.ts";

export const KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1b2c3d4e-0000-4000-8000-1234567890ab";
export const AWS_KEY = "alias/aws/rds";

type Props = Readonly<Record<string, unknown>>;

interface Traits {
  readonly name: string;
  readonly protect: boolean;
  readonly options?: ResourceOptions;
  /** By property: the resources its value comes from, which makes it unknown in preview. */
  readonly sources: Readonly<Record<string, readonly Example[]>>;
  readonly provider: { readonly type: string; readonly props: Props } | undefined;
  /** What the provider adds, which the stack phase alone is told. @default nothing */
  readonly outputs?: Props;
}

/** A resource as a program would register it; every method gives a copy with one thing changed. */
export class Example<P extends object = Props> {
  readonly type: string;
  readonly props: Props;
  readonly traits: Traits;

  constructor(type: string, props: Props, traits: Traits) {
    this.type = type;
    this.props = props;
    this.traits = traits;
  }

  with(changes: P): Example<P> {
    return new Example(this.type, { ...this.props, ...changes }, this.traits);
  }

  without(...properties: (keyof P & string)[]): Example<P> {
    const kept = Object.entries(this.props).filter(([key]) => !properties.some((property) => property === key));
    return new Example(this.type, Object.fromEntries(kept), this.traits);
  }

  optioned(options: ResourceOptions): Example<P> {
    return new Example(this.type, this.props, { ...this.traits, protect: options.protect, options });
  }

  /** The property's value comes from those resources; without any it is unknown and from nowhere. */
  from(property: keyof P & string, ...sources: readonly Example<object>[]): Example<P> {
    const traits = { ...this.traits, sources: { ...this.traits.sources, [property]: sources } };
    return new Example(this.type, { ...this.props, [property]: UNKNOWN }, traits);
  }

  /** As `from`, for a list of one value of each source. */
  fromEach(property: keyof P & string, ...sources: readonly Example<object>[]): Example<P> {
    const listed = this.from(property, ...sources);
    return new Example(this.type, { ...listed.props, [property]: sources.map(() => UNKNOWN) }, listed.traits);
  }

  named(name: string): Example<P> {
    return new Example(this.type, this.props, { ...this.traits, name });
  }

  unprotected(): Example<P> {
    return new Example(this.type, this.props, { ...this.traits, protect: false });
  }

  under(provider: { readonly type: string; readonly props: Props }): Example<P> {
    return new Example(this.type, this.props, { ...this.traits, provider });
  }

  get urn(): string {
    return `urn:pulumi:prod::sparki::${this.type}::${this.traits.name}`;
  }
}

/** A protected resource named after its type, of one of the types that policies know. */
export function example<T extends ResourceType>(type: T, props: PropsOf<T>): Example<PropsOf<T>> {
  return thing(type, { ...props });
}

/** As `example`, of any type. */
export function thing<P extends object = Props>(type: string, props: Props): Example<P> {
  const name = type.slice(type.lastIndexOf(":") + 1).toLowerCase();
  return new Example(type, props, { name, protect: true, sources: {}, provider: undefined });
}

/** Production's own, in the region and for the registries that the examples name. */
const config: PolicyConfig = {
  ...parsedStackConfig(),
  exemptions: [],
};

/** Production, on a fixed day. */
export function situation(changes: Partial<PolicyConfig> = {}, stack = "prod"): Situation {
  return { stack, organization: "organization", config: { ...config, ...changes }, today: "2026-11-23" };
}

/** What a preview of these resources finds, by the policies given: resource phase, then stack phase. */
export function judge(
  policies: readonly Policy[],
  examples: readonly Example<object>[],
  given: Situation = situation(),
  options: SessionOptions = { preview: true },
): Violation[] {
  const twice = examples.find((one, index) => examples.findIndex(({ urn }) => urn === one.urn) !== index);
  if (twice !== undefined) throw new RangeError(`two examples are ${twice.urn}; name one of them`);
  const session = new Session(policies, given, options);
  const early = examples.map((one) => observe(one, { sources: false }));
  for (const resource of early) session.remember(resource);
  const found = policies.flatMap((policy) => early.flatMap((resource) => session.judgeResource(policy, resource)));
  return [...found, ...session.judgeStack(examples.map((one) => observe(one, { sources: true })))];
}

function observe(one: Example<object>, { sources }: { readonly sources: boolean }) {
  const { name, options, protect, provider, outputs = {} } = one.traits;
  return asResource({
    type: one.type,
    name,
    urn: one.urn,
    props: unknownsThrow(sources ? { ...one.props, ...outputs } : one.props),
    protect,
    options,
    provider,
    sourcesOf: (property) => (sources ? (one.traits.sources[property] ?? []) : []),
  });
}

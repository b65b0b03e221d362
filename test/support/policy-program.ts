import * as pulumi from "@pulumi/pulumi";
import type { Example } from "./policy-fixtures.ts";

const PROVIDER = /^pulumi:providers:(.+)$/;

/** Any resource, with an ARN that only the update knows. */
export class Registered extends pulumi.CustomResource {
  declare readonly arn: pulumi.Output<string>;

  constructor(type: string, name: string, props: object, options: pulumi.CustomResourceOptions) {
    super(type, name, { ...props, arn: undefined }, options);
  }
}

/** An instance of any provider. */
export class Provider extends pulumi.ProviderResource {}

/** Registers examples as a program would, each named after the prefix and its own name. */
export function register(examples: readonly Example<object>[], prefix: string): void {
  const made = new Map<string, Registered>();
  // Sources first: what refers to them needs their outputs.
  for (const one of [...examples].sort((a, b) => depth(a) - depth(b))) {
    const name = `${prefix}${one.traits.name}`;
    const provider = PROVIDER.exec(one.type)?.[1];
    if (provider === undefined) made.set(one.urn, registerOne(one, name, made));
    else new Provider(provider, name, settings(one.props));
  }
}

function depth(one: Example<object>): number {
  const sources = Object.values(one.traits.sources).flat();
  return sources.length === 0 ? 0 : 1 + Math.max(...sources.map(depth));
}

function registerOne(one: Example<object>, name: string, made: ReadonlyMap<string, Registered>): Registered {
  const { sources, protect, provider } = one.traits;
  const under = provider && new Provider("aws", `${name}-provider`, settings(provider.props));
  const options = { protect, ...(under === undefined ? {} : { provider: under }) };
  const unknown = Object.entries(sources).map(([property, from]) => {
    const arns = from.map(
      (source) => made.get(source.urn)?.arn ?? nowhere(`${name}-${property}-${source.traits.name}`),
    );
    if (arns.length === 0) arns.push(nowhere(`${name}-${property}`));
    const isList = Array.isArray(one.props[property]);
    return [property, isList ? arns : pulumi.all(arns).apply(([arn]) => arn)] as const;
  });
  return new Registered(one.type, name, { ...one.props, ...Object.fromEntries(unknown) }, options);
}

/** Where an unknown value comes from when no policy knows the place. */
function nowhere(name: string): pulumi.Output<string> {
  return new Registered("random:index/nowhere:Nowhere", name, {}, {}).arn;
}

/** A provider's nested settings are JSON text, as in the SDK's provider classes. */
function settings(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(props).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : value]),
  );
}

import { optionMismatches } from "./declared/options.ts";
import { outputMismatches } from "./declared/outputs.ts";
import { type Mismatch, matchersOf, mismatches, type World } from "./declared/shape.ts";
import { declarationOf, isDefaultProvider, isSource } from "./declared/world.ts";
import { type AnyResource, textsIn } from "./judging/resource.ts";
import { every, type Policy, type Situation } from "./policy.ts";

const worldOf = ({ stack, config }: Situation): World => ({ stack, config, bound: {} });
const isStack = ({ type }: AnyResource) => type === "pulumi:pulumi:Stack";
const PACKAGES_WITH_ACCOUNTS = /^(aws|kubernetes):/;

/** Whether a resource is made by a declared provider: the account's, the cluster's, or one without settings. */
function hasDeclaredProvider({ type, provider }: AnyResource, world: World): boolean {
  if (provider === undefined) return true;
  const { name } = provider;
  if (!PACKAGES_WITH_ACCOUNTS.test(type) && isDefaultProvider(provider.type, name ?? "default")) return true;
  const expected = type.startsWith("aws:") ? "aws" : "cluster-kubernetes";
  const declared = declarationOf({ type: provider.type, name: name ?? expected }, world);
  if (declared === undefined) return false;
  return mismatches(() => provider.props, declared.shape, declared.world).length === 0;
}

export const declaredOnly: Policy = {
  name: "declared-only",
  control: "D09",
  reason: "The policies know the shape of this deployment; what nobody declared, nobody judged.",
  fix: "Remove it, or declare it in policies/declared, by docs/declaring.md, for a reviewer to judge.",
  each: [
    every(
      () => true,
      (resource, demand, situation) => {
        const { type, name, props, holdsOutputs } = resource;
        // Outputs are the provider's; what the program asked for was judged before.
        if (holdsOutputs === true || isDefaultProvider(type, name)) return;
        const world = worldOf(situation);
        const declared = declarationOf({ type, name }, world);
        if (declared === undefined) return demand("type and name, which are not declared", () => false);
        demand("provider", () => hasDeclaredProvider(resource, world));
        const wrong = mismatches(() => props, declared.shape, declared.world);
        demand("properties", () => wrong.length === 0);
        for (const { path, expected } of wrong) demand(`${path} (declared: ${expected})`, () => false);
        const options = resource.options === undefined ? [] : optionMismatches(resource, resource.options, world);
        for (const problem of options) demand(problem, () => false);
      },
    ),
  ],
  whole: ({ resources }, demand, situation) => {
    const world = worldOf(situation);
    const complete = { ...world, tells: whatTells(resources) };
    for (const resource of resources) {
      for (const { path, expected } of isStack(resource) ? outputMismatches(resource.props, world) : [])
        demand(resource, `output ${path} (declared: ${expected})`, () => false);
      const declared = declarationOf(resource, complete);
      for (const { path, expected } of notTold(resource, declared))
        demand(resource, `${path} (declared: ${expected})`, () => false);
      for (const [property, shape] of Object.entries(declared?.shape ?? {})) {
        const matchers = matchersOf(shape).filter(({ sources }) => sources.length > 0);
        if (matchers.length === 0 || !(property in resource.props)) continue;
        const sources = resource.sourcesOf(property);
        const isDeclared = (urn: string) =>
          matchers.some((one) => isSource(urn.slice(urn.lastIndexOf("::") + 2), one.sources, declared?.world ?? world));
        const mustRefer = matchers.some((one) => one.mustRefer);
        demand(
          resource,
          `${property}, by where its value comes from`,
          () => sources.every(({ urn }) => isDeclared(urn)) && (sources.length > 0 || !mustRefer),
        );
      }
    }
  },
};

/** What AWS gives no ARN; its id is no output of every provider, and all that the engine tells of it is where it comes from. */
const WITHOUT_ARN = new Set(["aws:ec2/natGateway:NatGateway"]);

/** Whether one of the resources of these logical names has a text for an output: as a whole, or as the last part of an ARN. */
function whatTells(resources: readonly AnyResource[]): NonNullable<World["tells"]> {
  const known = new Map<AnyResource, ReadonlySet<string>>();
  const textsOf = (resource: AnyResource) => {
    const texts = known.get(resource) ?? new Set(textsIn(() => resource.props).flatMap((text) => [text, lastOf(text)]));
    known.set(resource, texts);
    return texts;
  };
  return (sources, text, world) =>
    resources.some(
      (resource) =>
        isSource(resource.name, sources, world) &&
        (textsOf(resource).has(text) || (WITHOUT_ARN.has(resource.type) && !("id" in resource.props))),
    );
}

function lastOf(text: string): string {
  return text.startsWith("arn:") ? text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf(":")) + 1) : text;
}

/**
 * Where a property has a text that no resource which it may come from has for an output: one that stands in the program
 * beside such outputs, or that it puts in the place of one.
 */
function notTold({ asked }: AnyResource, declared: ReturnType<typeof declarationOf>): Mismatch[] {
  if (declared === undefined || asked === undefined) return [];
  const { tells: _, ...alone } = declared.world;
  const known = new Set(mismatches(() => asked, declared.shape, alone).map(({ path }) => path));
  return mismatches(() => asked, declared.shape, declared.world).filter(({ path }) => !known.has(path));
}

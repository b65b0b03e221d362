import { outputMismatches } from "./declared/outputs.ts";
import { type ClosedWorld, matchersOf, mismatches, type World } from "./declared/shape.ts";
import {
  couldTell,
  declarationOf,
  isDefaultProvider,
  isSource,
  missingGuards,
  notTold,
  optionMismatches,
  whatTells,
} from "./declared/world.ts";
import type { AnyResource } from "./judging/resource.ts";
import { every, type Policy, type Situation } from "./policy.ts";

/** The deployment's own, which stands unless a situation has another. */
const DEPLOYMENT: ClosedWorld = {
  worldOf: ({ stack, config, organization }) => ({
    stack,
    config,
    bound: organization === undefined ? {} : { organization },
  }),
  ...{ declarationOf, isDefaultProvider, couldTell, optionMismatches, missingGuards, outputMismatches },
};
const closedWorldOf = ({ closedWorld = DEPLOYMENT }: Situation): ClosedWorld => closedWorld;
const isStack = ({ type }: AnyResource) => type === "pulumi:pulumi:Stack";
const PACKAGES_WITH_ACCOUNTS = /^(aws|kubernetes):/;

/** Whether a resource is made by a declared provider: the account's, the cluster's, or one without settings. */
function hasDeclaredProvider({ type, provider }: AnyResource, closed: ClosedWorld, world: World): boolean {
  if (provider === undefined) return true;
  const { name } = provider;
  if (!PACKAGES_WITH_ACCOUNTS.test(type) && closed.isDefaultProvider(provider, world)) return true;
  const expected = type.startsWith("aws:") ? "aws" : "cluster-kubernetes";
  const declared = closed.declarationOf({ type: provider.type, name: name ?? expected }, world);
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
        const { props, holdsOutputs } = resource;
        // Outputs are the provider's; what the program asked for was judged before.
        const closed = closedWorldOf(situation);
        const world = { ...closed.worldOf(situation), tells: closed.couldTell };
        if (holdsOutputs === true || closed.isDefaultProvider(resource, world)) return;
        const declared = closed.declarationOf(resource, world);
        if (declared === undefined) return demand("type and name, which are not declared", () => false);
        demand("provider", () => hasDeclaredProvider(resource, closed, world));
        const wrong = mismatches(() => props, declared.shape, declared.world);
        demand("properties", () => wrong.length === 0);
        for (const { path, expected } of wrong) demand(`${path} (declared: ${expected})`, () => false);
        const options =
          resource.options === undefined ? [] : closed.optionMismatches(resource, resource.options, world);
        for (const problem of options) demand(problem, () => false);
      },
    ),
  ],
  whole: ({ resources }, demand, situation) => {
    const closed = closedWorldOf(situation);
    const world = closed.worldOf(situation);
    const complete = { ...world, tells: whatTells(resources) };
    for (const resource of resources) {
      for (const { path, expected } of isStack(resource) ? closed.outputMismatches(resource.props, world) : [])
        demand(resource, `output ${path} (declared: ${expected})`, () => false);
      for (const guard of closed.missingGuards(resource, resources))
        demand(resource, `its guard ${guard}`, () => false);
      const declared = closed.declarationOf(resource, complete);
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

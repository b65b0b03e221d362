import type {
  Policies,
  PolicyResource,
  ResourceValidation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { controlOf } from "../controls/table.ts";
import type { Policy } from "../policy.ts";
import { type AnyResource, asResource, StackView } from "./resource.ts";
import type { Session } from "./session.ts";

/**
 * The policies as CrossGuard takes them: one for each of ours, and one for the stack phase of them all,
 * since the SDK reads the whole stack anew for every stack policy. `session` throws while the stack is unknown.
 */
export function pulumiPolicies(policies: readonly Policy[], session: () => Session): Policies {
  const withResources = policies.filter((policy) => policy.each !== undefined);
  return [...withResources.map((policy) => resourcePolicy(policy, session)), stackPolicy(session)];
}

function resourcePolicy(policy: Policy, session: () => Session): ResourceValidationPolicy {
  const validate: ResourceValidation = (args, report) => {
    for (const violation of session().judgeResource(policy, observed(args))) report(violation.message);
  };
  return {
    name: policy.name,
    description: controlOf(policy.control).title,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      if (policy.each?.some((each) => each.appliesTo(args.type))) return validate(args, report);
    },
  };
}

function stackPolicy(session: () => Session): StackValidationPolicy {
  return {
    name: "whole-stack",
    description: "What lies between resources, and what preview could not tell of one alone",
    enforcementLevel: "mandatory",
    validateStack: (args, report) => {
      const stack = new StackView(args.resources.map(observed));
      for (const violation of session().judgeStack(stack)) report(violation.message, violation.urn);
    },
  };
}

function observed(args: ResourceValidationArgs | PolicyResource): AnyResource {
  const dependencies = "propertyDependencies" in args ? args.propertyDependencies : {};
  return asResource({
    type: args.type,
    name: args.name,
    urn: args.urn,
    props: args.props,
    protect: args.opts.protect,
    provider: args.provider,
    sourcesOf: (property) => dependencies[property] ?? [],
  });
}

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
import { type AnyResource, asResource, type ResourceOptions } from "./resource.ts";
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
  const { name, control, each = [] } = policy;
  const validate: ResourceValidation = (args, report) => {
    if (!each.some((check) => check.appliesTo(args.type))) args.notApplicable();
    for (const violation of session().judgeResource(policy, observed(args, {}))) report(violation.message);
  };
  const [type, ...others] = new Set(each.map((check) => check.type));
  // By this mark the SDK passes over other types before it decodes a resource, as it does for its own typed policies.
  const marked = type === undefined || others.length > 0 ? validate : Object.assign(validate, { __pulumiType: type });
  return { name, description: controlOf(control).title, enforcementLevel: "mandatory", validateResource: marked };
}

/** Sees each resource first, since what it is given to judge in the end lacks the inputs. */
function stackPolicy(session: () => Session): ResourceValidationPolicy & StackValidationPolicy {
  return {
    name: "whole-stack",
    description: "What lies between resources, and what preview could not tell of one alone",
    enforcementLevel: "mandatory",
    validateResource: (args) => session().remember(observed(args, {})),
    validateStack: ({ resources }, report) => {
      const stack = resources.map((resource) => observed(resource, resource.propertyDependencies));
      for (const violation of session().judgeStack(stack)) report(violation.message, violation.urn);
    },
  };
}

function optionsOf({ customTimeouts, ...told }: ResourceValidationArgs["opts"]): ResourceOptions {
  return { ...told, customTimeouts: { ...customTimeouts } };
}

type Observable = Pick<ResourceValidationArgs, "type" | "name" | "urn" | "props" | "opts" | "provider">;

function observed(args: Observable, dependencies: PolicyResource["propertyDependencies"]): AnyResource {
  const { type, name, urn, props, opts, provider } = args;
  const sourcesOf = (property: string) => dependencies[property] ?? [];
  return asResource({ type, name, urn, props, protect: opts.protect, options: optionsOf(opts), provider, sourcesOf });
}

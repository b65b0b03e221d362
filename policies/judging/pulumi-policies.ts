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
  const inputs: Inputs = new Map();
  return [...withResources.map((policy) => resourcePolicy(policy, session, inputs)), stackPolicy(session, inputs)];
}

/** What was asked for of each resource, by URN: of a cluster that does not exist yet, preview shows no outputs. */
type Inputs = Map<string, AnyResource["props"]>;

function resourcePolicy(policy: Policy, session: () => Session, inputs: Inputs): ResourceValidationPolicy {
  const validate: ResourceValidation = (args, report) => {
    for (const violation of session().judgeResource(policy, observed(args))) report(violation.message);
  };
  return {
    name: policy.name,
    description: controlOf(policy.control).title,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      inputs.set(args.urn, args.props);
      if (policy.each?.some((each) => each.appliesTo(args.type))) return validate(args, report);
    },
  };
}

function stackPolicy(session: () => Session, inputs: Inputs): StackValidationPolicy {
  return {
    name: "whole-stack",
    description: "What lies between resources, and what preview could not tell of one alone",
    enforcementLevel: "mandatory",
    validateStack: (args, report) => {
      const stack = new StackView(args.resources.map((resource) => observed(resource, inputs.get(resource.urn))));
      for (const violation of session().judgeStack(stack)) report(violation.message, violation.urn);
    },
  };
}

function observed(args: ResourceValidationArgs | PolicyResource, inputs: AnyResource["props"] = {}): AnyResource {
  const dependencies = "propertyDependencies" in args ? args.propertyDependencies : {};
  return asResource({
    type: args.type,
    name: args.name,
    urn: args.urn,
    props: preferring(args.props, inputs),
    protect: args.opts.protect,
    provider: args.provider,
    sourcesOf: (property) => dependencies[property] ?? [],
  });
}

/** Outputs, and inputs where there is no output of that name; a property is read, and may be unknown, only when asked for. */
function preferring(outputs: AnyResource["props"], inputs: AnyResource["props"]): AnyResource["props"] {
  return new Proxy(outputs, {
    get: (_, key) => Reflect.get(Reflect.has(outputs, key) ? outputs : inputs, key),
    has: (_, key) => Reflect.has(outputs, key) || Reflect.has(inputs, key),
  });
}

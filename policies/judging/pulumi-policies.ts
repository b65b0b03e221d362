import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import * as grpc from "@grpc/grpc-js";
import {
  type Policies,
  PolicyPack,
  type PolicyResource,
  type ResourceValidation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from "@pulumi/policy";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages, {
  type AnalyzeDiagnostic,
  type AnalyzeRequest,
  type AnalyzeResponse,
  type PolicyNotApplicable,
} from "@pulumi/pulumi/proto/analyzer_pb.js";
import { DeployError } from "../../shared/deploy-error.ts";
import { controlOf } from "../controls/table.ts";
import type { Policy } from "../policy.ts";
import { type AnyResource, asResource, type ResourceOptions } from "./resource.ts";
import type { Session, Violation } from "./session.ts";

const { AnalyzerService } = analyzer;
const load = createRequire(import.meta.url);
const sdk: { readonly makeAnalyzeRpcFun: (...pack: [string, string, string, Policies]) => Analyze } =
  load("@pulumi/policy/server.js");
type Analyze = grpc.handleUnaryCall<AnalyzeRequest, AnalyzeResponse>;

const MANDATORY = "mandatory";
/** The pack's own, which the SDK reads from the working directory. */
const { version: VERSION }: { version: string } = load("../package.json");

/** A policy pack, by the name under which the engine tells of it. */
export interface Pack {
  readonly name: string;
  readonly policies: readonly Policy[];
}

/** Serves the policies to the engine that started this process, judged in the session that `open` makes of its stack. */
export function servePolicies({ name, policies }: Pack, open: (settings: StackSettings) => Session): void {
  const session = openForStack(open);
  judgeTogether({ name, policies }, session);
  new PolicyPack(name, { policies: pulumiPolicies(policies, session), enforcementLevel: MANDATORY });
}

/**
 * The policies as CrossGuard lists them: one for each of ours, and one for the stack phase of them all,
 * since the SDK reads the whole stack again for every stack policy. `session` throws while the stack is unknown.
 */
function pulumiPolicies(policies: readonly Policy[], session: () => Session): Policies {
  return [...policies.filter(isOfResources).map((policy) => resourcePolicy(policy, session)), stackPolicy(session)];
}

function isOfResources(policy: Policy): boolean {
  return policy.each !== undefined;
}

/** Stands where the SDK would judge by one policy at a time. */
const judgedTogether: ResourceValidation = () => {
  throw new DeployError("SPARKI_OUTSIDE", "policies: this version of @pulumi/policy asks each policy by itself");
};

function resourcePolicy(
  policy: Policy,
  session: () => Session,
): ResourceValidationPolicy & Partial<StackValidationPolicy> {
  const description = controlOf(policy.control).title;
  const listed = {
    name: policy.name,
    description,
    enforcementLevel: MANDATORY,
    validateResource: judgedTogether,
  } as const;
  if (policy.prepare === undefined) return listed;
  return {
    ...listed,
    validateStack: async (_stack, report) => {
      for (const { message, urn } of await session().judgeWaiting(policy)) report(message, urn);
    },
  };
}

/**
 * Has the SDK read a resource once for all policies, where it would for each of them anew, which took as long as judging.
 * The answer is the same as its own: what broke, and which policies are not about this type.
 */
function judgeTogether({ name: pack, policies }: Pack, session: () => Session): void {
  const about = new Map<string, { readonly judging: readonly Policy[]; readonly others: PolicyNotApplicable[] }>();
  const dividedBy = (type: string) => {
    const judging = policies.filter(({ each = [] }) => each.some((check) => check.appliesTo(type)));
    const others = policies.filter((policy) => isOfResources(policy) && !judging.includes(policy));
    return { judging, others: others.map(({ name }) => new messages.PolicyNotApplicable().setPolicyName(name)) };
  };
  const analyze: Analyze = (call, callback) => {
    const type = call.request.getType();
    const { judging, others } = about.get(type) ?? dividedBy(type);
    about.set(type, { judging, others });
    const broken: AnalyzeDiagnostic[] = [];
    // No configuration of policies can name it, so that none switches it off.
    const name = randomUUID();
    const validateResource: ResourceValidation = async (args) => {
      const resource = observed(args, {});
      session().remember(resource);
      for (const policy of judging) {
        const violations =
          policy.prepare === undefined
            ? session().judgeResource(policy, resource)
            : await session().judgePrepared(policy, resource);
        broken.push(...violations.map((violation) => diagnosticOf(pack, policy, violation)));
      }
    };
    const all: ResourceValidationPolicy = { name, description: "All policies", validateResource };
    sdk.makeAnalyzeRpcFun(pack, VERSION, MANDATORY, [all])(call, (error, response) => {
      response?.setDiagnosticsList([...response.getDiagnosticsList(), ...broken]).setNotApplicableList(others);
      callback(error, response);
    });
  };
  const { addService } = grpc.Server.prototype;
  grpc.Server.prototype.addService = function (service, handlers) {
    addService.call(this, service, service === AnalyzerService ? { ...handlers, analyze } : handlers);
  };
}

function diagnosticOf(pack: string, { name, control }: Policy, { message }: Violation): AnalyzeDiagnostic {
  const { title } = controlOf(control);
  return new messages.AnalyzeDiagnostic()
    .setPolicyname(name)
    .setPolicypackname(pack)
    .setPolicypackversion(VERSION)
    .setDescription(title)
    .setMessage(`${title}\n${message}`)
    .setEnforcementlevel(messages.EnforcementLevel.MANDATORY);
}

/** Listed as one that sees each resource too: what it is given to judge in the end lacks the inputs. */
function stackPolicy(session: () => Session): ResourceValidationPolicy & StackValidationPolicy {
  return {
    name: "whole-stack",
    description: "What lies between resources, and what preview could not tell of one alone",
    enforcementLevel: MANDATORY,
    validateResource: judgedTogether,
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

interface StackSettings {
  readonly stack: string;
  readonly organization: string;
  readonly preview: boolean;
  /** The stack's config as the engine hands it over. */
  readonly raw: Readonly<Record<string, string>>;
}

/**
 * Opens something with what the engine tells the pack about each stack, config included: @pulumi/policy 1.21 keeps
 * only the stack's tags. What is returned throws SPARKI_CONFIG while nothing was told or the config is wrong, and a
 * policy that throws stops the deployment.
 */
function openForStack<T>(open: (settings: StackSettings) => T): () => T {
  let opened = (): T => {
    throw new DeployError("SPARKI_CONFIG", "policies: the engine did not say which stack this is");
  };
  const { configureStack } = AnalyzerService;
  const deserialize = configureStack.requestDeserialize;
  configureStack.requestDeserialize = (bytes) => {
    const request = deserialize(bytes);
    opened = once(() => {
      const [stack, raw] = [request.getStack(), Object.fromEntries(request.getConfigMap().toArray())];
      return open({ stack, organization: request.getOrganization(), preview: request.getDryRun(), raw });
    });
    return request;
  };
  return () => opened();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const LOOK_MILLISECONDS = 1000;

/** Ends this process once the engine that started it is gone: one that was killed itself ends nobody, and the pack would serve for ever. */
export function endWithEngine(): void {
  const engine = process.ppid;
  setInterval(() => process.ppid === engine || process.exit(), LOOK_MILLISECONDS).unref();
}
